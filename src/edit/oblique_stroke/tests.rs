use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::edit::{Brush, BrushShape, BrushSize, Direction, Paint, StrokeSegment, paint_voxels};
use crate::geometry::vector::length;
use crate::label::{LabelMap, LabelValue, Origin};

fn extent() -> Extent {
    Extent::new(14, 12, 10).unwrap()
}

/// Turned about all axes, with unequal spacing and a little shear.
fn affines() -> impl Strategy<Value = Affine> {
    let spacing = prop::array::uniform3(0.4..3.0f64);
    let shears = prop::array::uniform3(-0.2..0.2f64);
    (spacing, shears, -3.0..3.0f64).prop_map(|(s, shear, angle)| {
        let (sine, cosine) = angle.sin_cos();
        Affine {
            rows: [
                [cosine * s[0], -sine * s[1], shear[0], 5.0],
                [sine * s[0], cosine * s[1], shear[1], -9.0],
                [shear[2], 0.0, s[2], 2.0],
            ],
        }
    })
}

fn strokes() -> impl Strategy<Value = ObliqueStroke> {
    let position = || (-3.0..16.0f64, -3.0..14.0f64, -3.0..12.0f64).prop_map(|(x, y, z)| [x, y, z]);
    let normal = prop::array::uniform3(-1.0..1.0f64).prop_filter("has a direction", |n| length(*n) > 0.1);
    (affines(), normal, position(), position(), 0.0..9.0f64).prop_map(
        |(world_from_voxel, normal, from, to, diameter_mm)| ObliqueStroke {
            diameter_mm,
            normal,
            world_from_voxel,
            from,
            to,
        },
    )
}

/// The distance of a point to a segment.
fn distance(point: [f64; 3], [a, b]: [[f64; 3]; 2]) -> f64 {
    let (way, away) = (minus(b, a), minus(point, a));
    let share = if length(way) > 0.0 { (dot(away, way) / dot(way, way)).clamp(0.0, 1.0) } else { 0.0 };
    length(minus(away, scaled(way, share)))
}

fn indices(set: &VoxelSet) -> BTreeSet<usize> {
    set.indices().collect()
}

proptest! {
    /// Written anew from the definition: every voxel of the volume is asked, and the line is walked in tiny steps.
    #[test]
    fn the_stroke_is_what_its_definition_says(stroke in strokes()) {
        let world = |p: [f64; 3]| stroke.world_from_voxel.world_from_voxel(p);
        let normal = unit(stroke.normal).unwrap();
        let edges = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]].map(|e| minus(world(e), world([0.0; 3])));
        let half_width = edges.iter().map(|&e| dot(e, normal).abs()).sum::<f64>() / 2.0;
        let to = world(stroke.to);
        let into_plane = |p: [f64; 3]| minus(p, scaled(normal, dot(minus(p, to), normal)));
        let line = [into_plane(world(stroke.from)), to];
        let found = indices(&stroke.voxels(extent()));
        let walked: BTreeSet<usize> = (0..=4000)
            .filter_map(|k| {
                let place = add(line[0], scaled(minus(line[1], line[0]), f64::from(k) / 4000.0));
                extent().nearest_voxel(stroke.world_from_voxel.voxel_from_world(place).unwrap())
            })
            .map(|v| extent().index(v))
            .collect();
        for v in extent().full_box().voxels() {
            let centre = world(v.to_f64());
            let height = dot(minus(centre, to), normal).abs();
            let aside = distance(into_plane(centre), line);
            // What lies on a border to the last digits may be on either side.
            if (height - half_width).abs() < 1e-7 || (aside - stroke.diameter_mm / 2.0).abs() < 1e-7 {
                continue;
            }
            let (held, index) = (height < half_width && aside < stroke.diameter_mm / 2.0, extent().index(v));
            prop_assert!(!held || found.contains(&index));
            prop_assert!(held || !found.contains(&index) || walked.contains(&index));
        }
    }

    #[test]
    fn on_an_untilted_plane_a_dab_is_that_of_the_straight_disc_with_the_same_centre(
        spacing in prop::array::uniform3(0.4..3.0f64), axis in 0usize..3, diameter_mm in 0.1..9.0f64,
        voxel in (4usize..10, 4usize..8, 4usize..6),
    ) {
        let brush = Brush { shape: BrushShape::Disc, size: BrushSize::Mm(diameter_mm) };
        // A straight disc of an even number of voxels is centred between two.
        let is_even = |a: usize| {
            let count = (diameter_mm / spacing[a]).round();
            a != axis && count >= 2.0 && count % 2.0 == 0.0
        };
        let voxel = [voxel.0, voxel.1, voxel.2];
        let at: [f64; 3] = std::array::from_fn(|a| voxel[a] as f64 + if is_even(a) { 0.5 } else { 0.0 });
        let straight = StrokeSegment { brush, plane_normal_axis: axis, from: at, to: at, spacing_mm: spacing };
        let straight = indices(&straight.voxels(extent()));
        let normal = std::array::from_fn(|a| f64::from(u8::from(a == axis)));
        let world_from_voxel = Affine::from_spacing(spacing);
        let turned = ObliqueStroke { diameter_mm, normal, world_from_voxel, from: at, to: at }.voxels(extent());
        // The straight disc is never empty: one too small grows to the voxels nearest to its centre.
        let nearest = (0..3).filter(|&a| is_even(a)).map(|a| (0.5 * spacing[a]).powi(2)).sum::<f64>().sqrt();
        prop_assume!(diameter_mm / 2.0 >= nearest);
        prop_assert_eq!(indices(&turned), straight);
    }

    #[test]
    fn painting_keeps_locked_classes_and_undoing_brings_every_byte_back(stroke in strokes()) {
        let class = |i: usize| u8::try_from(i % 3).unwrap();
        let mut labels = LabelMap::unknown(extent());
        for i in 0..extent().voxel_count() {
            labels.write_run(i, 1, LabelValue::new(class(i), Origin::Imported));
        }
        let before = labels.clone();
        let voxels = stroke.voxels(extent());
        let paint = Paint { locked: std::array::from_fn(|class| class == 2), ..Paint::with_class(1) };
        if let Some(delta) = paint_voxels(&mut labels, &voxels, &paint) {
            for i in 0..extent().voxel_count() {
                let painted = voxels.indices().any(|v| v == i) && class(i) != 2;
                prop_assert_eq!(labels.class().as_slice()[i], if painted { 1 } else { class(i) });
            }
            delta.write(&mut labels, Direction::Backward);
        }
        prop_assert_eq!((labels.class(), labels.origin()), (before.class(), before.origin()));
    }
}

fn stroke(diameter_mm: f64, from: [f64; 3], to: [f64; 3]) -> ObliqueStroke {
    ObliqueStroke { diameter_mm, normal: [0.0, 1.0, 1.0], world_from_voxel: Affine::identity(), from, to }
}

#[test]
fn the_smallest_disc_paints_the_voxels_its_line_passes_through() {
    let at = [7.4, 3.6, 5.0];
    let under = extent().index(extent().nearest_voxel(at).unwrap());
    assert_eq!(indices(&stroke(0.0, at, at).voxels(extent())), BTreeSet::from([under]));
    let line = indices(&stroke(0.01, [2.0, 6.0, 4.0], [9.0, 3.0, 7.0]).voxels(extent()));
    let quarter = Voxel::new(4, 5, 5);
    assert!([Voxel::new(2, 6, 4), quarter, Voxel::new(9, 3, 7)].iter().all(|&v| line.contains(&extent().index(v))));
    assert!((8..20).contains(&line.len()), "{}", line.len());
}

#[test]
fn positions_that_are_no_numbers_endless_ones_and_no_direction_do_no_harm() {
    let at = [5.0, 5.0, 5.0];
    for bad in [f64::NAN, f64::INFINITY, -1e300] {
        let set = stroke(3.0, [bad, 5.0, 5.0], at).voxels(extent());
        assert_eq!(set.is_empty(), bad.is_nan());
        stroke(bad, at, at).voxels(extent());
    }
    assert!(ObliqueStroke { normal: [0.0; 3], ..stroke(3.0, at, at) }.voxels(extent()).is_empty());
    let flat = Affine { rows: [[0.0; 4]; 3] };
    assert!(ObliqueStroke { world_from_voxel: flat, ..stroke(3.0, at, at) }.voxels(extent()).is_empty());
}

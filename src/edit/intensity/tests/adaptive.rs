use super::*;
use crate::edit::{Brush, BrushShape, BrushSize, StrokeSegment};
use crate::label::components;

const SHAPES: [BrushShape; 3] = [BrushShape::Disc, BrushShape::Ball, BrushShape::Square];

fn stamp(shape: BrushShape, size: f64, at: [f64; 3]) -> StrokeSegment {
    let brush = Brush { shape, size: BrushSize::Voxels(size) };
    StrokeSegment { brush, plane_normal_axis: 2, from: at, to: at, spacing_mm: [1.0; 3] }
}

fn extent() -> Extent {
    Extent::new(40, 40, 12).unwrap()
}

fn holds(set: &VoxelSet, v: Voxel) -> bool {
    let index = set.extent().index(v);
    set.spans().iter().any(|span| span.contains(&index))
}

fn any_segment() -> impl Strategy<Value = StrokeSegment> {
    let position = || (0.0f64..39.0, 0.0f64..39.0, 0.0f64..11.0).prop_map(|(x, y, z)| [x, y, z]);
    (prop::sample::select(&SHAPES[..]), 0.0f64..14.0, 0usize..3, position(), position(), 0.5f64..3.0).prop_map(
        |(shape, size, plane_normal_axis, from, to, thick)| StrokeSegment {
            plane_normal_axis,
            from,
            spacing_mm: [1.0, 1.0, thick],
            ..stamp(shape, size, to)
        },
    )
}

proptest! {
    #[test]
    fn it_takes_one_connected_part_of_what_is_under_the_brush_with_the_pointers_voxel(
        segment in any_segment(), coarse in 1usize..9, wild in any::<bool>(), multiplier in -1.0f64..6.0,
        fill_holes in any::<bool>(),
    ) {
        let image = image_of(extent(), |v| {
            let block = Voxel::new(v.x / coarse, v.y / coarse, v.z / coarse);
            if wild && noise(v) > 1.3 { f64::NAN } else { 4.0 * noise(block) + noise(v) }
        });
        let found = adaptive(&segment, &image, &AdaptiveSettings { multiplier, fill_holes });
        let under = segment.voxels(extent());
        let pointer = extent().nearest_voxel(segment.to).unwrap();
        prop_assert!(holds(&found, pointer));
        let covered: std::collections::BTreeSet<usize> = under.indices().collect();
        prop_assert!(found.indices().all(|i| covered.contains(&i)));
        let taken: std::collections::BTreeSet<usize> = found.indices().collect();
        let pieces = components(|i| taken.contains(&i), extent()).as_slice().iter().copied().max();
        prop_assert_eq!(pieces, Some(1));
    }

    #[test]
    fn a_strong_edge_is_never_crossed_and_reached_wherever_the_pointer_is(
        shape in prop::sample::select(&SHAPES[..]), size in 5.0f64..14.0, x in 9usize..31, y in 9usize..31,
        contrast in 15.0f64..200.0,
    ) {
        let is_right = |v: Voxel| 3 * v.x > 60 + v.y;
        let image = image_of(extent(), |v| noise(v) + if is_right(v) { contrast } else { 0.0 });
        let pointer = Voxel::new(x, y, 6);
        let segment = stamp(shape, size, pointer.to_f64());
        let found = adaptive(&segment, &image, &AdaptiveSettings::default());
        let own = |v: Voxel| is_right(v) == is_right(pointer);
        prop_assert!(found.indices().all(|i| own(extent().voxel(i))));
        let side = segment.voxels(extent()).indices().filter(|&i| own(extent().voxel(i))).count();
        prop_assert!(found.voxel_count() * 10 >= side * 7, "{} of {side}", found.voxel_count());
    }
}

#[test]
fn even_tissue_is_taken_but_for_a_few_odd_voxels() {
    let image = image_of(extent(), |v| 100.0 + 8.0 * noise(v));
    for shape in SHAPES {
        let segment = stamp(shape, 21.0, [20.0, 20.0, 6.0]);
        let (found, all) = (adaptive(&segment, &image, &AdaptiveSettings::default()), segment.voxels(extent()));
        assert!(found.voxel_count() * 100 > all.voxel_count() * 95, "{shape:?}");
    }
}

#[test]
fn a_thin_bright_structure_is_taken_along_its_whole_length() {
    let image = image_of(extent(), |v| noise(v) + if v.y.abs_diff(20) <= 1 { 60.0 } else { 0.0 });
    let found = adaptive(&stamp(BrushShape::Disc, 25.0, [20.0, 20.0, 6.0]), &image, &AdaptiveSettings::default());
    assert!((70..=75).contains(&found.voxel_count()), "{}", found.voxel_count());
}

#[test]
fn a_blurred_edge_ends_the_brush_before_its_middle() {
    // A ramp over six voxels between two tissues.
    let ramp = |x: usize| 40.0 * ((x as f64 - 20.0) / 6.0).clamp(0.0, 1.0);
    let image = image_of(extent(), |v| 2.0 * noise(v) + ramp(v.x));
    let found = adaptive(&stamp(BrushShape::Disc, 31.0, [16.0, 20.0, 6.0]), &image, &AdaptiveSettings::default());
    assert!(found.indices().all(|i| extent().voxel(i).x <= 22));
    assert!(found.indices().any(|i| extent().voxel(i).x >= 19));
}

#[test]
fn single_holes_are_filled_and_larger_ones_are_not() {
    let odd = [[15, 20], [24, 20], [25, 20]];
    let image = image_of(extent(), |v| if odd.contains(&[v.x, v.y]) { 500.0 } else { 0.0 } + noise(v));
    let segment = stamp(BrushShape::Square, 21.0, [20.0, 22.0, 6.0]);
    let taken = |fill_holes| {
        // Wide enough for all of the noise.
        let found = adaptive(&segment, &image, &AdaptiveSettings { multiplier: 6.0, fill_holes });
        odd.map(|[x, y]| holds(&found, Voxel::new(x, y, 6)))
    };
    assert_eq!(taken(true), [true, false, false]);
    assert_eq!(taken(false), [false, false, false]);
}

#[test]
fn the_same_voxels_are_taken_in_all_three_views() {
    for shape in SHAPES {
        let mut found = Vec::new();
        for axis in 0..3 {
            let image = image_of(lying(axis, [30, 26, 14]), |v| {
                let [x, y, z] = v.to_array();
                let [column, row, level] = [[y, z, x], [x, z, y], [x, y, z]][axis];
                10.0 * ((column / 6 + row / 5 + level / 4) % 3) as f64 + noise(Voxel::new(column, row, level))
            });
            let at = laid(axis, [14.0, 12.0, 6.0]);
            let spacing_mm = laid(axis, [0.8, 1.0, 2.0]);
            let segment =
                StrokeSegment { plane_normal_axis: axis, from: at, to: at, spacing_mm, ..stamp(shape, 12.0, at) };
            found.push(seen(axis, &adaptive(&segment, &image, &AdaptiveSettings::default())));
        }
        assert!(found[0].len() > 10 && found[0] == found[1] && found[1] == found[2], "{shape:?}");
    }
}

#[test]
fn a_pointer_outside_takes_nothing_and_one_without_a_number_its_own_voxel_only() {
    let settings = AdaptiveSettings::default();
    let image = image_of(extent(), |v| if v.x == 5 { f64::NAN } else { 1.0 });
    let outside = stamp(BrushShape::Ball, 9.0, [-2.0, 5.0, 5.0]);
    assert!(!outside.voxels(extent()).is_empty() && adaptive(&outside, &image, &settings).is_empty());
    for at in [[f64::NAN; 3], [f64::INFINITY; 3]] {
        assert!(adaptive(&stamp(BrushShape::Disc, 9.0, at), &image, &settings).is_empty());
    }
    let on_nan = adaptive(&stamp(BrushShape::Disc, 9.0, [5.0, 9.0, 5.0]), &image, &settings);
    assert_eq!(on_nan.indices().collect::<Vec<_>>(), [extent().index(Voxel::new(5, 9, 5))]);
    for spacing in [1e200, 1e-200, f64::NAN] {
        let strange =
            StrokeSegment { spacing_mm: [1.0, spacing, 1.0], ..stamp(BrushShape::Ball, 9.0, [7.4, 7.6, 5.0]) };
        assert!(adaptive(&strange, &image, &settings).voxel_count() < 800);
    }
    let one = Extent::new(1, 1, 1).unwrap();
    let single = image_of(one, |_| 7.0);
    assert_eq!(adaptive(&stamp(BrushShape::Ball, 1e300, [0.0; 3]), &single, &settings).voxel_count(), 1);
}

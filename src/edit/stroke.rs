//! The voxels under one segment of a brush stroke: the union of stamps along a digital line.

use super::brush::Stamp;
use super::{Brush, BrushSweep, VoxelSet};
use crate::geometry::Extent;

/// A straight piece of a stroke between two continuous voxel positions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StrokeSegment {
    pub brush: Brush,
    /// Voxel axis (0 = x, 1 = y, 2 = z) a disc or square is perpendicular to; without meaning for a ball.
    pub plane_normal_axis: usize,
    pub from: [f64; 3],
    pub to: [f64; 3],
    pub spacing_mm: [f64; 3],
}

impl StrokeSegment {
    /// Every voxel under the brush, clipped to the extent; none if a position is NaN.
    ///
    /// Consecutive stamps are at most one voxel apart along each axis, so the stroke has no gaps. The work grows
    /// with the brush and the length of the segment, not with the volume.
    pub fn voxels(&self, extent: Extent) -> VoxelSet {
        BrushSweep::default().advance(self, extent)
    }

    /// The brush's stamp on this grid.
    pub(super) fn stamp(&self, extent: Extent) -> Stamp {
        Stamp::new(&self.brush, self.plane_normal_axis, self.spacing_mm, extent.to_array())
    }
}

/// Lattice points from one to the other, both included, neighbours at most one apart along each axis.
pub(super) fn digital_line(from: [i64; 3], to: [i64; 3]) -> impl Iterator<Item = [i64; 3]> {
    let way: [i64; 3] = std::array::from_fn(|a| to[a] - from[a]);
    let steps = way.iter().fold(0, |n, d| d.abs().max(n));
    (0..=steps).map(move |k| {
        let rounded = |d: i64| if steps == 0 { 0 } else { (2 * d * k + steps).div_euclid(2 * steps) };
        std::array::from_fn(|a| from[a] + rounded(way[a]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::{BrushShape, BrushSize, Paint, paint_voxels};
    use crate::label::{LabelMap, components};
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn extent() -> Extent {
        Extent::new(24, 20, 16).unwrap()
    }

    fn any_segment() -> impl Strategy<Value = StrokeSegment> {
        let position = || (-6.0f64..30.0, -6.0f64..26.0, -6.0f64..22.0).prop_map(|(x, y, z)| [x, y, z]);
        let shape = prop_oneof![Just(BrushShape::Disc), Just(BrushShape::Ball), Just(BrushShape::Square)];
        let size = prop_oneof![(0.1f64..9.0).prop_map(BrushSize::Mm), (0.1f64..9.0).prop_map(BrushSize::Voxels)];
        let spacing_mm = prop::array::uniform3(0.4f64..3.0);
        (shape, size, 0usize..3, position(), position(), spacing_mm).prop_map(
            |(shape, size, plane_normal_axis, from, to, spacing_mm)| StrokeSegment {
                brush: Brush { shape, size },
                plane_normal_axis,
                from,
                to,
                spacing_mm,
            },
        )
    }

    /// Voxels of one stamp, one by one.
    fn stamp_voxels(stamp: &Stamp, anchor: [i64; 3]) -> BTreeSet<usize> {
        let mut voxels = BTreeSet::new();
        for row in stamp.rows() {
            for x in row.x_first..=row.x_last {
                let at = [anchor[0] + x, anchor[1] + row.y, anchor[2] + row.z];
                if at.iter().zip(extent().to_array()).all(|(&c, n)| c >= 0 && c < n as i64) {
                    voxels.insert(extent().index(at.map(|c| c as usize).into()));
                }
            }
        }
        voxels
    }

    proptest! {
        #[test]
        fn a_stroke_is_the_union_of_stamps_along_its_line(segment in any_segment()) {
            let stamp = segment.stamp(extent());
            let line = digital_line(stamp.anchor(segment.from).unwrap(), stamp.anchor(segment.to).unwrap());
            let expected: BTreeSet<usize> = line.flat_map(|anchor| stamp_voxels(&stamp, anchor)).collect();
            prop_assert!(segment.voxels(extent()).indices().eq(expected));
        }

        #[test]
        fn a_line_keeps_within_half_a_voxel_of_the_straight_one_and_never_jumps(
            from in prop::array::uniform3(-40i64..40), to in prop::array::uniform3(-40i64..40),
        ) {
            let line: Vec<[i64; 3]> = digital_line(from, to).collect();
            prop_assert_eq!((line[0], line[line.len() - 1]), (from, to));
            let apart = |w: &[[i64; 3]]| (0..3).map(|a| (w[1][a] - w[0][a]).abs()).max();
            prop_assert!(line.windows(2).all(|w| apart(w) == Some(1)));
            for (k, point) in line.iter().enumerate() {
                let t = if line.len() > 1 { k as f64 / (line.len() - 1) as f64 } else { 0.0 };
                for a in 0..3 {
                    let straight = from[a] as f64 + t * (to[a] - from[a]) as f64;
                    prop_assert!((point[a] as f64 - straight).abs() <= 0.5 + 1e-9);
                }
            }
        }

        #[test]
        fn a_swept_ball_has_no_gaps_and_no_holes(segment in any_segment()) {
            let inside = |p: [f64; 3]| std::array::from_fn(|a| p[a].clamp(5.0, extent().to_array()[a] as f64 - 6.0));
            let size = BrushSize::Voxels(3.0);
            let brush = Brush { shape: BrushShape::Ball, size };
            let segment = StrokeSegment { brush, from: inside(segment.from), to: inside(segment.to), ..segment };
            let segment = StrokeSegment { spacing_mm: [1.0; 3], ..segment };
            let painted: BTreeSet<usize> = segment.voxels(extent()).indices().collect();
            let pieces = |mask: &(dyn Fn(usize) -> bool + Sync)| components(mask, extent()).as_slice().iter().copied().max();
            prop_assert_eq!(pieces(&|i| painted.contains(&i)), Some(1));
            prop_assert_eq!(pieces(&|i| !painted.contains(&i)), Some(1));
        }
    }

    fn segment(shape: BrushShape, size: BrushSize, from: [f64; 3], to: [f64; 3]) -> StrokeSegment {
        StrokeSegment { brush: Brush { shape, size }, plane_normal_axis: 2, from, to, spacing_mm: [1.0; 3] }
    }

    #[test]
    fn a_tiny_brush_paints_exactly_the_voxel_under_the_pointer() {
        let at = [7.4, 3.6, 5.0];
        let set = segment(BrushShape::Ball, BrushSize::Mm(0.01), at, at).voxels(extent());
        let under = extent().nearest_voxel(at).unwrap();
        assert_eq!(set.indices().collect::<Vec<_>>(), [extent().index(under)]);
    }

    #[test]
    fn a_stroke_across_the_border_is_clipped_and_one_outside_paints_nothing() {
        let edge = segment(BrushShape::Disc, BrushSize::Voxels(3.0), [-5.0, 0.0, 0.0], [0.0, 0.0, 0.0]);
        // Columns 0 and 1, rows 0 and 1.
        assert_eq!(edge.voxels(extent()).voxel_count(), 4);
        let outside = segment(BrushShape::Ball, BrushSize::Voxels(3.0), [0.0, 0.0, -4.0], [9.0, 0.0, -4.0]);
        assert!(outside.voxels(extent()).is_empty());
    }

    #[test]
    fn a_stroke_over_what_is_already_painted_is_no_change() {
        let mut labels = LabelMap::unknown(extent());
        let brush = Brush { shape: BrushShape::Ball, size: BrushSize::Mm(5.0) };
        let mut paint = |from, to| {
            let segment = StrokeSegment { brush, plane_normal_axis: 2, from, to, spacing_mm: [1.0; 3] };
            let voxels = segment.voxels(labels.extent());
            paint_voxels(&mut labels, &voxels, &Paint::with_class(1))
        };
        let first = paint([4.0, 9.0, 8.0], [15.0, 9.0, 8.0]).unwrap();
        assert_eq!(paint([6.0, 9.0, 8.0], [12.0, 9.0, 8.0]), None);
        assert_eq!((labels.known_count(), labels.revision()), (first.voxel_count(), 1));
    }

    #[test]
    fn positions_that_are_no_numbers_or_endless_do_no_harm() {
        for bad in [f64::NAN, f64::INFINITY, -1e300] {
            let set = segment(BrushShape::Ball, BrushSize::Mm(2.0), [bad, 1.0, 1.0], [3.0, 1.0, 1.0]).voxels(extent());
            assert_eq!(set.is_empty(), bad.is_nan());
        }
    }
}

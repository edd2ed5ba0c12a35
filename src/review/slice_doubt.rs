//! How much of each slice is doubtful.

use super::scale::Scale;
use crate::geometry::{Extent, VoxelBox};
use crate::label::Span;
use crate::review::{DoubtMap, ReviewError, ReviewedCase};

/// Doubtful voxels of every slice along the three voxel axes, kept up to date while labels change.
#[derive(Clone, Debug, PartialEq)]
pub struct SliceDoubt {
    extent: Extent,
    scale: Scale,
    counts: [Vec<usize>; 3],
}

impl SliceDoubt {
    pub fn of(doubt: &DoubtMap, spacing_mm: [f64; 3]) -> Self {
        let extent = doubt.extent();
        let counts = voxels_by_slice(extent, &doubt.doubtful_spans(&extent.full_box()));
        Self { extent, scale: Scale::new(spacing_mm), counts }
    }

    /// Labels or rejections changed inside a box: brings the doubt and these areas up to date, at the cost of the box's rows.
    ///
    /// # Errors
    /// When planes, labels, doubt and this lie on different grids; nothing is changed then.
    pub fn update(
        &mut self,
        doubt: &mut DoubtMap,
        case: &ReviewedCase<'_>,
        dirty: &VoxelBox,
    ) -> Result<(), ReviewError> {
        if doubt.extent() != self.extent {
            return Err(ReviewError::Planes);
        }
        // `DoubtMap::update` works on whole rows.
        let full = self.extent.full_box();
        let rows = VoxelBox { lo: dirty.lo.with_axis(0, 0), hi: dirty.hi.with_axis(0, full.hi.x) };
        let before = voxels_by_slice(self.extent, &doubt.doubtful_spans(&rows));
        doubt.update(case, dirty)?;
        let after = voxels_by_slice(self.extent, &doubt.doubtful_spans(&rows));
        for (counts, (before, after)) in self.counts.iter_mut().zip(before.iter().zip(after)) {
            for (count, (before, after)) in counts.iter_mut().zip(before.iter().zip(after)) {
                *count = (*count + after).saturating_sub(*before);
            }
        }
        Ok(())
    }

    /// Doubtful area, mm², of every slice along an axis (0 = x, 1 = y, 2 = z); empty for any other axis.
    pub fn areas_mm2(&self, axis: usize) -> Vec<f64> {
        let pixel = self.scale.pixel_mm2(axis);
        self.counts.get(axis).map_or_else(Vec::new, |counts| counts.iter().map(|n| *n as f64 * pixel).collect())
    }

    /// The slice with most doubt along an axis, the first of several; `None` where there is none.
    pub fn worst_slice(&self, axis: usize) -> Option<usize> {
        let counts = self.counts.get(axis)?;
        let most = counts.iter().max().filter(|most| **most > 0)?;
        counts.iter().position(|count| count == most)
    }
}

/// Voxels of ascending spans, each in one row, by their slices along the three axes.
pub(super) fn voxels_by_slice(extent: Extent, spans: &[Span]) -> [Vec<usize>; 3] {
    let [nx, ny, nz] = extent.to_array();
    let (mut starts, mut ends, mut y, mut z) = (vec![0usize; nx], vec![0usize; nx], vec![0; ny], vec![0; nz]);
    for span in spans {
        let first = extent.voxel(span.start);
        starts[first.x] += 1;
        ends[first.x + span.len() - 1] += 1;
        y[first.y] += span.len();
        z[first.z] += span.len();
    }
    let mut open = 0;
    let of_column = |(started, ended): (&usize, &usize)| {
        open += started;
        let here = open;
        open -= ended;
        here
    };
    [starts.iter().zip(&ends).map(of_column).collect(), y, z]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::review::fixture::{Scene, any_scene, cube};
    use proptest::prelude::*;

    fn brute_force(scene: &Scene) -> [Vec<f64>; 3] {
        let (map, extent, mm) = (scene.doubt(), scene.extent(), scene.spacing_mm);
        [0, 1, 2].map(|axis| {
            let mut areas = vec![0.0; extent.to_array()[axis]];
            for v in extent.full_box().voxels().filter(|v| map.is_doubtful(extent.index(*v))) {
                areas[v.to_array()[axis]] += mm[(axis + 1) % 3] * mm[(axis + 2) % 3];
            }
            areas
        })
    }

    fn is_close(found: &SliceDoubt, expected: &[Vec<f64>; 3]) -> bool {
        (0..3).all(|axis| {
            let areas = found.areas_mm2(axis);
            areas.len() == expected[axis].len()
                && areas.iter().zip(&expected[axis]).all(|(a, b)| (a - b).abs() <= 1e-9 * b.max(1.0))
        })
    }

    proptest! {
        #[test]
        fn slice_areas_equal_brute_force(scene in any_scene()) {
            prop_assert!(is_close(&SliceDoubt::of(&scene.doubt(), scene.spacing_mm), &brute_force(&scene)));
        }

        #[test]
        fn areas_that_follow_edits_and_their_undoing_equal_those_of_the_whole(
            scene in any_scene(),
            boxes in prop::collection::vec((prop::array::uniform3(0usize..20), prop::array::uniform3(0usize..9)), 1..4),
        ) {
            let mut scene = scene;
            let mut doubt = scene.doubt();
            let mut slices = SliceDoubt::of(&doubt, scene.spacing_mm);
            for (i, (lo, size)) in boxes.into_iter().enumerate() {
                let b = cube(lo, size);
                if i % 2 == 0 { scene.know(b) } else { scene.forget(b) }
                slices.update(&mut doubt, &scene.case(), &b).unwrap();
                prop_assert_eq!(&slices, &SliceDoubt::of(&scene.doubt(), scene.spacing_mm));
            }
        }
    }

    #[test]
    fn the_worst_slice_is_the_first_with_most_doubt_and_certainty_has_none() {
        let mut scene = Scene::new([9, 9, 9]);
        let worst = |scene: &Scene| [0, 1, 2, 3].map(|axis| SliceDoubt::of(&scene.doubt(), [1.0; 3]).worst_slice(axis));
        assert_eq!(worst(&scene), [None; 4]);
        scene.disagree(cube([1, 2, 3], [2, 2, 2]), 1, 0);
        scene.disagree(cube([1, 3, 4], [2, 1, 2]), 1, 0);
        assert_eq!(worst(&scene), [Some(1), Some(3), Some(3), None]);
    }
}

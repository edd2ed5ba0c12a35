//! Flood fill of connected voxels that hold the same value.

use super::{Delta, Paint, VoxelSet, paint_voxels};
use crate::geometry::{Extent, Voxel, VoxelBox};
use crate::label::{LabelMap, component_spans_in};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FillScope {
    /// The slice through the seed along this voxel axis (0 = x, 1 = y, 2 = z).
    Slice {
        axis: usize,
    },
    Volume,
}

impl FillScope {
    /// The voxels a fill from `seed` may reach; `None` if the seed is outside or there is no such slice.
    pub(super) fn bounds(self, extent: Extent, seed: Voxel) -> Option<VoxelBox> {
        let full = extent.full_box();
        if !full.contains(seed) {
            return None;
        }
        match self {
            Self::Volume => Some(full),
            Self::Slice { axis } => {
                let level = *seed.to_array().get(axis)?;
                Some(VoxelBox { lo: full.lo.with_axis(axis, level), hi: full.hi.with_axis(axis, level + 1) })
            }
        }
    }
}

/// Paints the 6-connected region (4-connected in a slice) around `seed` that has the seed's class and is known or
/// unknown like the seed. `None` if the seed is outside or nothing changes.
pub fn flood_fill(labels: &mut LabelMap, seed: Voxel, scope: FillScope, paint: &Paint) -> Option<Delta> {
    let extent = labels.extent();
    let bounds = scope.bounds(extent, seed)?;
    let wanted = labels.value(seed);
    let same_value = |index: usize| {
        let value = labels.value_at(index);
        value.class == wanted.class && value.origin.is_known() == wanted.origin.is_known()
    };
    let spans = component_spans_in(same_value, extent, bounds, seed, |_| true)?;
    paint_voxels(labels, &VoxelSet::from_spans(extent, spans), paint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::label::{LabelValue, Origin};

    /// A closed box of class 1, one voxel thick, around the inside of a 5x5x5 grid.
    fn shell() -> LabelMap {
        let extent = Extent::new(7, 7, 7).unwrap();
        let block = |lo: usize, hi: usize| VoxelBox { lo: [lo; 3].into(), hi: [hi; 3].into() };
        let mut labels = LabelMap::unknown(extent);
        paint_voxels(&mut labels, &VoxelSet::of_box(extent, block(1, 6)), &Paint::with_class(1)).unwrap();
        paint_voxels(&mut labels, &VoxelSet::of_box(extent, block(2, 5)), &Paint::eraser()).unwrap();
        labels
    }

    #[test]
    fn filling_a_closed_shell_stays_inside() {
        let mut labels = shell();
        let delta = flood_fill(&mut labels, Voxel::new(3, 3, 3), FillScope::Volume, &Paint::with_class(2)).unwrap();
        assert_eq!(delta.voxel_count(), 27);
        assert_eq!(labels.value(Voxel::new(2, 4, 2)), LabelValue::new(2, Origin::Manual));
        assert!(!labels.value(Voxel::new(0, 0, 0)).origin.is_known());
    }

    #[test]
    fn filling_in_a_slice_leaves_the_other_slices_alone() {
        for axis in 0..3 {
            let mut labels = shell();
            let delta =
                flood_fill(&mut labels, Voxel::new(3, 3, 3), FillScope::Slice { axis }, &Paint::with_class(2)).unwrap();
            assert_eq!(delta.voxel_count(), 9);
            assert_eq!(delta.bounds().size()[axis], 1);
        }
    }

    #[test]
    fn unknown_and_background_are_different_regions() {
        let mut labels = shell();
        let inner = Voxel::new(3, 3, 3);
        flood_fill(&mut labels, inner, FillScope::Slice { axis: 2 }, &Paint::with_class(0)).unwrap();
        let delta = flood_fill(&mut labels, inner, FillScope::Volume, &Paint::with_class(2)).unwrap();
        assert_eq!(delta.voxel_count(), 9);
    }

    #[test]
    fn a_seed_outside_or_a_region_that_already_has_the_value_gives_nothing() {
        let mut labels = shell();
        assert_eq!(flood_fill(&mut labels, Voxel::new(7, 0, 0), FillScope::Volume, &Paint::eraser()), None);
        let before = labels.revision();
        assert_eq!(flood_fill(&mut labels, Voxel::new(0, 0, 0), FillScope::Volume, &Paint::eraser()), None);
        assert_eq!(labels.revision(), before);
    }
}

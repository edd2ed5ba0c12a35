//! Flood fill of connected voxels that hold the same value.

use super::{Delta, Paint, VoxelSet, paint_voxels};
use crate::geometry::Voxel;
use crate::label::{LabelMap, component_spans_at};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FillScope {
    /// The slice through the seed along this voxel axis (0 = x, 1 = y, 2 = z).
    Slice {
        axis: usize,
    },
    Volume,
}

/// Paints the 6-connected region (4-connected in a slice) around `seed` that has the seed's class and is known or
/// unknown like the seed. `None` if the seed is outside or nothing changes.
pub fn flood_fill(labels: &mut LabelMap, seed: Voxel, scope: FillScope, paint: &Paint) -> Option<Delta> {
    let extent = labels.extent();
    if !extent.contains(seed) {
        return None;
    }
    let wanted = labels.value(seed);
    let same_value = |index: usize| {
        let value = labels.value_at(index);
        value.class == wanted.class && value.origin.is_known() == wanted.origin.is_known()
    };
    let spans = match scope {
        FillScope::Volume => component_spans_at(same_value, extent, seed),
        FillScope::Slice { axis } => {
            let level = *seed.to_array().get(axis)?;
            let in_slice = |index| extent.voxel(index).to_array()[axis] == level;
            component_spans_at(|i| in_slice(i) && same_value(i), extent, seed)
        }
    };
    paint_voxels(labels, &VoxelSet::from_spans(extent, spans), paint)
}

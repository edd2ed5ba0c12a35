//! The box around a voxel set as a small grid of its own.

use std::ops::Range;

use crate::edit::VoxelSet;
use crate::geometry::{Extent, Voxel, VoxelBox};

/// Keeps work on a set as small as the box around it, whatever the size of the volume.
pub(super) struct LocalBox {
    volume: Extent,
    bounds: VoxelBox,
    extent: Extent,
}

impl LocalBox {
    /// `None` for an empty set.
    pub(super) fn around(set: &VoxelSet) -> Option<Self> {
        let volume = set.extent();
        let none = VoxelBox { lo: Voxel::default(), hi: Voxel::default() };
        let bounds = set.row_spans().fold(none, |bounds, row| {
            let (first, last) = (volume.voxel(row.start), volume.voxel(row.end - 1));
            bounds.union(&VoxelBox::of_voxel(first)).union(&VoxelBox::of_voxel(last))
        });
        Some(Self { volume, bounds, extent: Extent::from_array(bounds.size())? })
    }

    pub(super) fn extent(&self) -> Extent {
        self.extent
    }

    /// Where a voxel of the volume is in the box; `None` outside.
    pub(super) fn voxel(&self, v: Voxel) -> Option<Voxel> {
        let lo = self.bounds.lo;
        self.bounds.contains(v).then(|| Voxel::new(v.x - lo.x, v.y - lo.y, v.z - lo.z))
    }

    /// Local linear indices of a part of one row of the volume that is inside the box.
    pub(super) fn span(&self, row: &Range<usize>) -> Range<usize> {
        let start = self.voxel(self.volume.voxel(row.start)).map_or(0, |v| self.extent.index(v));
        start..start + row.len()
    }

    /// The set of spans of local linear indices that each lie in one row.
    pub(super) fn set(&self, spans: impl IntoIterator<Item = Range<usize>>) -> VoxelSet {
        let lo = self.bounds.lo;
        let in_volume = spans.into_iter().map(|span| {
            let first = self.extent.voxel(span.start);
            let start = self.volume.index(Voxel::new(first.x + lo.x, first.y + lo.y, first.z + lo.z));
            start..start + span.len()
        });
        VoxelSet::from_spans(self.volume, in_volume)
    }
}

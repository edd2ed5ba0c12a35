//! The slices of a volume along one axis, seen as planes.

use super::super::OperationError;
use crate::geometry::{Extent, Voxel, VoxelBox};
use crate::label::{LabelMap, LabelValue};
use crate::volume::Grid;

/// Positions in a plane are voxels `(u, v, 0)`, where u and v are the other two axes in ascending order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    extent: Extent,
    axis: usize,
    plane_axes: [usize; 2],
}

impl Frame {
    pub(super) fn new(extent: Extent, axis: usize) -> Result<Self, OperationError> {
        let plane_axes = match axis {
            0 => [1, 2],
            1 => [0, 2],
            2 => [0, 1],
            _ => return Err(OperationError::NoSuchSlice { axis, index: 0 }),
        };
        Ok(Self { extent, axis, plane_axes })
    }

    pub(super) fn slice_count(&self) -> usize {
        self.extent.to_array()[self.axis]
    }

    /// The whole plane.
    pub(super) fn plane(&self) -> VoxelBox {
        let [u, v] = self.plane_axes.map(|a| self.extent.to_array()[a]);
        VoxelBox { lo: Voxel::default(), hi: Voxel::new(u, v, 1) }
    }

    /// `bounds` grown by so many positions within the plane.
    pub(super) fn grown(&self, bounds: VoxelBox, margin: usize) -> VoxelBox {
        let lo = Voxel::new(bounds.lo.x.saturating_sub(margin), bounds.lo.y.saturating_sub(margin), 0);
        let hi = Voxel::new(bounds.hi.x.saturating_add(margin), bounds.hi.y.saturating_add(margin), 1);
        VoxelBox { lo, hi }.intersect(&self.plane())
    }

    /// The voxel of a position in a slice.
    pub(super) fn voxel(&self, at: Voxel, slice: usize) -> Voxel {
        Voxel::default()
            .with_axis(self.plane_axes[0], at.x)
            .with_axis(self.plane_axes[1], at.y)
            .with_axis(self.axis, slice)
    }

    /// The slice and the position in it of a voxel.
    pub(super) fn split(&self, v: Voxel) -> (usize, Voxel) {
        let v = v.to_array();
        (v[self.axis], Voxel::new(v[self.plane_axes[0]], v[self.plane_axes[1]], 0))
    }

    /// The box of a part of the plane in some slices.
    pub(super) fn volume_box(&self, part: VoxelBox, slices: std::ops::Range<usize>) -> VoxelBox {
        let hi = self.voxel(part.hi, slices.end);
        VoxelBox { lo: self.voxel(part.lo, slices.start), hi }
    }

    /// Which positions of a part of the plane are inside; `None` if the part is empty.
    pub(super) fn mask(
        &self,
        labels: &LabelMap,
        part: VoxelBox,
        slice: usize,
        inside: impl Fn(LabelValue) -> bool,
    ) -> Option<Grid<bool>> {
        let extent = Extent::from_array(part.size())?;
        let mask = part.voxels().map(|at| inside(labels.value(self.voxel(at, slice)))).collect();
        Grid::from_vec(extent, mask)
    }

    /// Size of a position along u and v, and from slice to slice.
    pub(super) fn spacing_mm(&self, spacing_mm: [f64; 3]) -> ([f64; 2], f64) {
        (self.plane_axes.map(|a| spacing_mm[a]), spacing_mm[self.axis])
    }
}

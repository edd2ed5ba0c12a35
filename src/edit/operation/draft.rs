//! What an operation wants to write, in a box.

use super::task::relative;
use crate::geometry::{Voxel, VoxelBox};
use crate::label::ClassId;

/// A wished class for some voxels of a box, x fastest.
pub(super) struct Draft {
    bounds: VoxelBox,
    wishes: Vec<Option<ClassId>>,
}

impl Draft {
    /// No wishes yet.
    pub(super) fn new(bounds: VoxelBox) -> Self {
        Self { bounds, wishes: vec![None; bounds.voxel_count()] }
    }

    /// From the wishes for every voxel of a box, ascending; none for those that are missing.
    pub(super) fn from_wishes(bounds: VoxelBox, wishes: impl Iterator<Item = Option<ClassId>>) -> Self {
        let mut draft = Self::new(bounds);
        draft.wishes.iter_mut().zip(wishes).for_each(|(wish, new)| *wish = new);
        draft
    }

    pub(super) fn bounds(&self) -> VoxelBox {
        self.bounds
    }

    /// In ascending order of the voxels.
    pub(super) fn wishes(&self) -> impl Iterator<Item = Option<ClassId>> {
        self.wishes.iter().copied()
    }

    /// Beyond the box nothing can be wished.
    pub(super) fn set(&mut self, v: Voxel, wish: Option<ClassId>) {
        if self.bounds.contains(v) {
            let [width, height, _] = self.bounds.size();
            let at = relative(v, self.bounds);
            self.wishes[at.x + width * (at.y + height * at.z)] = wish;
        }
    }
}

//! The two label planes of a case and their revision.

use bytemuck::{NoUninit, Zeroable};

use crate::geometry::{Extent, Voxel};
use crate::label::ClassId;
use crate::volume::Grid;

/// Who said what a voxel is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, NoUninit, Zeroable)]
#[repr(u8)]
pub enum Origin {
    /// Nobody said.
    #[default]
    Unknown = 0,
    /// Painted by hand.
    Manual = 1,
    /// Accepted from a pseudo-label.
    Accepted = 2,
    /// Read from a file.
    Imported = 3,
}

/// What the planes hold at one voxel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct LabelValue {
    pub class: ClassId,
    pub origin: Origin,
}

/// Class and origin planes. Class 0 with a known origin is background; with `Unknown` nobody said.
///
/// Only `edit` may call [`Self::write_run`]; `tests/layering.rs` checks it.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelMap {
    class: Grid<ClassId>,
    origin: Grid<Origin>,
    revision: u64,
}

impl Origin {
    pub fn from_code(code: u8) -> Option<Self> {
        [Self::Unknown, Self::Manual, Self::Accepted, Self::Imported].into_iter().find(|o| o.code() == code)
    }

    pub fn code(self) -> u8 {
        self as u8
    }

    pub fn is_known(self) -> bool {
        self != Self::Unknown
    }

    /// Whether somebody drew it or brought it along: an accepted pseudo-label judges nothing.
    pub fn is_gold(self) -> bool {
        matches!(self, Self::Manual | Self::Imported)
    }
}

impl LabelValue {
    pub const UNKNOWN: Self = Self { class: 0, origin: Origin::Unknown };

    pub fn new(class: ClassId, origin: Origin) -> Self {
        Self { class, origin }
    }
}

impl LabelMap {
    /// Nobody has said anything yet.
    pub fn unknown(extent: Extent) -> Self {
        Self { class: Grid::zeroed(extent), origin: Grid::zeroed(extent), revision: 0 }
    }

    /// From stored planes; `None` if their grids differ. An unknown voxel always has class 0.
    pub fn from_planes(mut class: Grid<ClassId>, origin: Grid<Origin>) -> Option<Self> {
        if class.extent() != origin.extent() {
            return None;
        }
        for (c, o) in class.as_mut_slice().iter_mut().zip(origin.as_slice()) {
            if !o.is_known() {
                *c = 0;
            }
        }
        Some(Self { class, origin, revision: 0 })
    }

    /// A complete mask from a file: every voxel is known.
    pub fn imported(class: Grid<ClassId>) -> Self {
        let origin = Grid::filled(class.extent(), Origin::Imported);
        Self { class, origin, revision: 0 }
    }

    pub fn extent(&self) -> Extent {
        self.class.extent()
    }

    pub fn class(&self) -> &Grid<ClassId> {
        &self.class
    }

    pub fn origin(&self) -> &Grid<Origin> {
        &self.origin
    }

    /// Grows by one with every applied edit, undo or redo.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    pub fn value_at(&self, index: usize) -> LabelValue {
        LabelValue { class: self.class.as_slice()[index], origin: self.origin.as_slice()[index] }
    }

    pub fn value(&self, v: Voxel) -> LabelValue {
        self.value_at(self.extent().index(v))
    }

    pub fn known_count(&self) -> usize {
        self.origin.as_slice().iter().filter(|o| o.is_known()).count()
    }

    /// Writes one value to consecutive linear indices. The door for `edit` alone.
    pub fn write_run(&mut self, start: usize, len: usize, value: LabelValue) {
        self.class.as_mut_slice()[start..start + len].fill(value.class);
        self.origin.as_mut_slice()[start..start + len].fill(value.origin);
    }

    /// Continues the count of labels that were stored with their revision, or that these are a copy of. The door for
    /// `project` and `edit` alone.
    pub fn set_revision(&mut self, revision: u64) {
        self.revision = revision;
    }

    /// Marks the end of one applied edit. The door for `edit` alone.
    pub fn bump_revision(&mut self) {
        self.revision += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_voxels_of_stored_planes_carry_class_zero() {
        let e = Extent::new(2, 1, 1).unwrap();
        let class = Grid::from_vec(e, vec![3, 3]).unwrap();
        let origin = Grid::from_vec(e, vec![Origin::Unknown, Origin::Manual]).unwrap();
        let map = LabelMap::from_planes(class, origin).unwrap();
        assert_eq!(map.class().as_slice(), [0, 3]);
        assert_eq!(map.known_count(), 1);
    }

    #[test]
    fn origin_codes_round_trip_and_foreign_codes_are_refused() {
        for code in 0..=3 {
            assert_eq!(Origin::from_code(code).map(Origin::code), Some(code));
        }
        assert_eq!(Origin::from_code(4), None);
    }
}

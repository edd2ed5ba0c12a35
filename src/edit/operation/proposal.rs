//! A change that has been worked out but not written.

use crate::edit::paint::painted;
use crate::edit::{Delta, Direction, Paint, VoxelSet};
use crate::label::LabelMap;

/// What an operation would write, for labels of one revision.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    delta: Delta,
    made_for_revision: u64,
}

impl Proposal {
    pub(super) fn new(delta: Delta, labels: &LabelMap) -> Self {
        Self { delta, made_for_revision: labels.revision() }
    }

    /// What painting these voxels would change; `None` if nothing.
    pub fn painting(labels: &LabelMap, voxels: &VoxelSet, paint: &Paint) -> Option<Self> {
        painted(labels, voxels, paint).map(|delta| Self::new(delta, labels))
    }

    /// For a preview. Never empty.
    pub fn delta(&self) -> &Delta {
        &self.delta
    }

    pub fn made_for_revision(&self) -> u64 {
        self.made_for_revision
    }

    /// Writes the change and returns it for the history. `None`, with nothing written, if the labels have changed
    /// since the proposal was made.
    pub fn apply(self, labels: &mut LabelMap) -> Option<Delta> {
        if labels.revision() != self.made_for_revision {
            return None;
        }
        // Looks at every old value as well: labels of another case may have the same revision.
        self.delta.apply(labels, Direction::Forward).ok()?;
        Some(self.delta)
    }
}

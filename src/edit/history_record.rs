//! The steps of a history apart from it, as they are kept with the study.

use std::sync::Arc;

use super::Delta;
use crate::geometry::Voxel;

/// One step: what it is called, what it changed, and where to look.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredStep {
    pub name: String,
    pub delta: Arc<Delta>,
    pub location: Voxel,
}

/// The steps of one case at one moment. Cloning shares the changes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HistoryRecord {
    /// The oldest first; together they lead to the labels of that moment.
    pub done: Vec<StoredStep>,
    /// The next one to be repeated last.
    pub undone: Vec<StoredStep>,
}

impl StoredStep {
    pub(super) fn byte_count(&self) -> usize {
        size_of::<Self>() + self.name.len() + self.delta.byte_count()
    }
}

impl HistoryRecord {
    /// Adds a change that was applied on top; what had been undone can no longer be redone.
    pub fn push(&mut self, name: String, delta: Delta) {
        self.undone.clear();
        let location = delta.centre();
        self.done.push(StoredStep { name, delta: Arc::new(delta), location });
    }
}

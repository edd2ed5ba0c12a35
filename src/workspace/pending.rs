//! A change of the labels that is being worked out, or shown and not made yet.

use std::sync::Arc;

use crate::edit::{Proposal, Watch};
use crate::volume::CaseId;

#[derive(Debug)]
pub struct Pending {
    pub(super) ticket: u64,
    pub(super) case: CaseId,
    /// In the words of the undo list.
    pub name: String,
    /// Progress, 0 to 1.
    pub watch: Arc<Watch>,
    /// Made true as soon as it is ready.
    pub(super) at_once: bool,
    pub state: PendingState,
}

#[derive(Debug)]
pub enum PendingState {
    Working,
    /// Nothing would change.
    Nothing,
    /// One sentence.
    Refused(String),
    /// Shown in the views.
    Ready(Box<Proposal>),
}

impl Pending {
    /// Number of voxels that would change, once known.
    pub fn changed(&self) -> Option<usize> {
        match &self.state {
            PendingState::Ready(proposal) => Some(proposal.delta().voxel_count()),
            _ => None,
        }
    }

    pub fn is_working(&self) -> bool {
        matches!(self.state, PendingState::Working)
    }
}

impl Drop for Pending {
    /// Nobody waits for it any more.
    fn drop(&mut self) {
        self.watch.cancel();
    }
}

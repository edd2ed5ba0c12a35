//! An older round of learning beside the newest networks, on the shown case.

use std::sync::Arc;

use crate::edit::Watch;
use crate::label::Prediction;
use crate::volume::CaseId;

/// What the views show of the two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RoundView {
    Newest,
    #[default]
    Older,
    /// Only where they say different things.
    Difference,
}

/// What can be done with the rounds of learning so far, by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoundAction {
    /// Shows what an older round's networks say of the shown case.
    Compare(u32),
    Show(RoundView),
    /// Back to the newest pseudo-labels alone.
    Close,
    /// Its networks become the live ones.
    Restore(u32),
}

#[derive(Debug)]
pub struct OlderRound {
    pub round: u32,
    pub case: CaseId,
    pub view: RoundView,
    /// `None` until the trainer has answered.
    pub(super) prediction: Option<Arc<Prediction>>,
    /// Of the newest to this one, once it is worked out.
    pub(super) difference: Option<Arc<Prediction>>,
    /// Of the newest job that works it out.
    pub(super) ticket: u64,
    pub(super) watch: Arc<Watch>,
}

impl OlderRound {
    pub(super) fn new(round: u32, case: CaseId, view: RoundView) -> Self {
        Self { round, case, view, prediction: None, difference: None, ticket: 0, watch: Arc::new(Watch::default()) }
    }

    /// What its networks say of the case; `None` until the trainer has answered.
    pub fn prediction(&self) -> Option<&Arc<Prediction>> {
        self.prediction.as_ref()
    }

    /// What is shown in place of the newest prediction; `None` where that is shown, also while the other is still awaited.
    pub fn shown(&self) -> Option<&Arc<Prediction>> {
        match self.view {
            RoundView::Newest => None,
            RoundView::Older => self.prediction.as_ref(),
            RoundView::Difference => self.difference.as_ref(),
        }
    }

    /// What is to be shown has not been worked out yet.
    pub fn is_awaited(&self) -> bool {
        self.view != RoundView::Newest && self.shown().is_none()
    }
}

impl Drop for OlderRound {
    /// Nobody waits for it any more.
    fn drop(&mut self) {
        self.watch.cancel();
    }
}

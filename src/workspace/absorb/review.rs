//! What the review thread has found.

use crate::review::CaseFigures;
use crate::volume::CaseId;
use crate::worker::protocol_review::ReviewFindings;
use crate::workspace::{Effect, Workspace};

impl Workspace {
    /// Findings of another case or prediction than the shown ones are dropped.
    pub(super) fn absorb_review(&mut self, found: ReviewFindings, effects: &mut Vec<Effect>) {
        self.rank_case(&found.key.case, found.figures, effects);
        let Some(case) = self.case_mut().filter(|case| case.id == found.key.case) else { return };
        let provenance = case.prediction.as_ref().map(|prediction| &prediction.provenance);
        if provenance.is_some_and(|p| (&p.model, p.step) == (&found.key.model, found.key.step)) {
            let spacing_mm = case.image.spacing_mm();
            case.review.take(found, &case.labels, spacing_mm);
        }
    }

    pub(super) fn rank_case(&mut self, id: &CaseId, figures: CaseFigures, effects: &mut Vec<Effect>) {
        if let Some(study) = &mut self.study {
            study.set_figures(id, figures);
        }
        self.tell_upcoming(effects);
    }
}

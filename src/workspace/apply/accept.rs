//! Acceptance of pseudo-labels into unknown voxels.

use std::sync::Arc;

use crate::edit::{Acceptance, Delta, accept};
use crate::label::{Provenance, probability_to_u8};
use crate::project::ModelStep;
use crate::worker::protocol_io::EditKind;
use crate::workspace::{Effect, Notice, PseudoAction, Workspace};

use super::stroke::voxels;

impl Workspace {
    pub(super) fn apply_pseudo(&mut self, action: PseudoAction, effects: &mut Vec<Effect>) {
        match action {
            PseudoAction::AcceptCase => self.accept("Accept case", &Acceptance::Case, effects),
            PseudoAction::AcceptSlice(view) => {
                if self.must_straighten("accept a slice", effects) {
                    return;
                }
                let Some(case) = self.case() else { return };
                let axis = case.normal_axis(view);
                let index = case.cursor.to_array()[axis];
                self.accept("Accept slice", &Acceptance::Slice { axis, index }, effects);
            }
            PseudoAction::AcceptComponent(seed) => {
                self.accept("Accept region", &Acceptance::Component { seed }, effects);
            }
            PseudoAction::SetDoubtThreshold(doubt) if doubt.is_finite() => {
                self.views.layers.doubt_threshold = doubt.clamp(0.0, 1.0);
            }
            PseudoAction::SetDoubtThreshold(_) => {}
        }
    }

    /// Stored dual confidence from which a voxel may be accepted.
    pub(super) fn least_confidence(&self) -> u8 {
        probability_to_u8(1.0 - self.views.layers.doubt_threshold)
    }

    /// An acceptance, with the networks that the shown pseudo-label came from.
    pub(super) fn accepted_kind(&self) -> EditKind {
        let prediction = self.case().and_then(|case| case.prediction.as_ref());
        let model = prediction.map(|prediction| {
            let Provenance { model, step, .. } = &prediction.provenance;
            ModelStep { run: model.clone(), step: *step }
        });
        EditKind::Accepted { model }
    }

    /// Writes the pseudo-label where it is at least this sure. `None` if nothing changes or there is no pseudo-label.
    pub(super) fn take_in(&mut self, what: &Acceptance, least_confidence: u8) -> Option<Delta> {
        let locked = self.locked();
        let case = self.case_mut()?;
        let prediction = case.prediction.clone()?;
        let confidence = prediction.dual_confidence.as_slice();
        let labels = Arc::make_mut(&mut case.labels);
        accept(labels, &prediction.class, what, |i| confidence[i] >= least_confidence, &locked)
    }

    fn accept(&mut self, name: &str, what: &Acceptance, effects: &mut Vec<Effect>) {
        if !self.can_edit() || self.must_see_newest(effects) {
            return;
        }
        if self.case().is_none_or(|case| case.prediction.is_none()) {
            return self.notify_no_prediction(effects);
        }
        match self.take_in(what, self.least_confidence()) {
            Some(delta) => {
                let name = format!("{name}, {}", voxels(delta.voxel_count()));
                let kind = self.accepted_kind();
                self.record(name, kind, delta, effects);
            }
            None => {
                let text = "Nothing to accept here: every voxel is labelled already, locked or too doubtful. \
                            Raise the doubt threshold to accept more.";
                self.notify(Notice::info(text), effects);
            }
        }
    }
}

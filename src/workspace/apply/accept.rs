//! Acceptance of pseudo-labels into unknown voxels.

use std::sync::Arc;

use crate::edit::{Acceptance, Delta, accept};
use crate::label::{DoubtRule, Provenance};
use crate::project::ModelStep;
use crate::worker::protocol_io::EditKind;
use crate::workspace::{Effect, Notice, PseudoAction, Workspace};

use super::stroke::voxels;

impl Workspace {
    pub(super) fn apply_pseudo(&mut self, action: PseudoAction, effects: &mut Vec<Effect>) {
        match action {
            PseudoAction::AcceptCase => self.accept_sure("Accept case", &Acceptance::Case, effects),
            PseudoAction::AcceptClass(class) => self.accept_sure("Accept class", &Acceptance::Class(class), effects),
            PseudoAction::AcceptSlice(view) => {
                if self.must_straighten("accept a slice", effects) {
                    return;
                }
                let Some(case) = self.case() else { return };
                let axis = case.normal_axis(view);
                let index = case.cursor.to_array()[axis];
                self.accept_sure("Accept slice", &Acceptance::Slice { axis, index }, effects);
            }
            PseudoAction::AcceptComponent(seed) => {
                // Whoever points at one region has looked at it: all of it is taken, as from the queue.
                self.accept("Accept region", &Acceptance::Component { seed }, None, effects);
            }
            PseudoAction::SetDoubtThresholds(thresholds) => {
                self.views.layers.thresholds = thresholds.clamped();
                self.thresholds_set = self.now;
            }
        }
    }

    /// What is doubtful by it may not be accepted as trusted.
    pub(super) fn doubt_rule(&self) -> DoubtRule {
        DoubtRule::new(self.views.layers.thresholds)
    }

    /// Into the user's settings; not while a threshold is being dragged.
    pub(super) fn keep_thresholds(&mut self, effects: &mut Vec<Effect>) {
        if self.preferences_known && self.preferences.settings.doubt != self.views.layers.thresholds {
            let mut preferences = self.preferences.clone();
            preferences.settings.doubt = self.views.layers.thresholds;
            self.set_preferences(preferences, effects);
        }
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

    /// Writes the pseudo-label where the rule, if there is one, trusts it. `None` if nothing changes or there is no
    /// pseudo-label.
    pub(super) fn take_in(&mut self, what: &Acceptance, rule: Option<&DoubtRule>) -> Option<Delta> {
        let locked = self.locked();
        let case = self.case_mut()?;
        let prediction = case.prediction.clone()?;
        let trusted = |i: usize| rule.is_none_or(|rule| prediction.is_trusted(i, rule));
        let labels = Arc::make_mut(&mut case.labels);
        accept(labels, &prediction.class, what, trusted, &locked)
    }

    /// What the rule of doubt trusts of it.
    fn accept_sure(&mut self, name: &str, what: &Acceptance, effects: &mut Vec<Effect>) {
        let rule = self.doubt_rule();
        self.accept(name, what, Some(&rule), effects);
    }

    fn accept(&mut self, name: &str, what: &Acceptance, rule: Option<&DoubtRule>, effects: &mut Vec<Effect>) {
        if !self.can_edit() || self.must_see_newest(effects) {
            return;
        }
        if self.case().is_none_or(|case| case.prediction.is_none()) {
            return self.notify_no_prediction(effects);
        }
        match self.take_in(what, rule) {
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

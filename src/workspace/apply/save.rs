//! Saving: by hand, by the clock, at a case switch and at the end.

use std::sync::Arc;
use std::time::Duration;

use crate::worker::protocol_io::IoCommand;
use crate::workspace::{Effect, OpenCase, SaveState, Workspace};

/// Time without an edit after which labels are saved.
const AUTOSAVE_AFTER: Duration = Duration::from_secs(20);

impl Workspace {
    /// How safe the labels of the shown case are.
    pub fn save_state(&self) -> SaveState {
        let Some(case) = self.case() else { return SaveState::Untouched };
        if let Some(sentence) = &case.save_failure {
            return SaveState::Failed(sentence.clone());
        }
        if case.saving.is_some() {
            return SaveState::Saving;
        }
        if case.is_unsaved() || self.stroke.is_some() {
            let in_journal = self.stroke.is_none() && case.is_journalled();
            return SaveState::Unsaved { in_journal };
        }
        match case.last_save {
            Some(at) => SaveState::Saved { ago: self.now.saturating_sub(at) },
            None => SaveState::Untouched,
        }
    }

    /// All that is not saved yet comes back from the journals when the study is opened again.
    pub fn unsaved_comes_back(&self) -> bool {
        let only_labels = self.study.as_ref().is_none_or(|study| !study.unsaved);
        let mut unsaved = self.opened().filter(|case| case.is_unsaved());
        only_labels && self.stroke.is_none() && unsaved.all(OpenCase::is_journalled)
    }

    /// Labels of every opened case and the project file, where they changed.
    pub(in crate::workspace) fn save_all(&mut self, effects: &mut Vec<Effect>) {
        // What is sent now would reach the project that is being opened.
        if self.opening.is_some() {
            return;
        }
        effects.extend(self.opened_mut().filter_map(OpenCase::save));
        if self.study.as_ref().is_some_and(|study| study.unsaved) {
            self.save_project(effects);
        }
    }

    /// Classes and case marks; the labels are saved apart.
    pub(in crate::workspace) fn save_project(&mut self, effects: &mut Vec<Effect>) {
        if let Some(study) = &mut self.study {
            study.unsaved = true;
            effects.push(Effect::Io(IoCommand::SaveProject { classes: study.classes.clone(), cases: study.marks() }));
        }
    }

    pub(super) fn autosave(&mut self, effects: &mut Vec<Effect>) {
        if self.opening.is_some() {
            return;
        }
        let now = self.now;
        let stroke_open = self.stroke.is_some();
        let due = |case: &&mut OpenCase| case.save_soon || now.saturating_sub(case.last_edit) >= AUTOSAVE_AFTER;
        effects.extend(self.parked.iter_mut().filter(due).filter_map(OpenCase::save));
        if let Some(case) = self.case_mut().filter(|_| !stroke_open) {
            effects.extend(Some(case).filter(due).and_then(OpenCase::save));
        }
    }
}

impl OpenCase {
    /// `None` if nothing changed or these labels are being saved already.
    pub(in crate::workspace) fn save(&mut self) -> Option<Effect> {
        let revision = self.labels.revision();
        if !self.is_unsaved() || self.saving == Some(revision) {
            return None;
        }
        self.saving = Some(revision);
        self.save_failure = None;
        self.save_soon = false;
        Some(Effect::Io(IoCommand::SaveLabels {
            case: self.id.clone(),
            labels: Arc::clone(&self.labels),
            geometry: Arc::clone(&self.geometry),
            history: self.history.to_record(),
        }))
    }
}

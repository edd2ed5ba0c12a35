//! What begins only when everything is saved: quitting, closing, opening another study, exporting.

use crate::worker::protocol::TrainerCommand;
use crate::worker::protocol_io::IoCommand;
use crate::workspace::{AfterSave, Effect, SavingFirst, Workspace};

impl Workspace {
    /// Saves, then goes on with `next`. It takes the place of what waited before.
    pub(super) fn save_first(&mut self, next: AfterSave, effects: &mut Vec<Effect>) {
        if !matches!(self.saving_first, SavingFirst::Quit) {
            self.saving_first = SavingFirst::Saving(next);
            self.continue_after_save(effects);
        }
    }

    /// While something waits: saves what is not saved and goes on when nothing is left.
    pub(in crate::workspace) fn continue_after_save(&mut self, effects: &mut Vec<Effect>) {
        if !matches!(self.saving_first, SavingFirst::Saving(_)) {
            return;
        }
        self.save_all(effects);
        let project_unsaved = self.study.as_ref().is_some_and(|study| study.unsaved);
        // What is sent while another study is being opened is not saved at all.
        if !project_unsaved && !self.opened().any(|case| case.is_unsaved()) || self.opening.is_some() {
            self.go_on(effects);
        }
    }

    /// Asks before going on with unsaved work.
    pub(in crate::workspace) fn fail_save_first(&mut self, sentence: &str) {
        self.saving_first = match std::mem::take(&mut self.saving_first) {
            SavingFirst::Saving(next) => SavingFirst::Failed { next, sentence: sentence.to_owned() },
            other => other,
        };
    }

    /// Goes on whatever is saved.
    pub(super) fn go_on(&mut self, effects: &mut Vec<Effect>) {
        match std::mem::take(&mut self.saving_first) {
            SavingFirst::No => {}
            SavingFirst::Quit => self.saving_first = SavingFirst::Quit,
            SavingFirst::Saving(next) | SavingFirst::Failed { next, .. } => self.begin(next, effects),
        }
    }

    pub(super) fn stay(&mut self) {
        if !matches!(self.saving_first, SavingFirst::Quit) {
            self.saving_first = SavingFirst::No;
        }
    }

    fn begin(&mut self, next: AfterSave, effects: &mut Vec<Effect>) {
        match next {
            AfterSave::Quit => {
                self.saving_first = SavingFirst::Quit;
                effects.push(Effect::Trainer(TrainerCommand::Shutdown));
                effects.push(Effect::Quit);
            }
            AfterSave::CloseStudy => {
                self.leave_project(effects);
                effects.push(Effect::Io(IoCommand::CloseProject));
            }
            AfterSave::OpenStudy { dir, command } => {
                self.opening = Some(dir);
                effects.push(Effect::Io(*command));
            }
            AfterSave::Export { folder, source } => {
                self.exporting = true;
                effects.push(Effect::Io(IoCommand::Export { folder, source }));
            }
        }
    }
}

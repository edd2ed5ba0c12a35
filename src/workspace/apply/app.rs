//! The clock, closing the window.

use crate::worker::protocol::TrainerCommand;
use crate::worker::protocol_io::IoCommand;
use crate::workspace::{AppAction, Effect, Quitting, Workspace};

impl Workspace {
    pub(super) fn apply_app(&mut self, action: AppAction, effects: &mut Vec<Effect>) {
        match action {
            AppAction::Started => effects.push(Effect::Io(IoCommand::ListRecent)),
            AppAction::Tick(now) => {
                self.now = now;
                self.autosave(effects);
            }
            AppAction::CloseRequested => self.request_quit(effects),
            AppAction::QuitAnyway => self.quit(effects),
            AppAction::CancelQuit if self.quitting != Quitting::Done => self.quitting = Quitting::No,
            AppAction::CancelQuit => {}
            AppAction::ClearNotices => self.notices.clear(),
        }
    }

    fn request_quit(&mut self, effects: &mut Vec<Effect>) {
        if matches!(self.quitting, Quitting::No | Quitting::Failed(_)) {
            self.quitting = Quitting::Saving;
            self.continue_quit(effects);
        }
    }

    /// While the window is closing: saves what is not saved and quits when nothing is left.
    pub(in crate::workspace) fn continue_quit(&mut self, effects: &mut Vec<Effect>) {
        if self.quitting != Quitting::Saving {
            return;
        }
        self.save_all(effects);
        let project_unsaved = self.study.as_ref().is_some_and(|study| study.unsaved);
        if !project_unsaved && !self.opened().any(|case| case.is_unsaved()) {
            self.quit(effects);
        }
    }

    /// Asks before closing with unsaved work.
    pub(in crate::workspace) fn fail_quit(&mut self, sentence: &str) {
        if self.quitting == Quitting::Saving {
            self.quitting = Quitting::Failed(sentence.to_owned());
        }
    }

    fn quit(&mut self, effects: &mut Vec<Effect>) {
        if self.quitting != Quitting::Done {
            self.quitting = Quitting::Done;
            effects.push(Effect::Trainer(TrainerCommand::Shutdown));
            effects.push(Effect::Quit);
        }
    }
}

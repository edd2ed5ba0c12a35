//! The clock, closing the window.

use crate::worker::protocol::TrainerCommand;
use crate::worker::protocol_io::IoCommand;
use crate::workspace::{AppAction, Effect, Preferences, Quitting, TourAction, Workspace};

impl Workspace {
    pub(super) fn apply_app(&mut self, action: AppAction, effects: &mut Vec<Effect>) {
        match action {
            AppAction::Started => {
                effects.push(Effect::Io(IoCommand::LoadPreferences));
                effects.push(Effect::Io(IoCommand::ListRecent));
            }
            AppAction::Tour(action) => self.go_on_with_tour(action, effects),
            AppAction::SetPreferences(preferences) => self.set_preferences(*preferences, effects),
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

    fn go_on_with_tour(&mut self, action: TourAction, effects: &mut Vec<Effect>) {
        self.tour = match (action, self.tour) {
            (TourAction::Begin, _) if self.study.is_some() => Some(0),
            (TourAction::Next, Some(step)) if step + 1 < TourAction::STEPS => Some(step + 1),
            _ => None,
        };
        if self.tour.is_none() {
            let mut preferences = self.preferences.clone();
            preferences.settings.tour_seen = true;
            self.set_preferences(preferences, effects);
        }
    }

    pub(super) fn set_preferences(&mut self, preferences: Preferences, effects: &mut Vec<Effect>) {
        if preferences != self.preferences {
            self.preferences = preferences;
            // A file that could not be read whole is the user's to mend, not ours to replace.
            if !self.preferences_damaged {
                effects.push(Effect::Io(IoCommand::SavePreferences(Box::new(self.preferences.write()))));
            }
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

//! The clock, closing the window.

use crate::worker::protocol_io::IoCommand;
use crate::workspace::{AfterSave, AppAction, Effect, Preferences, SavingFirst, TourAction, Workspace};

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
                self.review_at_rest(effects);
                self.seek_question(effects);
            }
            // Asking again while quitting is under way begins nothing new.
            AppAction::CloseRequested if matches!(self.saving_first, SavingFirst::Saving(AfterSave::Quit)) => {}
            AppAction::CloseRequested => self.save_first(AfterSave::Quit, effects),
            AppAction::GoOnUnsaved => self.go_on(effects),
            AppAction::Stay => self.stay(),
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
}

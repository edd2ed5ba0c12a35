//! Which chord does what.

use super::{Chord, KeyAction, KeyChange, KeyHelp, KeymapPreset, MousePreset};

/// Which chord does what; no chord is bound twice. A preset and what the user changed in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keymap {
    preset: KeymapPreset,
    /// Chords as normalised. In the order of the preset, then of the chords, so that it follows from what is bound.
    bindings: Vec<(Chord, KeyAction)>,
}

impl Default for Keymap {
    fn default() -> Self {
        KeymapPreset::default().keymap()
    }
}

impl Keymap {
    /// A preset with changes in it; of two changes of one chord the later counts.
    pub fn with_changes(preset: KeymapPreset, changes: impl IntoIterator<Item = KeyChange>) -> Self {
        let mut keymap = Self { preset, bindings: preset.bindings() };
        for change in changes {
            keymap.set(change.keys, change.action);
        }
        keymap
    }

    pub fn preset(&self) -> KeymapPreset {
        self.preset
    }

    /// The mouse of the preset.
    pub fn mouse(&self) -> MousePreset {
        self.preset.mouse()
    }

    /// What a chord does, if anything.
    pub fn action(&self, chord: Chord) -> Option<KeyAction> {
        action_in(&self.bindings, chord)
    }

    /// Every chord with its action.
    pub fn bindings(&self) -> &[(Chord, KeyAction)] {
        &self.bindings
    }

    /// The chords of an action.
    pub fn chords_of(&self, action: KeyAction) -> impl Iterator<Item = Chord> {
        self.bindings.iter().filter(move |(_, bound)| *bound == action).map(|(chord, _)| *chord)
    }

    /// All chords of an action in one text, empty if it has none.
    pub fn chords(&self, action: KeyAction) -> String {
        self.chords_of(action).map(|chord| chord.to_string()).collect::<Vec<_>>().join("  ")
    }

    /// A text with the action's chords in brackets behind it, if there are any: what a tooltip says.
    pub fn with_keys(&self, text: &str, action: KeyAction) -> String {
        match self.chords(action) {
            chords if chords.is_empty() => text.to_owned(),
            chords => format!("{text}  ({chords})"),
        }
    }

    /// One line per bound action, grouped for the help page.
    pub fn help(&self) -> Vec<KeyHelp> {
        let mut lines = self.help_with_unbound();
        lines.retain(|line| !line.chords.is_empty());
        lines
    }

    /// One line per action, also of those without a chord, grouped for the settings page.
    pub fn help_with_unbound(&self) -> Vec<KeyHelp> {
        let mut actions: Vec<KeyAction> = KeyAction::all().collect();
        // A user's file may bind numbers beyond the listed ones.
        for (_, bound) in &self.bindings {
            if !actions.contains(bound) {
                actions.push(*bound);
            }
        }
        actions.sort_by_key(|action| action.group());
        let line = |action: KeyAction| {
            let (description, chords) = (action.description(), self.chords(action));
            KeyHelp { group: action.group(), action, description, chords }
        };
        actions.into_iter().map(line).collect()
    }

    /// Lets a chord do `action`. Returns what it did before, if that was something else; that action loses the chord.
    pub fn bind(&mut self, chord: Chord, action: KeyAction) -> Option<KeyAction> {
        self.set(chord, Some(action)).filter(|before| *before != action)
    }

    /// Lets a chord do nothing. Returns what it did before.
    pub fn unbind(&mut self, chord: Chord) -> Option<KeyAction> {
        self.set(chord, None)
    }

    /// Every chord that `action` has, or has in the preset, does again what it does in the preset. Returns the other
    /// actions that lost a chord by that.
    pub fn reset(&mut self, action: KeyAction) -> Vec<KeyAction> {
        let preset = self.preset.bindings();
        let of_preset = preset.iter().filter(|(_, bound)| *bound == action).map(|(chord, _)| *chord);
        let chords: Vec<Chord> = self.chords_of(action).chain(of_preset).collect();
        let mut losers = Vec::new();
        for chord in chords {
            let before = self.set(chord, action_in(&preset, chord));
            losers.extend(before.filter(|loser| *loser != action && !losers.contains(loser)));
        }
        losers
    }

    /// What differs from the preset: [`Self::with_changes`] makes the same keymap of it.
    pub fn changes(&self) -> Vec<KeyChange> {
        let preset = self.preset.bindings();
        let unbound = preset.iter().filter(|(chord, _)| self.action(*chord).is_none());
        let unbound = unbound.map(|(chord, _)| KeyChange { keys: *chord, action: None });
        let bound = self.bindings.iter().filter(|binding| !preset.contains(binding));
        unbound.chain(bound.map(|(chord, action)| KeyChange { keys: *chord, action: Some(*action) })).collect()
    }

    fn set(&mut self, chord: Chord, action: Option<KeyAction>) -> Option<KeyAction> {
        let chord = chord.normalised();
        let before = self.action(chord);
        if action != before {
            self.bindings.retain(|(bound, _)| *bound != chord);
            self.bindings.extend(action.map(|action| (chord, action)));
            let preset = self.preset.bindings();
            let place = |chord| preset.iter().position(|(bound, _)| *bound == chord).unwrap_or(usize::MAX);
            self.bindings.sort_by_cached_key(|(chord, _)| (place(*chord), *chord));
        }
        before
    }
}

fn action_in(bindings: &[(Chord, KeyAction)], chord: Chord) -> Option<KeyAction> {
    let chord = chord.normalised();
    bindings.iter().find(|(bound, _)| *bound == chord).map(|(_, action)| *action)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::view::{KeyGroup, ToolKey};

    #[test]
    fn typed_case_and_the_shift_of_punctuation_do_not_matter() {
        let keymap = Keymap::default();
        assert_eq!(keymap.action(Chord::char('z').ctrl()), Some(KeyAction::Undo));
        assert_eq!(keymap.action(Chord::char('?').shift()), Some(KeyAction::ShowKeys));
        assert_eq!(keymap.action(Chord::char('Z')), None);
        assert_eq!(keymap.action(Chord::char('Z').ctrl().alt()), None);
    }

    #[test]
    fn help_lists_every_action_once_with_all_its_chords_in_groups() {
        let help = Keymap::default().help();
        let redo: Vec<_> = help.iter().filter(|l| l.action == KeyAction::Redo).collect();
        assert_eq!(redo.len(), 1);
        assert_eq!(redo[0].chords, "Ctrl+Shift+Z  Ctrl+Y");
        assert!(help.windows(2).all(|w| w[0].group <= w[1].group));
        let descriptions: HashSet<_> = help.iter().map(|l| &l.description).collect();
        assert_eq!(descriptions.len(), help.len());
    }

    #[test]
    fn the_settings_list_has_actions_without_a_chord_and_numbers_of_a_users_file() {
        let mut keymap = Keymap::default();
        keymap.unbind(Chord::char('S').ctrl());
        keymap.bind(Chord::char('K'), KeyAction::SelectClass(200));
        let lines = keymap.help_with_unbound();
        let chords = |action| lines.iter().find(|l| l.action == action).map(|l| l.chords.as_str());
        assert_eq!(chords(KeyAction::Save), Some(""));
        assert_eq!(chords(KeyAction::SelectClass(200)), Some("K"));
        assert_eq!(lines.iter().map(|l| l.group).max(), Some(KeyGroup::Program));
        assert!(keymap.help().iter().all(|l| l.action != KeyAction::Save));
    }

    #[test]
    fn a_bound_chord_is_taken_from_the_action_that_had_it() {
        let mut keymap = Keymap::default();
        let tour = KeyAction::ToggleTour;
        assert_eq!(keymap.bind(Chord::char('e'), tour), Some(KeyAction::Tool(ToolKey::Eraser)));
        assert_eq!(keymap.action(Chord::char('E')), Some(tour));
        assert_eq!(keymap.chords(KeyAction::Tool(ToolKey::Eraser)), "");
        assert_eq!(keymap.bind(Chord::char('E'), tour), None, "it did that already");
        assert_eq!(keymap.bind(Chord::char('K'), tour), None, "it was free");
        assert_eq!(keymap.unbind(Chord::char('K')), Some(tour));
        assert_eq!(keymap.action(Chord::char('K')), None);
    }

    #[test]
    fn a_reset_action_has_the_chords_of_the_preset_and_gives_back_what_it_took() {
        let (mut keymap, undo) = (Keymap::default(), KeyAction::Undo);
        keymap.bind(Chord::char('S').ctrl(), undo);
        keymap.bind(Chord::char('K'), undo);
        keymap.bind(Chord::char('Z').ctrl(), KeyAction::Export);
        assert_eq!(keymap.reset(undo), [KeyAction::Export]);
        assert_eq!(keymap, Keymap::default());
        assert_eq!(keymap.reset(undo), []);
    }

    #[test]
    fn the_changes_are_what_differs_and_nothing_else() {
        let mut keymap = Keymap::default();
        assert_eq!(keymap.changes(), []);
        keymap.unbind(Chord::char('Y').ctrl());
        keymap.bind(Chord::char('K'), KeyAction::Redo);
        let [gone, new] = keymap.changes().try_into().unwrap();
        assert_eq!(gone, KeyChange { keys: Chord::char('Y').ctrl(), action: None });
        assert_eq!(new, KeyChange { keys: Chord::char('K'), action: Some(KeyAction::Redo) });
        keymap.bind(Chord::char('Y').ctrl(), KeyAction::Redo);
        keymap.unbind(Chord::char('K'));
        assert_eq!(keymap, Keymap::default(), "undone by hand is unchanged");
    }
}

//! What the user has set for the program itself, whatever study is open.

use serde::{Deserialize, Serialize};

use crate::label::DoubtThresholds;
use crate::project::PreferencesFile;
use crate::view::Keymap;
use crate::workspace::Layout;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Preferences {
    pub settings: Settings,
    pub keymap: Keymap,
    /// Where the panes were dragged in the layout of the settings, in the window's own words; `None`: as the layout has
    /// them.
    pub arrangement: Option<String>,
}

/// Stands in the file of the settings.
#[derive(Default, Serialize, Deserialize)]
struct Arranged {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    arrangement: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    pub theme: ThemeChoice,
    /// Of text and buttons, 1: as the system has it.
    pub zoom: f32,
    pub layout: Layout,
    /// The short tour has been seen or declined.
    pub tour_seen: bool,
    /// Blind reading: cases are shown by number.
    pub hides_names: bool,
    /// Review asks about held-out cases now and then, with their labels hidden.
    pub asks_known: bool,
    /// What counts as doubtful in pseudo-labels.
    pub doubt: DoubtThresholds,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ThemeChoice {
    /// Pictures are judged better in a dark surround.
    #[default]
    Dark,
    Light,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: ThemeChoice::default(),
            zoom: 1.0,
            layout: Layout::default(),
            tour_seen: false,
            hides_names: false,
            asks_known: false,
            doubt: DoubtThresholds::default(),
        }
    }
}

impl Settings {
    /// Smallest and largest size of text and buttons.
    pub const ZOOM: std::ops::RangeInclusive<f32> = 0.6..=2.5;
    /// One press of the size keys.
    pub const ZOOM_STEP: f32 = 0.1;
}

impl Preferences {
    /// What can be used of the files, and a sentence about each thing that cannot.
    pub(super) fn read(file: &PreferencesFile) -> (Self, Vec<String>) {
        let mut warnings = Vec::new();
        let mut settings: Settings = toml::from_str(&file.settings).unwrap_or_else(|error| {
            warnings.push(format!("The settings could not be read, the usual ones hold: {}.", error.message()));
            Settings::default()
        });
        settings.zoom = if settings.zoom.is_finite() { settings.zoom } else { 1.0 };
        settings.doubt = settings.doubt.clamped();
        settings.zoom = settings.zoom.clamp(*Settings::ZOOM.start(), *Settings::ZOOM.end());
        let keymap = if file.keys.trim().is_empty() {
            Keymap::default()
        } else {
            let (keymap, problems) = Keymap::from_toml(&file.keys);
            warnings.extend(problems.iter().map(|problem| format!("Keys: {problem}.")));
            keymap
        };
        // What cannot be read is as if nothing had been dragged.
        let Arranged { arrangement } = toml::from_str(&file.settings).unwrap_or_default();
        (Self { settings, keymap, arrangement }, warnings)
    }

    pub(super) fn write(&self) -> PreferencesFile {
        // Plain numbers and words: they can always be written. The settings end with a table, so they come last.
        let arranged = Arranged { arrangement: self.arrangement.clone() };
        let mut settings = toml::to_string_pretty(&arranged).unwrap_or_default();
        settings += &toml::to_string_pretty(&self.settings).unwrap_or_default();
        PreferencesFile { settings, keys: self.keymap.to_toml() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::{Chord, KeyAction, KeymapPreset};

    #[test]
    fn what_is_written_is_read_again() {
        let mut keymap = KeymapPreset::Slicer.keymap();
        keymap.bind(Chord::char('Q').ctrl(), KeyAction::Save);
        let doubt = DoubtThresholds { networks: 0.25, unlike_labels: 0.75 };
        let settings = Settings {
            theme: ThemeChoice::Light,
            zoom: 1.5,
            layout: Layout::Columns,
            tour_seen: true,
            hides_names: true,
            asks_known: true,
            doubt,
        };
        let arrangement = Some("{\"where\": 'there'}".to_owned());
        let preferences = Preferences { settings, keymap, arrangement };
        assert_eq!(Preferences::read(&preferences.write()), (preferences, Vec::new()));
    }

    #[test]
    fn damaged_settings_leave_the_keys_and_the_other_way_round() {
        let written = Preferences { keymap: KeymapPreset::Mitk.keymap(), ..Preferences::default() }.write();
        let (read, warnings) = Preferences::read(&PreferencesFile { settings: "zoom = [".to_owned(), ..written });
        assert_eq!((read.keymap.preset(), read.settings, warnings.len()), (KeymapPreset::Mitk, Settings::default(), 1));
        let file = PreferencesFile { settings: "zoom = 900.0".to_owned(), keys: "preset = 7".to_owned() };
        let (read, warnings) = Preferences::read(&file);
        assert_eq!((read.settings.zoom, warnings.len()), (*Settings::ZOOM.end(), 1));
    }
}

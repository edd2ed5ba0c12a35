//! The keys of the programs users come from.

use std::str::FromStr;

use super::{Chord, KeyAction, KeyTextError, Keymap, MousePreset, presets};

/// Keys and mouse of a program the user may be used to, wherever that program has a key for what Chiaro does. All
/// other actions keep Chiaro's keys. An action whose only key the other program needs for something else keeps it
/// with Alt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum KeymapPreset {
    #[default]
    Chiaro,
    ItkSnap,
    Slicer,
    /// Its keys, and the mouse of its PACS mode.
    Mitk,
    Napari,
}

impl KeymapPreset {
    pub const ALL: [Self; 5] = [Self::Chiaro, Self::ItkSnap, Self::Slicer, Self::Mitk, Self::Napari];

    pub fn name(self) -> &'static str {
        match self {
            Self::Chiaro => "Chiaro",
            Self::ItkSnap => "ITK-SNAP",
            Self::Slicer => "3D Slicer",
            Self::Mitk => "MITK / PACS",
            Self::Napari => "napari",
        }
    }

    /// Stable: it stands in files.
    pub fn id(self) -> &'static str {
        match self {
            Self::Chiaro => "chiaro",
            Self::ItkSnap => "itk-snap",
            Self::Slicer => "slicer",
            Self::Mitk => "mitk",
            Self::Napari => "napari",
        }
    }

    /// The preset without changes.
    pub fn keymap(self) -> Keymap {
        Keymap::with_changes(self, [])
    }

    pub fn mouse(self) -> MousePreset {
        match self {
            Self::Chiaro => MousePreset::CHIARO,
            Self::ItkSnap => MousePreset::ITK_SNAP,
            Self::Slicer => MousePreset::SLICER,
            Self::Mitk => MousePreset::MITK_PACS,
            Self::Napari => MousePreset::NAPARI,
        }
    }

    /// Normalised chords, none twice; those of the program first.
    pub(super) fn bindings(self) -> Vec<(Chord, KeyAction)> {
        let own: &[(Chord, KeyAction)] = match self {
            Self::Chiaro => &[],
            Self::ItkSnap => presets::ITK_SNAP,
            Self::Slicer => presets::SLICER,
            Self::Mitk => presets::MITK,
            Self::Napari => presets::NAPARI,
        };
        over(&presets::chiaro(), own)
    }
}

/// `own` bindings first, then those of `base` whose chords are free. An action of `base` that would have no chord gets
/// its old one with Alt, unless that is taken too.
fn over(base: &[(Chord, KeyAction)], own: &[(Chord, KeyAction)]) -> Vec<(Chord, KeyAction)> {
    let mut bindings = own.to_vec();
    for &(chord, action) in base {
        if !has_chord(own, chord) {
            bindings.push((chord, action));
        }
    }
    for &(chord, action) in base {
        if !bindings.iter().any(|(_, bound)| *bound == action) && !has_chord(&bindings, chord.alt()) {
            bindings.push((chord.alt(), action));
        }
    }
    bindings
}

fn has_chord(bindings: &[(Chord, KeyAction)], chord: Chord) -> bool {
    bindings.iter().any(|(bound, _)| *bound == chord)
}

/// Reads an id.
impl FromStr for KeymapPreset {
    type Err = KeyTextError;

    fn from_str(id: &str) -> Result<Self, KeyTextError> {
        let known = Self::ALL.into_iter().find(|preset| preset.id() == id);
        known.ok_or_else(|| KeyTextError::Preset(id.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_that_makes_room_does_not_take_a_chord_that_is_in_use() {
        let key = Chord::char('K');
        let base = [(key, KeyAction::Undo), (key.ctrl(), KeyAction::Save)];
        let free = over(&base, &[(key, KeyAction::Redo)]);
        assert_eq!(free, [(key, KeyAction::Redo), (key.ctrl(), KeyAction::Save), (key.alt(), KeyAction::Undo)]);
        let own = [(key, KeyAction::Redo), (key.alt(), KeyAction::Export)];
        assert_eq!(over(&base, &own), [own[0], own[1], base[1]]);
    }
}

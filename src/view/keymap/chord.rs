//! Keys that are pressed together.

use std::fmt;
use std::str::FromStr;

use super::{Key, KeyTextError};

/// A key with its modifiers. `ctrl` is Command on a Mac.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Chord {
    pub key: Key,
    pub ctrl: bool,
    pub shift: bool,
    pub alt: bool,
}

impl Chord {
    pub const fn new(key: Key) -> Self {
        Self { key, ctrl: false, shift: false, alt: false }
    }

    pub const fn char(c: char) -> Self {
        Self::new(Key::Char(c))
    }

    pub const fn ctrl(self) -> Self {
        Self { ctrl: true, ..self }
    }

    pub const fn shift(self) -> Self {
        Self { shift: true, ..self }
    }

    pub const fn alt(self) -> Self {
        Self { alt: true, ..self }
    }

    /// Letters in upper case; Shift is dropped from punctuation because some layouts need it to type the character.
    pub(super) fn normalised(self) -> Self {
        match self.key {
            Key::Char(c) if c.is_ascii_alphanumeric() => Self { key: Key::Char(c.to_ascii_uppercase()), ..self },
            Key::Char(_) => Self { shift: false, ..self },
            _ => self,
        }
    }
}

/// `Ctrl+Alt+Shift+Z`, as the help page and the file of the user's keys show it.
impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chord = self.normalised();
        for (held, name) in [(chord.ctrl, "Ctrl+"), (chord.alt, "Alt+"), (chord.shift, "Shift+")] {
            if held {
                f.write_str(name)?;
            }
        }
        write!(f, "{}", chord.key)
    }
}

/// Reads what `Display` writes. Order and letter case of the modifiers do not matter; the names on a Mac's keyboard
/// count too.
impl FromStr for Chord {
    type Err = KeyTextError;

    fn from_str(text: &str) -> Result<Self, KeyTextError> {
        let mut chord = Self::new(Key::Space);
        let mut rest = text;
        while let Some((name, after)) = rest.split_once('+') {
            match name.trim().to_ascii_lowercase().as_str() {
                "ctrl" | "control" | "cmd" | "command" => chord.ctrl = true,
                "alt" | "option" => chord.alt = true,
                "shift" => chord.shift = true,
                // The key itself is a plus.
                _ => break,
            }
            rest = after;
        }
        let key = Key::parse(rest).ok_or_else(|| KeyTextError::Chord(text.to_owned()))?;
        Ok(Self { key, ..chord }.normalised())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_chord() -> impl Strategy<Value = Chord> {
        let printed = any::<char>().prop_filter("can be typed", |c| !c.is_whitespace() && !c.is_control());
        let named = prop::sample::select(vec![Key::Enter, Key::Space, Key::PageDown, Key::Left, Key::Backspace]);
        let key = prop_oneof!["[ -~&&[^ ]]".prop_map(first), printed.prop_map(Key::Char), named];
        (key, any::<[bool; 3]>()).prop_map(|(key, [ctrl, shift, alt])| Chord { key, ctrl, shift, alt })
    }

    fn first(text: String) -> Key {
        Key::Char(text.chars().next().unwrap())
    }

    proptest! {
        #[test]
        fn a_written_chord_is_read_back(chord in any_chord()) {
            prop_assert_eq!(chord.to_string().parse(), Ok(chord.normalised()));
        }

        #[test]
        fn any_text_is_read_or_refused_without_a_panic(text in ".*") {
            if let Ok(chord) = text.parse::<Chord>() {
                prop_assert_eq!(chord.to_string().parse(), Ok(chord));
            }
        }
    }

    #[test]
    fn spellings_a_person_may_type_are_read() {
        let redo = Chord::char('Z').ctrl().shift();
        for text in ["Ctrl+Shift+Z", "shift+ctrl+z", "Ctrl + Shift + Z", " command+SHIFT+z ", "Control+Shift+Z"] {
            assert_eq!(text.parse(), Ok(redo), "{text}");
        }
        assert_eq!("Ctrl++".parse(), Ok(Chord::char('+').ctrl()));
        assert_eq!("+".parse(), Ok(Chord::char('+')));
        assert_eq!("Option+Page Up".parse(), Ok(Chord::new(Key::PageUp).alt()));
        for text in ["", "Ctrl+", "Ctrl", "Hyper+A", "A+B", "Ctrl+Shft+Z"] {
            assert_eq!(text.parse::<Chord>(), Err(KeyTextError::Chord(text.to_owned())));
        }
    }

    #[test]
    fn a_chord_is_written_with_the_modifiers_in_one_order() {
        assert_eq!(Chord::char('z').shift().alt().ctrl().to_string(), "Ctrl+Alt+Shift+Z");
        assert_eq!(Chord::new(Key::PageUp).shift().to_string(), "Shift+Page up");
        assert_eq!(Chord::char('?').shift().to_string(), "?");
    }
}

//! A key of the keyboard.

use std::fmt;

/// A key by what is printed on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    /// Upper-case letter, digit or punctuation.
    Char(char),
    Enter,
    Backspace,
    Escape,
    Space,
    PageUp,
    PageDown,
    Home,
    End,
    Up,
    Down,
    Left,
    Right,
}

/// The keys that have a name instead of a character.
const NAMED: [Key; 12] = [
    Key::Enter,
    Key::Backspace,
    Key::Escape,
    Key::Space,
    Key::PageUp,
    Key::PageDown,
    Key::Home,
    Key::End,
    Key::Up,
    Key::Down,
    Key::Left,
    Key::Right,
];

impl Key {
    /// Reads what `Display` writes; letter case and spaces inside a name do not matter.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let name = without_spaces(text);
        let mut letters = name.chars();
        match (letters.next(), letters.next()) {
            (Some(letter), None) => (!letter.is_control()).then(|| Self::Char(letter.to_ascii_uppercase())),
            _ => NAMED.into_iter().find(|key| without_spaces(&key.to_string()).eq_ignore_ascii_case(&name)),
        }
    }
}

fn without_spaces(name: &str) -> String {
    name.chars().filter(|c| !c.is_whitespace()).collect()
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Char(c) => write!(f, "{c}"),
            Self::PageUp => f.write_str("Page up"),
            Self::PageDown => f.write_str("Page down"),
            named => write!(f, "{named:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_named_key_is_read_back_in_any_spelling() {
        for key in NAMED {
            assert_eq!(Key::parse(&key.to_string()), Some(key));
            assert_eq!(Key::parse(&key.to_string().to_uppercase()), Some(key));
        }
        assert_eq!(Key::parse("pageup"), Some(Key::PageUp));
        assert_eq!(Key::parse("z"), Some(Key::Char('Z')));
        assert_eq!(Key::parse("é"), Some(Key::Char('é')));
        for nothing in ["", " ", "Page", "AB", "\u{7}"] {
            assert_eq!(Key::parse(nothing), None, "{nothing:?}");
        }
    }
}

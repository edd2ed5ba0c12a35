//! Finding classes by what somebody types.

use super::Class;

/// Text as it is compared: small letters and digits alone, without accents.
pub(super) struct SearchText {
    whole: String,
    words: Vec<String>,
}

/// How well a class fits; better fits come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    /// The number or the whole name.
    Exact,
    Beginning,
    /// Every word occurs somewhere in the name.
    Inside,
}

impl SearchText {
    pub fn new(text: &str) -> Self {
        let words = text.split(|c: char| c.is_whitespace() || c == '_').map(key).filter(|word| !word.is_empty());
        Self { whole: key(text), words: words.collect() }
    }

    pub fn fit(&self, class: &Class) -> Option<Fit> {
        let name = key(&class.name);
        if name == self.whole || class.id.to_string() == self.whole {
            Some(Fit::Exact)
        } else if name.starts_with(&self.whole) {
            Some(Fit::Beginning)
        } else {
            self.words.iter().all(|word| name.contains(word.as_str())).then_some(Fit::Inside)
        }
    }
}

fn key(text: &str) -> String {
    let mut key = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_lowercase).filter(|c| c.is_alphanumeric()) {
        match plain(c) {
            Some(plain) => key.push_str(plain),
            None => key.push(c),
        }
    }
    key
}

/// The letters without accent that people type for one with it (Latin-1 and Latin Extended-A).
fn plain(c: char) -> Option<&'static str> {
    const PLAIN: [(&str, &str); 24] = [
        ("àáâãäåāăą", "a"),
        ("æ", "ae"),
        ("çćĉċč", "c"),
        ("ðďđ", "d"),
        ("èéêëēĕėęě", "e"),
        ("ĝğġģ", "g"),
        ("ĥħ", "h"),
        ("ìíîïĩīĭįı", "i"),
        ("ĵ", "j"),
        ("ķ", "k"),
        ("ĺļľŀł", "l"),
        ("ñńņňŉ", "n"),
        ("òóôõöøōŏő", "o"),
        ("œ", "oe"),
        ("ŕŗř", "r"),
        ("śŝşš", "s"),
        ("ß", "ss"),
        ("ţťŧ", "t"),
        ("þ", "th"),
        ("ùúûüũūŭůűų", "u"),
        ("ŵ", "w"),
        ("ýÿŷ", "y"),
        ("źżž", "z"),
        ("ĳ", "ij"),
    ];
    if c.is_ascii() {
        return None;
    }
    PLAIN.iter().find(|(accented, _)| accented.contains(c)).map(|(_, plain)| *plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_case_and_everything_but_letters_and_digits_are_left_out() {
        assert_eq!(key("Œdème_péri-LÉSIONNEL (2)"), "oedemeperilesionnel2");
        // The same letter as one character and as a letter with a combining accent.
        assert_eq!(key("e\u{301}"), key("é"));
        assert_eq!(key("İ Straße Σ"), "istrasseσ");
    }
}

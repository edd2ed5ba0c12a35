//! A chord the user changed.

use std::fmt::Display;
use std::str::FromStr;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Chord, KeyAction};

/// What stands in a file for a chord that does nothing.
pub(super) const NOTHING: &str = "none";

/// A chord that does something else than in the preset. Serialises as `{ keys = "Ctrl+Shift+Z", action = "redo" }`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyChange {
    #[serde(serialize_with = "write_chord", deserialize_with = "read_text")]
    pub keys: Chord,
    /// `None` (in a file `none`): the chord of the preset does nothing any more.
    #[serde(serialize_with = "write_action", deserialize_with = "read_action")]
    pub action: Option<KeyAction>,
}

impl KeyChange {
    /// The id of the action, or `none`.
    pub(super) fn action_id(&self) -> String {
        self.action.map_or_else(|| NOTHING.to_owned(), KeyAction::id)
    }
}

fn write_chord<S: Serializer>(chord: &Chord, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(chord)
}

fn write_action<S: Serializer>(action: &Option<KeyAction>, to: S) -> Result<S::Ok, S::Error> {
    match action {
        Some(action) => to.collect_str(action),
        None => to.serialize_str(NOTHING),
    }
}

fn read_text<'de, T: FromStr<Err: Display>, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    String::deserialize(from)?.parse().map_err(D::Error::custom)
}

fn read_action<'de, D: Deserializer<'de>>(from: D) -> Result<Option<KeyAction>, D::Error> {
    let id = String::deserialize(from)?;
    if id == NOTHING { Ok(None) } else { id.parse().map(Some).map_err(D::Error::custom) }
}

//! A line of the help page.

use super::{KeyAction, KeyGroup};

/// One line of the help page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyHelp {
    pub group: KeyGroup,
    pub action: KeyAction,
    pub description: String,
    /// All chords of the action, e.g. `Ctrl+Shift+Z  Ctrl+Y`; empty if it has none.
    pub chords: String,
}

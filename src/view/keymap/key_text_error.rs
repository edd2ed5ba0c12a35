//! A text that names nothing.

use thiserror::Error;

/// Why a text is no chord, action or preset.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KeyTextError {
    #[error("\"{0}\" is no key")]
    Chord(String),
    #[error("\"{0}\" is no action")]
    Action(String),
    #[error("\"{0}\" is no set of keys")]
    Preset(String),
}

//! What of a file of keys could not be used.

use thiserror::Error;

use super::{Chord, KeyTextError};

/// What of a file of keys was left out, as a sentence for the user. The rest of the file counts.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KeymapWarning {
    #[error(
        "the keys were saved by a newer version of Chiaro (format {found}, this version reads up to {supported}); \
         what it does not know was left out"
    )]
    NewerFormat { found: i64, supported: i64 },
    #[error("{0}; Chiaro's own is used")]
    Preset(KeyTextError),
    /// The entry as it stands in the file, and why it was left out.
    #[error("left out: {entry} ({reason})")]
    Entry { entry: String, reason: String },
    /// `line` counts from one.
    #[error("line {line} cannot be read and was left out: {text}")]
    Line { line: usize, text: String },
    #[error("{0} stands there twice; the last one counts")]
    Twice(Chord),
}

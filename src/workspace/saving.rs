//! How safe the work is.

use std::time::Duration;

/// Of the case on the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SaveState {
    /// Nothing has been changed since the case was read.
    Untouched,
    Saved {
        ago: Duration,
    },
    /// Not yet in the label file. `in_journal`: a crash would lose nothing all the same.
    Unsaved {
        in_journal: bool,
    },
    Saving,
    /// One sentence; the next save tries again.
    Failed(String),
}

/// Closing the window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Quitting {
    #[default]
    No,
    /// Waits for the io thread; `Effect::Quit` follows.
    Saving,
    /// Something could not be saved: ask whether to close anyway.
    Failed(String),
    /// `Effect::Quit` has been given.
    Done,
}

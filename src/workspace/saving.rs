//! How safe the work is, and what waits until it is safe.

use std::path::PathBuf;
use std::time::Duration;

use crate::project::Source;
use crate::worker::protocol_io::IoCommand;

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

/// What begins only when everything is saved.
#[derive(Debug)]
pub enum AfterSave {
    Quit,
    CloseStudy,
    /// Another study takes the place of the open one: a command that opens or makes one.
    OpenStudy {
        dir: PathBuf,
        command: Box<IoCommand>,
    },
    /// The exported masks are what is on the screen.
    Export {
        folder: PathBuf,
        source: Source,
    },
}

/// On the way to an [`AfterSave`]. Nothing is edited meanwhile.
#[derive(Debug, Default)]
pub enum SavingFirst {
    #[default]
    No,
    /// Waits for the io thread.
    Saving(AfterSave),
    /// Something could not be saved: ask whether to go on all the same.
    Failed { next: AfterSave, sentence: String },
    /// `Effect::Quit` has been given.
    Quit,
}

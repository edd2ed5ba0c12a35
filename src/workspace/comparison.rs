//! The labels of the shown case beside another label map of it.

use std::path::PathBuf;
use std::sync::Arc;

use crate::edit::Watch;
use crate::metrics::LabelComparison;

#[derive(Debug)]
pub struct Comparison {
    /// Of the newest question: to the io thread, then to the thread that works on labels.
    pub(super) ticket: u64,
    pub with: ComparedWith,
    /// Of the labels that were compared, once they were.
    pub(super) revision: Option<u64>,
    pub(super) watch: Arc<Watch>,
    pub state: ComparisonState,
}

/// The other label map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ComparedWith {
    File(PathBuf),
    PseudoLabels,
}

#[derive(Debug)]
pub enum ComparisonState {
    /// The file is being read, or both are being compared.
    Working,
    /// One sentence.
    Refused(String),
    /// The labels come first, the other map second.
    Ready(LabelComparison),
}

impl Comparison {
    pub(super) fn new(ticket: u64, with: ComparedWith) -> Self {
        Self { ticket, with, revision: None, watch: Arc::new(Watch::default()), state: ComparisonState::Working }
    }

    /// The labels are no longer those of this revision that were compared.
    pub fn is_outdated(&self, label_revision: u64) -> bool {
        self.revision.is_some_and(|compared| compared != label_revision)
    }
}

impl ComparedWith {
    /// The file's name without its folder, or what it is.
    pub fn name(&self) -> String {
        match self {
            Self::File(path) => path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(),
            Self::PseudoLabels => "pseudo-labels".to_owned(),
        }
    }
}

impl Drop for Comparison {
    /// Nobody waits for it any more.
    fn drop(&mut self) {
        self.watch.cancel();
    }
}

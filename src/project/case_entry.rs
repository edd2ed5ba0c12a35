//! One case of a project as `chiaro.toml` lists it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::ProjectError;
use crate::label::ClassId;
use crate::volume::CaseId;

/// How far the labelling of a case has come, as the user says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CaseState {
    /// New: nobody has begun.
    #[default]
    Open,
    InProgress,
    /// All of it has been looked at; somebody else may still have a word.
    Reviewed,
    Done,
    /// Put aside for another look.
    Flagged,
}

impl CaseState {
    /// In the order of the work.
    pub const ALL: [Self; 5] = [Self::Open, Self::InProgress, Self::Reviewed, Self::Done, Self::Flagged];

    /// Whether somebody still has to work on it.
    pub fn needs_work(self) -> bool {
        matches!(self, Self::Open | Self::InProgress | Self::Flagged)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CaseEntry {
    pub id: CaseId,
    /// Relative to the project folder when the image lies inside it.
    pub image: PathBuf,
    #[serde(default)]
    pub state: CaseState,
    /// Never reaches a training batch in any form; fixed for the life of the case.
    #[serde(default)]
    pub held_out: bool,
    /// Classes that somebody looked for in this case; all of them if the list is empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub annotated: Vec<ClassId>,
    /// Fields of other versions, kept as they are.
    #[serde(flatten)]
    pub(super) unknown: toml::Table,
}

impl CaseEntry {
    /// An open case that takes part in training.
    pub fn new(id: CaseId, image: PathBuf) -> Self {
        Self { id, image, state: CaseState::Open, held_out: false, annotated: Vec::new(), unknown: toml::Table::new() }
    }

    /// Refuses names that would leave the project folder or clash with its own file names.
    pub(super) fn check_name(name: &str) -> Result<(), ProjectError> {
        let refuse = |reason| Err(ProjectError::CaseName { name: name.to_owned(), reason });
        if name.trim().is_empty() {
            return refuse("it is empty");
        }
        if name.starts_with('.') {
            return refuse("it begins with a dot");
        }
        if name.contains(|c: char| c.is_control() || r#"/\:*?"<>|"#.contains(c)) {
            return refuse("it contains a character that not every system allows in file names");
        }
        if name.to_lowercase().ends_with(".origin") {
            return refuse("names ending in '.origin' are used for the label files of other cases");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_would_leave_the_folder_or_clash_are_refused() {
        for name in ["", " ", ".", "..", "../x", "a/b", "a\\b", "c:", "a\nb", ".hidden", "case.origin", "case.ORIGIN"] {
            assert!(CaseEntry::check_name(name).is_err(), "{name:?}");
        }
        for name in ["hippocampus_001", "Fall 7 (T1.v2)", "Müller-3", "origin"] {
            assert!(CaseEntry::check_name(name).is_ok(), "{name:?}");
        }
    }
}

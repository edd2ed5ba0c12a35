//! `chiaro.toml`: classes, cases and settings. Fields of other versions survive a save.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{CaseEntry, ProjectError};
use crate::io::write_atomically;
use crate::label::ClassTable;

/// Version of the project folder that this program writes; it reads this one and all older ones.
const FORMAT: i64 = 1;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Manifest {
    format: i64,
    /// Set by the floors above; this one keeps it as it is.
    #[serde(default)]
    pub settings: toml::Table,
    pub classes: ClassTable,
    #[serde(default)]
    pub cases: Vec<CaseEntry>,
    #[serde(flatten)]
    unknown: toml::Table,
}

impl Manifest {
    pub const FILE_NAME: &'static str = "chiaro.toml";

    pub fn new(classes: ClassTable, cases: Vec<CaseEntry>) -> Result<Self, ProjectError> {
        check_cases(&cases)?;
        Ok(Self { format: FORMAT, settings: toml::Table::new(), classes, cases, unknown: toml::Table::new() })
    }

    pub fn load(dir: &Path) -> Result<Self, ProjectError> {
        let path = dir.join(Self::FILE_NAME);
        if !path.is_file() {
            return Err(ProjectError::NotAProject { dir: dir.to_owned() });
        }
        let text = fs::read_to_string(&path).map_err(ProjectError::file("read", &path))?;
        // The version is looked at first: a newer file may differ in everything else.
        let table: toml::Table = text.parse().map_err(|e| ProjectError::unreadable(&path, e))?;
        match table.get("format").and_then(toml::Value::as_integer) {
            None => return Err(ProjectError::unreadable(&path, "it states no format version")),
            Some(found) if found > FORMAT => {
                return Err(ProjectError::NewerFormat { path, found, supported: FORMAT });
            }
            Some(_) => {}
        }
        let manifest: Self = table.try_into().map_err(|e| ProjectError::unreadable(&path, e))?;
        check_cases(&manifest.cases)?;
        Ok(manifest)
    }

    pub fn save(&self, dir: &Path) -> Result<(), ProjectError> {
        let path = dir.join(Self::FILE_NAME);
        let text = toml::to_string_pretty(self).map_err(|e| ProjectError::unreadable(&path, e))?;
        Ok(write_atomically(&path, |file| file.write_all(text.as_bytes()))?)
    }
}

/// Names are compared without letter case: some file systems cannot tell `Case1` from `case1`.
fn check_cases(cases: &[CaseEntry]) -> Result<(), ProjectError> {
    let mut seen: HashMap<String, &CaseEntry> = HashMap::new();
    for case in cases {
        CaseEntry::check_name(case.id.as_str())?;
        if let Some(first) = seen.insert(case.id.as_str().to_lowercase(), case) {
            let (first, second) = (first.image.clone(), case.image.clone());
            return Err(ProjectError::DuplicateCase { case: case.id.clone(), first, second });
        }
    }
    Ok(())
}

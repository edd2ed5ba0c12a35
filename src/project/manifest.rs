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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::label::Class;

    fn manifest() -> Manifest {
        let classes = ClassTable::new(vec![Class::new(17, "left"), Class::new(53, "right")]).unwrap();
        let mut partial = CaseEntry::new("c".into(), "images/c.nii".into());
        partial.annotated = vec![53];
        let mut held_out = CaseEntry::new("b".into(), "/elsewhere/b.nii".into());
        (held_out.held_out, held_out.state) = (true, super::super::CaseState::InProgress);
        Manifest::new(classes, vec![CaseEntry::new("a".into(), "images/a.nii.gz".into()), held_out, partial]).unwrap()
    }

    fn load_text(text: &str) -> Result<Manifest, ProjectError> {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(Manifest::FILE_NAME), text).unwrap();
        Manifest::load(dir.path())
    }

    #[test]
    fn a_saved_manifest_comes_back() {
        let dir = tempfile::tempdir().unwrap();
        manifest().save(dir.path()).unwrap();
        assert_eq!(Manifest::load(dir.path()).unwrap(), manifest());
    }

    #[test]
    fn fields_of_other_versions_survive_a_save() {
        let text = toml::to_string(&manifest()).unwrap();
        let foreign = format!("colour_of_the_window = 'blue'\n{text}reader = 'second'\n[settings.other]\nx = 1.5\n");
        let dir = tempfile::tempdir().unwrap();
        let loaded = load_text(&foreign.replace("[settings]\n", "")).unwrap();
        loaded.save(dir.path()).unwrap();
        let saved = fs::read_to_string(dir.path().join(Manifest::FILE_NAME)).unwrap();
        for kept in ["colour_of_the_window = \"blue\"", "reader = \"second\"", "x = 1.5"] {
            assert!(saved.contains(kept), "{kept}: {saved}");
        }
        assert_eq!(Manifest::load(dir.path()).unwrap(), loaded);
    }

    #[test]
    fn a_newer_format_is_refused_even_if_nothing_else_in_it_is_known() {
        let refused = load_text("format = 2\n[cases]\nelsewhere = true\n").unwrap_err();
        assert!(matches!(refused, ProjectError::NewerFormat { found: 2, supported: 1, .. }));
        assert!(refused.to_string().contains("Update Chiaro"));
    }

    #[test]
    fn damaged_and_missing_files_are_refused() {
        for text in ["", "format = ", "format = 1", "format = '1'\nclasses = []"] {
            assert!(matches!(load_text(text), Err(ProjectError::Unreadable { .. })), "{text:?}");
        }
        let empty = tempfile::tempdir().unwrap();
        assert!(matches!(Manifest::load(empty.path()), Err(ProjectError::NotAProject { .. })));
    }

    #[test]
    fn a_listed_case_may_not_point_its_files_elsewhere_or_appear_twice() {
        let text = toml::to_string(&manifest()).unwrap();
        let outside = text.replace("id = \"a\"", "id = \"../../a\"");
        assert!(matches!(load_text(&outside), Err(ProjectError::CaseName { .. })));
        let twice = text.replace("id = \"a\"", "id = \"B\"");
        let refused = load_text(&twice).unwrap_err().to_string();
        assert!(refused.contains("a.nii.gz") && refused.contains("b.nii"), "{refused}");
    }
}

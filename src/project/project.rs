//! An opened project: its folder and what `chiaro.toml` says.

use std::fs;
use std::path::{Path, PathBuf};

use super::manifest::Manifest;
use super::{AuditEvent, CaseEntry, CaseState, Journal, ProjectError, audit, kept_views, review_file, rounds_file};
use crate::label::ClassTable;
use crate::volume::CaseId;

/// A project folder. Holds no volumes; every read and write goes to the files.
#[derive(Clone, Debug, PartialEq)]
pub struct Project {
    dir: PathBuf,
    manifest: Manifest,
}

impl Project {
    /// Names inside the folder that belong to the program.
    pub(super) const OWN_NAMES: [&'static str; 10] = [
        Manifest::FILE_NAME,
        "labels",
        "pseudo",
        "models",
        "journal",
        "history",
        kept_views::FOLDER,
        review_file::FOLDER,
        audit::FILE_NAME,
        rounds_file::FILE_NAME,
    ];

    /// Writes a new project into `dir` (made if missing). A folder that already holds one is refused.
    pub fn create(dir: &Path, classes: ClassTable, cases: Vec<CaseEntry>) -> Result<Self, ProjectError> {
        if let Some(entry) = Self::OWN_NAMES.into_iter().find(|name| dir.join(name).exists()) {
            return Err(ProjectError::FolderInUse { dir: dir.to_owned(), entry: entry.to_owned() });
        }
        let manifest = Manifest::new(classes, cases)?;
        fs::create_dir_all(dir).map_err(ProjectError::file("create", dir))?;
        let project = Self { dir: absolute(dir)?, manifest };
        project.save()?;
        project.audit(&AuditEvent::Created { cases: project.cases().len() })?;
        Ok(project)
    }

    /// Opens a project folder. One written by a newer version is refused.
    pub fn load(dir: &Path) -> Result<Self, ProjectError> {
        let manifest = Manifest::load(dir)?;
        Ok(Self { dir: absolute(dir)?, manifest })
    }

    /// Writes `chiaro.toml`.
    pub fn save(&self) -> Result<(), ProjectError> {
        self.manifest.save(&self.dir)
    }

    /// The folder, as an absolute path.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Name of the folder, for titles.
    pub fn name(&self) -> String {
        self.dir.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned())
    }

    pub fn classes(&self) -> &ClassTable {
        &self.manifest.classes
    }

    /// Changes reach the disk with [`Self::save`].
    pub fn classes_mut(&mut self) -> &mut ClassTable {
        &mut self.manifest.classes
    }

    /// Free-form `[settings]` of the floors above.
    pub fn settings(&self) -> &toml::Table {
        &self.manifest.settings
    }

    /// Changes reach the disk with [`Self::save`].
    pub fn settings_mut(&mut self) -> &mut toml::Table {
        &mut self.manifest.settings
    }

    pub fn cases(&self) -> &[CaseEntry] {
        &self.manifest.cases
    }

    pub fn case(&self, id: &CaseId) -> Result<&CaseEntry, ProjectError> {
        let found = self.manifest.cases.iter().find(|c| &c.id == id);
        found.ok_or_else(|| ProjectError::UnknownCase { case: id.clone() })
    }

    /// Changes reach the disk with [`Self::save`].
    pub fn mark_case(&mut self, id: &CaseId, state: CaseState, held_out: bool) -> Result<(), ProjectError> {
        let found = self.manifest.cases.iter_mut().find(|c| &c.id == id);
        let case = found.ok_or_else(|| ProjectError::UnknownCase { case: id.clone() })?;
        (case.state, case.held_out) = (state, held_out);
        Ok(())
    }

    /// Behind the others. Changes reach the disk with [`Self::save`].
    pub(super) fn list_case(&mut self, case: CaseEntry) {
        self.manifest.cases.push(case);
    }

    /// Takes the cases from a place on from the list.
    pub(super) fn unlist_from(&mut self, place: usize) {
        self.manifest.cases.truncate(place);
    }

    /// Lists these cases first, in this order; the others keep theirs. Changes reach the disk with [`Self::save`].
    pub(super) fn put_first(&mut self, order: &[CaseId]) {
        let place = |case: &CaseEntry| order.iter().position(|id| *id == case.id).unwrap_or(order.len());
        self.manifest.cases.sort_by_key(place);
    }

    /// Training has run in this project.
    pub fn has_runs(&self) -> bool {
        fs::read_dir(self.models_dir()).is_ok_and(|mut runs| runs.next().is_some())
    }

    /// Where the image of a case lies.
    pub fn image_path(&self, id: &CaseId) -> Result<PathBuf, ProjectError> {
        // `join` leaves an absolute image path as it is.
        Ok(self.dir.join(&self.case(id)?.image))
    }

    pub fn models_dir(&self) -> PathBuf {
        self.dir.join("models")
    }

    /// Folder of one training run: checkpoints, `metrics.csv`, `plan.toml`.
    pub fn run_dir(&self, run: &str) -> PathBuf {
        self.models_dir().join(run)
    }

    pub(super) fn labels_dir(&self) -> PathBuf {
        self.dir.join("labels")
    }

    pub(super) fn pseudo_dir(&self, id: &CaseId) -> PathBuf {
        self.dir.join("pseudo").join(id.as_str())
    }

    pub(super) fn journal_dir(&self) -> PathBuf {
        self.dir.join("journal")
    }

    pub(super) fn history_dir(&self) -> PathBuf {
        self.dir.join("history")
    }

    /// The writer of this project's journal; one per program, on the thread that also saves labels.
    pub fn journal(&self) -> Journal {
        Journal::new(self.journal_dir())
    }

    /// Appends one line to `audit.jsonl`: who, when, what. Returns the line's hash.
    pub fn audit(&self, event: &AuditEvent) -> Result<String, ProjectError> {
        audit::append(&self.dir, event)
    }

    /// The path to list an image under: relative (with `/`) inside the folder, else absolute.
    pub(super) fn listed_path(dir: &Path, image: &Path) -> Result<PathBuf, ProjectError> {
        let image = absolute(image)?;
        Ok(match image.strip_prefix(absolute(dir)?) {
            Ok(inside) => inside.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/").into(),
            Err(_) => image,
        })
    }
}

/// Without links and dots, so that paths can be compared; the path must exist.
pub(super) fn absolute(path: &Path) -> Result<PathBuf, ProjectError> {
    path.canonicalize().map_err(ProjectError::file("open", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes() -> ClassTable {
        ClassTable::from_names(&["one"]).unwrap()
    }

    #[test]
    fn marks_and_settings_reach_the_disk_with_a_save() {
        let dir = tempfile::tempdir().unwrap();
        let cases = vec![CaseEntry::new("a".into(), "a.nii".into()), CaseEntry::new("b".into(), "b.nii".into())];
        let mut project = Project::create(dir.path(), classes(), cases).unwrap();
        project.mark_case(&"b".into(), CaseState::Done, true).unwrap();
        project.settings_mut().insert("view".into(), "axial".into());
        assert_ne!(Project::load(dir.path()).unwrap(), project);
        project.save().unwrap();
        assert_eq!(Project::load(dir.path()).unwrap(), project);
        let marks: Vec<_> = project.cases().iter().map(|c| (c.state, c.held_out)).collect();
        assert_eq!(marks, [(CaseState::Open, false), (CaseState::Done, true)]);
        let refused = project.mark_case(&"c".into(), CaseState::Done, false);
        assert!(matches!(refused, Err(ProjectError::UnknownCase { .. })));
    }

    #[test]
    fn a_folder_that_holds_a_project_is_not_made_into_another() {
        let dir = tempfile::tempdir().unwrap();
        let first = Project::create(dir.path(), classes(), Vec::new()).unwrap();
        let refused = Project::create(dir.path(), ClassTable::from_names(&["two"]).unwrap(), Vec::new());
        assert!(matches!(refused, Err(ProjectError::FolderInUse { .. })));
        assert_eq!(Project::load(dir.path()).unwrap(), first);
    }
}

//! The label files of a case: `labels/CASE.nii.gz`, `labels/CASE.origin.nii.gz` and the record `labels/CASE.json`.
//!
//! Both planes are first written and verified in `labels/.saving/`, then the record with their hashes is replaced (the
//! moment the save counts), then they are moved into place and the journal is emptied. A file in `.saving` belongs to
//! a counted save exactly if its hash is in the record, so a crash at any point loses nothing.

use std::fs;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::journal::{self, Replay, sync_dir};
use super::{Project, ProjectError};
use crate::edit::HistoryRecord;
use crate::geometry::Extent;
use crate::io::{NiftiGeometry, read_mask, write_atomically, write_mask};
use crate::label::{LabelMap, Origin};
use crate::volume::{CaseId, Grid};

/// Labels as they were found, and what the user should know about how.
#[derive(Clone, Debug, PartialEq)]
pub struct RecoveredLabels {
    pub labels: LabelMap,
    /// The steps that led to `labels`, as far as they are known.
    pub history: HistoryRecord,
    /// One sentence each: edits brought back after a crash, edits that could not be, foreign files.
    pub notices: Vec<String>,
}

/// Labels and what led to them from the newest save.
struct FoundLabels {
    labels: LabelMap,
    save: Option<SaveRecord>,
    replay: Replay,
    notices: Vec<String>,
}

/// What the newest save wrote.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct SaveRecord {
    format: u32,
    pub revision: u64,
    class_sha256: String,
    origin_sha256: String,
}

/// The two label files of a case.
#[derive(Clone, Copy, Debug)]
enum Plane {
    Class,
    Origin,
}

impl Plane {
    const BOTH: [Self; 2] = [Self::Class, Self::Origin];

    fn file_name(self, case: &CaseId) -> String {
        match self {
            Self::Class => format!("{case}.nii.gz"),
            Self::Origin => format!("{case}.origin.nii.gz"),
        }
    }
}

impl SaveRecord {
    fn sha256(&self, plane: Plane) -> &str {
        match plane {
            Plane::Class => &self.class_sha256,
            Plane::Origin => &self.origin_sha256,
        }
    }

    /// Whether the file at `path` is the one this save wrote.
    fn wrote(&self, plane: Plane, path: &Path) -> Result<bool, ProjectError> {
        Ok(sha256_of(path)?.as_deref() == Some(self.sha256(plane)))
    }

    /// Tells this save from every other one.
    pub fn digest(&self) -> [u8; 32] {
        let Self { revision, class_sha256, origin_sha256, .. } = self;
        Sha256::digest(format!("{revision} {class_sha256} {origin_sha256}")).into()
    }
}

impl Project {
    /// Labels of a case with the journal replayed on top; unknown everywhere if the case has none. Changes no file.
    ///
    /// `extent` is the image's; labels of another shape are refused.
    pub fn load_labels(&self, case: &CaseId, extent: Extent) -> Result<LabelMap, ProjectError> {
        Ok(self.find_labels(case, extent)?.labels)
    }

    /// [`Self::load_labels`] with the steps that led to them and what was found on the way.
    ///
    /// A stored history that does not lead to the saved labels, or cannot be read, is left out with a notice. Edits of the
    /// journal are steps on top of it.
    pub fn recover_labels(&self, case: &CaseId, extent: Extent) -> Result<RecoveredLabels, ProjectError> {
        let FoundLabels { labels, save, replay, mut notices } = self.find_labels(case, extent)?;
        let mut history = self.stored_history(case, extent, save.as_ref()).unwrap_or_else(|loss| {
            notices.push(format!("Earlier edits of '{case}' can no longer be undone: {loss}"));
            HistoryRecord::default()
        });
        for change in replay.changes {
            history.push("Edit (recovered)".to_owned(), change);
        }
        Ok(RecoveredLabels { labels, history, notices })
    }

    fn find_labels(&self, case: &CaseId, extent: Extent) -> Result<FoundLabels, ProjectError> {
        self.case(case)?;
        loop {
            let save = self.save_record(case)?;
            let found = self.read_labels(case, extent, save.clone());
            // A save that another thread finished meanwhile may have mixed two states.
            if self.save_record(case)? == save {
                return found;
            }
        }
    }

    fn read_labels(
        &self,
        case: &CaseId,
        extent: Extent,
        save: Option<SaveRecord>,
    ) -> Result<FoundLabels, ProjectError> {
        let mut notices = Vec::new();
        let mut labels = self.saved_labels(case, extent, save.as_ref(), &mut notices)?;
        let journal = journal::read(&self.journal_dir(), case)?;
        let before = labels.revision();
        let replay = journal.replay(&mut labels);
        if labels.revision() > before {
            notices.push(format!("Edits of '{case}' that were not saved yet were brought back."));
        }
        if replay.unfit > 0 {
            let unfit = replay.unfit;
            notices.push(format!("{unfit} unsaved edits of '{case}' do not fit its label file and were left out."));
        }
        if journal.torn_len > 0 {
            notices.push(format!("The very last edit of '{case}' was not completely on disk and is lost."));
        }
        Ok(FoundLabels { labels, save, replay, notices })
    }

    /// True if the case has a label file or unsaved edits.
    pub fn has_labels(&self, case: &CaseId) -> Result<bool, ProjectError> {
        let file = self.labels_dir().join(Plane::Class.file_name(case));
        Ok(file.exists() || self.save_record(case)?.is_some() || !journal::read(&self.journal_dir(), case)?.is_empty())
    }

    /// Writes both planes on the image's grid, verified, and then empties the case's journal of what they hold.
    pub fn save_labels(&self, case: &CaseId, labels: &LabelMap, geometry: &NiftiGeometry) -> Result<(), ProjectError> {
        self.case(case)?;
        self.finish_save(case)?;
        let saving = self.saving_dir();
        fs::create_dir_all(&saving).map_err(ProjectError::file("create", &saving))?;
        let write = |plane: Plane, grid: &Grid<u8>| write_mask(&saving.join(plane.file_name(case)), grid, geometry);
        let record = SaveRecord {
            format: 1,
            revision: labels.revision(),
            class_sha256: write(Plane::Class, labels.class())?.sha256,
            origin_sha256: write(Plane::Origin, &labels.origin().map(|o| o.code()))?.sha256,
        };
        self.write_record(case, &record)?;
        self.finish_save(case)?;
        journal::drop_saved(&self.journal_dir(), case, record.revision)
    }

    /// Moves the planes of a counted save into place; needed after a crash and at the end of every save.
    fn finish_save(&self, case: &CaseId) -> Result<(), ProjectError> {
        let Some(record) = self.save_record(case)? else { return Ok(()) };
        for plane in Plane::BOTH {
            let (from, to) = (self.saving_path(case, plane), self.label_path(case, plane));
            if record.wrote(plane, &from)? {
                fs::rename(&from, &to).and_then(|()| sync_dir(&to)).map_err(ProjectError::file("write", &to))?;
            }
        }
        Ok(())
    }

    fn saved_labels(
        &self,
        case: &CaseId,
        extent: Extent,
        record: Option<&SaveRecord>,
        notices: &mut Vec<String>,
    ) -> Result<LabelMap, ProjectError> {
        let class = self.read_plane(case, Plane::Class, record, extent)?;
        let origin = self.read_plane(case, Plane::Origin, record, extent)?;
        let mut labels = match (class, origin) {
            (None, None) => LabelMap::unknown(extent),
            (Some(class), None) => {
                notices.push(format!("The label file of '{case}' came from outside; all of it counts as labelled."));
                LabelMap::imported(class)
            }
            (None, Some(_)) => return Err(damaged(case, "the class file is missing but its origin file is there")),
            (Some(class), Some(origin)) => LabelMap::from_planes(class, origins(case, &origin)?)
                .ok_or_else(|| damaged(case, "its files differ"))?,
        };
        if let Some(record) = record {
            labels.set_revision(record.revision);
        }
        Ok(labels)
    }

    /// The newest counted version of a plane, wherever a crash left it.
    fn read_plane(
        &self,
        case: &CaseId,
        plane: Plane,
        record: Option<&SaveRecord>,
        extent: Extent,
    ) -> Result<Option<Grid<u8>>, ProjectError> {
        let saving = self.saving_path(case, plane);
        let counted = match record {
            Some(record) => record.wrote(plane, &saving)?,
            None => false,
        };
        let path = if counted { saving } else { self.label_path(case, plane) };
        if !path.exists() {
            return Ok(None);
        }
        let class = read_mask(&path)?.class;
        if class.extent() != extent {
            let text = |e: Extent| e.to_array().map(|n| n.to_string()).join(" x ");
            let (expected, found) = (text(extent), text(class.extent()));
            return Err(ProjectError::LabelShape { case: case.clone(), expected, found });
        }
        Ok(Some(class))
    }

    /// Whether the files are those of this save, wherever a crash left them; another program may have changed them.
    pub(super) fn holds_save(&self, case: &CaseId, save: &SaveRecord) -> Result<bool, ProjectError> {
        for plane in Plane::BOTH {
            if !save.wrote(plane, &self.saving_path(case, plane))?
                && !save.wrote(plane, &self.label_path(case, plane))?
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub(super) fn save_record(&self, case: &CaseId) -> Result<Option<SaveRecord>, ProjectError> {
        let path = self.record_path(case);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(ProjectError::file("read", &path)(e)),
        };
        let record = serde_json::from_slice(&bytes).map_err(|e| ProjectError::unreadable(&path, e))?;
        Ok(Some(record))
    }

    fn write_record(&self, case: &CaseId, record: &SaveRecord) -> Result<(), ProjectError> {
        let path = self.record_path(case);
        let json = serde_json::to_vec(record).map_err(|e| ProjectError::unreadable(&path, e))?;
        Ok(write_atomically(&path, |file| file.write_all(&json))?)
    }

    fn record_path(&self, case: &CaseId) -> PathBuf {
        self.labels_dir().join(format!("{case}.json"))
    }

    fn label_path(&self, case: &CaseId, plane: Plane) -> PathBuf {
        self.labels_dir().join(plane.file_name(case))
    }

    fn saving_dir(&self) -> PathBuf {
        self.labels_dir().join(".saving")
    }

    fn saving_path(&self, case: &CaseId, plane: Plane) -> PathBuf {
        self.saving_dir().join(plane.file_name(case))
    }
}

fn origins(case: &CaseId, codes: &Grid<u8>) -> Result<Grid<Origin>, ProjectError> {
    if let Some(code) = codes.as_slice().iter().find(|&&c| Origin::from_code(c).is_none()) {
        return Err(damaged(case, &format!("its origin file holds the unknown code {code}")));
    }
    Ok(codes.map(|&c| Origin::from_code(c).unwrap_or_default()))
}

fn damaged(case: &CaseId, reason: &str) -> ProjectError {
    ProjectError::LabelsDamaged { case: case.clone(), reason: reason.to_owned() }
}

/// Lower-case hex, `None` if the file is not there.
pub(super) fn sha256_of(path: &Path) -> Result<Option<String>, ProjectError> {
    let mut file = match fs::File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(ProjectError::file("read", path)(e)),
    };
    let (mut hash, mut buffer) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut buffer).map_err(ProjectError::file("read", path))? {
            0 => return Ok(Some(hash.finalize().iter().map(|b| format!("{b:02x}")).collect())),
            n => hash.update(&buffer[..n]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{EXTENT, Fixture, paint};
    use super::*;
    use crate::label::LabelValue;

    fn painted(f: &Fixture) -> LabelMap {
        let mut labels = f.load();
        paint(&mut labels, 3..9, 1);
        paint(&mut labels, 20..25, 0);
        labels
    }

    /// Every file below a folder with its content.
    fn snapshot(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => files.extend(snapshot(&path)),
                false => files.push((path.clone(), fs::read(&path).unwrap())),
            }
        }
        files.sort();
        files
    }

    #[test]
    fn a_case_without_files_is_unknown_everywhere() {
        let f = Fixture::new();
        assert_eq!(f.load(), LabelMap::unknown(f.extent()));
        assert!(!f.project.has_labels(&f.case).unwrap());
    }

    #[test]
    fn saved_labels_come_back_with_their_revision_and_the_journal_is_empty() {
        let f = Fixture::new();
        let mut labels = painted(&f);
        let delta = paint(&mut labels, 0..2, 2);
        f.project.journal().append(&f.case, &delta, labels.revision()).unwrap();
        f.save(&labels);
        let recovered = f.project.recover_labels(&f.case, f.extent()).unwrap();
        assert_eq!(recovered, RecoveredLabels { labels, history: HistoryRecord::default(), notices: Vec::new() });
        assert!(journal::read(&f.project.journal_dir(), &f.case).unwrap().is_empty());
        assert!(f.project.has_labels(&f.case).unwrap());
    }

    #[test]
    fn strokes_painted_after_the_saved_state_stay_in_the_journal() {
        let f = Fixture::new();
        let (mut journal, mut labels) = (f.project.journal(), f.load());
        let mut stroke = |labels: &mut LabelMap, range, class| {
            let delta = paint(labels, range, class);
            journal.append(&f.case, &delta, labels.revision()).unwrap();
        };
        stroke(&mut labels, 0..5, 1);
        let at_save = labels.clone();
        stroke(&mut labels, 3..8, 2);
        f.save(&at_save);
        stroke(&mut labels, 10..11, 1);
        assert_eq!(f.load(), labels);
    }

    /// The four moments a save can be cut at: planes half written, planes written but not counted, counted but not
    /// moved, class moved but origin not. The journal is as it was before the save.
    #[test]
    fn a_crash_anywhere_in_a_save_loses_and_mixes_nothing() {
        for moment in 0..4 {
            let f = Fixture::new();
            let mut labels = painted(&f);
            f.save(&labels);
            let before = snapshot(&f.project.labels_dir());
            let delta = paint(&mut labels, 5..15, 2);
            f.project.journal().append(&f.case, &delta, labels.revision()).unwrap();
            let journal = snapshot(&f.project.journal_dir());
            f.save(&labels);
            rewind_save(&f, &before, moment);
            journal.iter().for_each(|(path, bytes)| fs::write(path, bytes).unwrap());

            assert_eq!(f.load(), labels, "read after a crash at {moment}");
            let more = paint(&mut labels, 30..40, 1);
            f.project.journal().append(&f.case, &more, labels.revision()).unwrap();
            assert_eq!(f.load(), labels, "painted after a crash at {moment}");
            f.save(&labels);
            assert_eq!(f.load(), labels, "saved after a crash at {moment}");
            assert!(snapshot(&f.project.saving_dir()).is_empty(), "left over after a crash at {moment}");
        }
    }

    /// Puts the files of a finished save back to what they were at a moment of it.
    fn rewind_save(f: &Fixture, before: &[(PathBuf, Vec<u8>)], moment: usize) {
        let [class, origin] = Plane::BOTH.map(|p| fs::read(f.project.label_path(&f.case, p)).unwrap());
        let restore = |path: PathBuf| {
            let (_, bytes) = before.iter().find(|(p, _)| *p == path).unwrap();
            fs::write(path, bytes).unwrap();
        };
        let saving = |plane: Plane| f.project.saving_path(&f.case, plane);
        restore(f.project.label_path(&f.case, Plane::Origin));
        fs::write(saving(Plane::Origin), &origin).unwrap();
        if moment < 3 {
            restore(f.project.label_path(&f.case, Plane::Class));
            fs::write(saving(Plane::Class), &class).unwrap();
        }
        if moment < 2 {
            restore(f.project.record_path(&f.case));
        }
        if moment < 1 {
            fs::write(saving(Plane::Class), &class[..class.len() / 2]).unwrap();
            fs::remove_file(saving(Plane::Origin)).unwrap();
        }
    }

    #[test]
    fn a_mask_put_there_by_another_program_counts_as_imported() {
        let f = Fixture::new();
        super::super::fixture::write_test_mask(&f.project.labels_dir().join("a.nii.gz"), &f.geometry, &[0, 2]);
        let recovered = f.project.recover_labels(&f.case, f.extent()).unwrap();
        assert_eq!(recovered.labels.value_at(1), LabelValue::new(2, Origin::Imported));
        assert_eq!(recovered.labels.known_count(), f.extent().voxel_count());
        assert_eq!(recovered.notices.len(), 1);
    }

    #[test]
    fn labels_of_another_shape_or_with_unknown_origins_are_refused() {
        let f = Fixture::new();
        f.save(&painted(&f));
        let other = Extent::from_array([EXTENT[0] + 1, EXTENT[1], EXTENT[2]]).unwrap();
        let refused = f.project.load_labels(&f.case, other);
        assert!(matches!(refused, Err(ProjectError::LabelShape { .. })));
        write_mask(&f.project.labels_dir().join("a.origin.nii.gz"), &Grid::filled(f.extent(), 9), &f.geometry).unwrap();
        let refused = f.project.load_labels(&f.case, f.extent());
        assert!(matches!(refused, Err(ProjectError::LabelsDamaged { .. })));
    }

    #[test]
    fn a_case_that_is_not_in_the_project_is_refused() {
        let f = Fixture::new();
        let refused = f.project.load_labels(&"../elsewhere".into(), f.extent());
        assert!(matches!(refused, Err(ProjectError::UnknownCase { .. })));
    }
}

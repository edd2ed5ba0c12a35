//! The undo history of a case between two sessions: `history/CASE.history`.
//!
//! It holds the steps that led to the newest save of the labels and names that save by the hashes of its files, which
//! every save computes anyway. What the journal holds beyond is added when the case is opened. A history is never worth
//! an error: one that is damaged, or of other labels, is left out.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::PathBuf;

use super::history_file::{FRAME_BYTES, HistoryLoss, decode, encode};
use super::labels::SaveRecord;
use super::{Project, ProjectError};
use crate::edit::{History, HistoryRecord};
use crate::geometry::Extent;
use crate::io::write_atomically;
use crate::volume::CaseId;

/// A run takes 5 to 7 bytes in the file and 24 in memory, so this holds about what memory keeps.
const MAX_STEP_BYTES: usize = History::DEFAULT_BYTE_BUDGET / 4;

impl Project {
    /// Keeps the steps that lead to labels that have just been saved with this revision; to be called after
    /// [`Self::save_labels`]. If the newest save is of another revision nothing is written.
    pub fn save_history(&self, case: &CaseId, history: &HistoryRecord, revision: u64) -> Result<(), ProjectError> {
        self.case(case)?;
        let Some(save) = self.save_record(case)?.filter(|save| save.revision == revision) else { return Ok(()) };
        let (dir, path) = (self.history_dir(), self.history_path(case));
        fs::create_dir_all(&dir).map_err(ProjectError::file("create", &dir))?;
        let bytes = encode(history, &save.digest(), MAX_STEP_BYTES);
        Ok(write_atomically(&path, |file| file.write_all(&bytes))?)
    }

    /// The steps that lead to the labels of this save; none if none were ever kept.
    pub(super) fn stored_history(
        &self,
        case: &CaseId,
        extent: Extent,
        save: Option<&SaveRecord>,
    ) -> Result<HistoryRecord, HistoryLoss> {
        let Some(bytes) = self.history_bytes(case)? else { return Ok(HistoryRecord::default()) };
        let save = save.ok_or(HistoryLoss::OtherLabels)?;
        let history = decode(&bytes, &save.digest(), extent)?;
        if self.holds_save(case, save)? { Ok(history) } else { Err(HistoryLoss::OtherLabels) }
    }

    fn history_bytes(&self, case: &CaseId) -> Result<Option<Vec<u8>>, ProjectError> {
        let path = self.history_path(case);
        let mut bytes = Vec::new();
        // What is longer was not written here; cut, its checksum is wrong.
        let longest = (FRAME_BYTES + MAX_STEP_BYTES) as u64;
        let read = File::open(&path).and_then(|file| file.take(longest).read_to_end(&mut bytes));
        match read {
            Ok(_) => Ok(Some(bytes)),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Err(e) => Err(ProjectError::file("read", &path)(e)),
        }
    }

    fn history_path(&self, case: &CaseId) -> PathBuf {
        self.history_dir().join(format!("{case}.history"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Fixture, paint, write_test_mask};
    use super::super::{Journal, RecoveredLabels};
    use super::*;
    use crate::edit::Delta;
    use crate::geometry::Voxel;
    use crate::label::LabelMap;
    use proptest::prelude::*;

    /// A program that has the case open.
    struct Session {
        labels: LabelMap,
        history: History,
        journal: Journal,
    }

    impl Session {
        fn open(f: &Fixture) -> Self {
            let RecoveredLabels { labels, history, .. } = f.project.recover_labels(&f.case, f.extent()).unwrap();
            let history = History::restore(history, History::DEFAULT_BYTE_BUDGET);
            Self { labels, history, journal: f.project.journal() }
        }

        fn paint(&mut self, f: &Fixture, range: std::ops::Range<usize>, class: u8) {
            let delta = paint(&mut self.labels, range, class);
            self.journal.append(&f.case, &delta, self.labels.revision()).unwrap();
            self.history.push(format!("Paint «{class}»\n✎"), delta, Voxel::default());
        }

        fn step(&mut self, f: &Fixture, back: bool) {
            let step = if back { self.history.undo(&mut self.labels) } else { self.history.redo(&mut self.labels) };
            let Some(step) = step.unwrap() else { return };
            let delta = if back { step.delta.reversed() } else { Delta::clone(&step.delta) };
            self.journal.append(&f.case, &delta, self.labels.revision()).unwrap();
        }

        fn save(&self, f: &Fixture) {
            f.save(&self.labels);
            f.project.save_history(&f.case, &self.history.to_record(), self.labels.revision()).unwrap();
        }
    }

    fn same(a: &LabelMap, b: &LabelMap) -> bool {
        a.class() == b.class() && a.origin() == b.origin()
    }

    /// Two steps done and one undone, saved.
    fn saved(f: &Fixture) -> Session {
        let mut session = Session::open(f);
        session.paint(f, 0..6, 1);
        session.paint(f, 4..9, 2);
        session.paint(f, 20..30, 1);
        session.step(f, true);
        session.save(f);
        session
    }

    fn notices(f: &Fixture) -> Vec<String> {
        let recovered = f.project.recover_labels(&f.case, f.extent()).unwrap();
        assert_eq!(recovered.history, HistoryRecord::default());
        recovered.notices
    }

    #[test]
    fn undo_and_redo_go_on_after_the_case_is_opened_again() {
        let f = Fixture::new();
        let before = saved(&f);
        let mut after = Session::open(&f);
        assert_eq!(after.history.to_record(), before.history.to_record());
        assert_eq!(after.history.undo_name(), Some("Paint «2»\n✎"));
        after.step(&f, false);
        assert_eq!(after.labels.value_at(25).class, 1);
        (0..3).for_each(|_| after.step(&f, true));
        assert_eq!((after.labels.known_count(), after.history.redo_count()), (0, 3));
    }

    #[test]
    fn edits_brought_back_after_a_crash_are_steps_on_top_of_the_saved_ones() {
        let f = Fixture::new();
        let mut crashed = saved(&f);
        crashed.paint(&f, 2..12, 1);
        crashed.step(&f, true);
        let mut after = Session::open(&f);
        let names: Vec<_> = after.history.names().skip(2).collect();
        assert_eq!(names, ["Edit (recovered)", "Edit (recovered)"]);
        assert_eq!(after.history.redo_count(), 0);
        (0..4).for_each(|_| after.step(&f, true));
        assert_eq!(after.labels.known_count(), 0);
    }

    #[test]
    fn edits_brought_back_can_be_undone_where_no_history_was_ever_kept() {
        let f = Fixture::new();
        let mut crashed = Session::open(&f);
        crashed.paint(&f, 2..12, 1);
        let mut after = Session::open(&f);
        after.step(&f, true);
        assert_eq!((after.labels.known_count(), after.history.redo_name()), (0, Some("Edit (recovered)")));
    }

    #[test]
    fn a_stroke_that_was_saved_half_painted_is_undone_in_two_steps() {
        let f = Fixture::new();
        let mut crashed = Session::open(&f);
        crashed.history.begin("Stroke".to_owned());
        crashed.history.stage(paint(&mut crashed.labels, 0..4, 1));
        crashed.save(&f);
        crashed.history.stage(paint(&mut crashed.labels, 2..8, 1));
        let whole = crashed.history.commit().unwrap();
        crashed.journal.append(&f.case, &whole, crashed.labels.revision()).unwrap();
        let mut after = Session::open(&f);
        assert!(same(&after.labels, &crashed.labels));
        (0..2).for_each(|_| after.step(&f, true));
        assert_eq!((after.labels.known_count(), after.history.undo_count()), (0, 0));
    }

    #[test]
    fn labels_saved_or_changed_without_their_history_have_none_and_say_so() {
        let f = Fixture::new();
        let mut session = saved(&f);
        paint(&mut session.labels, 50..51, 1);
        f.save(&session.labels);
        assert!(notices(&f)[0].contains("not the one they led to"));
        f.project.save_history(&f.case, &session.history.to_record(), session.labels.revision() - 1).unwrap();
        assert!(notices(&f)[0].contains("not the one they led to"), "a history of another revision is not kept");

        session.save(&f);
        assert_eq!(Session::open(&f).history.undo_count(), 2);
        write_test_mask(&f.project.labels_dir().join("a.nii.gz"), &f.geometry, &[0, 2]);
        assert!(notices(&f)[0].contains("not the one they led to"));
        fs::remove_dir_all(f.project.labels_dir()).unwrap();
        assert!(notices(&f)[0].contains("not the one they led to"));
    }

    #[test]
    fn a_history_that_is_damaged_or_newer_or_no_file_never_keeps_a_case_from_opening() {
        let f = Fixture::new();
        let labels = saved(&f).labels;
        let path = f.project.history_path(&f.case);
        let bytes = fs::read(&path).unwrap();
        for (content, word) in [(&bytes[..bytes.len() / 2], "damaged"), (b"", "damaged"), (b"CHIAROH\x02...", "newer")]
        {
            fs::write(&path, content).unwrap();
            assert!(notices(&f)[0].contains(word));
            assert_eq!(f.load(), labels);
        }
        fs::remove_file(&path).unwrap();
        assert!(notices(&f).is_empty());
        fs::create_dir(&path).unwrap();
        assert!(notices(&f)[0].contains("a.history"));
    }

    #[test]
    fn a_history_for_labels_that_were_never_saved_is_not_written() {
        let f = Fixture::new();
        f.project.save_history(&f.case, &HistoryRecord::default(), 0).unwrap();
        assert!(!f.project.history_dir().exists());
        assert!(f.project.save_history(&"../b".into(), &HistoryRecord::default(), 0).is_err());
    }

    /// Paint a range, undo or redo, save, or end without saving and open again.
    #[derive(Clone, Debug)]
    enum Deed {
        Paint(std::ops::Range<usize>, u8),
        Step { back: bool },
        Save,
        Reopen,
    }

    fn any_deed() -> impl Strategy<Value = Deed> {
        prop_oneof![
            4 => (0usize..50, 1usize..10, 1u8..3).prop_map(|(start, len, class)| Deed::Paint(start..start + len, class)),
            2 => any::<bool>().prop_map(|back| Deed::Step { back }),
            1 => Just(Deed::Save),
            1 => Just(Deed::Reopen),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn whatever_was_done_over_however_many_sessions_can_be_undone(deeds in prop::collection::vec(any_deed(), 1..24)) {
            let f = Fixture::new();
            let mut session = Session::open(&f);
            for deed in deeds {
                match deed {
                    Deed::Paint(range, class) => session.paint(&f, range, class),
                    Deed::Step { back } => session.step(&f, back),
                    Deed::Save => session.save(&f),
                    Deed::Reopen => {
                        let again = Session::open(&f);
                        prop_assert_eq!(&again.labels, &session.labels);
                        session = again;
                    }
                }
            }
            let mut again = Session::open(&f);
            let (newest, steps) = (again.labels.clone(), again.history.undo_count());
            (0..steps).for_each(|_| again.step(&f, true));
            prop_assert_eq!(again.labels.known_count(), 0);
            (0..steps).for_each(|_| again.step(&f, false));
            prop_assert!(same(&again.labels, &newest));
        }
    }
}

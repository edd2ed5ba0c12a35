//! Edits since the last save, one file per case: appended and flushed per stroke, replayed after a crash.
//!
//! A file is the magic `CHIAROJ1` and records `[payload length u32][revision u64][checksum 8 bytes][payload]`, all
//! little-endian. The checksum is the first half of a SHA-256 over length, revision and payload.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::ProjectError;
use crate::edit::{Delta, Direction, Run};
use crate::label::LabelMap;
use crate::volume::CaseId;

const MAGIC: &[u8; 8] = b"CHIAROJ1";
const HEADER: usize = 4 + 8 + 8;

/// The writing end. Keeps the files of touched cases open.
#[derive(Debug)]
pub struct Journal {
    dir: PathBuf,
    open: HashMap<CaseId, File>,
}

/// One edit as stored; `revision` is the case's label revision after it.
pub(super) struct Record {
    revision: u64,
    payload: Vec<u8>,
}

/// The readable part of a journal file.
#[derive(Default)]
pub(super) struct Records {
    records: Vec<Record>,
    /// Bytes from the start that hold whole records.
    valid_len: u64,
    /// Bytes after them: an append that never finished.
    pub torn_len: u64,
}

/// What bringing edits back did to the labels.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Replay {
    /// What each edit changed, in order; what was in the label file already is not part of it.
    pub changes: Vec<Delta>,
    /// Number of edits that do not fit the labels and were left out.
    pub unfit: usize,
}

impl Journal {
    pub(super) fn new(dir: PathBuf) -> Self {
        Self { dir, open: HashMap::new() }
    }

    /// Writes an edit and waits until the disk has it. `revision` is the case's label revision after the edit; within a
    /// case it grows with every record.
    pub fn append(&mut self, case: &CaseId, delta: &Delta, revision: u64) -> Result<(), ProjectError> {
        let path = path(&self.dir, case);
        let mut file = match self.open.remove(case) {
            Some(file) => file,
            None => open_at_end(&path)?,
        };
        let record = encode(&delta.to_bytes(), revision)
            .ok_or_else(|| ProjectError::unreadable(&path, "one edit is larger than 4 GiB"))?;
        let write = |file: &mut File| {
            if file.metadata()?.len() == 0 {
                file.write_all(MAGIC)?;
            }
            file.write_all(&record)?;
            file.sync_data()
        };
        // After an error the file is closed, so that the next append cuts what is left of this one.
        write(&mut file).map_err(ProjectError::file("write", &path))?;
        self.open.insert(case.clone(), file);
        Ok(())
    }
}

fn path(dir: &Path, case: &CaseId) -> PathBuf {
    dir.join(format!("{case}.journal"))
}

/// Opens for appending, without the torn end a crash may have left.
fn open_at_end(path: &Path) -> Result<File, ProjectError> {
    let valid_len = read_file(path)?.valid_len;
    let open = || {
        if let Some(dir) = path.parent() {
            fs::create_dir_all(dir)?;
        }
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        file.set_len(valid_len)?;
        file.sync_all()?;
        sync_dir(path)?;
        Ok(file)
    };
    open().map_err(ProjectError::file("write", path))
}

/// Makes a new name in a folder survive a power cut; only Unix can open a folder for that.
pub(super) fn sync_dir(file: &Path) -> io::Result<()> {
    match file.parent() {
        Some(dir) if cfg!(unix) => File::open(dir)?.sync_all(),
        _ => Ok(()),
    }
}

fn encode(payload: &[u8], revision: u64) -> Option<Vec<u8>> {
    let len = u32::try_from(payload.len()).ok()?;
    let mut bytes = Vec::with_capacity(HEADER + payload.len());
    bytes.extend_from_slice(&len.to_le_bytes());
    bytes.extend_from_slice(&revision.to_le_bytes());
    bytes.extend_from_slice(&checksum(len, revision, payload));
    bytes.extend_from_slice(payload);
    Some(bytes)
}

fn checksum(len: u32, revision: u64, payload: &[u8]) -> [u8; 8] {
    let mut hash = Sha256::new();
    hash.update(len.to_le_bytes());
    hash.update(revision.to_le_bytes());
    hash.update(payload);
    let digest = hash.finalize();
    std::array::from_fn(|i| digest[i])
}

/// Reads a case's journal; changes nothing, so another program may be writing it.
pub(super) fn read(dir: &Path, case: &CaseId) -> Result<Records, ProjectError> {
    read_file(&path(dir, case))
}

fn read_file(path: &Path) -> Result<Records, ProjectError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Records::default()),
        Err(e) => return Err(ProjectError::file("read", path)(e)),
    };
    let mut found = Records { torn_len: bytes.len() as u64, ..Records::default() };
    let Some(mut rest) = bytes.strip_prefix(MAGIC) else {
        // A crash can leave a part of the magic, never something else.
        return if MAGIC.starts_with(&bytes) {
            Ok(found)
        } else {
            Err(ProjectError::unreadable(path, "it is not a journal this version of Chiaro can read"))
        };
    };
    while let Some((record, after)) = decode(rest) {
        found.records.push(record);
        rest = after;
    }
    found.torn_len = rest.len() as u64;
    found.valid_len = (bytes.len() - rest.len()) as u64;
    Ok(found)
}

/// The first record and the bytes after it; `None` if it is not whole.
fn decode(bytes: &[u8]) -> Option<(Record, &[u8])> {
    let (len, rest) = bytes.split_first_chunk::<4>()?;
    let (revision, rest) = rest.split_first_chunk::<8>()?;
    let (sum, rest) = rest.split_first_chunk::<8>()?;
    let (len, revision) = (u32::from_le_bytes(*len), u64::from_le_bytes(*revision));
    let (payload, after) = rest.split_at_checked(usize::try_from(len).ok()?)?;
    (*sum == checksum(len, revision, payload)).then(|| (Record { revision, payload: payload.to_vec() }, after))
}

/// Empties a case's journal if every edit in it is at most `revision`. Newer edits keep the file: its older records
/// are passed over at the next replay.
pub(super) fn drop_saved(dir: &Path, case: &CaseId, revision: u64) -> Result<(), ProjectError> {
    let path = path(dir, case);
    let found = read_file(&path)?;
    if !path.exists() || found.records.iter().any(|r| r.revision > revision) {
        return Ok(());
    }
    OpenOptions::new()
        .write(true)
        .open(&path)
        .and_then(|file| file.set_len(0).and_then(|()| file.sync_all()))
        .map_err(ProjectError::file("write", &path))
}

impl Records {
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Applies the edits that are newer than `labels`.
    pub fn replay(&self, labels: &mut LabelMap) -> Replay {
        let mut replay = Replay::default();
        for record in &self.records {
            if record.revision > labels.revision() {
                match record.apply(labels) {
                    Some(delta) if delta.is_empty() => {}
                    Some(delta) => replay.changes.push(delta),
                    None => replay.unfit += 1,
                }
                labels.set_revision(record.revision);
            }
        }
        replay
    }
}

impl Record {
    /// What it changed. `None`, and nothing changed, unless every voxel has its old value, or already its new one: a stroke may have been
    /// saved while it was being painted.
    fn apply(&self, labels: &mut LabelMap) -> Option<Delta> {
        let delta = Delta::from_bytes(&self.payload, labels.extent()).ok()?;
        let fits =
            |run: &Run| (run.start..run.start + run.len).all(|i| [run.old, run.new].contains(&labels.value_at(i)));
        if !delta.runs().iter().all(fits) {
            return None;
        }
        let writes = delta.runs().iter().map(|run| (run.start..run.start + run.len, run.new));
        let change = Delta::between(labels, writes).ok()?;
        change.apply(labels, Direction::Forward).ok()?;
        Some(change)
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Fixture, paint};
    use super::*;
    use crate::label::LabelValue;
    use proptest::prelude::*;

    /// Paints every range with the next class, one journal record each; the states after 0, 1, 2, ... records.
    fn paint_and_journal(f: &Fixture, ranges: &[std::ops::Range<usize>]) -> Vec<LabelMap> {
        let (mut journal, mut labels) = (f.project.journal(), f.load());
        let mut states = vec![labels.clone()];
        for (range, class) in ranges.iter().zip((1..=2).cycle()) {
            let delta = paint(&mut labels, range.clone(), class);
            journal.append(&f.case, &delta, labels.revision()).unwrap();
            states.push(labels.clone());
        }
        states
    }

    fn journal_path(f: &Fixture) -> PathBuf {
        path(&f.project.journal_dir(), &f.case)
    }

    #[test]
    fn strokes_without_a_save_come_back_with_class_origin_and_revision() {
        let f = Fixture::new();
        let states = paint_and_journal(&f, &[0..4, 10..20, 2..12]);
        assert_eq!(&f.load(), states.last().unwrap());
        let recovered = f.project.recover_labels(&f.case, f.extent()).unwrap();
        assert_eq!(recovered.notices.len(), 1);
    }

    #[test]
    fn a_journal_cut_at_any_byte_gives_the_strokes_that_were_whole() {
        let f = Fixture::new();
        let states = paint_and_journal(&f, &[0..4, 10..20, 2..12]);
        let bytes = fs::read(journal_path(&f)).unwrap();
        let mut seen = Vec::new();
        for len in 0..=bytes.len() {
            fs::write(journal_path(&f), &bytes[..len]).unwrap();
            let whole = read(&f.project.journal_dir(), &f.case).unwrap().records.len();
            assert_eq!(f.load(), states[whole], "cut at {len}");
            seen.push(whole);
        }
        assert!(seen.is_sorted() && seen.last() == Some(&3));
        assert_eq!(fs::metadata(journal_path(&f)).unwrap().len(), bytes.len() as u64);
    }

    #[test]
    fn after_a_torn_stroke_the_next_one_is_readable() {
        let f = Fixture::new();
        paint_and_journal(&f, &[0..4, 10..20]);
        let bytes = fs::read(journal_path(&f)).unwrap();
        for len in 0..bytes.len() {
            fs::write(journal_path(&f), &bytes[..len]).unwrap();
            let mut labels = f.load();
            let delta = paint(&mut labels, 30..33, 2);
            f.project.journal().append(&f.case, &delta, labels.revision()).unwrap();
            assert_eq!(f.load(), labels, "cut at {len}");
        }
    }

    #[test]
    fn a_flipped_byte_loses_that_stroke_and_is_reported_but_never_a_wrong_label() {
        let f = Fixture::new();
        let states = paint_and_journal(&f, &[0..4, 10..20]);
        let bytes = fs::read(journal_path(&f)).unwrap();
        for at in MAGIC.len()..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x10;
            fs::write(journal_path(&f), &damaged).unwrap();
            let recovered = f.project.recover_labels(&f.case, f.extent()).unwrap();
            assert!(states[..2].contains(&recovered.labels), "byte {at}");
            assert!(recovered.notices.iter().any(|n| n.contains("not completely")), "byte {at}");
        }
    }

    #[test]
    fn a_file_that_is_no_journal_is_refused_and_left_alone() {
        let f = Fixture::new();
        fs::create_dir_all(f.project.journal_dir()).unwrap();
        fs::write(journal_path(&f), b"CHIAROJ2 something newer").unwrap();
        assert!(f.project.load_labels(&f.case, f.extent()).is_err());
        let delta = paint(&mut LabelMap::unknown(f.extent()), 0..1, 1);
        assert!(f.project.journal().append(&f.case, &delta, 1).is_err());
        assert_eq!(fs::read(journal_path(&f)).unwrap(), b"CHIAROJ2 something newer");
    }

    #[test]
    fn a_stroke_that_fits_neither_before_nor_after_is_left_out_and_reported() {
        let f = Fixture::new();
        let mut elsewhere = LabelMap::unknown(f.extent());
        paint(&mut elsewhere, 0..9, 2);
        let delta = paint(&mut elsewhere, 0..9, 1);
        f.project.journal().append(&f.case, &delta, elsewhere.revision()).unwrap();
        let recovered = f.project.recover_labels(&f.case, f.extent()).unwrap();
        assert_eq!(recovered.labels.value_at(0), LabelValue::UNKNOWN);
        assert!(recovered.notices.iter().any(|n| n.contains("do not fit")));
    }

    #[test]
    fn a_stroke_saved_while_it_was_painted_is_completed_by_its_record() {
        let f = Fixture::new();
        let mut labels = f.load();
        let first = paint(&mut labels, 0..4, 1);
        f.save(&labels);
        let second = paint(&mut labels, 4..8, 1);
        f.project.journal().append(&f.case, &first.merge(&second), labels.revision()).unwrap();
        assert_eq!(f.load(), labels);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn any_strokes_with_a_save_anywhere_between_come_back(
            strokes in prop::collection::vec((0usize..60, 1usize..20), 1..12),
            saved_after in 0usize..12,
        ) {
            let f = Fixture::new();
            let ranges: Vec<_> = strokes.iter().map(|&(start, len)| start..(start + len).min(60)).collect();
            let states = paint_and_journal(&f, &ranges);
            f.save(&states[saved_after.min(strokes.len())]);
            prop_assert_eq!(&f.load(), states.last().unwrap());
        }
    }
}

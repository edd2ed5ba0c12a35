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

    /// Applies the edits that are newer than `labels` and returns how many of them do not fit.
    pub fn replay(&self, labels: &mut LabelMap) -> usize {
        let mut unfit = 0;
        for record in &self.records {
            if record.revision > labels.revision() {
                unfit += usize::from(record.apply(labels).is_none());
                labels.set_revision(record.revision);
            }
        }
        unfit
    }
}

impl Record {
    /// `None`, and nothing changed, unless every voxel has its old value, or already its new one: a stroke may have been
    /// saved while it was being painted.
    fn apply(&self, labels: &mut LabelMap) -> Option<()> {
        let delta = Delta::from_bytes(&self.payload, labels.extent()).ok()?;
        let fits =
            |run: &Run| (run.start..run.start + run.len).all(|i| [run.old, run.new].contains(&labels.value_at(i)));
        if !delta.runs().iter().all(fits) {
            return None;
        }
        let writes = delta.runs().iter().map(|run| (run.start..run.start + run.len, run.new));
        Delta::between(labels, writes).ok()?.apply(labels, Direction::Forward).ok()?;
        Some(())
    }
}

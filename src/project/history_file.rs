//! The bytes of a stored history.
//!
//! `CHIAROH` and the format version, the digest of the saved labels the steps lead to, the number of steps done and of
//! steps undone, the steps in that order, and a SHA-256 over all of it. A step is its name, its location and its change,
//! name and change each after their length. Numbers are u64, little-endian.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use thiserror::Error;

use super::ProjectError;
use crate::edit::{Delta, DeltaError, HistoryRecord, StoredStep};
use crate::geometry::{Extent, Voxel};

const MAGIC: &[u8; 7] = b"CHIAROH";
const FORMAT_VERSION: u8 = 1;
const DIGEST: usize = 32;

/// A name is a tool, a class and a count; what is longer is cut.
const MAX_NAME_BYTES: usize = 200;

/// What a file has beside its steps.
pub(super) const FRAME_BYTES: usize = MAGIC.len() + 1 + DIGEST + 8 + 8 + DIGEST;

/// Why a stored history is of no use.
#[derive(Debug, Error)]
pub(super) enum HistoryLoss {
    #[error("the list of edits is damaged.")]
    Damaged,
    #[error("the list of edits was written by a newer version of Chiaro.")]
    NewerFormat,
    #[error("the label file is not the one they led to.")]
    OtherLabels,
    #[error(transparent)]
    File(#[from] ProjectError),
}

/// `labels` is the digest of the save that the done steps lead to. Steps that do not fit into `step_bytes` are left out:
/// first the oldest that were done, then those that would be repeated last.
pub(super) fn encode(history: &HistoryRecord, labels: &[u8; DIGEST], step_bytes: usize) -> Vec<u8> {
    let mut room = step_bytes;
    let undone = last_within(&history.undone, &mut room);
    let done = last_within(&history.done, &mut room);
    let mut out = Vec::with_capacity(FRAME_BYTES + step_bytes - room);
    out.extend_from_slice(MAGIC);
    out.push(FORMAT_VERSION);
    out.extend_from_slice(labels);
    push_number(&mut out, done.len());
    push_number(&mut out, undone.len());
    for step in done.iter().rev().chain(undone.iter().rev()) {
        out.extend_from_slice(step);
    }
    let checksum = Sha256::digest(&out);
    out.extend_from_slice(&checksum);
    out
}

/// The encoded steps from the last one back, as many as there is room for.
fn last_within(steps: &[StoredStep], room: &mut usize) -> Vec<Vec<u8>> {
    let fit = |step: &StoredStep| {
        let bytes = encode_step(step);
        *room = room.checked_sub(bytes.len())?;
        Some(bytes)
    };
    steps.iter().rev().map_while(fit).collect()
}

fn encode_step(step: &StoredStep) -> Vec<u8> {
    let name = &step.name[..step.name.floor_char_boundary(MAX_NAME_BYTES)];
    let delta = step.delta.to_bytes();
    let mut out = Vec::with_capacity(5 * 8 + name.len() + delta.len());
    push_number(&mut out, name.len());
    out.extend_from_slice(name.as_bytes());
    step.location.to_array().into_iter().for_each(|n| push_number(&mut out, n));
    push_number(&mut out, delta.len());
    out.extend_from_slice(&delta);
    out
}

fn push_number(out: &mut Vec<u8>, n: usize) {
    out.extend_from_slice(&(n as u64).to_le_bytes());
}

/// Reads what [`encode`] wrote for a case of this extent whose saved labels have this digest. Never panics, and allocates
/// no more than the bytes can fill.
pub(super) fn decode(bytes: &[u8], labels: &[u8; DIGEST], extent: Extent) -> Result<HistoryRecord, HistoryLoss> {
    let rest = bytes.strip_prefix(MAGIC).ok_or(HistoryLoss::Damaged)?;
    match rest.first() {
        Some(&FORMAT_VERSION) => {}
        Some(&version) if version > FORMAT_VERSION => return Err(HistoryLoss::NewerFormat),
        _ => return Err(HistoryLoss::Damaged),
    }
    let (content, checksum) = bytes.split_last_chunk::<DIGEST>().ok_or(HistoryLoss::Damaged)?;
    if Sha256::digest(content)[..] != checksum[..] {
        return Err(HistoryLoss::Damaged);
    }
    let mut reader = Reader { rest: content.get(MAGIC.len() + 1..).unwrap_or_default(), extent };
    if reader.take(DIGEST)? != labels {
        return Err(HistoryLoss::OtherLabels);
    }
    let (done, undone) = (reader.number()?, reader.number()?);
    let record = HistoryRecord { done: reader.steps(done)?, undone: reader.steps(undone)? };
    if reader.rest.is_empty() { Ok(record) } else { Err(HistoryLoss::Damaged) }
}

struct Reader<'a> {
    rest: &'a [u8],
    extent: Extent,
}

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], HistoryLoss> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(HistoryLoss::Damaged)?;
        self.rest = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Result<usize, HistoryLoss> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(HistoryLoss::Damaged)?;
        self.rest = rest;
        usize::try_from(u64::from_le_bytes(*bytes)).map_err(|_| HistoryLoss::Damaged)
    }

    fn steps(&mut self, count: usize) -> Result<Vec<StoredStep>, HistoryLoss> {
        // No room is made in advance: the count may be any number.
        let mut steps = Vec::new();
        for _ in 0..count {
            steps.push(self.step()?);
        }
        Ok(steps)
    }

    fn step(&mut self) -> Result<StoredStep, HistoryLoss> {
        let len = self.number()?;
        let name = str::from_utf8(self.take(len)?).map_err(|_| HistoryLoss::Damaged)?.to_owned();
        let location = Voxel::new(self.number()?, self.number()?, self.number()?);
        let len = self.number()?;
        let delta = Delta::from_bytes(self.take(len)?, self.extent).map_err(|error| match error {
            DeltaError::NewerFormat { .. } => HistoryLoss::NewerFormat,
            DeltaError::OtherExtent { .. } => HistoryLoss::OtherLabels,
            _ => HistoryLoss::Damaged,
        })?;
        if !self.extent.contains(location) {
            return Err(HistoryLoss::Damaged);
        }
        Ok(StoredStep { name, delta: Arc::new(delta), location })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::Run;
    use crate::label::{LabelValue, Origin};
    use proptest::prelude::*;

    const LABELS: [u8; DIGEST] = [7; DIGEST];
    const ROOMY: usize = 1 << 20;

    fn extent() -> Extent {
        Extent::new(20, 10, 5).unwrap()
    }

    fn step(name: &str, start: usize, len: usize) -> StoredStep {
        let run = Run { start, len, old: LabelValue::UNKNOWN, new: LabelValue::new(1, Origin::Manual) };
        let delta = Arc::new(Delta::new(vec![run], extent()).unwrap());
        StoredStep { name: name.to_owned(), location: delta.centre(), delta }
    }

    fn any_history() -> impl Strategy<Value = HistoryRecord> {
        let step = ("\\PC{0,40}", 0usize..900, 1usize..100).prop_map(|(name, start, len)| step(&name, start, len));
        let steps = move || prop::collection::vec(step.clone(), 0..6);
        (steps(), steps()).prop_map(|(done, undone)| HistoryRecord { done, undone })
    }

    fn names(steps: &[StoredStep]) -> Vec<&str> {
        steps.iter().map(|step| step.name.as_str()).collect()
    }

    /// With a checksum that fits, so that the reader looks at the rest.
    fn sealed(content: &[u8]) -> Vec<u8> {
        [content, &Sha256::digest(content)[..]].concat()
    }

    proptest! {
        #[test]
        fn steps_come_back_as_they_were(history in any_history()) {
            let bytes = encode(&history, &LABELS, ROOMY);
            prop_assert_eq!(decode(&bytes, &LABELS, extent()).unwrap(), history);
        }

        #[test]
        fn a_cut_lengthened_or_changed_file_is_damaged(
            history in any_history(), at in any::<prop::sample::Index>(), flip in 1u8..=255,
        ) {
            let bytes = encode(&history, &LABELS, ROOMY);
            let at = at.index(bytes.len());
            let mut flipped = bytes.clone();
            flipped[at] ^= flip;
            let longer = [&bytes[..], &[0]].concat();
            for damaged in [&bytes[..at], &flipped, &longer] {
                let loss = decode(damaged, &LABELS, extent()).unwrap_err();
                prop_assert!(matches!(loss, HistoryLoss::Damaged | HistoryLoss::NewerFormat));
            }
        }

        #[test]
        fn any_content_under_a_true_checksum_never_panics_and_what_is_read_is_valid(
            history in any_history(), at in any::<prop::sample::Index>(), put in prop::collection::vec(any::<u8>(), 0..12),
        ) {
            let mut content = encode(&history, &LABELS, ROOMY);
            content.truncate(content.len() - DIGEST);
            let at = at.index(content.len());
            let end = (at + put.len()).min(content.len());
            content.splice(at..end, put);
            if let Ok(read) = decode(&sealed(&content), &LABELS, extent()) {
                for step in read.done.iter().chain(&read.undone) {
                    prop_assert!(extent().contains(step.location));
                    prop_assert_eq!(&Delta::new(step.delta.runs().to_vec(), extent()).unwrap(), &*step.delta);
                }
            }
        }
    }

    #[test]
    fn huge_counts_and_lengths_are_damage() {
        let head = [MAGIC.as_slice(), &[FORMAT_VERSION], &LABELS].concat();
        for numbers in [[u64::MAX, 0, 0], [0, u64::MAX, 0], [1, 0, u64::MAX], [1, u64::MAX, 1 << 40]] {
            let content = [head.clone(), numbers.map(u64::to_le_bytes).concat()].concat();
            assert!(matches!(decode(&sealed(&content), &LABELS, extent()), Err(HistoryLoss::Damaged)), "{numbers:?}");
        }
    }

    #[test]
    fn a_newer_version_other_labels_and_another_extent_are_named() {
        let history = HistoryRecord { done: vec![step("Paint", 3, 4)], undone: Vec::new() };
        let mut bytes = encode(&history, &LABELS, ROOMY);
        assert!(matches!(decode(&bytes, &[8; DIGEST], extent()), Err(HistoryLoss::OtherLabels)));
        let turned = Extent::new(10, 20, 5).unwrap();
        assert!(matches!(decode(&bytes, &LABELS, turned), Err(HistoryLoss::OtherLabels)));
        bytes[MAGIC.len()] = FORMAT_VERSION + 1;
        assert!(matches!(decode(&bytes, &LABELS, extent()), Err(HistoryLoss::NewerFormat)));
    }

    #[test]
    fn a_long_name_is_cut_between_two_letters() {
        let name = "é".repeat(150) + "x";
        let history = HistoryRecord { done: vec![step(&format!("x{name}"), 0, 1)], undone: Vec::new() };
        let read = decode(&encode(&history, &LABELS, ROOMY), &LABELS, extent()).unwrap();
        assert_eq!(read.done[0].name, format!("x{}", "é".repeat(99)));
    }

    #[test]
    fn beyond_the_limit_the_oldest_steps_are_dropped_and_then_the_redo_farthest_away() {
        let done = vec![step("a", 0, 1), step("b", 1, 1), step("c", 2, 1)];
        let undone = vec![step("e", 4, 1), step("d", 3, 1)];
        let history = HistoryRecord { done, undone };
        let one = encode_step(&history.done[0]).len();
        for (room, kept_done, kept_undone) in [
            (5 * one, &["a", "b", "c"][..], &["e", "d"][..]),
            (5 * one - 1, &["b", "c"], &["e", "d"]),
            (3 * one, &["c"], &["e", "d"]),
            (2 * one - 1, &[], &["d"]),
            (0, &[], &[]),
        ] {
            let bytes = encode(&history, &LABELS, room);
            assert!(bytes.len() <= FRAME_BYTES + room);
            let read = decode(&bytes, &LABELS, extent()).unwrap();
            assert_eq!((names(&read.done), names(&read.undone)), (kept_done.to_vec(), kept_undone.to_vec()), "{room}");
        }
    }
}

//! A change of labels as runs with old and new values; the same type feeds undo, the journal and the trainer.

use std::ops::Range;

use thiserror::Error;

use crate::geometry::{Extent, Voxel, VoxelBox};
use crate::label::{LabelMap, LabelValue};

/// Consecutive linear voxel indices that had one value and got another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    pub start: usize,
    pub len: usize,
    pub old: LabelValue,
    pub new: LabelValue,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Forward,
    Backward,
}

/// Runs in ascending order without overlap, and the box that holds them.
#[derive(Clone, Debug, PartialEq)]
pub struct Delta {
    runs: Vec<Run>,
    extent: Extent,
    bounds: VoxelBox,
}

#[derive(Debug, Error, PartialEq, Eq)]
pub enum DeltaError {
    #[error("the change reaches voxel {index}, but the case has only {voxel_count}")]
    OutOfRange { index: usize, voxel_count: usize },
    #[error("the labels at voxel {index} are not what this change was made on")]
    Mismatch { index: usize },
    #[error("the runs of a change must be in ascending order without overlap (run {run})")]
    Unsorted { run: usize },
    #[error("the change was made on a volume of {made_on:?} voxels, but the case has {case:?}")]
    OtherExtent { made_on: [usize; 3], case: [usize; 3] },
    #[error("the stored change was written by a newer version of this program (format {version})")]
    NewerFormat { version: u8 },
    #[error("the stored change is damaged at byte {offset}")]
    Damaged { offset: usize },
}

impl Run {
    pub fn range(&self) -> Range<usize> {
        self.start..self.start + self.len
    }

    fn continues(&self, earlier: &Run) -> bool {
        self.start == earlier.start + earlier.len && self.old == earlier.old && self.new == earlier.new
    }
}

/// Collects ascending runs: neighbours of equal values become one, runs that change nothing are dropped.
#[derive(Default)]
pub(super) struct RunList(Vec<Run>);

impl RunList {
    pub(super) fn with_capacity(runs: usize) -> Self {
        Self(Vec::with_capacity(runs))
    }

    #[inline]
    pub(super) fn push(&mut self, run: Run) {
        if run.len == 0 || run.old == run.new {
            return;
        }
        match self.0.last_mut() {
            Some(last) if run.continues(last) => last.len += run.len,
            _ => self.0.push(run),
        }
    }

    pub(super) fn into_delta(self, extent: Extent) -> Delta {
        let bounds = bounds_of(&self.0, extent);
        Delta { runs: self.0, extent, bounds }
    }
}

const NOTHING: VoxelBox = VoxelBox { lo: Voxel { x: 0, y: 0, z: 0 }, hi: Voxel { x: 0, y: 0, z: 0 } };

impl Delta {
    /// Checks order and range. Neighbouring runs of equal values are joined, runs that change nothing are dropped.
    pub fn new(runs: Vec<Run>, extent: Extent) -> Result<Self, DeltaError> {
        let mut list = RunList::default();
        let mut free_from = 0;
        for (number, run) in runs.into_iter().enumerate() {
            if run.start < free_from {
                return Err(DeltaError::Unsorted { run: number });
            }
            free_from = checked_end(run.start, run.len, extent)?;
            list.push(run);
        }
        Ok(list.into_delta(extent))
    }

    /// The change that gives ascending index ranges new values, with old values read from `labels`. Writes nothing.
    pub fn between(
        labels: &LabelMap,
        writes: impl IntoIterator<Item = (Range<usize>, LabelValue)>,
    ) -> Result<Self, DeltaError> {
        let mut list = RunList::default();
        let mut free_from = 0;
        for (number, (range, new)) in writes.into_iter().enumerate() {
            if range.start < free_from {
                return Err(DeltaError::Unsorted { run: number });
            }
            free_from = checked_end(range.start, range.len(), labels.extent())?;
            for start in range {
                list.push(Run { start, len: 1, old: labels.value_at(start), new });
            }
        }
        Ok(list.into_delta(labels.extent()))
    }

    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    pub fn extent(&self) -> Extent {
        self.extent
    }

    /// The smallest box of whole rows or slices that holds every run.
    pub fn bounds(&self) -> VoxelBox {
        self.bounds
    }

    /// The voxel in the middle of the bounds: where undo looks.
    pub fn centre(&self) -> Voxel {
        let size = self.bounds.size();
        let lo = self.bounds.lo;
        Voxel::new(lo.x + size[0] / 2, lo.y + size[1] / 2, lo.z + size[2] / 2)
    }

    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Number of changed voxels.
    pub fn voxel_count(&self) -> usize {
        self.runs.iter().map(|r| r.len).sum()
    }

    /// Memory held by the runs.
    pub fn byte_count(&self) -> usize {
        size_of_val(self.runs.as_slice())
    }

    /// Writes the change and returns where. All voxels are checked first: on an error nothing has changed.
    pub fn apply(&self, labels: &mut LabelMap, direction: Direction) -> Result<VoxelBox, DeltaError> {
        self.check(labels, direction)?;
        self.write(labels, direction);
        Ok(self.bounds)
    }

    /// Repeats on a copy of the labels what was done to them. A stroke counts once per stamp and comes as one change, so
    /// the copy takes over `revision`, that of the labels after it.
    pub fn repeat(&self, copy: &mut LabelMap, revision: u64) -> Result<VoxelBox, DeltaError> {
        let bounds = self.apply(copy, Direction::Forward)?;
        copy.set_revision(revision);
        Ok(bounds)
    }

    /// This change followed by `later`, which was made on the same case. A voxel that ends as it began drops out.
    pub fn merge(&self, later: &Delta) -> Delta {
        let (mut first, mut second) = (Cursor::new(&self.runs), Cursor::new(&later.runs));
        let mut list = RunList::default();
        loop {
            let (from_first, from_second) = (first.start(), second.start());
            if from_first == usize::MAX && from_second == usize::MAX {
                return list.into_delta(self.extent);
            }
            if from_first < from_second {
                first.take_until(from_second, |run| list.push(run));
            } else if from_second < from_first {
                second.take_until(from_first, |run| list.push(run));
            } else {
                let end = first.end().min(second.end());
                let mut old = LabelValue::UNKNOWN;
                first.take_until(end, |run| old = run.old);
                second.take_until(end, |run| list.push(Run { old, ..run }));
            }
        }
    }

    /// The change that takes this one back.
    pub fn reversed(&self) -> Delta {
        let runs = self.runs.iter().map(|run| Run { old: run.new, new: run.old, ..*run }).collect();
        Delta { runs, extent: self.extent, bounds: self.bounds }
    }

    /// Writes without looking; the caller has just read the old values.
    pub(super) fn write(&self, labels: &mut LabelMap, direction: Direction) {
        for run in &self.runs {
            let value = match direction {
                Direction::Forward => run.new,
                Direction::Backward => run.old,
            };
            labels.write_run(run.start, run.len, value);
        }
        labels.bump_revision();
    }

    fn check(&self, labels: &LabelMap, direction: Direction) -> Result<(), DeltaError> {
        if labels.extent() != self.extent {
            let (made_on, case) = (self.extent.to_array(), labels.extent().to_array());
            return Err(DeltaError::OtherExtent { made_on, case });
        }
        for run in &self.runs {
            let expected = match direction {
                Direction::Forward => run.old,
                Direction::Backward => run.new,
            };
            if let Some(index) = run.range().find(|&i| labels.value_at(i) != expected) {
                return Err(DeltaError::Mismatch { index });
            }
        }
        Ok(())
    }
}

/// Walks over runs and may stop inside one.
struct Cursor<'a> {
    rest: &'a [Run],
    consumed: usize,
}

impl<'a> Cursor<'a> {
    fn new(rest: &'a [Run]) -> Self {
        Self { rest, consumed: 0 }
    }

    /// Next index, `usize::MAX` at the end.
    fn start(&self) -> usize {
        self.rest.first().map_or(usize::MAX, |r| r.start + self.consumed)
    }

    fn end(&self) -> usize {
        self.rest.first().map_or(usize::MAX, |r| r.start + r.len)
    }

    /// Hands out the current run up to `limit` and moves on.
    fn take_until(&mut self, limit: usize, mut take: impl FnMut(Run)) {
        if let Some((run, rest)) = self.rest.split_first() {
            let start = run.start + self.consumed;
            let end = (run.start + run.len).min(limit);
            take(Run { start, len: end - start, ..*run });
            if end == run.start + run.len {
                (self.rest, self.consumed) = (rest, 0);
            } else {
                self.consumed = end - run.start;
            }
        }
    }
}

fn checked_end(start: usize, len: usize, extent: Extent) -> Result<usize, DeltaError> {
    let voxel_count = extent.voxel_count();
    match start.checked_add(len) {
        Some(end) if end <= voxel_count => Ok(end),
        end => Err(DeltaError::OutOfRange { index: end.map_or(usize::MAX, |e| e - 1), voxel_count }),
    }
}

/// A run that leaves its row covers whole rows, one that leaves its slice whole slices.
///
/// A large brush makes a thousand runs many times a second: rows and slices are read off the first and the last run
/// and from one division each.
fn bounds_of(runs: &[Run], extent: Extent) -> VoxelBox {
    let (Some(first), Some(last)) = (runs.first(), runs.last()) else { return NOTHING };
    let [nx, ny, _] = extent.to_array();
    let mut bounds = VoxelBox { lo: extent.voxel(first.start), hi: extent.voxel(last.start + last.len - 1) };
    (bounds.lo.x, bounds.hi.x, bounds.lo.y, bounds.hi.y) = (nx - 1, 0, ny - 1, 0);
    // First row of the slice that the last run began in.
    let mut slice_row = 0;
    for run in runs {
        let (row, x) = (run.start / nx, run.start % nx);
        if row >= slice_row + ny {
            slice_row = row - row % ny;
        }
        let (y, end) = (row - slice_row, x + run.len - 1);
        bounds.lo.x = bounds.lo.x.min(x);
        bounds.lo.y = bounds.lo.y.min(y);
        let (last_x, last_y) = if end < nx { (end, y) } else { (nx - 1, y + end / nx) };
        if end >= nx {
            bounds.lo.x = 0;
        }
        if last_y >= ny {
            bounds.lo.y = 0;
        }
        bounds.hi.x = bounds.hi.x.max(last_x);
        bounds.hi.y = bounds.hi.y.max(last_y.min(ny - 1));
    }
    bounds.hi = Voxel::new(bounds.hi.x + 1, bounds.hi.y + 1, bounds.hi.z + 1);
    bounds
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::label::Origin;
    use proptest::prelude::*;

    const MANUAL: LabelValue = LabelValue { class: 1, origin: Origin::Manual };

    fn extent() -> Extent {
        Extent::new(5, 4, 3).unwrap()
    }

    fn run(start: usize, len: usize) -> Run {
        Run { start, len, old: LabelValue::UNKNOWN, new: MANUAL }
    }

    /// Writes of up to three classes or unknown, in ascending order.
    fn any_writes() -> impl Strategy<Value = Vec<(Range<usize>, LabelValue)>> {
        let value =
            (0u8..4).prop_map(|c| if c == 3 { LabelValue::UNKNOWN } else { LabelValue::new(c, Origin::Manual) });
        prop::collection::vec((0usize..9, 1usize..12, value), 0..8).prop_map(|parts| {
            let mut end = 0;
            let mut writes = Vec::new();
            for (gap, len, value) in parts {
                let range = (end + gap).min(60)..(end + gap + len).min(60);
                end = range.end;
                writes.push((range, value));
            }
            writes
        })
    }

    #[test]
    fn runs_out_of_order_or_out_of_range_are_refused() {
        assert_eq!(Delta::new(vec![run(4, 2), run(5, 1)], extent()), Err(DeltaError::Unsorted { run: 1 }));
        let beyond = Delta::new(vec![run(58, 3)], extent());
        assert_eq!(beyond, Err(DeltaError::OutOfRange { index: 60, voxel_count: 60 }));
        assert!(matches!(Delta::new(vec![run(usize::MAX, 2)], extent()), Err(DeltaError::OutOfRange { .. })));
    }

    #[test]
    fn neighbouring_runs_are_joined_and_idle_ones_dropped() {
        let idle = Run { new: LabelValue::UNKNOWN, ..run(8, 2) };
        let delta = Delta::new(vec![run(2, 3), run(5, 1), idle], extent()).unwrap();
        assert_eq!(delta.runs(), [run(2, 4)]);
        assert_eq!(delta.voxel_count(), 4);
    }

    /// Of one run: whole rows if it leaves its row, whole slices if it leaves its slice.
    fn box_of(run: &Run) -> VoxelBox {
        let (first, last) = (extent().voxel(run.start), extent().voxel(run.start + run.len - 1));
        let mut bounds = VoxelBox::of_voxel(first).union(&VoxelBox::of_voxel(last));
        if (first.y, first.z) != (last.y, last.z) {
            (bounds.lo.x, bounds.hi.x) = (0, extent().x());
        }
        if first.z != last.z {
            (bounds.lo.y, bounds.hi.y) = (0, extent().y());
        }
        bounds
    }

    #[test]
    fn bounds_hold_exactly_the_rows_and_slices_a_run_crosses() {
        let in_row = Delta::new(vec![run(6, 2)], extent()).unwrap();
        assert_eq!(in_row.bounds(), VoxelBox { lo: Voxel::new(1, 1, 0), hi: Voxel::new(3, 2, 1) });
        let rows = Delta::new(vec![run(4, 2)], extent()).unwrap();
        assert_eq!(rows.bounds(), VoxelBox { lo: Voxel::new(0, 0, 0), hi: Voxel::new(5, 2, 1) });
        let slices = Delta::new(vec![run(19, 2)], extent()).unwrap();
        assert_eq!(slices.bounds(), VoxelBox { lo: Voxel::new(0, 0, 0), hi: Voxel::new(5, 4, 2) });
    }

    #[test]
    fn a_change_made_on_other_labels_errors_and_changes_nothing() {
        let mut labels = LabelMap::unknown(extent());
        labels.write_run(7, 1, LabelValue::new(2, Origin::Imported));
        let before = labels.clone();
        let delta = Delta::new(vec![run(0, 2), run(6, 3)], extent()).unwrap();
        assert_eq!(delta.apply(&mut labels, Direction::Forward), Err(DeltaError::Mismatch { index: 7 }));
        assert_eq!(delta.apply(&mut labels, Direction::Backward), Err(DeltaError::Mismatch { index: 0 }));
        let turned = Delta::new(vec![run(0, 2)], Extent::new(4, 5, 3).unwrap()).unwrap();
        assert!(matches!(turned.apply(&mut labels, Direction::Forward), Err(DeltaError::OtherExtent { .. })));
        assert_eq!(labels, before);
    }

    proptest! {
        #[test]
        fn a_merged_change_equals_both_in_turn_and_goes_back_in_one(
            start in any_writes(), first in any_writes(), second in any_writes(),
        ) {
            let mut labels = LabelMap::unknown(extent());
            Delta::between(&labels, start).unwrap().apply(&mut labels, Direction::Forward).unwrap();
            let before = labels.clone();
            let first = Delta::between(&labels, first).unwrap();
            first.apply(&mut labels, Direction::Forward).unwrap();
            let second = Delta::between(&labels, second).unwrap();
            second.apply(&mut labels, Direction::Forward).unwrap();

            let merged = first.merge(&second);
            prop_assert_eq!(&Delta::new(merged.runs().to_vec(), extent()).unwrap(), &merged);
            let mut once = before.clone();
            merged.apply(&mut once, Direction::Forward).unwrap();
            prop_assert_eq!(once.class(), labels.class());
            prop_assert_eq!(once.origin(), labels.origin());
            prop_assert_eq!(once.revision(), before.revision() + 1);
            let mut back = once.clone();
            merged.reversed().apply(&mut back, Direction::Forward).unwrap();
            merged.apply(&mut once, Direction::Backward).unwrap();
            prop_assert_eq!(&back, &once);
            prop_assert_eq!(once.class(), before.class());
            prop_assert_eq!(once.origin(), before.origin());
        }

        #[test]
        fn bounds_hold_every_changed_voxel(writes in any_writes()) {
            let delta = Delta::between(&LabelMap::unknown(extent()), writes).unwrap();
            let inside = |i| delta.bounds().contains(extent().voxel(i));
            prop_assert!(delta.runs().iter().flat_map(Run::range).all(inside));
            prop_assert_eq!(delta.bounds(), delta.runs().iter().fold(NOTHING, |b, run| b.union(&box_of(run))));
        }
    }
}

//! Undo and redo of named steps within a byte budget, and the staging of a stroke that is still being painted.

use std::collections::VecDeque;
use std::sync::Arc;

use thiserror::Error;

use super::{Delta, DeltaError, Direction, HistoryRecord, StoredStep};
use crate::geometry::{Voxel, VoxelBox};
use crate::label::LabelMap;

/// The steps of one case. Deltas given to it have already been applied to the case's labels.
#[derive(Debug)]
pub struct History {
    done: VecDeque<StoredStep>,
    undone: Vec<StoredStep>,
    open: Option<OpenStroke>,
    byte_budget: usize,
}

/// What an undo or redo did, and where to look.
#[derive(Clone, Debug)]
pub struct HistoryStep {
    pub name: String,
    pub delta: Arc<Delta>,
    pub direction: Direction,
    pub location: Voxel,
    pub changed: VoxelBox,
}

#[derive(Debug, Error, PartialEq, Eq)]
pub enum HistoryError {
    #[error("finish the current stroke before undoing or redoing")]
    StrokeOpen,
    #[error("the step {name} cannot be undone or redone: {source}")]
    Delta { name: String, source: DeltaError },
}

#[derive(Clone, Debug)]
struct OpenStroke {
    name: String,
    segments: Vec<Delta>,
}

impl Default for History {
    fn default() -> Self {
        Self::new(Self::DEFAULT_BYTE_BUDGET)
    }
}

impl History {
    pub const DEFAULT_BYTE_BUDGET: usize = 256 << 20;

    /// So many steps stay undoable whatever they weigh.
    pub const STEPS_ALWAYS_KEPT: usize = 100;

    pub fn new(byte_budget: usize) -> Self {
        Self::restore(HistoryRecord::default(), byte_budget)
    }

    /// Continues with the steps of [`Self::to_record`]; the oldest ones beyond the budget are dropped.
    pub fn restore(record: HistoryRecord, byte_budget: usize) -> Self {
        let HistoryRecord { done, undone } = record;
        let mut history = Self { done: done.into(), undone, open: None, byte_budget };
        history.drop_oldest();
        history
    }

    /// The steps that lead to the labels as they are now; of an open stroke, what is painted of it. Copies no runs of
    /// finished steps.
    pub fn to_record(&self) -> HistoryRecord {
        let mut record = HistoryRecord { done: self.done.iter().cloned().collect(), undone: self.undone.clone() };
        if let Some(painted) = self.open.clone().and_then(OpenStroke::into_step) {
            record.done.push(painted);
            record.undone.clear();
        }
        record
    }

    /// Records an applied step; what had been undone can no longer be redone.
    ///
    /// A stroke still open becomes a step of its own before this one; its delta is returned.
    pub fn push(&mut self, name: String, delta: impl Into<Arc<Delta>>, location: Voxel) -> Option<Arc<Delta>> {
        let closed = self.commit();
        self.record(StoredStep { name, delta: delta.into(), location });
        closed
    }

    /// Opens a stroke. One that was still open is committed; its delta is returned.
    pub fn begin(&mut self, name: String) -> Option<Arc<Delta>> {
        let closed = self.commit();
        self.open = Some(OpenStroke { name, segments: Vec::new() });
        closed
    }

    /// Adds an applied segment to the open stroke; without one it becomes a stroke called "Edit".
    pub fn stage(&mut self, delta: Delta) {
        let unnamed = || OpenStroke { name: "Edit".to_owned(), segments: Vec::new() };
        self.open.get_or_insert_with(unnamed).segments.push(delta);
    }

    /// Closes the open stroke as one step. `None` if it changed nothing.
    pub fn commit(&mut self) -> Option<Arc<Delta>> {
        let step = self.open.take()?.into_step()?;
        let delta = Arc::clone(&step.delta);
        self.record(step);
        Some(delta)
    }

    /// Names the newest step, for instance by what a stroke has changed in the end.
    pub fn rename_newest(&mut self, name: String) {
        if let Some(step) = self.done.back_mut() {
            step.name = name;
        }
    }

    pub fn is_stroke_open(&self) -> bool {
        self.open.is_some()
    }

    /// Takes the newest step back. `Ok(None)` if there is none; on an error labels and history are as before.
    pub fn undo(&mut self, labels: &mut LabelMap) -> Result<Option<HistoryStep>, HistoryError> {
        self.require_no_open_stroke()?;
        let Some(step) = self.done.back() else { return Ok(None) };
        let report = step.replay(labels, Direction::Backward)?;
        self.undone.extend(self.done.pop_back());
        Ok(Some(report))
    }

    /// Repeats the step undone last. `Ok(None)` if there is none; on an error labels and history are as before.
    pub fn redo(&mut self, labels: &mut LabelMap) -> Result<Option<HistoryStep>, HistoryError> {
        self.require_no_open_stroke()?;
        let Some(step) = self.undone.last() else { return Ok(None) };
        let report = step.replay(labels, Direction::Forward)?;
        self.done.extend(self.undone.pop());
        Ok(Some(report))
    }

    /// Name of the step that [`Self::undo`] would take back.
    pub fn undo_name(&self) -> Option<&str> {
        self.done.back().map(|s| s.name.as_str())
    }

    /// Name of the step that [`Self::redo`] would repeat.
    pub fn redo_name(&self) -> Option<&str> {
        self.undone.last().map(|s| s.name.as_str())
    }

    /// Number of steps that can be undone.
    pub fn undo_count(&self) -> usize {
        self.done.len()
    }

    /// Number of steps that can be redone.
    pub fn redo_count(&self) -> usize {
        self.undone.len()
    }

    /// Names of all steps, the oldest first: those that are done, then those that were undone.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.done.iter().chain(self.undone.iter().rev()).map(|step| step.name.as_str())
    }

    /// What the steps weigh, and what they may.
    pub fn byte_count(&self) -> usize {
        self.done.iter().chain(&self.undone).map(StoredStep::byte_count).sum()
    }

    pub fn byte_budget(&self) -> usize {
        self.byte_budget
    }

    /// Forgets everything, for instance because the labels were replaced.
    pub fn clear(&mut self) {
        *self = Self::new(self.byte_budget);
    }

    fn record(&mut self, step: StoredStep) {
        self.undone.clear();
        self.done.push_back(step);
        self.drop_oldest();
    }

    fn drop_oldest(&mut self) {
        let mut bytes: usize = self.done.iter().map(StoredStep::byte_count).sum();
        while bytes > self.byte_budget && self.done.len() > Self::STEPS_ALWAYS_KEPT {
            bytes -= self.done.pop_front().map_or(0, |s| s.byte_count());
        }
    }

    fn require_no_open_stroke(&self) -> Result<(), HistoryError> {
        if self.open.is_some() { Err(HistoryError::StrokeOpen) } else { Ok(()) }
    }
}

impl StoredStep {
    fn replay(&self, labels: &mut LabelMap, direction: Direction) -> Result<HistoryStep, HistoryError> {
        let name = self.name.clone();
        match self.delta.apply(labels, direction) {
            Ok(changed) => {
                Ok(HistoryStep { name, delta: Arc::clone(&self.delta), direction, location: self.location, changed })
            }
            Err(source) => Err(HistoryError::Delta { name, source }),
        }
    }
}

impl OpenStroke {
    /// `None` if it changed nothing.
    fn into_step(self) -> Option<StoredStep> {
        let stroke_end = self.segments.last()?.centre();
        let delta = merge_in_order(self.segments)?;
        if delta.is_empty() {
            return None;
        }
        // The end of a stroke may have undone what its beginning did there.
        let location = if delta.bounds().contains(stroke_end) { stroke_end } else { delta.centre() };
        Some(StoredStep { name: self.name, delta: Arc::new(delta), location })
    }
}

/// Merges neighbours pairwise, so that a stroke of many segments costs `n log n`. `None` if there are none.
fn merge_in_order(mut segments: Vec<Delta>) -> Option<Delta> {
    while segments.len() > 1 {
        segments = segments
            .chunks(2)
            .map(|pair| match pair {
                [first, second] => first.merge(second),
                rest => rest[0].clone(),
            })
            .collect();
    }
    segments.pop()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::{Brush, BrushShape, BrushSize, Paint, PaintRule, StrokeSegment, VoxelSet, paint_voxels};
    use crate::geometry::Extent;
    use proptest::prelude::*;

    fn extent() -> Extent {
        Extent::new(16, 12, 10).unwrap()
    }

    fn paint_span(labels: &mut LabelMap, span: std::ops::Range<usize>, class: u8) -> Delta {
        let voxels = VoxelSet::from_spans(extent(), std::iter::once(span));
        paint_voxels(labels, &voxels, &Paint::with_class(class)).unwrap()
    }

    /// From, to, diameter, ball or disc with its axis, class (3: erase), paint rule.
    type Stroke = ([f64; 3], [f64; 3], f64, Option<usize>, u8, PaintRule);

    fn any_stroke() -> impl Strategy<Value = Stroke> {
        let position = || (-3.0f64..19.0, -3.0f64..15.0, -3.0f64..13.0).prop_map(|(x, y, z)| [x, y, z]);
        let rule = prop_oneof![
            4 => Just(PaintRule::Everything),
            1 => Just(PaintRule::UnknownOnly),
            1 => (0u8..3).prop_map(PaintRule::OnlyClass),
        ];
        (position(), position(), 0.2f64..8.0, prop::option::of(0usize..3), 0u8..4, rule)
    }

    fn paint_stroke(labels: &mut LabelMap, (from, to, size, disc_axis, class, rule): Stroke) -> Option<Delta> {
        let shape = if disc_axis.is_some() { BrushShape::Disc } else { BrushShape::Ball };
        let brush = Brush { shape, size: BrushSize::Mm(size) };
        let locked = std::array::from_fn(|c| c == 2 && size < 1.0);
        let paint = Paint { class: (class < 3).then_some(class), rule, locked };
        let plane_normal_axis = disc_axis.unwrap_or(0);
        let segment = StrokeSegment { brush, plane_normal_axis, from, to, spacing_mm: [1.0, 0.8, 2.0] };
        let voxels = segment.voxels(labels.extent());
        paint_voxels(labels, &voxels, &paint)
    }

    proptest! {
        #[test]
        fn undo_restores_every_state_and_redo_repeats_it(
            strokes in prop::collection::vec(prop::collection::vec(any_stroke(), 1..5), 1..8),
        ) {
            let mut labels = LabelMap::unknown(extent());
            let mut history = History::default();
            let mut states = vec![labels.clone()];
            for segments in strokes {
                history.begin("Brush".to_owned());
                for segment in segments {
                    if let Some(delta) = paint_stroke(&mut labels, segment) {
                        history.stage(delta);
                    }
                }
                if history.commit().is_some() {
                    states.push(labels.clone());
                }
            }
            let same = |a: &LabelMap, b: &LabelMap| a.class() == b.class() && a.origin() == b.origin();
            for state in states.iter().rev().skip(1) {
                let step = history.undo(&mut labels).unwrap().unwrap();
                prop_assert!(same(&labels, state));
                prop_assert!(step.changed.contains(step.location));
            }
            prop_assert!(history.undo(&mut labels).unwrap().is_none());
            history.redo(&mut labels).unwrap();
            let mut history = History::restore(history.to_record(), History::DEFAULT_BYTE_BUDGET);
            history.undo(&mut labels).unwrap();
            for state in &states[1..] {
                history.redo(&mut labels).unwrap().unwrap();
                prop_assert!(same(&labels, state));
            }
            prop_assert!(history.redo(&mut labels).unwrap().is_none());
        }
    }

    #[test]
    fn steps_carry_their_name_and_place_and_a_new_step_ends_redo() {
        let mut labels = LabelMap::unknown(extent());
        let mut history = History::default();
        let first = paint_span(&mut labels, 0..4, 1);
        history.push("Brush".to_owned(), first, Voxel::new(1, 0, 0));
        let second = paint_span(&mut labels, 2..6, 2);
        history.push("Fill".to_owned(), second, Voxel::new(4, 0, 0));
        assert_eq!((history.undo_name(), history.redo_name()), (Some("Fill"), None));
        let step = history.undo(&mut labels).unwrap().unwrap();
        assert_eq!((step.name.as_str(), step.location), ("Fill", Voxel::new(4, 0, 0)));
        assert_eq!((step.direction, labels.value_at(3).class), (Direction::Backward, 1));
        assert_eq!((history.undo_name(), history.redo_name()), (Some("Brush"), Some("Fill")));
        let third = paint_span(&mut labels, 9..10, 1);
        history.push("Brush".to_owned(), third, Voxel::new(9, 0, 0));
        assert_eq!((history.undo_count(), history.redo_count()), (2, 0));
    }

    #[test]
    fn a_stroke_that_ends_as_it_began_is_no_step() {
        let mut labels = LabelMap::unknown(extent());
        let mut history = History::default();
        history.begin("Brush".to_owned());
        assert_eq!(history.commit(), None);
        history.begin("Brush".to_owned());
        history.stage(paint_span(&mut labels, 0..4, 1));
        let all = VoxelSet::from_spans(extent(), std::iter::once(0..4));
        history.stage(paint_voxels(&mut labels, &all, &Paint::eraser()).unwrap());
        assert_eq!((history.commit(), history.undo_count()), (None, 0));
    }

    #[test]
    fn undo_waits_for_the_end_of_a_stroke_and_a_new_step_ends_it() {
        let mut labels = LabelMap::unknown(extent());
        let mut history = History::default();
        history.begin("Brush".to_owned());
        history.stage(paint_span(&mut labels, 0..4, 1));
        assert_eq!(history.undo(&mut labels).unwrap_err(), HistoryError::StrokeOpen);
        let fill = paint_span(&mut labels, 2..8, 2);
        let closed = history.push("Fill".to_owned(), fill, Voxel::default()).unwrap();
        assert_eq!((closed.voxel_count(), history.undo_count()), (4, 2));
        history.undo(&mut labels).unwrap().unwrap();
        history.undo(&mut labels).unwrap().unwrap();
        assert_eq!(labels.known_count(), 0);
    }

    #[test]
    fn a_record_taken_during_a_stroke_leads_to_the_labels_of_that_moment() {
        let mut labels = LabelMap::unknown(extent());
        let mut history = History::default();
        let first = paint_span(&mut labels, 0..4, 1);
        history.push("Brush".to_owned(), first, Voxel::default());
        history.undo(&mut labels).unwrap();
        history.begin("Stroke".to_owned());
        assert_eq!((history.to_record().done.len(), history.to_record().undone.len()), (0, 1));
        history.stage(paint_span(&mut labels, 2..5, 2));
        history.stage(paint_span(&mut labels, 5..7, 2));
        let mut restored = History::restore(history.to_record(), History::DEFAULT_BYTE_BUDGET);
        assert_eq!((restored.undo_count(), restored.redo_count()), (1, 0));
        restored.undo(&mut labels).unwrap().unwrap();
        assert_eq!(labels.known_count(), 0);
        assert!(history.is_stroke_open(), "the stroke goes on");
    }

    #[test]
    fn labels_changed_behind_its_back_stop_undo_without_losing_the_step() {
        let mut labels = LabelMap::unknown(extent());
        let mut history = History::default();
        let delta = paint_span(&mut labels, 0..4, 1);
        history.push("Brush".to_owned(), delta, Voxel::default());
        paint_span(&mut labels, 1..2, 3);
        let before = labels.clone();
        assert!(matches!(history.undo(&mut labels), Err(HistoryError::Delta { .. })));
        assert_eq!((labels == before, history.undo_count()), (true, 1));
    }

    #[test]
    fn a_small_budget_drops_the_oldest_steps_but_keeps_a_hundred() {
        let mut labels = LabelMap::unknown(extent());
        let mut history = History::new(1);
        for i in 0..130 {
            let delta = paint_span(&mut labels, i..i + 1, 1);
            history.push(format!("Stroke {i}"), delta, Voxel::default());
        }
        assert_eq!(history.undo_count(), History::STEPS_ALWAYS_KEPT);
        while history.undo(&mut labels).unwrap().is_some() {}
        assert_eq!((labels.known_count(), history.redo_name()), (30, Some("Stroke 30")));
        while history.redo(&mut labels).unwrap().is_some() {}
        let mut record = history.to_record();
        let next = paint_span(&mut labels, 130..131, 1);
        record.push("Edit".to_owned(), next);
        let restored = History::restore(record, 1);
        assert_eq!(restored.names().next(), Some("Stroke 31"));
        assert_eq!((restored.undo_count(), restored.undo_name()), (History::STEPS_ALWAYS_KEPT, Some("Edit")));
        let mut roomy = History::default();
        for i in 200..330 {
            let delta = paint_span(&mut labels, i..i + 1, 1);
            roomy.push("Stroke".to_owned(), delta, Voxel::default());
        }
        assert_eq!(roomy.undo_count(), 130);
    }
}

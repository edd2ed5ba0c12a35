//! Undo and redo of named steps within a byte budget, and the staging of a stroke that is still being painted.

use std::collections::VecDeque;
use std::sync::Arc;

use thiserror::Error;

use super::{Delta, DeltaError, Direction};
use crate::geometry::{Voxel, VoxelBox};
use crate::label::LabelMap;

/// The steps of one case. Deltas given to it have already been applied to the case's labels.
#[derive(Debug)]
pub struct History {
    done: VecDeque<Step>,
    undone: Vec<Step>,
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
struct Step {
    name: String,
    delta: Arc<Delta>,
    location: Voxel,
}

#[derive(Debug)]
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
        Self { done: VecDeque::new(), undone: Vec::new(), open: None, byte_budget }
    }

    /// Records an applied step; what had been undone can no longer be redone.
    ///
    /// A stroke still open becomes a step of its own before this one; its delta is returned.
    pub fn push(&mut self, name: String, delta: impl Into<Arc<Delta>>, location: Voxel) -> Option<Arc<Delta>> {
        let closed = self.commit();
        self.record(Step { name, delta: delta.into(), location });
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
        let stroke = self.open.take()?;
        let location = stroke.segments.last()?.centre();
        let delta = Arc::new(merge_in_order(stroke.segments)?);
        if delta.is_empty() {
            return None;
        }
        self.record(Step { name: stroke.name, delta: Arc::clone(&delta), location });
        Some(delta)
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

    /// Forgets everything, for instance because the labels were replaced.
    pub fn clear(&mut self) {
        *self = Self::new(self.byte_budget);
    }

    fn record(&mut self, step: Step) {
        self.undone.clear();
        self.done.push_back(step);
        let mut bytes: usize = self.done.iter().map(Step::byte_count).sum();
        while bytes > self.byte_budget && self.done.len() > Self::STEPS_ALWAYS_KEPT {
            bytes -= self.done.pop_front().map_or(0, |s| s.byte_count());
        }
    }

    fn require_no_open_stroke(&self) -> Result<(), HistoryError> {
        if self.open.is_some() { Err(HistoryError::StrokeOpen) } else { Ok(()) }
    }
}

impl Step {
    fn replay(&self, labels: &mut LabelMap, direction: Direction) -> Result<HistoryStep, HistoryError> {
        let name = self.name.clone();
        match self.delta.apply(labels, direction) {
            Ok(changed) => {
                Ok(HistoryStep { name, delta: Arc::clone(&self.delta), direction, location: self.location, changed })
            }
            Err(source) => Err(HistoryError::Delta { name, source }),
        }
    }

    fn byte_count(&self) -> usize {
        size_of::<Self>() + self.name.len() + self.delta.byte_count()
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

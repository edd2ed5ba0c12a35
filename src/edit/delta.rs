//! A change of labels as runs with old and new values; the same type feeds undo, the journal and the trainer.

use thiserror::Error;

use crate::geometry::{Extent, VoxelBox};
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
}

//! Why an operation proposes nothing.

use thiserror::Error;

use crate::label::ClassId;

#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum OperationError {
    #[error("the operation was cancelled")]
    Cancelled,
    #[error("there is no slice {index} along axis {axis}")]
    NoSuchSlice { axis: usize, index: usize },
    #[error("class {0} is locked; unlock it to change it")]
    ClassLocked(ClassId),
    #[error("background is what no class is; choose a class")]
    BackgroundChosen,
    #[error("choose at least one class")]
    NoClassChosen,
    #[error("class {0} has no voxels here")]
    Empty(ClassId),
    #[error("the voxel pointed at does not belong to class {0}")]
    NotOnClass(ClassId),
    #[error("class {0} is not free: it has voxels already, or is chosen twice")]
    ClassTaken(ClassId),
    #[error("the {0} must be a number above zero")]
    UselessNumber(&'static str),
    #[error("the lower limit lies above the upper one, or one of them is no number")]
    UselessRange,
    #[error("there is no image on the grid of the labels")]
    NoImage,
    #[error("there is nothing between drawn slices: draw at least two slices with a gap between them")]
    NoGap,
}

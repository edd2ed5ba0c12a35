//! Operations on labels as a whole: worked out as a proposal, shown, and then written in one step or forgotten.
//!
//! What holds for all of them: a locked class neither loses nor gains a voxel, except that what is removed from a class
//! becomes known background even if that is locked; whatever is written has the origin `Manual`, and voxels that keep
//! their class keep their origin; the paint rule says which voxels may be written; nothing outside the scope changes.

mod draft;
mod error;
mod gate;
mod interpolate;
mod islands;
mod proposal;
mod request;
mod shape;
mod task;
mod tiles;
mod voxelwise;
mod watch;

#[cfg(test)]
mod tests;

pub use error::OperationError;
pub use proposal::Proposal;
pub use request::{Combination, Operation, OperationRequest, Scope, Smoothing};
pub use watch::Watch;

use crate::label::LabelMap;
use crate::volume::Image;
use task::Task;

/// Works out what an operation would write; the labels stay as they are. `Ok(None)`: nothing would change,
/// perhaps because the paint rule forbids it.
///
/// Only [`Operation::Threshold`] looks at the image, which must have the extent of the labels.
pub fn propose(
    labels: &LabelMap,
    image: Option<&Image>,
    request: &OperationRequest,
    watch: &Watch,
) -> Result<Option<Proposal>, OperationError> {
    let task = &Task::new(labels, request, watch)?;
    let delta = match &request.operation {
        Operation::KeepLargestIsland => islands::keep_largest(task),
        Operation::RemoveSmallIslands { smaller_than_mm3 } => islands::remove_small(task, *smaller_than_mm3),
        Operation::RemoveIsland { at } => islands::remove_at(task, *at),
        Operation::KeepIsland { at } => islands::keep_at(task, *at),
        Operation::SplitIslands { into } => islands::split(task, into),
        Operation::FillHoles { slices_along } => shape::fill_holes(task, *slices_along),
        Operation::Smooth(smoothing) => shape::smooth(task, smoothing),
        Operation::Margin { mm } => shape::margin(task, *mm),
        Operation::Hollow { thickness_mm, wall } => shape::hollow(task, *thickness_mm, *wall),
        Operation::Combine { with, grown_mm, how } => shape::combine(task, *with, *grown_mm, *how),
        Operation::Invert => voxelwise::invert(task),
        Operation::Clear => voxelwise::clear(task),
        Operation::ReplaceClass { by } => voxelwise::replace(task, *by),
        Operation::Interpolate { axis, classes, complete } => interpolate::run(task, *axis, classes, *complete),
        Operation::CopySlice { axis, from, to, classes } => voxelwise::copy_slice(task, *axis, *from, *to, classes),
        Operation::Threshold { low, high } => voxelwise::threshold(task, image, *low, *high),
    }?;
    Ok((!delta.is_empty()).then(|| Proposal::new(delta, labels)))
}

//! Operations that look at one voxel at a time.

use super::gate::Gate;
use super::task::{Task, is_known, slice_box};
use super::{OperationError, OperationRequest};
use crate::edit::Delta;
use crate::label::ClassId;
use crate::volume::Image;

pub(super) fn clear(task: &Task) -> Result<Delta, OperationError> {
    give_to_class(task, 0)
}

pub(super) fn replace(task: &Task, by: ClassId) -> Result<Delta, OperationError> {
    if task.request.is_locked(by) {
        return Err(OperationError::ClassLocked(by));
    }
    give_to_class(task, by)
}

pub(super) fn invert(task: &Task) -> Result<Delta, OperationError> {
    let OperationRequest { class, .. } = *task.request;
    let wish = |_, old| Some(if is_known(old, class) { 0 } else { class });
    task.rewrite(task.scope, Gate::new(task.request), wish)
}

/// An intensity that is no number lies in no range.
pub(super) fn threshold(task: &Task, image: Option<&Image>, low: f64, high: f64) -> Result<Delta, OperationError> {
    if low.is_nan() || high.is_nan() || low > high {
        return Err(OperationError::UselessRange);
    }
    let image = image.filter(|image| image.extent() == task.labels.extent()).ok_or(OperationError::NoImage)?;
    let class = task.request.class;
    let wish = |index, _| (low..=high).contains(&image.intensity_at(index)).then_some(class);
    task.rewrite(task.scope, Gate::new(task.request), wish)
}

/// Known voxels of the classes in one slice are put over those of another, as far as that lies in scope.
pub(super) fn copy_slice(
    task: &Task,
    axis: usize,
    from: usize,
    to: usize,
    classes: &[ClassId],
) -> Result<Delta, OperationError> {
    let extent = task.labels.extent();
    slice_box(extent, axis, from)?;
    let target = slice_box(extent, axis, to)?.intersect(&task.scope);
    // More of a locked class would change it too.
    let wanted = |class: ClassId| classes.contains(&class) && !task.request.is_locked(class);
    let wish = |index, _| {
        let there = task.labels.value(extent.voxel(index).with_axis(axis, from));
        (there.origin.is_known() && wanted(there.class)).then_some(there.class)
    };
    task.rewrite(target, Gate::new(task.request), wish)
}

fn give_to_class(task: &Task, by: ClassId) -> Result<Delta, OperationError> {
    let OperationRequest { class, .. } = *task.request;
    let bounds = task.bounds_of(class)?;
    task.rewrite(bounds, Gate::new(task.request), |_, old| is_known(old, class).then_some(by))
}

//! What a tool writes and which voxels it may touch.

use super::delta::{Direction, RunList};
use super::{Delta, Run, VoxelSet};
use crate::label::{ClassId, LabelMap, LabelValue, Origin};

/// One flag per class number.
pub type ClassFlags = [bool; 256];

/// Which voxels a tool may change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PaintRule {
    #[default]
    Everything,
    /// Only voxels nobody has said anything about.
    UnknownOnly,
    /// Only known voxels of this class (0: known background).
    OnlyClass(ClassId),
}

/// What a hand tool writes: a class, or `None` to erase back to unknown.
///
/// Known voxels of a locked class stay as they are; painting more of a locked class is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paint {
    pub class: Option<ClassId>,
    pub rule: PaintRule,
    pub locked: ClassFlags,
}

impl Paint {
    /// Paints `class` over everything; nothing is locked.
    pub fn with_class(class: ClassId) -> Self {
        Self { class: Some(class), rule: PaintRule::Everything, locked: [false; 256] }
    }

    /// Erases everything back to unknown; nothing is locked.
    pub fn eraser() -> Self {
        Self { class: None, rule: PaintRule::Everything, locked: [false; 256] }
    }

    /// Value of a voxel after painting over it.
    pub fn over(&self, old: LabelValue) -> LabelValue {
        let known = old.origin.is_known();
        let allowed = match self.rule {
            PaintRule::Everything => true,
            PaintRule::UnknownOnly => !known,
            PaintRule::OnlyClass(class) => known && old.class == class,
        };
        if !allowed || (known && self.locked[usize::from(old.class)]) {
            return old;
        }
        self.class.map_or(LabelValue::UNKNOWN, |class| LabelValue::new(class, Origin::Manual))
    }
}

/// Gives every voxel of `voxels` the value `new_value(index, old)`. `None` (and no new revision) if none changes
/// or the set belongs to another extent.
pub(super) fn rewrite(
    labels: &mut LabelMap,
    voxels: &VoxelSet,
    new_value: impl Fn(usize, LabelValue) -> LabelValue,
) -> Option<Delta> {
    if voxels.extent() != labels.extent() {
        return None;
    }
    let mut runs = RunList::default();
    for start in voxels.indices() {
        let old = labels.value_at(start);
        runs.push(Run { start, len: 1, old, new: new_value(start, old) });
    }
    let delta = runs.into_delta(labels.extent());
    if delta.is_empty() {
        return None;
    }
    delta.write(labels, Direction::Forward);
    Some(delta)
}

/// Paints a set of voxels. `None` if nothing changes.
pub fn paint_voxels(labels: &mut LabelMap, voxels: &VoxelSet, paint: &Paint) -> Option<Delta> {
    rewrite(labels, voxels, |_, old| paint.over(old))
}

/// Turns the unknown voxels of one slice along a voxel axis (0 = x, 1 = y, 2 = z) into background.
///
/// `None` if there is no such slice, nothing in it is unknown, or background is locked.
pub fn complete_slice(labels: &mut LabelMap, axis: usize, index: usize, locked: &ClassFlags) -> Option<Delta> {
    let slice = VoxelSet::of_slice(labels.extent(), axis, index);
    complete(labels, &slice, locked)
}

/// Turns every unknown voxel of the case into background. `None` if nothing is unknown or background is locked.
pub fn complete_case(labels: &mut LabelMap, locked: &ClassFlags) -> Option<Delta> {
    let all = VoxelSet::all(labels.extent());
    complete(labels, &all, locked)
}

fn complete(labels: &mut LabelMap, voxels: &VoxelSet, locked: &ClassFlags) -> Option<Delta> {
    if locked[0] {
        return None;
    }
    paint_voxels(labels, voxels, &Paint { rule: PaintRule::UnknownOnly, ..Paint::with_class(0) })
}

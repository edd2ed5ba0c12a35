//! What a tool writes and which voxels it may touch.

use std::ops::Range;

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
    let delta = painted(labels, voxels, paint)?;
    delta.write(labels, Direction::Forward);
    Some(delta)
}

/// What painting would change, by stretches of equal voxels: most of a stroke lies on few values.
pub(super) fn painted(labels: &LabelMap, voxels: &VoxelSet, paint: &Paint) -> Option<Delta> {
    if voxels.extent() != labels.extent() {
        return None;
    }
    let (classes, origins) = (labels.class().as_slice(), bytemuck::cast_slice(labels.origin().as_slice()));
    let mut runs = RunList::with_capacity(voxels.spans().len());
    for span in voxels.spans() {
        let mut start = span.start;
        while start < span.end {
            let old = labels.value_at(start);
            let alike = start..start + alike_count(classes, start..span.end, old.class);
            let len = alike_count(origins, alike, old.origin.code());
            runs.push(Run { start, len, old, new: paint.over(old) });
            start += len;
        }
    }
    let delta = runs.into_delta(labels.extent());
    (!delta.is_empty()).then_some(delta)
}

/// How many bytes of a span, from its first one on, are `value`. Looks at eight at once, also beyond the end of a short span:
/// a stroke is made of thousands of them.
fn alike_count(plane: &[u8], span: Range<usize>, value: u8) -> usize {
    let pattern = u64::from_ne_bytes([value; 8]);
    let mut at = span.start;
    while at < span.end {
        let Some(word) = plane[at..].first_chunk() else {
            return plane[span.start..span.end].iter().take_while(|byte| **byte == value).count();
        };
        let differing = u64::from_le_bytes(*word) ^ pattern;
        if differing != 0 {
            at += (differing.trailing_zeros() / 8) as usize;
            break;
        }
        at += word.len();
    }
    at.min(span.end) - span.start
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Extent, Voxel};
    use proptest::prelude::*;

    const LOCKED: ClassId = 3;

    fn locked() -> ClassFlags {
        std::array::from_fn(|class| class == usize::from(LOCKED))
    }

    fn values() -> [LabelValue; 4] {
        let known = |class| LabelValue::new(class, Origin::Imported);
        [LabelValue::UNKNOWN, known(0), known(1), known(LOCKED)]
    }

    /// Which of unknown, background, class 1 and the locked class a paint changes.
    fn touched(class: Option<ClassId>, rule: PaintRule) -> [bool; 4] {
        let paint = Paint { class, rule, locked: locked() };
        values().map(|old| paint.over(old) != old)
    }

    #[test]
    fn rules_choose_what_is_painted_over_and_locked_classes_stay() {
        assert_eq!(touched(Some(2), PaintRule::Everything), [true, true, true, false]);
        assert_eq!(touched(Some(2), PaintRule::UnknownOnly), [true, false, false, false]);
        assert_eq!(touched(Some(2), PaintRule::OnlyClass(1)), [false, false, true, false]);
        assert_eq!(touched(Some(2), PaintRule::OnlyClass(0)), [false, true, false, false]);
        assert_eq!(touched(Some(2), PaintRule::OnlyClass(LOCKED)), [false; 4]);
        assert_eq!(touched(None, PaintRule::Everything), [false, true, true, false]);
        assert_eq!(touched(None, PaintRule::UnknownOnly), [false; 4]);
    }

    #[test]
    fn the_background_brush_says_background_and_the_eraser_says_nothing() {
        assert_eq!(Paint::with_class(0).over(LabelValue::UNKNOWN), LabelValue::new(0, Origin::Manual));
        assert_eq!(Paint::eraser().over(LabelValue::new(4, Origin::Accepted)), LabelValue::UNKNOWN);
    }

    #[test]
    fn completing_a_slice_turns_only_its_unknown_voxels_into_background() {
        let extent = Extent::new(4, 3, 2).unwrap();
        let mut labels = LabelMap::unknown(extent);
        let seed = VoxelSet::from_spans(extent, std::iter::once(5..7));
        paint_voxels(&mut labels, &seed, &Paint::with_class(1)).unwrap();
        let delta = complete_slice(&mut labels, 2, 0, &[false; 256]).unwrap();
        assert_eq!(delta.voxel_count(), 10);
        assert_eq!(labels.value(Voxel::new(1, 1, 0)).class, 1);
        assert_eq!(labels.value(Voxel::new(0, 0, 0)), LabelValue::new(0, Origin::Manual));
        assert!(!labels.value(Voxel::new(0, 0, 1)).origin.is_known());
        assert_eq!(complete_slice(&mut labels, 2, 0, &[false; 256]), None);
        assert_eq!(complete_slice(&mut labels, 2, 2, &[false; 256]), None);
    }

    #[test]
    fn completing_a_case_leaves_nothing_unknown_unless_background_is_locked() {
        let extent = Extent::new(4, 3, 2).unwrap();
        let mut labels = LabelMap::unknown(extent);
        let background_locked: ClassFlags = std::array::from_fn(|class| class == 0);
        assert_eq!(complete_case(&mut labels, &background_locked), None);
        assert_eq!(complete_case(&mut labels, &locked()).map(|d| d.voxel_count()), Some(24));
        assert_eq!(labels.known_count(), 24);
        assert_eq!((complete_case(&mut labels, &locked()), labels.revision()), (None, 1));
    }

    proptest! {
        #[test]
        fn alike_bytes_are_counted_up_to_the_first_other_one_or_the_end_of_the_span(
            plane in prop::collection::vec(0u8..2, 1..60), from in 0usize..60, length in 0usize..60, value in 0u8..2,
        ) {
            let start = from.min(plane.len());
            let span = start..(start + length).min(plane.len());
            let expected = plane[span.clone()].iter().take_while(|byte| **byte == value).count();
            prop_assert_eq!(alike_count(&plane, span, value), expected);
        }
    }

    #[test]
    fn a_set_of_another_extent_paints_nothing() {
        let mut labels = LabelMap::unknown(Extent::new(2, 2, 2).unwrap());
        let foreign = VoxelSet::all(Extent::new(3, 3, 3).unwrap());
        assert_eq!(paint_voxels(&mut labels, &foreign, &Paint::with_class(1)), None);
    }
}

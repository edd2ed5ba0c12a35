//! Acceptance of pseudo-labels into voxels nobody has said anything about.

use std::ops::Range;

use super::paint::{ClassFlags, rewrite};
use super::{Delta, VoxelSet};
use crate::geometry::Voxel;
use crate::label::{ClassId, LabelMap, LabelValue, Origin, component_spans_at};
use crate::volume::Grid;

/// Which part of a prediction is accepted.
#[derive(Clone, Debug, PartialEq)]
pub enum Acceptance {
    Case,
    /// Where this class is predicted.
    Class(ClassId),
    /// One slice along a voxel axis (0 = x, 1 = y, 2 = z).
    Slice {
        axis: usize,
        index: usize,
    },
    Brush(VoxelSet),
    /// The connected region of the predicted class at `seed`; predicted background there accepts nothing.
    Component {
        seed: Voxel,
    },
}

impl Acceptance {
    fn voxels(&self, prediction_class: &Grid<ClassId>) -> Option<VoxelSet> {
        let extent = prediction_class.extent();
        match self {
            Self::Case => Some(VoxelSet::all(extent)),
            Self::Class(class) => Some(VoxelSet::from_spans(extent, spans_of(prediction_class.as_slice(), *class))),
            Self::Slice { axis, index } => Some(VoxelSet::of_slice(extent, *axis, *index)),
            Self::Brush(voxels) => Some(voxels.clone()),
            Self::Component { seed } => {
                let class = prediction_class.get(*seed).filter(|&class| class != 0)?;
                let classes = prediction_class.as_slice();
                Some(VoxelSet::from_spans(extent, component_spans_at(|i| classes[i] == class, extent, *seed)))
            }
        }
    }
}

/// Where a class stands, as stretches of linear indices.
fn spans_of(classes: &[ClassId], wanted: ClassId) -> impl Iterator<Item = Range<usize>> {
    let stretches = classes.chunk_by(|a, b| a == b).scan(0, |end, alike| {
        let start = std::mem::replace(end, *end + alike.len());
        Some((alike[0], start..*end))
    });
    stretches.filter(move |(class, _)| *class == wanted).map(|(_, span)| span)
}

/// Copies predicted classes into the unknown voxels of `what` that pass `filter` (given a linear index), with origin
/// `Accepted`. Locked classes do not grow.
///
/// `None` if no voxel changes or the prediction has another extent than the labels.
pub fn accept(
    labels: &mut LabelMap,
    prediction_class: &Grid<ClassId>,
    what: &Acceptance,
    filter: impl Fn(usize) -> bool,
    locked: &ClassFlags,
) -> Option<Delta> {
    if prediction_class.extent() != labels.extent() {
        return None;
    }
    let voxels = what.voxels(prediction_class)?;
    let predicted = prediction_class.as_slice();
    rewrite(labels, &voxels, |index, old| {
        let class = predicted[index];
        if old.origin.is_known() || locked[usize::from(class)] || !filter(index) {
            return old;
        }
        LabelValue::new(class, Origin::Accepted)
    })
}

/// What was accepted there is unknown again; labels of other origins and locked classes stay. `None` if nothing changes or
/// the voxels are of another extent.
pub fn withdraw_accepted(labels: &mut LabelMap, voxels: &VoxelSet, locked: &ClassFlags) -> Option<Delta> {
    rewrite(labels, voxels, |_, old| {
        let stays = old.origin != Origin::Accepted || locked[usize::from(old.class)];
        if stays { old } else { LabelValue::UNKNOWN }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::{Brush, BrushShape, BrushSize, Direction, Paint, StrokeSegment, paint_voxels};
    use crate::geometry::Extent;

    const FREE: ClassFlags = [false; 256];

    fn extent() -> Extent {
        Extent::new(6, 4, 3).unwrap()
    }

    /// Two pieces of class 1 at the ends of x, class 2 in the middle of the last row, background elsewhere.
    fn prediction() -> Grid<ClassId> {
        Grid::from_fn(extent(), |v| match (v.x, v.y) {
            (0 | 5, _) => 1,
            (2 | 3, 3) => 2,
            _ => 0,
        })
    }

    fn class_count(labels: &LabelMap, class: ClassId) -> usize {
        (0..extent().voxel_count()).filter(|&i| labels.value_at(i) == LabelValue::new(class, Origin::Accepted)).count()
    }

    #[test]
    fn accepting_a_case_writes_unknown_voxels_only_and_goes_back_in_one_step() {
        let mut labels = LabelMap::unknown(extent());
        let by_hand = VoxelSet::from_spans(extent(), std::iter::once(0..3));
        paint_voxels(&mut labels, &by_hand, &Paint::with_class(2)).unwrap();
        let before = labels.clone();
        let delta = accept(&mut labels, &prediction(), &Acceptance::Case, |_| true, &FREE).unwrap();
        assert_eq!(delta.voxel_count(), 72 - 3);
        assert_eq!(labels.value_at(1), LabelValue::new(2, Origin::Manual));
        assert_eq!((class_count(&labels, 1), class_count(&labels, 2)), (23, 6));
        delta.apply(&mut labels, Direction::Backward).unwrap();
        assert_eq!((labels.class(), labels.origin()), (before.class(), before.origin()));
    }

    #[test]
    fn the_filter_and_locked_classes_hold_voxels_back() {
        let mut labels = LabelMap::unknown(extent());
        let locked: ClassFlags = std::array::from_fn(|class| class == 1);
        accept(&mut labels, &prediction(), &Acceptance::Case, |i| i % 6 != 2, &locked).unwrap();
        assert_eq!((class_count(&labels, 1), class_count(&labels, 2)), (0, 3));
        assert!(!labels.value_at(2).origin.is_known());
    }

    #[test]
    fn a_component_is_the_piece_under_the_pointer() {
        let mut labels = LabelMap::unknown(extent());
        let at = |x, y| Acceptance::Component { seed: Voxel::new(x, y, 1) };
        let delta = accept(&mut labels, &prediction(), &at(0, 1), |_| true, &FREE).unwrap();
        assert_eq!((delta.voxel_count(), class_count(&labels, 1)), (12, 12));
        assert!(!labels.value(Voxel::new(5, 1, 1)).origin.is_known());
        assert_eq!(accept(&mut labels, &prediction(), &at(1, 1), |_| true, &FREE), None);
        assert_eq!(accept(&mut labels, &prediction(), &at(9, 1), |_| true, &FREE), None);
    }

    #[test]
    fn a_class_is_accepted_wherever_it_is_predicted_and_no_other() {
        for class in 0..4 {
            let mut labels = LabelMap::unknown(extent());
            let predicted = prediction().as_slice().iter().filter(|c| **c == class).count();
            let delta = accept(&mut labels, &prediction(), &Acceptance::Class(class), |_| true, &FREE);
            assert_eq!(delta.map_or(0, |delta| delta.voxel_count()), predicted, "class {class}");
            assert!(labels.known_count() == predicted && class_count(&labels, class) == predicted);
        }
    }

    #[test]
    fn a_slice_and_a_stroke_accept_what_they_cover() {
        let mut labels = LabelMap::unknown(extent());
        let slice = Acceptance::Slice { axis: 0, index: 5 };
        let delta = accept(&mut labels, &prediction(), &slice, |_| true, &FREE).unwrap();
        assert_eq!((delta.voxel_count(), class_count(&labels, 1)), (12, 12));
        let segment = StrokeSegment {
            brush: Brush { shape: BrushShape::Disc, size: BrushSize::Voxels(1.0) },
            plane_normal_axis: 2,
            from: [1.0, 3.0, 0.0],
            to: [5.0, 3.0, 0.0],
            spacing_mm: [1.0; 3],
        };
        let stroke = Acceptance::Brush(segment.voxels(extent()));
        let delta = accept(&mut labels, &prediction(), &stroke, |_| true, &FREE).unwrap();
        assert_eq!((delta.voxel_count(), class_count(&labels, 2)), (4, 2));
    }

    #[test]
    fn a_prediction_of_another_extent_is_never_accepted() {
        let mut labels = LabelMap::unknown(extent());
        let other = Grid::filled(Extent::new(3, 3, 3).unwrap(), 1);
        assert_eq!(accept(&mut labels, &other, &Acceptance::Case, |_| true, &FREE), None);
        let everything = Acceptance::Brush(VoxelSet::all(extent()));
        assert_eq!(accept(&mut labels, &other, &everything, |_| true, &FREE), None);
    }
}

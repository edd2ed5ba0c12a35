//! Acceptance of pseudo-labels into voxels nobody has said anything about.

use super::paint::{ClassFlags, rewrite};
use super::{Delta, StrokeSegment, VoxelSet};
use crate::geometry::Voxel;
use crate::label::{ClassId, LabelMap, LabelValue, Origin, component_spans_at};
use crate::volume::Grid;

/// Which part of a prediction is accepted.
#[derive(Clone, Debug, PartialEq)]
pub enum Acceptance {
    Case,
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

/// [`accept`] under one segment of a brush stroke.
pub fn stroke_accept(
    labels: &mut LabelMap,
    prediction_class: &Grid<ClassId>,
    segment: &StrokeSegment,
    filter: impl Fn(usize) -> bool,
    locked: &ClassFlags,
) -> Option<Delta> {
    let voxels = segment.voxels(labels.extent());
    accept(labels, prediction_class, &Acceptance::Brush(voxels), filter, locked)
}

//! The adaptive brush: of the voxels under a brush, those of the tissue under the pointer.

use super::local_box::LocalBox;
use super::tissue::Tissue;
use crate::edit::{StrokeSegment, VoxelSet};
use crate::label::component_spans_in;
use crate::volume::Image;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdaptiveSettings {
    /// How far from that of the tissue under the pointer an intensity may be, in spreads (standard deviations) of that
    /// tissue.
    pub multiplier: f64,
    /// Also takes single voxels whose neighbours are all taken, whatever their intensity.
    pub fill_holes: bool,
}

impl Default for AdaptiveSettings {
    /// Three spreads leave out about three in a thousand voxels of normally distributed tissue.
    fn default() -> Self {
        Self { multiplier: 3.0, fill_holes: true }
    }
}

/// The voxels under the segment that are connected to the pointer's (the nearest to `segment.to`) over voxels of
/// similar intensity, 6-connected; it is always one of them.
///
/// The tissue is judged anew by the voxels around the pointer, so it follows slow changes along a stroke; at strong
/// edges only its more typical intensities count. Empty if the pointer is outside or the segment covers nothing.
pub fn adaptive(segment: &StrokeSegment, image: &Image, settings: &AdaptiveSettings) -> VoxelSet {
    let extent = image.extent();
    let covered = segment.voxels(extent);
    let (Some(seed), Some(local)) = (extent.nearest_voxel(segment.to), LocalBox::around(&covered)) else {
        return VoxelSet::from_spans(extent, []);
    };
    // A brush holds the voxel under the pointer unless its spacing is beyond what squares of floats can hold.
    let Some(local_seed) = local.voxel(seed) else {
        return VoxelSet::from_spans(extent, []);
    };
    let axes = axes_of(segment);
    let mut similar = vec![false; local.extent().voxel_count()];
    if let Some(tissue) = Tissue::around(image, seed, axes, segment.spacing_mm) {
        for row in covered.row_spans() {
            for (similar, index) in similar[local.span(&row)].iter_mut().zip(row) {
                *similar = tissue.is_similar(index, settings.multiplier);
            }
        }
    }
    similar[local.extent().index(local_seed)] = true;
    let all = local.extent().full_box();
    let found = component_spans_in(|i| similar[i], local.extent(), all, local_seed, |_| true).unwrap_or_default();
    let found = local.set(found);
    if settings.fill_holes { with_holes_filled(&found, &covered, &local, axes) } else { found }
}

/// Along which axes the brush is more than one voxel thick.
fn axes_of(segment: &StrokeSegment) -> [bool; 3] {
    std::array::from_fn(|axis| !segment.brush.shape.is_flat() || axis != segment.plane_normal_axis)
}

/// The set, and the covered voxels that it encloses on all sides along the axes of the brush.
fn with_holes_filled(set: &VoxelSet, covered: &VoxelSet, local: &LocalBox, axes: [bool; 3]) -> VoxelSet {
    let extent = local.extent();
    let mut taken = vec![false; extent.voxel_count()];
    for row in set.row_spans() {
        taken[local.span(&row)].fill(true);
    }
    let lengths = extent.to_array();
    let strides = [1, lengths[0], lengths[0] * lengths[1]];
    let is_hole = |index: usize| {
        let at = extent.voxel(index).to_array();
        let enclosed =
            |a: usize| at[a] > 0 && at[a] + 1 < lengths[a] && taken[index - strides[a]] && taken[index + strides[a]];
        !taken[index] && (0..3).filter(|&a| axes[a]).all(enclosed)
    };
    let holes = covered.row_spans().flat_map(|row| local.span(&row)).filter(|&index| is_hole(index));
    let holes = local.set(holes.map(|index| index..index + 1));
    VoxelSet::from_spans(set.extent(), set.spans().iter().chain(holes.spans()).cloned())
}

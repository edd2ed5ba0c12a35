//! Intensity limits: what a tool may touch by the intensity of the image.

use crate::edit::VoxelSet;
use crate::volume::Image;

/// Rescaled intensities from `low` to `high`, both included. Nothing if `high` is below `low` or either is no number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IntensityRange {
    pub low: f64,
    pub high: f64,
}

impl IntensityRange {
    pub(super) fn around(centre: f64, reach: f64) -> Self {
        Self { low: centre - reach, high: centre + reach }
    }

    /// Never for a voxel that is no number.
    pub fn contains(&self, intensity: f64) -> bool {
        self.low <= intensity && intensity <= self.high
    }
}

/// The voxels of a set whose intensity is in a range; none if the image has another extent. The work grows with the
/// set, not with the volume.
pub fn restrict(set: &VoxelSet, image: &Image, range: IntensityRange) -> VoxelSet {
    let same_grid = set.extent() == image.extent();
    set.filtered(|index| same_grid && range.contains(image.intensity_at(index)))
}

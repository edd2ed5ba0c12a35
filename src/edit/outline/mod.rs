//! A closed polygon in a slice, and the voxels inside it.

mod anchors;
mod boundary;
mod scanline;
mod shape;
#[cfg(test)]
mod tests;

use std::ops::Range;

pub use anchors::EdgePoint;
pub(super) use boundary::{Crack, outer_boundary};

use super::VoxelSet;
use super::brush::FARTHEST_VOXEL;
use super::slice_plane::{in_plane, swept};
use crate::geometry::Extent;

/// A closed polygon in one slice: what a lasso, a rectangle, an ellipse, a live wire or a level trace draws.
///
/// A voxel is inside by the even-odd rule if its centre is. A centre exactly on an edge belongs to the polygon on one
/// side only (greater coordinates win), so that polygons that share an edge share no voxel and leave none out.
#[derive(Clone, Debug, PartialEq)]
pub struct Outline {
    /// Voxel axis the slice is perpendicular to (0 = x, 1 = y, 2 = z).
    pub axis: usize,
    /// Index of the slice along that axis.
    pub slice: usize,
    /// Corners as continuous positions in voxels along the two in-plane axes, ascending (`(y, z)`, `(x, z)` or
    /// `(x, y)`); voxel centres are at integers. The last corner is joined to the first.
    pub points: Vec<[f64; 2]>,
}

impl Outline {
    /// The voxels of the slice inside the polygon; none if there is no such slice.
    pub fn voxels(&self, extent: Extent) -> VoxelSet {
        self.through_volume(extent, self.slice..self.slice.saturating_add(1))
    }

    /// The voxels inside the polygon in each of a range of slices along its axis, whatever its own: what scissors cut.
    /// `0..usize::MAX` means all slices.
    pub fn through_volume(&self, extent: Extent, slices: Range<usize>) -> VoxelSet {
        let Some(&count) = extent.to_array().get(self.axis) else {
            return VoxelSet::from_spans(extent, []);
        };
        let runs = scanline::even_odd_runs(&self.usable_points(), in_plane(self.axis, extent.to_array()));
        swept(extent, self.axis, slices.start.min(count)..slices.end.min(count), &runs)
    }

    /// Corners without those that are no numbers; endless ones are brought within reach.
    fn usable_points(&self) -> Vec<[f64; 2]> {
        let numbers = self.points.iter().filter(|p| p.iter().all(|c| !c.is_nan()));
        numbers.map(|p| p.map(|c| c.clamp(-FARTHEST_VOXEL, FARTHEST_VOXEL))).collect()
    }

    fn with_points(&self, points: Vec<[f64; 2]>) -> Self {
        Self { axis: self.axis, slice: self.slice, points }
    }
}

/// Pairs of neighbours; the last item is followed by the first.
fn edges(points: &[[f64; 2]]) -> impl Iterator<Item = ([f64; 2], [f64; 2])> {
    points.iter().copied().zip(points.iter().copied().cycle().skip(1))
}

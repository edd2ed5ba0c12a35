//! One slice of a volume seen as a picture.

use std::ops::Range;

use super::VoxelSet;
use crate::geometry::{Extent, Voxel};
use crate::volume::Image;

/// The slice at `level` along a voxel axis. Pixel `[column, row]` counts along the two in-plane voxel axes in ascending
/// order: `(y, z)`, `(x, z)` or `(x, y)`.
#[derive(Clone, Copy, Debug)]
pub(super) struct SlicePlane {
    extent: Extent,
    axis: usize,
    level: usize,
}

/// Pixels of one row of a slice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PixelRun {
    pub(super) row: usize,
    pub(super) columns: Range<usize>,
}

impl SlicePlane {
    /// `None` if there is no such slice.
    pub(super) fn new(extent: Extent, axis: usize, level: usize) -> Option<Self> {
        let length = *extent.to_array().get(axis)?;
        (level < length).then_some(Self { extent, axis, level })
    }

    /// Columns and rows; both at least 1.
    pub(super) fn size(&self) -> [usize; 2] {
        in_plane(self.axis, self.extent.to_array())
    }

    pub(super) fn contains(&self, pixel: [usize; 2]) -> bool {
        let size = self.size();
        pixel[0] < size[0] && pixel[1] < size[1]
    }

    /// The pixel nearest to a continuous position, clamped into the slice; `None` for NaN.
    pub(super) fn clamped_pixel(&self, position: [f64; 2]) -> Option<[usize; 2]> {
        if position.iter().any(|p| p.is_nan()) {
            return None;
        }
        let size = self.size();
        // Clamped: the cast is exact.
        Some(std::array::from_fn(|a| (position[a] + 0.5).floor().clamp(0.0, (size[a] - 1) as f64) as usize))
    }

    /// The voxel of a pixel inside the slice.
    pub(super) fn voxel(&self, [column, row]: [usize; 2]) -> Voxel {
        match self.axis {
            0 => Voxel::new(self.level, column, row),
            1 => Voxel::new(column, self.level, row),
            _ => Voxel::new(column, row, self.level),
        }
    }

    /// Intensities of a rectangle of pixels inside the slice, columns fastest.
    pub(super) fn intensities(&self, image: &Image, columns: Range<usize>, rows: Range<usize>) -> Vec<f64> {
        let pixels = rows.flat_map(|row| columns.clone().map(move |column| [column, row]));
        pixels.map(|pixel| image.intensity_at(self.extent.index(self.voxel(pixel)))).collect()
    }
}

/// The two of three values that belong to the in-plane voxel axes of a slice, in ascending order.
pub fn in_plane<T: Copy>(normal_axis: usize, [x, y, z]: [T; 3]) -> [T; 2] {
    match normal_axis {
        0 => [y, z],
        1 => [x, z],
        _ => [x, y],
    }
}

/// The pixels of a slice repeated in a range of slices along a voxel axis; slices and pixels must be inside the extent.
pub(super) fn swept(extent: Extent, axis: usize, levels: Range<usize>, runs: &[PixelRun]) -> VoxelSet {
    let row_start = |y: usize, z: usize| extent.x() * (y + extent.y() * z);
    let along_x = |start: usize, x: &Range<usize>| start + x.start..start + x.end;
    let spans: Vec<Range<usize>> = match axis {
        0 => {
            let voxels = runs.iter().flat_map(|run| run.columns.clone().map(move |y| (y, run.row)));
            voxels.map(|(y, z)| along_x(row_start(y, z), &levels)).collect()
        }
        1 => {
            let rows = runs.iter().flat_map(|run| levels.clone().map(move |y| (y, run)));
            rows.map(|(y, run)| along_x(row_start(y, run.row), &run.columns)).collect()
        }
        _ => {
            let rows = levels.clone().flat_map(|z| runs.iter().map(move |run| (run, z)));
            rows.map(|(run, z)| along_x(row_start(run.row, z), &run.columns)).collect()
        }
    };
    VoxelSet::from_spans(extent, spans)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_repeated_in_slices_are_the_voxels_of_those_slices() {
        let extent = Extent::new(4, 5, 6).unwrap();
        let runs = [
            PixelRun { row: 1, columns: 0..2 },
            PixelRun { row: 1, columns: 3..4 },
            PixelRun { row: 3, columns: 1..4 },
        ];
        for axis in 0..3 {
            let found = swept(extent, axis, 1..3, &runs);
            let mut expected: Vec<usize> = Vec::new();
            for level in 1..3 {
                let plane = SlicePlane::new(extent, axis, level).unwrap();
                for run in &runs {
                    expected.extend(run.columns.clone().map(|c| extent.index(plane.voxel([c, run.row]))));
                }
            }
            expected.sort_unstable();
            assert_eq!(found.indices().collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn positions_beyond_the_slice_are_clamped_and_missing_slices_refused() {
        let extent = Extent::new(4, 5, 6).unwrap();
        let plane = SlicePlane::new(extent, 0, 3).unwrap();
        assert_eq!(plane.size(), [5, 6]);
        assert_eq!(plane.clamped_pixel([1.4, 2.5]), Some([1, 3]));
        assert_eq!(plane.clamped_pixel([-1e300, f64::INFINITY]), Some([0, 5]));
        assert_eq!(plane.clamped_pixel([f64::NAN, 0.0]), None);
        assert!(plane.contains([4, 5]) && !plane.contains([5, 5]) && !plane.contains([4, 6]));
        assert!(SlicePlane::new(extent, 0, 4).is_none() && SlicePlane::new(extent, 3, 0).is_none());
    }
}

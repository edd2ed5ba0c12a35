//! The part of a volume that a crop is interpolated from, normalised once per voxel instead of once per corner.

use super::case::TrainCase;
use super::crop::CropPose;

/// A box of normalised voxels, x fastest.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::learn) struct Source {
    lo: [usize; 3],
    size: [usize; 3],
    /// Last voxel of the volume along each axis.
    last: [usize; 3],
    values: Vec<f32>,
}

impl Source {
    /// Everything that positions up to `half` a patch from the pose's centre can ask for.
    pub fn copy(&mut self, case: &TrainCase, pose: &CropPose, half: [f64; 3]) {
        let n = case.image.extent().to_array();
        self.last = n.map(|n| n - 1);
        let (mut lo, mut hi) = (self.last, [0; 3]);
        for corner in 0..8 {
            let offset = std::array::from_fn(|a| if corner >> a & 1 == 0 { -half[a] } else { half[a] });
            let position = self.clamped(pose.volume_position(offset));
            for a in 0..3 {
                lo[a] = lo[a].min(position[a] as usize);
                hi[a] = hi[a].max((position[a] as usize + 1).min(self.last[a]));
            }
        }
        // Rounding may place an inner voxel a hair outside of the corners' box.
        self.lo = lo.map(|l| l.saturating_sub(1));
        self.size = std::array::from_fn(|a| (hi[a] + 1).min(self.last[a]) + 1 - self.lo[a]);
        self.fill(case);
    }

    fn fill(&mut self, case: &TrainCase) {
        let extent = case.image.extent();
        self.values.clear();
        for z in 0..self.size[2] {
            for y in 0..self.size[1] {
                let row = extent.index([self.lo[0], self.lo[1] + y, self.lo[2] + z].into());
                let voxels = row..row + self.size[0];
                self.values.extend(voxels.map(|i| case.normaliser().apply(case.image.intensity_at(i))));
            }
        }
    }

    /// The border voxels go on for half a voxel.
    fn clamped(&self, position: [f64; 3]) -> [f64; 3] {
        std::array::from_fn(|a| position[a].clamp(0.0, self.last[a] as f64))
    }

    /// Trilinear, at a voxel position of the volume.
    pub fn interpolated(&self, position: [f64; 3]) -> f32 {
        let clamped = self.clamped(position);
        // Not negative: the cast is the floor.
        let lo = clamped.map(|p| p as usize);
        let [tx, ty, tz]: [f32; 3] = std::array::from_fn(|a| (clamped[a] - lo[a] as f64) as f32);
        let step = [1, self.size[0], self.size[0] * self.size[1]];
        let first: usize = (0..3).map(|a| (lo[a] - self.lo[a]) * step[a]).sum();
        // Distance to the next voxel; on the volume's last one its weight is 0.
        let next: [usize; 3] = std::array::from_fn(|a| if lo[a] < self.last[a] { step[a] } else { 0 });
        let mix = |a: f32, b: f32, t: f32| a + (b - a) * t;
        let row = |at: usize| mix(self.values[at], self.values[at + next[0]], tx);
        let plane = |at: usize| mix(row(at), row(at + next[1]), ty);
        mix(plane(first), plane(first + next[2]), tz)
    }
}

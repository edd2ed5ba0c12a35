//! Random changes of a crop's intensities: sharpness, resolution, contrast, brightness, gamma and noise.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::crop::{Crop, VoxelStatus};
use super::line_filter::LineFilter;
use crate::learn::plan::Augmentation;
use crate::learn::random::normal;

/// How often a crop is blurred and how often it loses resolution, and the smallest blur as a share of the largest:
/// nnU-Net's values (Isensee et al. 2021, supplement 4).
const BLUR_PROBABILITY: f64 = 0.2;
const LOW_RESOLUTION_PROBABILITY: f64 = 0.25;
const SMALLEST_BLUR: f64 = 0.5;
/// Along axes this much coarser than the finest the resolution is low already; nnU-Net leaves them out too.
const COARSE: f64 = 2.0;
/// A narrower Gaussian leaves a voxel more than 99 % of its value.
const NO_BLUR: f64 = 0.2;

impl Crop {
    /// Random changes inside the volume; outside stays 0. `spacing_mm` is the crop's.
    pub fn change_intensities(&mut self, how: &Augmentation, spacing_mm: [f64; 3], rng: &mut ChaCha8Rng) {
        if how.blur > 0.0 && rng.random_bool(BLUR_PROBABILITY) {
            self.blur(how.blur * (SMALLEST_BLUR + (1.0 - SMALLEST_BLUR) * rng.random::<f64>()), spacing_mm);
        }
        if how.low_resolution > 0.0 && rng.random_bool(LOW_RESOLUTION_PROBABILITY) {
            self.lose_resolution(how.low_resolution, spacing_mm, rng);
        }
        self.bend(how, rng);
        for (value, status) in self.image.iter_mut().zip(&self.status) {
            if *status == VoxelStatus::Outside {
                *value = 0.0;
            }
        }
    }

    /// Noise of this standard deviation inside the volume, clipped at twice that (UA-MT).
    pub fn perturb(&mut self, sd: f64, rng: &mut ChaCha8Rng) {
        if sd <= 0.0 {
            return;
        }
        for (value, status) in self.image.iter_mut().zip(&self.status) {
            if *status != VoxelStatus::Outside {
                *value += (sd * normal(rng).clamp(-2.0, 2.0)) as f32;
            }
        }
    }

    /// The same width in millimetres along every axis.
    fn blur(&mut self, sigma: f64, spacing_mm: [f64; 3]) {
        let finest = finest(spacing_mm);
        for (axis, spacing) in spacing_mm.into_iter().enumerate() {
            let sigma = sigma * finest / spacing;
            if sigma > NO_BLUR {
                LineFilter::gaussian(self.size[axis], sigma).apply(&mut self.image, self.size, axis);
            }
        }
    }

    /// As often along one random axis (thick slices) as along all.
    fn lose_resolution(&mut self, largest: f64, spacing_mm: [f64; 3], rng: &mut ChaCha8Rng) {
        let zoom = 1.0 - largest * rng.random::<f64>();
        let finest = finest(spacing_mm);
        let fine: Vec<usize> = (0..3).filter(|&a| spacing_mm[a] <= COARSE * finest).collect();
        let only = if rng.random_bool(0.5) { fine.get(rng.random_range(0..fine.len().max(1))).copied() } else { None };
        for axis in fine.into_iter().filter(|axis| only.is_none_or(|o| o == *axis)) {
            LineFilter::low_resolution(self.size[axis], zoom).apply(&mut self.image, self.size, axis);
        }
    }

    /// Gamma, contrast, brightness and noise.
    fn bend(&mut self, how: &Augmentation, rng: &mut ChaCha8Rng) {
        let mut symmetric = |largest: f64| ((2.0 * rng.random::<f64>() - 1.0) * largest) as f32;
        let contrast = 1.0 + symmetric(how.contrast);
        let brightness = symmetric(how.brightness);
        let gamma = symmetric(how.gamma).exp();
        let noise = (rng.random::<f64>() * how.noise) as f32;
        let inside = |i: usize, status: &[VoxelStatus]| status[i] != VoxelStatus::Outside;
        let (mut lo, mut hi) = (f32::INFINITY, f32::NEG_INFINITY);
        for i in (0..self.image.len()).filter(|&i| inside(i, &self.status)) {
            lo = lo.min(self.image[i]);
            hi = hi.max(self.image[i]);
        }
        // A constant crop has no shades to bend.
        let range = if hi > lo { hi - lo } else { return };
        for i in 0..self.image.len() {
            if inside(i, &self.status) {
                let bent = ((self.image[i] - lo) / range).powf(gamma) * range + lo;
                self.image[i] = bent * contrast + brightness + noise * normal(rng) as f32;
            }
        }
    }
}

fn finest(spacing_mm: [f64; 3]) -> f64 {
    spacing_mm.into_iter().fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    const ISOTROPIC: [f64; 3] = [1.0; 3];

    /// Noise of single voxels; the last slice lies outside.
    fn crop() -> Crop {
        let size = [8usize, 8, 8];
        let image = (0..512).map(|i| if i < 448 { (i * 37 % 11) as f32 } else { 0.0 }).collect();
        let status = (0..512).map(|i| if i < 448 { VoxelStatus::Unknown } else { VoxelStatus::Outside }).collect();
        Crop { size, image, class: vec![0; 512], status, ..Crop::default() }
    }

    fn nothing() -> Augmentation {
        let none = Augmentation { noise: 0.0, contrast: 0.0, brightness: 0.0, gamma: 0.0, ..Augmentation::default() };
        Augmentation { blur: 0.0, low_resolution: 0.0, ..none }
    }

    fn changed(how: &Augmentation, spacing_mm: [f64; 3], seed: u64) -> Crop {
        let mut crop = crop();
        crop.change_intensities(how, spacing_mm, &mut ChaCha8Rng::seed_from_u64(seed));
        crop
    }

    fn roughness(crop: &Crop, stride: usize) -> f32 {
        (0..448 - stride).map(|i| (crop.image[i + stride] - crop.image[i]).abs()).sum()
    }

    #[test]
    fn zeros_change_nothing() {
        for seed in 0..20 {
            let (before, after) = (crop(), changed(&nothing(), ISOTROPIC, seed));
            assert!(before.image.iter().zip(&after.image).all(|(a, b)| (a - b).abs() < 1e-4));
        }
    }

    #[test]
    fn changes_leave_the_outside_at_zero_everything_finite_and_depend_on_the_seed_alone() {
        for seed in 0..40 {
            let crop = changed(&Augmentation::default(), ISOTROPIC, seed);
            assert_eq!(crop, changed(&Augmentation::default(), ISOTROPIC, seed));
            assert!(crop.image.iter().all(|v| v.is_finite()));
            assert!(crop.image[448..].iter().all(|v| *v == 0.0));
        }
    }

    #[test]
    fn some_crops_are_blurred_and_some_lose_resolution_as_often_as_nn_u_net_does_it() {
        let rough = roughness(&crop(), 1) + roughness(&crop(), 8) + roughness(&crop(), 64);
        let share = |how: &Augmentation| {
            let smooth = |seed| {
                let crop = changed(how, ISOTROPIC, seed);
                roughness(&crop, 1) + roughness(&crop, 8) + roughness(&crop, 64) < 0.98 * rough
            };
            (0..400).filter(|seed| smooth(*seed)).count() as f64 / 400.0
        };
        let blurred = share(&Augmentation { blur: 1.0, ..nothing() });
        let coarse = share(&Augmentation { low_resolution: 0.5, ..nothing() });
        assert!((blurred - BLUR_PROBABILITY).abs() < 0.07, "{blurred}");
        assert!((0.1..LOW_RESOLUTION_PROBABILITY + 0.07).contains(&coarse), "{coarse}");
    }

    #[test]
    fn thick_slices_are_neither_blurred_together_nor_made_thicker() {
        let how = Augmentation { blur: 1.0, low_resolution: 0.5, ..nothing() };
        // One bright slice: only what mixes slices changes it.
        for seed in 0..60 {
            let mut crop = crop();
            crop.image = (0..512).map(|i| f32::from(u8::from(i / 64 == 3))).collect();
            let before = crop.image.clone();
            crop.change_intensities(&how, [1.0, 1.0, 8.0], &mut ChaCha8Rng::seed_from_u64(seed));
            assert!(before.iter().zip(&crop.image).all(|(a, b)| (a - b).abs() < 1e-4), "seed {seed}");
        }
    }
}

//! Which intensities become black and white.

use crate::volume::Image;

/// Smallest width: keeps the division defined and is finer than any stored intensity.
const MIN_WIDTH: f64 = 1e-30;
/// Voxels the automatic window is read from: percentiles of so many are stable to a grey level.
const SAMPLE_COUNT: usize = 1 << 16;
/// Percentiles that become black and white in the automatic window.
const AUTO_PERCENTILES: [f64; 2] = [0.5, 99.5];
/// Dragging this many screen units doubles the width or moves the level by half of it.
const DRAG_UNITS: f64 = 256.0;

/// Intensities (after slope and intercept) `level - width / 2` and below are black, `level + width / 2` and above white.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WindowLevel {
    level: f64,
    width: f64,
}

/// A named window for CT, in Hounsfield units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WindowPreset {
    pub name: &'static str,
    pub window: WindowLevel,
}

impl WindowPreset {
    const fn new(name: &'static str, width: f64, level: f64) -> Self {
        Self { name, window: WindowLevel { level, width } }
    }

    /// In the order of their keys.
    pub const ALL: [Self; 6] = [
        Self::new("Soft tissue", 400.0, 40.0),
        Self::new("Lung", 1500.0, -600.0),
        Self::new("Liver", 150.0, 90.0),
        Self::new("Bone", 2500.0, 480.0),
        Self::new("Brain", 80.0, 40.0),
        Self::new("Brain, wide", 100.0, 50.0),
    ];
}

impl WindowLevel {
    /// A width that is zero, negative or not finite becomes the smallest possible; a level that is not finite becomes 0.
    pub fn new(level: f64, width: f64) -> Self {
        let width = if width.is_finite() { width.max(MIN_WIDTH) } else { MIN_WIDTH };
        Self { level: if level.is_finite() { level } else { 0.0 }, width }
    }

    pub fn level(&self) -> f64 {
        self.level
    }

    pub fn width(&self) -> f64 {
        self.width
    }

    pub fn low(&self) -> f64 {
        self.level - self.width / 2.0
    }

    pub fn high(&self) -> f64 {
        self.level + self.width / 2.0
    }

    /// From the 0.5 to the 99.5 percentile of the finite voxels, so that a few outliers do not darken the picture.
    /// Where these are equal: from the smallest to the largest; a constant image becomes mid grey.
    pub fn auto(image: &Image) -> Self {
        let mut sample = sampled_intensities(image);
        sample.sort_unstable_by(f64::total_cmp);
        let statistics = image.statistics();
        let [low, high] = match sample.len().checked_sub(1) {
            // Truncation towards the lower neighbour is meant; the product is within the index range.
            Some(last) => AUTO_PERCENTILES.map(|p| sample[(p / 100.0 * last as f64) as usize]),
            None => [statistics.min, statistics.max],
        };
        if high > low {
            Self::between(low, high)
        } else if statistics.max > statistics.min {
            Self::between(statistics.min, statistics.max)
        } else {
            Self::new(statistics.min, 1.0)
        }
    }

    fn between(low: f64, high: f64) -> Self {
        Self::new(low / 2.0 + high / 2.0, high - low)
    }

    /// Dragging right widens (less contrast), dragging down raises the level (darker); distances in screen units.
    pub fn drag(&mut self, delta: [f64; 2]) {
        let width = self.width * (delta[0] / DRAG_UNITS).exp2();
        *self = Self::new(self.level + delta[1] / DRAG_UNITS * self.width / 2.0, width);
    }

    /// Grey value in 0..=1; NaN is black.
    pub fn grey(&self, intensity: f64) -> f64 {
        if intensity.is_nan() { 0.0 } else { ((intensity - self.low()) / self.width).clamp(0.0, 1.0) }
    }
}

/// Finite intensities of up to [`SAMPLE_COUNT`] voxels spread evenly over the volume.
fn sampled_intensities(image: &Image) -> Vec<f64> {
    let n = image.extent().voxel_count();
    let all = n <= SAMPLE_COUNT;
    let index = |i: usize| if all { i } else { spread_index(i, n) };
    (0..n.min(SAMPLE_COUNT)).map(|i| image.intensity_at(index(i))).filter(|v| v.is_finite()).collect()
}

/// The golden-ratio sequence: a regular step would run in phase with the rows of the volume.
fn spread_index(i: usize, n: usize) -> usize {
    let fraction = (i as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    // The high half of a 64 x 64 bit product is below `n`.
    ((u128::from(fraction) * n as u128) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Affine, Extent};
    use crate::volume::{Grid, Voxels};

    fn image(values: Vec<f32>) -> Image {
        let extent = Extent::new(values.len(), 1, 1).unwrap();
        Image::new(Voxels::F32(Grid::from_vec(extent, values).unwrap()), 1.0, 0.0, Affine::identity())
    }

    #[test]
    fn auto_ignores_a_few_outliers_however_far_away() {
        let mut values: Vec<f32> = (0..100_000).map(|i| (i % 1000) as f32).collect();
        values[17] = 1e30;
        values[5000] = -1e30;
        values[6000] = f32::NAN;
        values[7000] = f32::INFINITY;
        let w = WindowLevel::auto(&image(values));
        assert!((w.low() - 5.0).abs() < 5.0 && (w.high() - 995.0).abs() < 5.0, "{w:?}");
    }

    #[test]
    fn auto_of_a_constant_an_all_nan_and_a_nearly_empty_image_is_usable() {
        let constant = WindowLevel::auto(&image(vec![7.0; 50]));
        assert_eq!(constant.grey(7.0), 0.5);
        let nan = WindowLevel::auto(&image(vec![f32::NAN; 50]));
        assert_eq!(nan.grey(f64::NAN), 0.0);
        let mut sparse = vec![0.0; 10_000];
        sparse[3] = 80.0;
        let w = WindowLevel::auto(&image(sparse));
        assert_eq!((w.grey(0.0), w.grey(80.0)), (0.0, 1.0));
    }

    #[test]
    fn auto_of_tiny_and_of_large_values_uses_the_whole_grey_range() {
        for scale in [1e-9f32, 1.0, 1e5] {
            let w = WindowLevel::auto(&image((0..1000).map(|i| i as f32 * scale).collect()));
            let (dark, bright) = (w.grey(f64::from(20.0 * scale)), w.grey(f64::from(980.0 * scale)));
            assert!(dark < 0.05 && bright > 0.95, "{scale}: {dark} {bright}");
        }
    }

    #[test]
    fn dragging_forth_and_back_restores_the_width_and_never_inverts() {
        let mut w = WindowLevel::new(40.0, 400.0);
        w.drag([90.0, 0.0]);
        assert!(w.width() > 400.0);
        w.drag([-90.0, 0.0]);
        assert!((w.width() - 400.0).abs() < 1e-9);
        w.drag([-1e9, 1e9]);
        assert!(w.width() > 0.0 && w.level().is_finite());
    }

    #[test]
    fn soft_tissue_shows_water_in_mid_grey_and_air_black() {
        let soft = WindowPreset::ALL[0].window;
        assert_eq!((soft.low(), soft.high()), (-160.0, 240.0));
        assert_eq!(soft.grey(-1000.0), 0.0);
        assert!((soft.grey(0.0) - 0.4).abs() < 1e-12);
    }

    #[test]
    fn sampled_voxels_are_inside_and_reach_every_part() {
        let n = 1_000_000;
        let mut hits = [0; 10];
        for i in 0..SAMPLE_COUNT {
            hits[spread_index(i, n) * 10 / n] += 1;
        }
        assert!(hits.iter().all(|&h| h > SAMPLE_COUNT / 12), "{hits:?}");
    }
}

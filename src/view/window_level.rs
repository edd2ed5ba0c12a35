//! Which intensities become black and white.

use crate::geometry::{Extent, Voxel, VoxelBox};
use crate::volume::Image;

/// Smallest width: keeps the division defined and is finer than any stored intensity.
const MIN_WIDTH: f64 = 1e-30;
/// Voxels the automatic window is read from: percentiles of so many are stable to a grey level.
const SAMPLE_COUNT: usize = 1 << 16;
/// Percentiles that become black and white in the automatic window.
const AUTO_PERCENTILES: [f64; 2] = [0.5, 99.5];
/// The same for a region, which is smaller and rarely without a border of something else.
const REGION_PERCENTILES: [f64; 2] = [1.0, 99.0];
/// Dragging this many screen units doubles the width or moves the level by half of it.
const DRAG_UNITS: f64 = 256.0;

/// Intensities (after slope and intercept) `level - width / 2` and below are black, `level + width / 2` and above white.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WindowLevel {
    level: f64,
    width: f64,
}

impl WindowLevel {
    /// A width that is zero, negative or not finite becomes the smallest possible; a level that is not finite becomes 0.
    pub const fn new(level: f64, width: f64) -> Self {
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
        let sample = sorted_sample(image, &image.extent().full_box());
        let statistics = image.statistics();
        let [low, high] = AUTO_PERCENTILES.map(|percent| percentile(&sample, percent).unwrap_or(statistics.min));
        if high > low {
            Self::between(low, high)
        } else if statistics.max > statistics.min {
            Self::between(statistics.min, statistics.max)
        } else {
            Self::new(statistics.min, 1.0)
        }
    }

    /// From the 1 to the 99 percentile of the finite voxels in a box (clipped to the volume). Where these are equal: from
    /// the smallest to the largest; `None` where the box shows no contrast at all.
    pub fn of_region(image: &Image, region: &VoxelBox) -> Option<Self> {
        let sample = sorted_sample(image, region);
        let [low, high] = REGION_PERCENTILES.map(|percent| percentile(&sample, percent));
        let (first, last) = (*sample.first()?, *sample.last()?);
        [(low?, high?), (first, last)]
            .into_iter()
            .find(|(low, high)| high > low)
            .map(|(low, high)| Self::between(low, high))
    }

    /// From black to white; the smallest window if `high` is not above `low`.
    pub fn between(low: f64, high: f64) -> Self {
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

/// Finite intensities of up to [`SAMPLE_COUNT`] voxels spread evenly over a box (clipped to the volume), ascending.
fn sorted_sample(image: &Image, region: &VoxelBox) -> Vec<f64> {
    let region = region.intersect(&image.extent().full_box());
    let Some(size) = Extent::from_array(region.size()) else { return Vec::new() };
    let n = size.voxel_count();
    let index = |i: usize| if n <= SAMPLE_COUNT { i } else { spread_index(i, n) };
    let intensity = |i: usize| {
        let v = size.voxel(index(i));
        image.intensity(Voxel::new(region.lo.x + v.x, region.lo.y + v.y, region.lo.z + v.z))
    };
    let mut sample: Vec<f64> = (0..n.min(SAMPLE_COUNT)).map(intensity).filter(|v| v.is_finite()).collect();
    sample.sort_unstable_by(f64::total_cmp);
    sample
}

/// The value that `percent` (0 to 100) of an ascending sample lie below.
fn percentile(sample: &[f64], percent: f64) -> Option<f64> {
    let last = sample.len().checked_sub(1)?;
    // Truncation towards the lower neighbour is meant; the product is within the index range.
    sample.get((percent / 100.0 * last as f64) as usize).copied()
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
    use crate::geometry::Affine;
    use crate::volume::{Grid, Voxels};
    use proptest::prelude::*;

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

    proptest! {
        #[test]
        fn the_window_of_a_region_is_read_from_its_voxels_alone(
            lo in prop::array::uniform3(0usize..12), size in prop::array::uniform3(1usize..12), noise in prop::collection::vec(-50i16..50, 12 * 12 * 12),
        ) {
            let extent = Extent::new(12, 12, 12).unwrap();
            let region = VoxelBox { lo: lo.into(), hi: std::array::from_fn(|a| lo[a] + size[a]).into() };
            let values = Grid::from_fn(extent, |v| if region.contains(v) { noise[extent.index(v)] } else { 9000 });
            let image = Image::new(Voxels::I16(values), 2.0, 1.0, Affine::identity());
            let inside = extent.full_box().voxels().filter(|v| region.contains(*v));
            let mut sorted: Vec<f64> = inside.map(|v| image.intensity(v)).collect();
            sorted.sort_by(f64::total_cmp);
            let found = WindowLevel::of_region(&image, &region);
            if sorted[0] == sorted[sorted.len() - 1] {
                prop_assert_eq!(found, None);
            } else {
                let w = found.unwrap();
                let count = |f: &dyn Fn(f64) -> bool| sorted.iter().filter(|v| f(**v)).count();
                // At most one in a hundred is below black or above white, up to rounding to a whole voxel.
                let allowed = sorted.len() / 100 + 1;
                prop_assert!(count(&|v| v < w.low() - 1e-9) <= allowed && count(&|v| v > w.high() + 1e-9) <= allowed);
                prop_assert!(w.low() >= sorted[0] - 1e-9 && w.high() <= sorted[sorted.len() - 1] + 1e-9);
            }
        }
    }

    #[test]
    fn a_region_with_a_few_bright_voxels_shows_them_and_one_without_contrast_has_no_window() {
        let mut values = vec![5.0; 1000];
        values[300] = 25.0;
        values[301] = f32::NAN;
        let image = image(values);
        let row = |from: usize, to: usize| VoxelBox { lo: Voxel::new(from, 0, 0), hi: Voxel::new(to, 1, 1) };
        let w = WindowLevel::of_region(&image, &row(0, 1000)).unwrap();
        assert_eq!((w.low(), w.high()), (5.0, 25.0));
        for nothing in [row(0, 300), row(301, 302), row(5, 5), row(9, 2), row(2000, 3000)] {
            assert_eq!(WindowLevel::of_region(&image, &nothing), None);
        }
        assert_eq!(WindowLevel::of_region(&image, &row(200, usize::MAX)), Some(w));
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

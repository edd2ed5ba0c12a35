//! Intensities as half floats.

use half::f16;
use rayon::prelude::*;

use crate::geometry::VoxelBox;
use crate::view::WindowLevel;
use crate::volume::Image;
use crate::with_voxels;

/// Largest magnitude a finite intensity gets; half floats end at 65504.
const LARGEST: f64 = 60_000.0;
/// The centre is a multiple of this share of the half width: a whole number once that is 64.
const CENTRE_STEP: f64 = 1.0 / 64.0;
/// How many times coarser an outlier may make the scale. Half floats are 2^-24 apart around the centre: the automatic
/// window keeps 1024 steps or more.
const COARSEST: f64 = 16_384.0;

/// Scales intensities so that the automatic window is about -1..=1 before they are rounded to half floats.
///
/// A half float has 11 significant bits, so an intensity is kept to 1/2048 of its distance from the centre of the
/// automatic window. Scale and centre are multiples of powers of two, so that whole numbers within 2048 of the centre
/// (8-bit pictures, nearly all of a CT) are exact. Only if an outlier lies more than 60000 half widths away is the
/// scale made coarser to hold it too; one that lies so far that the picture would suffer is as bright as infinity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct IntensityCode {
    centre: f64,
    half_width: f64,
}

impl IntensityCode {
    pub fn of(image: &Image) -> Self {
        let window = WindowLevel::auto(image);
        let statistics = image.statistics();
        let farthest = (statistics.max - window.level()).abs().max((statistics.min - window.level()).abs());
        let usual = window.width() / 2.0;
        let half_width = usual.max((farthest / LARGEST).min(usual * COARSEST)).log2().ceil().exp2();
        let step = half_width * CENTRE_STEP;
        Self { centre: (window.level() / step).round() * step, half_width }
    }

    /// NaN becomes the darkest value, infinities the darkest and the brightest.
    pub fn encode(&self, intensity: f64) -> f16 {
        let scaled = (intensity - self.centre) / self.half_width;
        if scaled.is_nan() {
            return f16::MIN;
        }
        f16::from_f64(scaled.clamp(f16::MIN.to_f64(), f16::MAX.to_f64()))
    }

    /// The voxels of a box inside the image, x fastest.
    // One arm of the macro casts f64 to f64.
    #[allow(clippy::unnecessary_cast)]
    pub fn half_floats(&self, image: &Image, slab: &VoxelBox) -> Vec<f16> {
        let encode = |stored: f64| self.encode(image.slope * stored + image.intercept);
        with_voxels!(&image.voxels, g => g.copy_box(slab).par_iter().map(|&s| encode(s as f64)).collect())
    }

    /// Encoded value of black and the grey values (0..=1) per encoded unit.
    pub fn window(&self, window: &WindowLevel) -> [f32; 2] {
        let black = (window.low() - self.centre) / self.half_width;
        // A gain that overflows would turn 0 * gain into NaN.
        let gain = (self.half_width / window.width()).min(1e30);
        // Rounding to f32 is 8192 times finer than the half floats.
        [black as f32, gain as f32]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Affine, Extent};
    use crate::view::WindowPreset;
    use crate::volume::{Grid, Voxels};

    fn image(values: Vec<f64>) -> Image {
        let extent = Extent::new(values.len(), 1, 1).unwrap();
        Image::new(Voxels::F64(Grid::from_vec(extent, values).unwrap()), 1.0, 0.0, Affine::identity())
    }

    /// Largest difference in grey levels of 255 between the shown and the exact value.
    fn worst_level_error(image: &Image, window: &WindowLevel) -> f64 {
        let code = IntensityCode::of(image);
        let [black, gain] = code.window(window);
        (0..image.extent().voxel_count())
            .map(|i| image.intensity_at(i))
            .map(|v| {
                let shown = ((code.encode(v).to_f32() - black) * gain).clamp(0.0, 1.0);
                255.0 * (f64::from(shown) - window.grey(v)).abs()
            })
            .fold(0.0, f64::max)
    }

    #[test]
    fn every_ct_preset_is_shown_to_less_than_a_grey_level() {
        let ct = image((-1024..3072).map(f64::from).collect());
        for preset in WindowPreset::ALL {
            let error = worst_level_error(&ct, &preset.window);
            assert!(error < 1.0, "{}: {error}", preset.name);
        }
    }

    #[test]
    fn whole_numbers_of_a_ct_and_of_an_8_bit_picture_are_exact() {
        for range in [-1024..3000, 0..256, -7..12] {
            let image = image(range.clone().map(f64::from).collect());
            let code = IntensityCode::of(&image);
            for v in range.map(f64::from) {
                assert_eq!(code.encode(v).to_f64() * code.half_width + code.centre, v);
            }
        }
    }

    #[test]
    fn automatic_windows_of_huge_and_tiny_ranges_are_shown_to_less_than_a_grey_level() {
        for scale in [1e-12, 1e-3, 1.0, 100.0, 1e12] {
            let mr = image((0..1000).map(|i| 5e4 * scale + f64::from(i) * scale).collect());
            let error = worst_level_error(&mr, &WindowLevel::auto(&mr));
            assert!(error < 0.5, "{scale}: {error}");
        }
    }

    #[test]
    fn an_extreme_outlier_stays_distinguishable_and_does_not_spoil_the_rest() {
        let mut values: Vec<f64> = (0..100_000).map(|i| f64::from(i % 1000)).collect();
        values[7] = 1e9;
        values[8] = 2e9;
        let image = image(values);
        let code = IntensityCode::of(&image);
        assert!(code.encode(1e9) < code.encode(2e9));
        assert!(worst_level_error(&image, &WindowLevel::auto(&image)) < 1.0);
    }

    #[test]
    fn an_absurd_voxel_is_as_bright_as_infinity_and_leaves_the_picture_as_it_is() {
        let mut values: Vec<f64> = (0..100_000).map(|i| f64::from(i % 1000)).collect();
        values[7] = 1e30;
        let image = image(values);
        assert_eq!(IntensityCode::of(&image).encode(1e30), f16::MAX);
        assert!(worst_level_error(&image, &WindowLevel::auto(&image)) < 0.5);
    }

    #[test]
    fn values_that_are_not_finite_become_black_and_white() {
        let image = image(vec![0.0, 1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY]);
        let code = IntensityCode::of(&image);
        assert_eq!(code.encode(f64::NAN), f16::MIN);
        assert_eq!(code.encode(f64::NEG_INFINITY), f16::MIN);
        assert_eq!(code.encode(f64::INFINITY), f16::MAX);
        let [black, gain] = code.window(&WindowLevel::new(0.0, 0.0));
        assert!(black.is_finite() && gain.is_finite());
    }
}

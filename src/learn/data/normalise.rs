//! Per-volume intensity normalisation, robust to outliers, constants and NaN; for CT and MR alike.

use serde::{Deserialize, Serialize};

use crate::volume::Image;

/// How a volume's intensities become numbers around 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Intensities {
    /// z-score without the darkest and brightest half percent.
    #[default]
    Clipped,
    /// z-score of the whole volume, as in the published protocols.
    ZScore,
    /// As the file has them: they were normalised before.
    AsStored,
}

impl Intensities {
    pub fn normaliser(self, image: &Image) -> Normaliser {
        match self {
            Self::Clipped => Normaliser::of(image),
            Self::ZScore => Normaliser::unclipped(image),
            Self::AsStored => Normaliser::identity(),
        }
    }
}

/// Tails cut before the z-score: one voxel of 1e30 must not flatten a volume.
const CLIP_PERCENT: [f64; 2] = [0.5, 99.5];

/// `(clamp(v, lo, hi) - mean) / sd`; non-finite voxels and constant images become 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Normaliser {
    lo: f64,
    hi: f64,
    mean: f64,
    per_sd: f64,
}

impl Normaliser {
    pub fn of(image: &Image) -> Self {
        Self::within(image, Self::clip_range(image))
    }

    /// The z-score of the whole volume, as in the published protocols.
    pub fn unclipped(image: &Image) -> Self {
        Self::within(image, (f64::NEG_INFINITY, f64::INFINITY))
    }

    fn within(image: &Image, (lo, hi): (f64, f64)) -> Self {
        let (mut count, mut mean, mut m2) = (0.0f64, 0.0f64, 0.0f64);
        for i in 0..image.extent().voxel_count() {
            let v = image.intensity_at(i);
            if v.is_finite() {
                let v = v.clamp(lo, hi);
                count += 1.0;
                let d = v - mean;
                mean += d / count;
                m2 += d * (v - mean);
            }
        }
        let sd = if count > 0.0 { (m2 / count).sqrt() } else { 0.0 };
        Self { lo, hi, mean, per_sd: if sd > 0.0 { sd.recip() } else { 0.0 } }
    }

    /// For intensities that are normalised already.
    pub fn identity() -> Self {
        Self { lo: f64::NEG_INFINITY, hi: f64::INFINITY, mean: 0.0, per_sd: 1.0 }
    }

    /// Percentiles of the histogram; where one outlier has emptied it, percentiles of a sorted sample.
    fn clip_range(image: &Image) -> (f64, f64) {
        let statistics = image.statistics();
        let (lo, hi) = (statistics.percentile(CLIP_PERCENT[0]), statistics.percentile(CLIP_PERCENT[1]));
        if hi - lo > 1e-3 * (statistics.max - statistics.min) {
            return (lo, hi);
        }
        const SAMPLE: usize = 10_000;
        let n = image.extent().voxel_count();
        let mut sample: Vec<f64> =
            (0..n).step_by(n.div_ceil(SAMPLE)).map(|i| image.intensity_at(i)).filter(|v| v.is_finite()).collect();
        sample.sort_unstable_by(f64::total_cmp);
        let at = |percent: f64| {
            let last = sample.len().saturating_sub(1);
            sample.get((percent / 100.0 * last as f64).round() as usize).copied().unwrap_or(0.0)
        };
        let (lo, hi) = (at(CLIP_PERCENT[0]), at(CLIP_PERCENT[1]));
        // A small structure in an empty field is no tail.
        if lo < hi { (lo, hi) } else { (statistics.min, statistics.max) }
    }

    pub fn apply(&self, intensity: f64) -> f32 {
        if intensity.is_finite() { ((intensity.clamp(self.lo, self.hi) - self.mean) * self.per_sd) as f32 } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Affine, Extent};
    use crate::volume::{Grid, Voxels};

    fn image(values: Vec<f32>) -> Image {
        let e = Extent::new(values.len(), 1, 1).unwrap();
        Image::new(Voxels::F32(Grid::from_vec(e, values).unwrap()), 1.0, 0.0, Affine::identity())
    }

    fn normalised(values: Vec<f32>) -> Vec<f32> {
        let image = image(values);
        let n = Normaliser::of(&image);
        (0..image.extent().voxel_count()).map(|i| n.apply(image.intensity_at(i))).collect()
    }

    #[test]
    fn scale_and_offset_of_the_scanner_do_not_matter() {
        let base: Vec<f32> = (0..2000).map(|i| ((i * 37) % 100) as f32).collect();
        let other: Vec<f32> = base.iter().map(|v| v * 10_000.0 - 500.0).collect();
        for (a, b) in normalised(base).iter().zip(normalised(other)) {
            assert!((a - b).abs() < 1e-2, "{a} {b}");
        }
    }

    #[test]
    fn without_clipping_all_voxels_count_and_the_brightest_stays_apart() {
        let mut values: Vec<f32> = (0..5000).map(|i| (i % 50) as f32).collect();
        values[7] = 1000.0;
        let image = image(values.clone());
        let mean = values.iter().sum::<f32>() / 5000.0;
        let sd = (values.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / 5000.0).sqrt();
        let n = Normaliser::unclipped(&image);
        assert!((n.apply(1000.0) - (1000.0 - mean) / sd).abs() < 1e-2);
        assert!(Normaliser::of(&image).apply(1000.0) < 3.0);
    }

    #[test]
    fn a_structure_of_a_few_voxels_in_an_empty_field_is_not_cut_away() {
        let values: Vec<f32> = (0..20_000).map(|i| if i % 500 == 0 { 100.0 } else { 0.0 }).collect();
        let image = image(values);
        let n = Normaliser::of(&image);
        assert!(n.apply(100.0) > n.apply(0.0) + 1.0);
    }

    #[test]
    fn one_huge_voxel_nan_and_infinity_leave_the_others_apart() {
        let mut values: Vec<f32> = (0..5000).map(|i| (i % 50) as f32).collect();
        values[7] = 1e30;
        values[8] = f32::NAN;
        values[9] = f32::INFINITY;
        let out = normalised(values);
        assert!(out.iter().all(|v| v.is_finite() && v.abs() < 10.0));
        assert!(out[49] - out[50] > 2.0, "contrast is lost: {} {}", out[49], out[50]);
    }

    #[test]
    fn a_constant_image_becomes_zero() {
        assert!(normalised(vec![7.0; 10]).iter().all(|&v| v == 0.0));
    }
}

//! Count, mean, spread and range of intensities, gathered in parts.

use serde::{Deserialize, Serialize};

/// Sums over finite intensities; what is not finite is left out. Parts of a volume are put together by [`Self::merge`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct IntensityMoments {
    count: usize,
    /// The first intensity. Sums are of differences from it, so that a large offset costs no digits.
    pivot: f64,
    sum: f64,
    sum_of_squares: f64,
    min: f64,
    max: f64,
}

/// What the sums say of at least one finite intensity, in the image's unit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct IntensityFigures {
    /// Number of finite voxels.
    pub count: usize,
    pub mean: f64,
    /// Of these voxels themselves (divided by their number); infinite where squares exceed the range of `f64`.
    pub standard_deviation: f64,
    pub min: f64,
    pub max: f64,
}

impl IntensityMoments {
    pub fn push(&mut self, intensity: f64) {
        self.push_many(intensity, 1);
    }

    /// The same intensity `times` times.
    pub fn push_many(&mut self, intensity: f64, times: u64) {
        if !intensity.is_finite() || times == 0 {
            return;
        }
        if self.count == 0 {
            (self.pivot, self.min, self.max) = (intensity, intensity, intensity);
        }
        let difference = intensity - self.pivot;
        self.count += times as usize;
        self.sum += times as f64 * difference;
        self.sum_of_squares += times as f64 * (difference * difference);
        self.min = self.min.min(intensity);
        self.max = self.max.max(intensity);
    }

    pub fn merge(&mut self, other: &Self) {
        if self.count == 0 {
            *self = *other;
        } else if other.count > 0 {
            let (shift, n) = (other.pivot - self.pivot, other.count as f64);
            self.count += other.count;
            self.sum += other.sum + n * shift;
            self.sum_of_squares += other.sum_of_squares + shift * (2.0 * other.sum + n * shift);
            self.min = self.min.min(other.min);
            self.max = self.max.max(other.max);
        }
    }

    /// `None` if no intensity was finite.
    pub fn figures(&self) -> Option<IntensityFigures> {
        let n = self.count as f64;
        let variance = (self.sum_of_squares - self.sum * (self.sum / n)) / n;
        (self.count > 0).then(|| IntensityFigures {
            count: self.count,
            mean: (self.pivot + self.sum / n).clamp(self.min, self.max),
            // Rounding may leave a variance just below 0.
            standard_deviation: if variance.is_finite() { variance.max(0.0).sqrt() } else { f64::INFINITY },
            min: self.min,
            max: self.max,
        })
    }
}

impl Extend<f64> for IntensityMoments {
    fn extend<I: IntoIterator<Item = f64>>(&mut self, intensities: I) {
        intensities.into_iter().for_each(|v| self.push(v));
    }
}

impl FromIterator<f64> for IntensityMoments {
    fn from_iter<I: IntoIterator<Item = f64>>(intensities: I) -> Self {
        let mut moments = Self::default();
        moments.extend(intensities);
        moments
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn parts_put_together_equal_the_definition_whatever_the_offset(
            values in prop::collection::vec(-500.0..500.0f64, 1..80), offset in -1e6..1e6f64, cuts in prop::array::uniform2(0usize..80),
        ) {
            let values: Vec<f64> = values.iter().map(|v| v + offset).collect();
            let [a, b] = cuts.map(|c| c.min(values.len()));
            let (a, b) = (a.min(b), a.max(b));
            let mut whole = IntensityMoments::default();
            for part in [&values[..a], &values[a..b], &values[b..]] {
                whole.merge(&part.iter().copied().collect());
            }
            let figures = whole.figures().unwrap();
            let n = values.len() as f64;
            let mean = values.iter().sum::<f64>() / n;
            let sd = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
            prop_assert!((figures.mean - mean).abs() < 1e-6 && (figures.standard_deviation - sd).abs() < 1e-5);
            prop_assert_eq!(figures.min, values.iter().copied().fold(f64::INFINITY, f64::min));
            prop_assert_eq!(figures.max, values.iter().copied().fold(f64::NEG_INFINITY, f64::max));
            prop_assert_eq!(figures.count, values.len());
        }
    }

    #[test]
    fn what_is_not_finite_is_left_out() {
        let moments: IntensityMoments = [f64::NAN, 2.0, f64::INFINITY, 4.0].into_iter().collect();
        let f = moments.figures().unwrap();
        assert_eq!((f.count, f.mean, f.standard_deviation, f.min, f.max), (2, 3.0, 1.0, 2.0, 4.0));
        assert_eq!([f64::NAN].into_iter().collect::<IntensityMoments>().figures(), None);
    }

    #[test]
    fn absurd_intensities_have_a_mean_inside_their_range_and_no_nan() {
        let moments: IntensityMoments = [1e300, -1e300, 5.0].into_iter().collect();
        let f = moments.figures().unwrap();
        assert!(f.mean >= -1e300 && f.mean <= 1e300 && f.standard_deviation == f64::INFINITY);
    }

    #[test]
    fn equal_intensities_have_no_spread() {
        let f = std::iter::repeat_n(0.1, 1000).collect::<IntensityMoments>().figures().unwrap();
        assert_eq!((f.mean, f.standard_deviation), (0.1, 0.0));
    }
}

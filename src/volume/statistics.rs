//! Intensity statistics of a whole image: range, mean, standard deviation and percentiles.

use rayon::prelude::*;

use super::{IntensityMoments, Voxels};
use crate::with_voxels;

/// Bins of the histogram that percentiles are read from: finer than the 8 bits of a screen by far.
const HISTOGRAM_BINS: usize = 4096;

/// Voxels looked at to find the range worth a fine histogram, so that one absurd voxel does not take all bins.
const SAMPLE_SIZE: usize = 1 << 16;

/// Voxels of one piece of work: a few milliseconds.
const CHUNK: usize = 1 << 20;

/// Rescaled intensities; non-finite voxels are left out. All zero if no voxel is finite.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IntensityStatistics {
    pub min: f64,
    pub max: f64,
    pub mean: f64,
    pub standard_deviation: f64,
    /// Number of finite voxels.
    pub finite_count: usize,
    /// Range of the histogram; few or no voxels lie outside.
    histogram_range: (f64, f64),
    /// Finite voxels up to the end of each bin, those below the range included.
    cumulative: Vec<u64>,
    below: u64,
}

impl IntensityStatistics {
    #[expect(clippy::unnecessary_cast, reason = "the macro repeats the line for f64 too")]
    pub fn of(voxels: &Voxels, slope: f64, intercept: f64) -> Self {
        let rescaled = |stored: f64| slope * stored + intercept;
        // A cast and the one back keep the bits, so every stored value has a key of its own.
        match voxels {
            Voxels::U8(g) => Self::of_keys(g.as_slice(), u16::from, |key| rescaled(key.into())),
            Voxels::I8(g) => Self::of_keys(g.as_slice(), |v| v as u16, |key| rescaled((key as i8).into())),
            Voxels::U16(g) => Self::of_keys(g.as_slice(), |v| v, |key| rescaled(key.into())),
            Voxels::I16(g) => Self::of_keys(g.as_slice(), |v| v as u16, |key| rescaled((key as i16).into())),
            wide => with_voxels!(wide, g => Self::of_slice(g.as_slice(), |v| rescaled(v as f64))),
        }
    }

    /// Of at most 2^16 different values, each counted first: a tenth of the work that every voxel on its own would be.
    fn of_keys<T: Copy + Sync>(values: &[T], key: impl Fn(T) -> u16 + Sync, rescaled: impl Fn(u16) -> f64) -> Self {
        let count = |mut counts: Vec<u64>, chunk: &[T]| {
            chunk.iter().for_each(|&v| counts[usize::from(key(v))] += 1);
            counts
        };
        let none = || vec![0; 1 << u16::BITS];
        let counts = values.par_chunks(CHUNK).fold(none, count).reduce(none, |a, b| add(a, &b));
        let counted =
            || (0..=u16::MAX).zip(&counts).filter(|(_, count)| **count > 0).map(|(key, &n)| (rescaled(key), n));
        let mut moments = IntensityMoments::default();
        counted().for_each(|(v, n)| moments.push_many(v, n));
        let sample = values.iter().step_by(sample_step(values.len())).map(|&v| rescaled(key(v)));
        Self::from_parts(moments, sample, |low, high| Bins::of(counted(), low, high))
    }

    /// On all cores: whoever opens a volume waits for it. The same on any number of them.
    fn of_slice<T: Copy + Sync>(values: &[T], rescaled: impl Fn(T) -> f64 + Sync) -> Self {
        let chunks = || values.par_chunks(CHUNK);
        let parts: Vec<IntensityMoments> = chunks().map(|chunk| chunk.iter().map(|&v| rescaled(v)).collect()).collect();
        let mut moments = IntensityMoments::default();
        parts.iter().for_each(|part| moments.merge(part));
        let sample = values.iter().step_by(sample_step(values.len())).map(|&v| rescaled(v));
        Self::from_parts(moments, sample, |low, high| {
            let counted = chunks().map(|chunk| Bins::of(chunk.iter().map(|&v| (rescaled(v), 1)), low, high));
            counted.reduce(Bins::default, Bins::plus)
        })
    }

    /// `bins` counts the voxels of a range.
    fn from_parts(
        moments: IntensityMoments,
        sample: impl Iterator<Item = f64>,
        bins: impl FnOnce(f64, f64) -> Bins,
    ) -> Self {
        let Some(figures) = moments.figures() else { return Self::default() };
        let (low, high) = usual_range(sample.filter(|v| v.is_finite())).unwrap_or((figures.min, figures.max));
        let Bins { below, mut counts } = bins(low, high);
        let mut sum = below;
        for c in &mut counts {
            sum += *c;
            *c = sum;
        }
        Self {
            min: figures.min,
            max: figures.max,
            mean: figures.mean,
            standard_deviation: figures.standard_deviation,
            finite_count: figures.count,
            histogram_range: (low, high),
            cumulative: counts,
            below,
        }
    }

    /// Intensity below which `percent` (0 to 100) of the finite voxels lie, to 1/4096 of the usual range of intensities.
    pub fn percentile(&self, percent: f64) -> f64 {
        if self.finite_count == 0 || self.max <= self.min {
            return self.min;
        }
        let wanted = percent.clamp(0.0, 100.0) / 100.0 * self.finite_count as f64;
        let (low, high) = self.histogram_range;
        let bin = self.cumulative.partition_point(|&c| (c as f64) < wanted);
        let up_to = |bin: usize| self.cumulative.get(bin).map_or(self.finite_count as u64, |&c| c);
        let before = if bin == 0 { self.below } else { up_to(bin - 1) };
        let between = |from: f64, to: f64, before: u64, count: u64| {
            from + (to - from) * ((wanted - before as f64) / count.max(1) as f64).clamp(0.0, 1.0)
        };
        if wanted <= self.below as f64 && self.below > 0 {
            return between(self.min, low, 0, self.below);
        }
        if bin == HISTOGRAM_BINS {
            return between(high, self.max, before, up_to(bin) - before);
        }
        let width = (high - low) / HISTOGRAM_BINS as f64;
        let start = low + bin as f64 * width;
        between(start, start + width, before, up_to(bin) - before)
    }
}

/// Counts of a part of the voxels.
struct Bins {
    below: u64,
    counts: Vec<u64>,
}

impl Default for Bins {
    fn default() -> Self {
        Self { below: 0, counts: vec![0; HISTOGRAM_BINS] }
    }
}

impl Bins {
    /// Values with the number of times they occur. What is no number, or above `high`, is in no bin.
    fn of(counted: impl Iterator<Item = (f64, u64)>, low: f64, high: f64) -> Self {
        let mut bins = Self::default();
        let scale = bins_per_unit(low, high);
        for (v, n) in counted.filter(|(v, _)| v.is_finite()) {
            if v < low {
                bins.below += n;
            } else if v <= high {
                bins.counts[bin(v, low, scale)] += n;
            }
        }
        bins
    }

    fn plus(self, other: Self) -> Self {
        Self { below: self.below + other.below, counts: add(self.counts, &other.counts) }
    }
}

fn add(mut counts: Vec<u64>, more: &[u64]) -> Vec<u64> {
    counts.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
    counts
}

/// An odd step does not walk along the columns of a grid with an even number of voxels per row.
fn sample_step(voxel_count: usize) -> usize {
    (voxel_count / SAMPLE_SIZE) | 1
}

/// Where nearly all values of a sample lie, with room to both sides; `None` if it shows a single value.
fn usual_range(sample: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    let mut sample: Vec<f64> = sample.collect();
    sample.sort_unstable_by(f64::total_cmp);
    let (first, last) = (*sample.first()?, *sample.last()?);
    let tail = sample.len() / 1000;
    let (low, high) = (sample[tail], sample[sample.len() - 1 - tail]);
    let room = high - low;
    (room > 0.0).then(|| ((low - room).max(first), (high + room).min(last)))
}

fn bins_per_unit(min: f64, max: f64) -> f64 {
    if max > min { HISTOGRAM_BINS as f64 / (max - min) } else { 0.0 }
}

fn bin(v: f64, min: f64, scale: f64) -> usize {
    // A finite non-negative product, clamped: the cast cannot go astray.
    (((v - min) * scale) as usize).min(HISTOGRAM_BINS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Extent;
    use crate::volume::Grid;

    fn of(values: &[f32]) -> IntensityStatistics {
        let e = Extent::new(values.len(), 1, 1).unwrap();
        IntensityStatistics::of(&Voxels::F32(Grid::from_vec(e, values.to_vec()).unwrap()), 1.0, 0.0)
    }

    #[test]
    fn percentiles_of_a_uniform_ramp() {
        let s = of(&(0..=1000).map(|i| i as f32).collect::<Vec<_>>());
        for p in [1.0, 25.0, 50.0, 99.0] {
            assert!((s.percentile(p) - 10.0 * p).abs() < 1.5, "{p}: {}", s.percentile(p));
        }
        assert!((s.mean - 500.0).abs() < 1e-9);
    }

    #[test]
    fn one_absurd_voxel_does_not_move_the_percentiles() {
        let mut values: Vec<f32> = (0..=2000).map(|i| i as f32).collect();
        values[7] = 1e30;
        values[8] = -1e20;
        let s = of(&values);
        for p in [1.0, 50.0, 99.0] {
            assert!((s.percentile(p) - 20.0 * p).abs() < 5.0, "{p}: {}", s.percentile(p));
        }
        assert_eq!((s.percentile(0.0), s.percentile(100.0)), (f64::from(-1e20f32), f64::from(1e30f32)));
    }

    #[test]
    fn nan_and_infinity_are_left_out() {
        let s = of(&[1.0, f32::NAN, 3.0, f32::INFINITY]);
        assert_eq!((s.min, s.max, s.finite_count), (1.0, 3.0, 2));
    }

    #[test]
    fn a_constant_and_an_all_nan_image_have_finite_percentiles() {
        assert_eq!(of(&[7.0; 5]).percentile(50.0), 7.0);
        assert_eq!(of(&[f32::NAN; 5]).percentile(50.0), 0.0);
    }

    #[test]
    fn counted_values_give_what_single_voxels_give() {
        let e = Extent::new(64, 64, 40).unwrap();
        let stored: Vec<i16> = (0..e.voxel_count() as i64).map(|i| (i * i % 5003 - 2000) as i16).collect();
        let wide = stored.iter().map(|&v| i32::from(v)).collect();
        let of = |voxels| IntensityStatistics::of(&voxels, -0.5, 3.0);
        let (narrow, wide) =
            (of(Voxels::I16(Grid::from_vec(e, stored).unwrap())), of(Voxels::I32(Grid::from_vec(e, wide).unwrap())));
        assert!(
            (narrow.mean - wide.mean).abs() < 1e-9
                && (narrow.standard_deviation / wide.standard_deviation - 1.0).abs() < 1e-12
        );
        assert_eq!((narrow.finite_count, narrow.min, narrow.max), (wide.finite_count, wide.min, wide.max));
        assert_eq!((narrow.below, narrow.cumulative), (wide.below, wide.cumulative));
    }

    #[test]
    fn every_type_of_few_values_keeps_its_sign() {
        let e = Extent::new(2, 1, 1).unwrap();
        let range = |voxels| {
            let s = IntensityStatistics::of(&voxels, 1.0, 0.0);
            (s.min, s.max)
        };
        assert_eq!(range(Voxels::U8(Grid::from_vec(e, vec![0, 255]).unwrap())), (0.0, 255.0));
        assert_eq!(range(Voxels::I8(Grid::from_vec(e, vec![-128, 127]).unwrap())), (-128.0, 127.0));
        assert_eq!(range(Voxels::U16(Grid::from_vec(e, vec![0, 65535]).unwrap())), (0.0, 65535.0));
        assert_eq!(range(Voxels::I16(Grid::from_vec(e, vec![-32768, 32767]).unwrap())), (-32768.0, 32767.0));
    }
}

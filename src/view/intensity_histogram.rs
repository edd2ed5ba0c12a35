//! How often each intensity occurs, for a window/level widget.

use rayon::prelude::*;

use crate::volume::Image;
use crate::with_voxels;

/// Voxels of one task: enough work to pay for it, little enough to hear a cancel at once.
const CHUNK: usize = 1 << 17;
/// Percentiles that all bins lie between, before the margin: contrast agent and metal in a thousandth of the voxels count.
const RANGE_PERCENTILES: [f64; 2] = [0.05, 99.95];
/// Room on either side, as a share of the range, so that handles can be drawn at its ends.
const MARGIN: f64 = 0.04;
/// Room on either side of the only intensity there is, as a share of it, or absolute below 1.
const CONSTANT_MARGIN: f64 = 0.5;

/// Counts over a range that a few absurd voxels do not stretch.
#[derive(Clone, Debug, PartialEq)]
pub struct IntensityHistogram {
    range: Range,
    counts: Counts,
}

/// Bins of equal width side by side.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Range {
    low: f64,
    high: f64,
    bin_count: usize,
}

#[derive(Clone, Debug, PartialEq)]
struct Counts {
    bins: Vec<u64>,
    below: u64,
    above: u64,
}

impl IntensityHistogram {
    pub const MAX_BINS: usize = 256;

    /// One parallel pass over the volume; `None` if `cancelled` said so, which is asked all along.
    pub fn of(image: &Image, cancelled: impl Fn() -> bool + Sync) -> Option<Self> {
        let range = Range::of(image);
        let n = image.extent().voxel_count();
        let empty = || Counts { bins: vec![0; range.bin_count], below: 0, above: 0 };
        let count = |mut counts: Counts, chunk: usize| {
            (!cancelled()).then(|| {
                counts.add(image, chunk * CHUNK..((chunk + 1) * CHUNK).min(n), range);
                counts
            })
        };
        let parts = (0..n.div_ceil(CHUNK)).into_par_iter().try_fold(empty, count);
        let counts = parts.try_reduce(empty, |a, b| Some(a.merged(&b)))?;
        Some(Self { range, counts })
    }

    /// Intensities at the left edge of the first and the right edge of the last bin.
    pub fn range(&self) -> [f64; 2] {
        [self.range.low, self.range.high]
    }

    /// Voxels per bin, at most 256. Of integers every bin holds equally many values, so that no comb appears.
    pub fn counts(&self) -> &[u64] {
        &self.counts.bins
    }

    /// Share (0 to 1) of the finite voxels outside the range, below and above.
    pub fn clipped(&self) -> [f64; 2] {
        let Counts { bins, below, above } = &self.counts;
        let all = bins.iter().sum::<u64>() + below + above;
        [below, above].map(|&count| count as f64 / all.max(1) as f64)
    }

    /// Heights of the bars, 0 to 1: logarithmic, for the air around a patient outnumbers every organ.
    pub fn bar_heights(&self) -> Vec<f32> {
        let height = |&count: &u64| (count as f64).ln_1p();
        let highest = self.counts().iter().map(height).fold(0.0, f64::max).max(f64::MIN_POSITIVE);
        self.counts().iter().map(|count| (height(count) / highest) as f32).collect()
    }
}

impl Counts {
    #[expect(clippy::unnecessary_cast, reason = "the macro repeats the line for f64 too")]
    fn add(&mut self, image: &Image, indices: std::ops::Range<usize>, Range { low, high, bin_count }: Range) {
        let (slope, intercept) = (image.slope, image.intercept);
        let bins_per_unit = bin_count as f64 / (high - low);
        with_voxels!(&image.voxels, grid => for &stored in &grid.as_slice()[indices] {
            let v = slope * stored as f64 + intercept;
            if v >= low && v <= high {
                // Not negative; at the very end of the range one too large.
                let bin = ((v - low) * bins_per_unit) as usize;
                self.bins[bin.min(bin_count - 1)] += 1;
            } else if v.is_finite() {
                *(if v < low { &mut self.below } else { &mut self.above }) += 1;
            }
        });
    }

    fn merged(mut self, other: &Self) -> Self {
        self.bins.iter_mut().zip(&other.bins).for_each(|(a, b)| *a += b);
        Self { below: self.below + other.below, above: self.above + other.above, ..self }
    }
}

impl Range {
    /// The usual intensities with a margin; around the only one of a constant image, around 0 without any.
    fn of(image: &Image) -> Self {
        let statistics = image.statistics();
        let usual = RANGE_PERCENTILES.map(|percent| statistics.percentile(percent));
        let [low, high] = if usual[1] > usual[0] { usual } else { [statistics.min, statistics.max] };
        // Halves, and bounds, because the length of a range of absurd intensities overflows.
        let margin =
            if high > low { 2.0 * MARGIN * (high / 2.0 - low / 2.0) } else { CONSTANT_MARGIN * low.abs().max(1.0) };
        let (low, high) = ((low - margin).max(-f64::MAX / 4.0), (high + margin).min(f64::MAX / 4.0));
        if image.voxels.voxel_type().is_integer() {
            Self::in_whole_steps(low, high, image.slope.abs(), image.intercept)
        } else {
            Self { low, high, bin_count: IntensityHistogram::MAX_BINS }
        }
    }

    /// At least `low` to `high`, in bins that each hold equally many of the values `intercept + k * step`, and no edge on one.
    fn in_whole_steps(low: f64, high: f64, step: f64, intercept: f64) -> Self {
        let first = ((low - intercept) / step).floor();
        let steps = ((high - intercept) / step).ceil() - first + 1.0;
        let steps_per_bin = (steps / IntensityHistogram::MAX_BINS as f64).ceil().max(1.0);
        // Between 1 and 256.
        let bin_count = ((steps / steps_per_bin).ceil() as usize).clamp(1, IntensityHistogram::MAX_BINS);
        let low = intercept + (first - 0.5) * step;
        Self { low, high: low + bin_count as f64 * steps_per_bin * step, bin_count }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Affine, Extent};
    use crate::volume::{Grid, Voxels};
    use proptest::prelude::*;

    fn of(voxels: Voxels, slope: f64, intercept: f64) -> IntensityHistogram {
        IntensityHistogram::of(&Image::new(voxels, slope, intercept, Affine::identity()), || false).unwrap()
    }

    fn floats(values: Vec<f32>) -> Voxels {
        Voxels::F32(Grid::from_vec(Extent::new(values.len(), 1, 1).unwrap(), values).unwrap())
    }

    proptest! {
        #[test]
        fn every_finite_voxel_is_in_its_bin_or_clipped(
            values in prop::collection::vec(prop_oneof![20 => -100.0..300.0f32, 1 => Just(f32::NAN), 1 => -1e30..1e30f32], 1..400),
        ) {
            let finite: Vec<f64> = values.iter().filter(|v| v.is_finite()).map(|&v| f64::from(v)).collect();
            let histogram = of(floats(values), 1.0, 0.0);
            let [low, high] = histogram.range();
            let n = histogram.counts().len() as f64;
            for (bin, &count) in histogram.counts().iter().enumerate() {
                let edge = |i: f64| low + (high - low) * i / n;
                // Rounding may put a value on an edge to either side.
                let slack = 1e-9 * (high - low);
                let strictly = |v: &&f64| **v > edge(bin as f64) + slack && **v < edge(bin as f64 + 1.0) - slack;
                let loosely = |v: &&f64| **v >= edge(bin as f64) - slack && **v <= edge(bin as f64 + 1.0) + slack;
                let (least, most) = (finite.iter().filter(strictly).count(), finite.iter().filter(loosely).count());
                prop_assert!((least..=most).contains(&(count as usize)));
            }
            let clipped = |f: &dyn Fn(f64) -> bool| finite.iter().filter(|v| f(**v)).count() as f64 / finite.len().max(1) as f64;
            prop_assert_eq!(histogram.clipped(), [clipped(&|v| v < low), clipped(&|v| v > high)]);
        }

        #[test]
        fn an_even_spread_of_integers_fills_all_bins_evenly(first in -2000i16..2000, values in 2i16..3000, slope in prop_oneof![-3.0..-0.1f64, 0.1..3.0f64]) {
            let stored: Vec<i16> = (0..values).map(|i| first + i).collect();
            let extent = Extent::new(stored.len(), 1, 1).unwrap();
            let histogram = of(Voxels::I16(Grid::from_vec(extent, stored).unwrap()), slope, 7.0);
            let counts = histogram.counts();
            prop_assert!(counts.len() <= IntensityHistogram::MAX_BINS);
            let most = *counts.iter().max().unwrap();
            // All between the first and the last bin that hold anything are full.
            let used: Vec<u64> = counts.iter().copied().skip_while(|c| *c == 0).collect();
            let end = used.iter().rposition(|c| *c > 0).unwrap();
            prop_assert!(end < 2 || used[1..end].iter().all(|c| *c == most), "{counts:?}");
        }
    }

    #[test]
    fn metal_in_one_voxel_does_not_squeeze_the_rest_and_is_told_as_clipped() {
        let mut values: Vec<f32> = (0..100_000).map(|i| (i % 500) as f32).collect();
        values[7] = 3e8;
        let histogram = of(floats(values), 1.0, 0.0);
        let [low, high] = histogram.range();
        assert!(low < 0.0 && (500.0..600.0).contains(&high), "{low} {high}");
        assert_eq!(histogram.clipped(), [0.0, 1e-5]);
    }

    #[test]
    fn constant_unknown_and_absurd_images_have_a_range_of_some_width() {
        for values in [vec![0.0; 9], vec![-1e30; 9], vec![f32::NAN; 9], vec![f32::MAX, -f32::MAX]] {
            let finite = values.iter().filter(|v| v.is_finite()).count() as u64;
            let histogram = of(floats(values), 1.0, 0.0);
            let [low, high] = histogram.range();
            assert!(high > low && (high - low).is_finite());
            assert_eq!(histogram.counts().iter().sum::<u64>(), finite);
            assert!(histogram.bar_heights().iter().all(|h| (0.0..=1.0).contains(h)));
        }
        let huge = Grid::from_vec(Extent::new(2, 1, 1).unwrap(), vec![f64::MAX, -f64::MAX]).unwrap();
        assert!(of(Voxels::F64(huge), 1.0, 0.0).range().iter().all(|v| v.is_finite()));
        let wide = Grid::from_vec(Extent::new(2, 1, 1).unwrap(), vec![u64::MAX, 0]).unwrap();
        assert_eq!(of(Voxels::U64(wide), 1e-300, 0.0).counts().iter().sum::<u64>(), 2);
    }

    #[test]
    fn chunks_are_put_together_and_a_cancel_is_heard() {
        let n = 2 * CHUNK + 9;
        let voxels = Voxels::U8(Grid::filled(Extent::new(n, 1, 1).unwrap(), 3));
        assert_eq!(of(voxels.clone(), 1.0, 0.0).counts().iter().sum::<u64>(), n as u64);
        let image = Image::new(voxels, 1.0, 0.0, Affine::identity());
        assert_eq!(IntensityHistogram::of(&image, || true), None);
    }

    #[test]
    fn bars_are_logarithmic_with_the_most_frequent_at_the_top() {
        let mut values = vec![0u8; 999_999];
        values.extend([9; 999]);
        let extent = Extent::new(values.len(), 1, 1).unwrap();
        let histogram = of(Voxels::U8(Grid::from_vec(extent, values).unwrap()), 1.0, 0.0);
        let heights = histogram.bar_heights();
        let tall: Vec<f32> = heights.into_iter().filter(|h| *h > 0.0).collect();
        assert!(tall[0] == 1.0 && (tall[1] - 0.5).abs() < 1e-6 && tall.len() == 2, "{tall:?}");
    }
}

//! Statistics of channels for InstanceNorm, and the division of channels into chunks.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use crate::learn::kernels::instructions::instructions;
use crate::learn::kernels::moments::Moments;
use crate::learn::kernels::vectors::sums;

/// Values that are summed together: two slices of them fit into a first-level cache. Results depend on it, but not on
/// the number of threads, whatever that makes of the chunks.
pub const CHUNK: usize = 1 << 12;

/// Values whose mean stands for that of a chunk until that is known: a few registers.
const SAMPLE: usize = 64;

/// Mean and `1 / sqrt(variance + epsilon)` of a channel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChannelStatistics {
    pub mean: f32,
    pub per_sd: f32,
}

impl Moments {
    /// One pass that sums differences from the mean of the first [`SAMPLE`] values. Unlike in the textbook's formula,
    /// which measures from 0, little can cancel: were the sample far from the other values, their variance would be
    /// large, too.
    fn of_chunk(values: &[f32]) -> Self {
        instructions().dispatch(ChunkMoments(values))
    }

    pub fn of_channel(channel: &[f32]) -> Self {
        channel.chunks(CHUNK).map(Self::of_chunk).fold(Self::default(), Self::merge)
    }

    pub fn statistics(self, epsilon: f32) -> ChannelStatistics {
        let variance = self.m2 / self.count.max(1.0);
        ChannelStatistics { mean: self.mean as f32, per_sd: (variance + f64::from(epsilon)).sqrt().recip() as f32 }
    }
}

/// The moments of every channel of `volume` values, in parallel even for a single channel.
pub fn moments(x: &[f32], volume: usize) -> Vec<Moments> {
    let volume = volume.max(1);
    if !chunks_are_shared(x.len() / volume, volume) {
        return x.par_chunks_exact(volume).map(Moments::of_channel).collect();
    }
    let of_channel = |channel: &[f32]| {
        let chunks: Vec<Moments> = channel.par_chunks(CHUNK).map(Moments::of_chunk).collect();
        chunks.into_iter().fold(Moments::default(), Moments::merge)
    };
    x.par_chunks_exact(volume).map(of_channel).collect()
}

/// Whether threads share channels because there are too few. One thread for a channel finds it in its cache for the
/// second pass. Both ways give the same bits.
pub fn chunks_are_shared(channels: usize, volume: usize) -> bool {
    let threads = rayon::current_num_threads();
    threads > 1 && channels < 2 * threads && volume > CHUNK
}

struct ChunkMoments<'a>(&'a [f32]);

impl WithSimd for ChunkMoments<'_> {
    type Output = Moments;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Moments {
        let values = self.0;
        let sample = &values[..values.len().min(SAMPLE)];
        if sample.is_empty() {
            return Moments::default();
        }
        let [sum_of_sample] = sums(
            simd,
            [sample],
            #[inline(always)]
            |[v]| [v],
        );
        let mean = sum_of_sample / sample.len() as f32;
        // Zeros that fill a register are no zero differences.
        let (whole, last) = values.split_at(values.len() / S::F32_LANES * S::F32_LANES);
        let m = simd.splat_f32s(mean);
        let [mut sum, mut squares] = sums(
            simd,
            [whole],
            #[inline(always)]
            |[v]| {
                let d = simd.sub_f32s(v, m);
                [d, simd.mul_f32s(d, d)]
            },
        );
        for v in last {
            sum += v - mean;
            squares += (v - mean) * (v - mean);
        }
        // The mean moves by `step`, and the squares are measured from there.
        let count = values.len() as f64;
        let (sum, squares) = (f64::from(sum), f64::from(squares));
        Moments { count, mean: f64::from(mean) + sum / count, m2: (squares - sum * sum / count).max(0.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::kernels::testing::{assert_close, assert_same_bits_for_any_thread_count, random};

    #[test]
    fn moments_equal_plain_sums_even_far_from_zero() {
        for (count, offset) in [(1, 0.0), (15, 3.0), (48, 1000.0), (4097, 100.0), (20_000, -5.0)] {
            let x: Vec<f32> = random(2 * count, 5).iter().map(|v| v + offset).collect();
            for (ours, x) in moments(&x, count).iter().zip(x.chunks(count)) {
                let mean = x.iter().map(|v| f64::from(*v)).sum::<f64>() / count as f64;
                let squares = x.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>();
                assert_close(&[ours.mean as f32], &[mean], 1e-6);
                assert_close(&[ours.m2 as f32], &[squares], 1e-4);
            }
        }
    }

    #[test]
    fn the_number_of_threads_changes_no_bit() {
        let x = random(3 * 10_001, 6);
        assert_same_bits_for_any_thread_count(|| {
            moments(&x, 10_001).iter().flat_map(|m| [m.mean as f32, m.m2 as f32]).collect()
        });
    }
}

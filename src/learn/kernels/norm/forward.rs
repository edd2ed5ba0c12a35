//! InstanceNorm, residual sum and ReLU in one pass: `relu(gamma (x - mean) / sd + beta + skip)`, or with the skip after
//! the ReLU.
//!
//! With enough channels one thread does all of a channel, so that the second pass finds it in the cache if it fits. With
//! few channels threads share the chunks of each. Both ways add the sums of the same chunks in the same order.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use crate::learn::kernels::instructions::instructions;
use crate::learn::kernels::moments::Moments;
use crate::learn::kernels::norm::statistics::{CHUNK, ChannelStatistics, chunks_are_shared, moments};
use crate::learn::kernels::vectors::map;

/// PyTorch's and burn's value.
pub const EPSILON: f32 = 1e-5;

/// `x [batch, channels, volume]`, `gamma [channels]`, `beta [channels]`.
#[derive(Clone, Copy, Debug)]
pub struct NormAct<'a> {
    pub x: &'a [f32],
    pub gamma: &'a [f32],
    pub beta: &'a [f32],
    pub volume: usize,
}

/// What is added to the normalised values; as large as `x`.
#[derive(Clone, Copy, Debug)]
pub enum Skip<'a> {
    None,
    BeforeRelu(&'a [f32]),
    AfterRelu(&'a [f32]),
}

/// `scale x + shift`, which is `gamma (x - mean) / sd + beta`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Affine {
    pub scale: f32,
    pub shift: f32,
}

impl NormAct<'_> {
    /// Writes `y`; returns the statistics of every channel of every item, for the backward pass.
    pub fn forward(&self, skip: Skip<'_>, y: &mut [f32]) -> Vec<ChannelStatistics> {
        let volume = self.volume.max(1);
        if chunks_are_shared(self.x.len() / volume, volume) {
            let moments = moments(self.x, volume);
            let statistics: Vec<_> = moments.iter().map(|m| m.statistics(EPSILON)).collect();
            self.forward_with(&statistics, skip, y);
            return statistics;
        }
        let channels = y.par_chunks_exact_mut(volume).zip(self.x.par_chunks_exact(volume)).enumerate();
        let of_channel = |(index, (y, x)): (usize, (&mut [f32], &[f32]))| {
            let statistics = Moments::of_channel(x).statistics(EPSILON);
            self.normalise(index * volume, self.affine(index, statistics), skip, y);
            statistics
        };
        channels.map(of_channel).collect()
    }

    /// The same with known statistics: one read of `x`, one write of `y`.
    pub fn forward_with(&self, statistics: &[ChannelStatistics], skip: Skip<'_>, y: &mut [f32]) {
        let volume = self.volume.max(1);
        let shared = chunks_are_shared(statistics.len(), volume);
        y.par_chunks_exact_mut(volume).zip(statistics).enumerate().for_each(|(index, (y, statistics))| {
            let (start, affine) = (index * volume, self.affine(index, *statistics));
            if shared {
                let chunks = y.par_chunks_mut(CHUNK).enumerate();
                chunks.for_each(|(chunk, y)| self.normalise(start + chunk * CHUNK, affine, skip, y));
            } else {
                self.normalise(start, affine, skip, y);
            }
        });
    }

    /// Of channel `index`, counted through all items.
    pub(crate) fn affine(&self, index: usize, statistics: ChannelStatistics) -> Affine {
        let channel = index % self.gamma.len();
        let scale = self.gamma[channel] * statistics.per_sd;
        Affine { scale, shift: self.beta[channel] - statistics.mean * scale }
    }

    /// `y` is a part of the output that begins at `start`.
    fn normalise(&self, start: usize, affine: Affine, skip: Skip<'_>, y: &mut [f32]) {
        let part = start..start + y.len();
        let skip = match skip {
            Skip::None => Skip::None,
            Skip::BeforeRelu(skip) => Skip::BeforeRelu(&skip[part.clone()]),
            Skip::AfterRelu(skip) => Skip::AfterRelu(&skip[part.clone()]),
        };
        instructions().dispatch(Normalise { x: &self.x[part], affine, skip, y });
    }
}

struct Normalise<'a> {
    x: &'a [f32],
    affine: Affine,
    skip: Skip<'a>,
    y: &'a mut [f32],
}

impl WithSimd for Normalise<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { x, affine: Affine { scale, shift }, skip, y } = self;
        let (scale, shift, zero) = (simd.splat_f32s(scale), simd.splat_f32s(shift), simd.splat_f32s(0.0));
        match skip {
            Skip::None => map(
                simd,
                y,
                [x],
                #[inline(always)]
                |[x]| simd.max_f32s(simd.mul_add_e_f32s(x, scale, shift), zero),
            ),
            Skip::BeforeRelu(skip) => map(
                simd,
                y,
                [x, skip],
                #[inline(always)]
                |[x, s]| simd.max_f32s(simd.add_f32s(simd.mul_add_e_f32s(x, scale, shift), s), zero),
            ),
            Skip::AfterRelu(skip) => map(
                simd,
                y,
                [x, skip],
                #[inline(always)]
                |[x, s]| simd.add_f32s(simd.max_f32s(simd.mul_add_e_f32s(x, scale, shift), zero), s),
            ),
        }
    }
}

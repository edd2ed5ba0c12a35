//! Weights in the order in which the forward kernel reads them.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::{PRODUCTS, TAPS};
use crate::learn::kernels::instructions::instructions;

/// `[out][in][27]` weights, read as they are or for the data gradient: channels exchanged and taps reversed.
#[derive(Clone, Copy)]
pub(crate) struct Weights<'a> {
    pub values: &'a [f32],
    /// Channels that the kernel writes and reads.
    pub out_channels: usize,
    pub in_channels: usize,
    pub flipped: bool,
}

impl<'a> Weights<'a> {
    /// The 27 taps from input channel `c` to output channel `o`, in memory order.
    #[inline(always)]
    fn taps(&self, o: usize, c: usize) -> &'a [f32] {
        let row = if self.flipped { c * self.out_channels + o } else { o * self.in_channels + c };
        &self.values[row * TAPS..][..TAPS]
    }
}

/// Transformed weights `[block of output channels][product][input channel][tap in x][channel of the block]`, zero beyond
/// the last output channel.
pub(crate) struct PackedWeights {
    values: Vec<f32>,
    per_block: usize,
}

impl PackedWeights {
    /// `BLOCK` output channels are computed together.
    pub fn new<const BLOCK: usize>(weights: Weights<'_>) -> Self {
        let per_block = PRODUCTS * weights.in_channels * 3 * BLOCK;
        let mut values = vec![0.0; weights.out_channels.div_ceil(BLOCK) * per_block];
        values.par_chunks_exact_mut(per_block.max(1)).enumerate().for_each(|(block, to)| {
            instructions().dispatch(Pack::<BLOCK> { weights, first: block * BLOCK, to: to.as_chunks_mut().0 });
        });
        Self { values, per_block }
    }

    /// `[product][input channel][tap in x]`.
    pub fn block<const BLOCK: usize>(&self, block: usize) -> &[[f32; BLOCK]] {
        self.values[block * self.per_block..][..self.per_block].as_chunks().0
    }
}

/// One block, in the form that `pulp` compiles for each instruction set.
struct Pack<'a, const BLOCK: usize> {
    weights: Weights<'a>,
    first: usize,
    to: &'a mut [[f32; BLOCK]],
}

impl<const BLOCK: usize> WithSimd for Pack<'_, BLOCK> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        pack_block(self.weights, self.first, self.to);
    }
}

#[inline(always)]
fn pack_block<const BLOCK: usize>(weights: Weights<'_>, first: usize, to: &mut [[f32; BLOCK]]) {
    for c in 0..weights.in_channels {
        let mut taps = [[0.0; BLOCK]; TAPS];
        for o in 0..BLOCK.min(weights.out_channels - first) {
            let from = weights.taps(first + o, c);
            for (tap, to) in taps.iter_mut().enumerate() {
                to[o] = from[if weights.flipped { TAPS - 1 - tap } else { tap }];
            }
        }
        for kx in 0..3 {
            // First along z, for every tap in y.
            let mut z = [[[0.0; BLOCK]; 4]; 3];
            for ky in 0..3 {
                z[ky] = filter([taps[ky * 3 + kx], taps[9 + ky * 3 + kx], taps[18 + ky * 3 + kx]]);
            }
            for iz in 0..4 {
                let filters = filter([z[0][iz], z[1][iz], z[2][iz]]);
                for iy in 0..4 {
                    to[((iz * 4 + iy) * weights.in_channels + c) * 3 + kx] = filters[iy];
                }
            }
        }
    }
}

/// `[g0, (g0 + g1 + g2) / 2, (g0 - g1 + g2) / 2, g2]`.
#[inline(always)]
fn filter<const BLOCK: usize>([g0, g1, g2]: [[f32; BLOCK]; 3]) -> [[f32; BLOCK]; 4] {
    let (mut plus, mut minus) = ([0.0; BLOCK], [0.0; BLOCK]);
    for o in 0..BLOCK {
        plus[o] = 0.5 * (g0[o] + g2[o] + g1[o]);
        minus[o] = 0.5 * (g0[o] + g2[o] - g1[o]);
    }
    [g0, plus, minus, g2]
}

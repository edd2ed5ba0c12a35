//! Forward pass and data gradient of a 3x3x3 convolution, stride 1, padding 1, without bias.
//!
//! A task transforms the inputs of a few tiles into scratch memory that stays in the second-level cache, then computes
//! its output channels block by block. Every output is summed in a fixed order, so results do not depend on the
//! number of threads.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::PRODUCTS;
use super::dims::Dims;
use super::forward_tasks::{ForwardTask, Partition};
use super::packed_weights::{PackedWeights, Weights};
use super::registers::{NARROW_BLOCK, Registers, WIDE_BLOCK};
use super::tile::{Border, LongRow, Rows};
use super::transform::{outputs, transform_inputs};
use crate::learn::kernels::instructions::instructions;
use crate::learn::kernels::moments::Moments;
use crate::learn::kernels::scratch::with_scratch;

/// Registers of neighbouring outputs computed together.
const VECTORS: usize = 3;

/// `[b, in, z, y, x]` with weights `[out][in][27]` to `[b, out, z, y, x]`; on demand with the moments of what was
/// stored, `[b][out]`.
pub fn conv3_forward(
    x: &[f32],
    dims: Dims,
    weight: &[f32],
    out_channels: usize,
    want_moments: bool,
) -> (Vec<f32>, Option<Vec<Moments>>) {
    let weights = Weights { values: weight, out_channels, in_channels: dims.channels, flipped: false };
    run(x, dims, weights, want_moments)
}

/// Gradient of the input, `[b, in, z, y, x]`, from that of the output, `[b, out, z, y, x]` with shape `dims`, and the
/// weights `[out][in][27]` of the forward pass.
pub fn conv3_data_gradient(gradient: &[f32], dims: Dims, weight: &[f32], in_channels: usize) -> Vec<f32> {
    let weights = Weights { values: weight, out_channels: in_channels, in_channels: dims.channels, flipped: true };
    run(gradient, dims, weights, false).0
}

fn run(x: &[f32], dims: Dims, weights: Weights<'_>, want_moments: bool) -> (Vec<f32>, Option<Vec<Moments>>) {
    let mut output = vec![0.0; dims.batch * weights.out_channels * dims.volume()];
    if output.is_empty() || dims.is_empty() {
        let moments = want_moments.then(|| vec![Moments::default(); dims.batch * weights.out_channels]);
        return (output, moments);
    }
    let registers = Registers::detect();
    let packed = match registers.block {
        WIDE_BLOCK => PackedWeights::new::<WIDE_BLOCK>(weights),
        _ => PackedWeights::new::<NARROW_BLOCK>(weights),
    };
    let partition = Partition::new(dims, weights.out_channels);
    let border = Border::new(x, dims);
    let rows = Rows::new(x, dims, &border);
    let partial: Vec<Vec<Moments>> = partition
        .tasks(&mut output)
        .into_par_iter()
        .map(|task| {
            let row = LongRow::new(dims.size[2], task.tiles.len(), registers.lanes);
            let len = (PRODUCTS * dims.channels + 4 * registers.block) * row.stride;
            with_scratch(len, |scratch| {
                instructions().dispatch(ForwardKernel { task, rows, row, packed: &packed, want_moments, scratch })
            })
        })
        .collect();
    let moments = want_moments.then(|| partition.merged(&partial));
    (output, moments)
}

/// A task with what it reads, in the form that `pulp` compiles for each instruction set.
struct ForwardKernel<'a> {
    task: ForwardTask<'a>,
    rows: Rows<'a>,
    row: LongRow,
    packed: &'a PackedWeights,
    want_moments: bool,
    scratch: &'a mut [f32],
}

impl WithSimd for ForwardKernel<'_> {
    type Output = Vec<Moments>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
        if S::REGISTER_COUNT >= 32 {
            self.compute::<S, WIDE_BLOCK>(simd)
        } else {
            self.compute::<S, NARROW_BLOCK>(simd)
        }
    }
}

impl ForwardKernel<'_> {
    #[inline(always)]
    fn compute<S: Simd, const BLOCK: usize>(mut self, simd: S) -> Vec<Moments> {
        let row = self.row;
        let (inputs, sums) = self.scratch.split_at_mut(PRODUCTS * self.rows.dims.channels * row.stride);
        transform_inputs(simd, self.rows, &self.task.tiles, row, 0..4, inputs);
        let channels = self.task.channels.clone();
        let mut moments = Vec::new();
        let per_channel = self.task.pieces.len() / channels.len().max(1);
        let mut pieces = self.task.pieces.chunks_mut((BLOCK * per_channel).max(1));
        let mut products = [[[simd.splat_f32s(0.0); VECTORS]; BLOCK]; PRODUCTS];
        for first in channels.step_by(BLOCK) {
            let weights = self.packed.block::<BLOCK>(first / BLOCK);
            let mut start = 0;
            while start < row.outputs {
                // No single register at the end where that can be helped: its loads would outweigh its sums.
                let count = match (row.outputs - start) / S::F32_LANES {
                    1 => 1,
                    2 | 4 => 2,
                    _ => 3,
                };
                match count {
                    1 => group::<S, BLOCK, 1>(simd, row, start, inputs, weights, &mut products, sums),
                    2 => group::<S, BLOCK, 2>(simd, row, start, inputs, weights, &mut products, sums),
                    _ => group::<S, BLOCK, 3>(simd, row, start, inputs, weights, &mut products, sums),
                }
                start += count * S::F32_LANES;
            }
            let Some(pieces) = pieces.next() else { break };
            for (channel, pieces) in pieces.chunks_mut(per_channel.max(1)).enumerate() {
                store(row, self.task.tiles_y, &sums[channel * row.stride..], BLOCK * row.stride, pieces);
                if self.want_moments {
                    moments.push(Moments::of(simd, pieces));
                }
            }
        }
        moments
    }
}

/// Neighbouring outputs from `start` on of a block of channels: all products, then `[z][y][channel][long row]`.
#[inline(always)]
fn group<S: Simd, const BLOCK: usize, const COUNT: usize>(
    simd: S,
    row: LongRow,
    start: usize,
    inputs: &[f32],
    weights: &[[f32; BLOCK]],
    products: &mut [[[S::f32s; VECTORS]; BLOCK]; PRODUCTS],
    sums: &mut [f32],
) {
    let inputs = inputs.chunks_exact(inputs.len() / PRODUCTS);
    let weights = weights.chunks_exact(weights.len() / PRODUCTS);
    for ((inputs, weights), product) in inputs.zip(weights).zip(products.iter_mut()) {
        let of = multiply::<S, BLOCK, COUNT>(simd, inputs, row.stride, start, weights);
        for o in 0..BLOCK {
            for v in 0..COUNT {
                product[o][v] = of[o][v];
            }
        }
    }
    for o in 0..BLOCK {
        for v in 0..COUNT {
            let mut m = [[products[0][0][0]; 4]; 4];
            for (product, of) in products.iter().enumerate() {
                m[product / 4][product % 4] = of[o][v];
            }
            for (index, value) in outputs(simd, m).into_iter().enumerate() {
                let at = (index * BLOCK + o) * row.stride + start + v * S::F32_LANES;
                S::as_mut_simd_f32s(&mut sums[at..at + S::F32_LANES]).0[0] = value;
            }
        }
    }
}

/// Sums over all input channels and the three taps in x.
#[inline(always)]
fn multiply<S: Simd, const BLOCK: usize, const COUNT: usize>(
    simd: S,
    inputs: &[f32],
    per_channel: usize,
    start: usize,
    weights: &[[f32; BLOCK]],
) -> [[S::f32s; COUNT]; BLOCK] {
    let count = COUNT * S::F32_LANES;
    let mut sums = [[simd.splat_f32s(0.0); COUNT]; BLOCK];
    for (input, taps) in inputs.chunks_exact(per_channel).zip(weights.as_chunks::<3>().0) {
        let input = &input[start..start + count + 2];
        for kx in 0..3 {
            let x = S::as_simd_f32s(&input[kx..kx + count]).0;
            for o in 0..BLOCK {
                let w = simd.splat_f32s(taps[kx][o]);
                for v in 0..COUNT {
                    sums[o][v] = simd.mul_add_e_f32s(w, x[v], sums[o][v]);
                }
            }
        }
    }
    sums
}

/// Copies one channel's rows to their places. `from` has the long rows of the four outputs of a tile, `apart` values
/// from one to the next.
#[inline(always)]
fn store(row: LongRow, tiles_y: usize, from: &[f32], apart: usize, pieces: &mut [&mut [f32]]) {
    for (z, piece) in pieces.iter_mut().enumerate() {
        for (y, to) in piece.chunks_exact_mut(row.width).enumerate() {
            let output = z % 2 * 2 + y % 2;
            let tile = z / 2 * tiles_y + y / 2;
            to.copy_from_slice(&from[output * apart + row.at(tile)..][..row.width]);
        }
    }
}

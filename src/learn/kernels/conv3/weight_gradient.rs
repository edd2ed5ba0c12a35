//! Weight gradient of a 3x3x3 convolution, stride 1, padding 1, without bias.
//!
//! The transpose of the forward algorithm: inputs and gradients of a tile are transformed, their 16 products are summed
//! over all tiles and only then become the gradients of the taps. Tasks depend on the shape alone and are added up in
//! their order, so results do not depend on the number of threads.

use std::ops::Range;

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::dims::Dims;
use super::registers::{NARROW_BLOCK, Registers, WIDE_BLOCK};
use super::tile::{Border, LongRow, Rows, Tile};
use super::transform::{transform_gradients, transform_inputs};
use super::{PRODUCTS, TAPS};
use crate::learn::kernels::instructions::instructions;
use crate::learn::kernels::scratch::with_scratch;

/// Transformed values of a segment: half a megabyte, which common second-level caches hold.
const SCRATCH: usize = 1 << 17;
/// Outputs of a segment: the rows of a block of gradients and of one input then stay in the first-level cache.
const SEGMENT: usize = 640;
/// Tasks along the tiles; more of them only cost memory for their sums.
const MAX_TASKS: usize = 32;
/// Sums of all tasks together: 16 MiB.
const MAX_SUMS: usize = 1 << 22;
/// Output channels that repay transforming the inputs once more.
const CHANNELS_PER_TASK: usize = 32;

/// Gradient of the weights, `[out][in][27]`, from the input `[b, in, z, y, x]` with shape `dims` and the gradient of
/// the output `[b, out, z, y, x]`.
pub fn conv3_weight_gradient(x: &[f32], dims: Dims, gradient: &[f32], out_channels: usize) -> Vec<f32> {
    let mut dw = vec![0.0; out_channels * dims.channels * TAPS];
    if dw.is_empty() || dims.is_empty() {
        return dw;
    }
    let registers = Registers::detect();
    let g_dims = Dims { channels: out_channels, ..dims };
    let borders = [Border::new(x, dims), Border::new(gradient, g_dims)];
    let (x, gradient) = (Rows::new(x, dims, &borders[0]), Rows::new(gradient, g_dims, &borders[1]));
    let partition = Partition::new(dims, out_channels);
    let partial: Vec<Vec<f32>> = partition
        .tasks()
        .into_par_iter()
        .map(|task| {
            let row = LongRow::new(dims.size[2], partition.segment, registers.lanes);
            let rows = dims.channels + task.channels.len().next_multiple_of(registers.block);
            with_scratch(4 * rows * row.stride, |scratch| {
                instructions().dispatch(WeightKernel { task, segment: partition.segment, x, gradient, scratch })
            })
        })
        .collect();
    let per_share = partition.channels * dims.channels * TAPS;
    dw.par_chunks_mut(per_share.max(1)).enumerate().for_each(|(share, dw)| {
        for partial in partial.iter().skip(share).step_by(partition.shares()) {
            for (dw, partial) in dw.iter_mut().zip(partial) {
                *dw += partial;
            }
        }
    });
    dw
}

/// How the sums are divided.
struct Partition {
    dims: Dims,
    out_channels: usize,
    /// Tiles transformed together.
    segment: usize,
    /// Tiles of a task.
    tiles: usize,
    /// Output channels of a task.
    channels: usize,
}

/// Some tiles, over all items, and some output channels.
struct WeightTask {
    tiles: Vec<Tile>,
    channels: Range<usize>,
}

impl Partition {
    fn new(dims: Dims, out_channels: usize) -> Self {
        let [tiles_z, tiles_y] = dims.tiles();
        let all = (dims.batch * tiles_z * tiles_y).max(1);
        let channels = out_channels.min(CHANNELS_PER_TASK).next_multiple_of(WIDE_BLOCK);
        let outputs = (SCRATCH / (4 * (dims.channels + channels))).min(SEGMENT);
        let fit = (outputs / (dims.size[2] + 1)).clamp(1, all);
        let segment = all.div_ceil(all.div_ceil(fit));
        let sums = (out_channels * dims.channels * TAPS).max(1);
        let tasks = all.div_ceil(segment).min(MAX_SUMS / sums).clamp(1, MAX_TASKS);
        let tiles = all.div_ceil(segment).div_ceil(tasks) * segment;
        Self { dims, out_channels, segment, tiles, channels }
    }

    fn shares(&self) -> usize {
        self.out_channels.div_ceil(self.channels).max(1)
    }

    /// Tasks `[run of tiles][share of the output channels]`.
    fn tasks(&self) -> Vec<WeightTask> {
        let [tiles_z, tiles_y] = self.dims.tiles();
        let all = self.dims.batch * tiles_z * tiles_y;
        let mut tasks = Vec::new();
        for first in (0..all).step_by(self.tiles) {
            for share in 0..self.shares() {
                let tiles = (first..(first + self.tiles).min(all))
                    .map(|index| {
                        let item = index / (tiles_z * tiles_y);
                        Tile::new(self.dims, item, index / tiles_y % tiles_z, index % tiles_y)
                    })
                    .collect();
                let begin = share * self.channels;
                tasks.push(WeightTask { tiles, channels: begin..(begin + self.channels).min(self.out_channels) });
            }
        }
        tasks
    }
}

/// A task with what it reads, in the form that `pulp` compiles for each instruction set.
struct WeightKernel<'a> {
    task: WeightTask,
    segment: usize,
    x: Rows<'a>,
    gradient: Rows<'a>,
    scratch: &'a mut [f32],
}

impl WithSimd for WeightKernel<'_> {
    /// `[output channel of the task][in][27]`.
    type Output = Vec<f32>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
        if S::REGISTER_COUNT >= 32 {
            self.compute::<S, WIDE_BLOCK>(simd)
        } else {
            self.compute::<S, NARROW_BLOCK>(simd)
        }
    }
}

impl WeightKernel<'_> {
    #[inline(always)]
    fn compute<S: Simd, const BLOCK: usize>(self, simd: S) -> Vec<f32> {
        let Self { task, segment, x, gradient, scratch } = self;
        let in_channels = x.dims.channels;
        let blocks = task.channels.len().div_ceil(BLOCK);
        let per_product = blocks * in_channels;
        // `[product][block][input channel][tap in x]`.
        let mut sums = vec![[[0.0f32; BLOCK]; 3]; PRODUCTS * per_product];
        for tiles in task.tiles.chunks(segment) {
            let row = LongRow::new(x.dims.size[2], tiles.len(), S::F32_LANES);
            let (inputs, rest) = scratch.split_at_mut(4 * in_channels * row.stride);
            let gradients = &mut rest[..4 * blocks * BLOCK * row.stride];
            for (iz, sums) in sums.chunks_exact_mut((4 * per_product).max(1)).enumerate() {
                transform_inputs(simd, x, tiles, row, iz..iz + 1, inputs);
                transform_gradients(simd, gradient, tiles, row, iz, task.channels.start, gradients);
                add_products(simd, row, inputs, gradients, sums);
            }
        }
        taps(&sums, task.channels.len(), in_channels)
    }
}

/// Adds the four products of an index in z: `sum_i g(i) x(i + kx)` for all pairs of channels.
#[inline(always)]
fn add_products<S: Simd, const BLOCK: usize>(
    simd: S,
    row: LongRow,
    inputs: &[f32],
    gradients: &[f32],
    sums: &mut [[[f32; BLOCK]; 3]],
) {
    let (inputs, gradients) = (inputs.chunks_exact(inputs.len() / 4), gradients.chunks_exact(gradients.len() / 4));
    for ((inputs, gradients), sums) in inputs.zip(gradients).zip(sums.chunks_exact_mut(sums.len() / 4)) {
        let in_channels = inputs.len() / row.stride;
        let blocks = gradients.chunks_exact(BLOCK * row.stride);
        for (gradients, sums) in blocks.zip(sums.chunks_exact_mut(in_channels)) {
            for (input, sums) in inputs.chunks_exact(row.stride).zip(sums) {
                let products = correlate::<S, BLOCK>(simd, row, input, gradients);
                for kx in 0..3 {
                    for o in 0..BLOCK {
                        sums[kx][o] += simd.reduce_sum_f32s(products[kx][o]);
                    }
                }
            }
        }
    }
}

/// One input channel with a block of gradients.
#[inline(always)]
fn correlate<S: Simd, const BLOCK: usize>(
    simd: S,
    row: LongRow,
    input: &[f32],
    gradients: &[f32],
) -> [[S::f32s; BLOCK]; 3] {
    let count = row.outputs / S::F32_LANES;
    let empty: &[S::f32s] = &[];
    let mut g = [empty; BLOCK];
    for o in 0..BLOCK {
        g[o] = &S::as_simd_f32s(&gradients[o * row.stride..][..row.outputs]).0[..count];
    }
    let mut x = [empty; 3];
    for kx in 0..3 {
        x[kx] = &S::as_simd_f32s(&input[kx..][..row.outputs]).0[..count];
    }
    let mut sums = [[simd.splat_f32s(0.0); BLOCK]; 3];
    for i in 0..count {
        let x = [x[0][i], x[1][i], x[2][i]];
        for o in 0..BLOCK {
            let g = g[o][i];
            for kx in 0..3 {
                sums[kx][o] = simd.mul_add_e_f32s(g, x[kx], sums[kx][o]);
            }
        }
    }
    sums
}

/// Gradients of the taps, `[out][in][27]`, from the sums of the products.
#[inline(always)]
fn taps<const BLOCK: usize>(sums: &[[[f32; BLOCK]; 3]], out_channels: usize, in_channels: usize) -> Vec<f32> {
    let mut dw = vec![0.0; out_channels * in_channels * TAPS];
    // From one index in y and in z to the next.
    let (per_product, apart) = (sums.len() / PRODUCTS, sums.len() / 4);
    for pair in 0..per_product {
        let (block, c) = (pair / in_channels, pair % in_channels);
        let mut taps = [[0.0; BLOCK]; TAPS];
        for kx in 0..3 {
            // First along z, for every index in y.
            let mut z = [[[0.0; BLOCK]; 3]; 4];
            for (iy, z) in z.iter_mut().enumerate() {
                let at = iy * per_product + pair;
                let d = [sums[at][kx], sums[at + apart][kx], sums[at + 2 * apart][kx], sums[at + 3 * apart][kx]];
                *z = three(d);
            }
            for kz in 0..3 {
                let sums = three([z[0][kz], z[1][kz], z[2][kz], z[3][kz]]);
                for ky in 0..3 {
                    taps[(kz * 3 + ky) * 3 + kx] = sums[ky];
                }
            }
        }
        for o in 0..BLOCK.min(out_channels - block * BLOCK) {
            let dw = &mut dw[((block * BLOCK + o) * in_channels + c) * TAPS..][..TAPS];
            for (dw, tap) in dw.iter_mut().zip(&taps) {
                *dw = tap[o];
            }
        }
    }
    dw
}

/// `[d0 + (d1 + d2) / 2, (d1 - d2) / 2, (d1 + d2) / 2 + d3]`.
#[inline(always)]
fn three<const BLOCK: usize>(d: [[f32; BLOCK]; 4]) -> [[f32; BLOCK]; 3] {
    let mut of = [[0.0; BLOCK]; 3];
    for o in 0..BLOCK {
        let (half_sum, half_difference) = (0.5 * (d[1][o] + d[2][o]), 0.5 * (d[1][o] - d[2][o]));
        of[0][o] = d[0][o] + half_sum;
        of[1][o] = half_difference;
        of[2][o] = half_sum + d[3][o];
    }
    of
}

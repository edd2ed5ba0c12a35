//! Forward pass and data gradient.
//!
//! A task is some rows of one output plane with all channels. The sums of a panel of channels and a few registers along x
//! stay in registers over all taps and input channels. Every output is summed in a fixed order, so results do not depend
//! on the number of threads.

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::Direct;
use super::padded::Padded;
use super::panels::{HALF, PANEL, Panels, Weights};
use crate::learn::kernels::conv3::Dims;
use crate::learn::kernels::matrix::product::store;
use crate::learn::kernels::scratch::with_scratch;

/// Padded inputs of a task: half a megabyte, which common second-level caches hold.
const SCRATCH: usize = 1 << 17;
/// Registers of neighbouring outputs computed together with a panel.
const VECTORS: usize = 3;
/// The same with half a panel and 32 registers.
const MANY_VECTORS: usize = 6;
/// The same with 16 registers: with 3 the compiler runs out of them, and sums go through memory.
const FEW_VECTORS: usize = 2;
/// An instruction set with this many registers holds the sums of a panel.
const MANY_REGISTERS: usize = 32;

/// See [`Direct::forward`].
pub(super) fn forward(arch: Arch, shape: &Direct, x: &[f32], weight: &[f32]) -> Vec<f32> {
    run(arch, shape, x, Weights { values: weight, flipped: false })
}

/// See [`Direct::data_gradient`].
pub(super) fn data_gradient(arch: Arch, shape: &Direct, gradient: &[f32], weight: &[f32]) -> Vec<f32> {
    let dims = Dims { channels: shape.out_channels, ..shape.dims };
    let transposed = Direct { dims, out_channels: shape.dims.channels, kernel: shape.kernel };
    run(arch, &transposed, gradient, Weights { values: weight, flipped: true })
}

fn run(arch: Arch, shape: &Direct, x: &[f32], weights: Weights<'_>) -> Vec<f32> {
    let mut output = vec![0.0; shape.dims.batch * shape.out_channels * shape.dims.volume()];
    if output.is_empty() || shape.dims.is_empty() {
        return output;
    }
    let panels = Panels::new(shape, weights);
    let rows = rows_per_task(shape, &panels);
    let padded = Padded::new(shape, rows.next_multiple_of(panels.rows));
    let item = shape.dims.channels * shape.dims.volume();
    tasks(shape, rows, &mut output).into_par_iter().for_each(|task| {
        let x = &x[task.item * item..][..item];
        with_scratch(shape.dims.channels * padded.channel(), |scratch| {
            arch.dispatch(Kernel { task, x, dims: shape.dims, padded, panels: &panels, scratch });
        });
    });
    output
}

fn rows_per_task(shape: &Direct, panels: &Panels) -> usize {
    let height = shape.dims.size[1];
    let fit = Padded::rows_that_fit(shape, shape.dims.channels, 0, SCRATCH);
    height.div_ceil(height.div_ceil(fit)).next_multiple_of(panels.rows).min(height)
}

/// Rows of an output plane from `y` on.
struct Task<'a> {
    item: usize,
    z: usize,
    y: usize,
    /// The rows, of every channel.
    to: Vec<&'a mut [f32]>,
}

/// Tasks `[item][plane][rows]`; they depend on the shape alone.
fn tasks<'a>(shape: &Direct, rows: usize, output: &'a mut [f32]) -> Vec<Task<'a>> {
    let ([depth, height, width], channels) = (shape.dims.size, shape.out_channels);
    let bands = height.div_ceil(rows);
    let task = |index: usize| {
        let (item, z, y) = (index / bands / depth, index / bands % depth, index % bands * rows);
        Task { item, z, y, to: Vec::with_capacity(channels) }
    };
    let mut tasks: Vec<_> = (0..shape.dims.batch * depth * bands).map(task).collect();
    for (index, plane) in output.chunks_exact_mut(shape.dims.plane()).enumerate() {
        let (item, z) = (index / depth / channels, index % depth);
        let of_plane = &mut tasks[(item * depth + z) * bands..][..bands];
        for (task, to) in of_plane.iter_mut().zip(plane.chunks_mut(rows * width)) {
            task.to.push(to);
        }
    }
    tasks
}

/// A task with what it reads, in the form that `pulp` compiles for each instruction set.
struct Kernel<'a> {
    task: Task<'a>,
    /// The item's channels.
    x: &'a [f32],
    dims: Dims,
    padded: Padded,
    panels: &'a Panels,
    scratch: &'a mut [f32],
}

impl WithSimd for Kernel<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { task: Task { z, y, mut to, .. }, x, dims, padded, panels, scratch } = self;
        for (x, to) in x.chunks_exact(dims.volume()).zip(scratch.chunks_exact_mut(padded.channel())) {
            padded.fill(x, z, y, to);
        }
        let windows = Windows { values: scratch, padded, width: dims.size[2] };
        for first in (0..panels.sums).step_by(PANEL) {
            let part =
                Part { panel: panels.panel(first / PANEL), from: 0, first, sums: panels.sums, rows: panels.rows };
            let many = panels.sums - first > HALF;
            if S::REGISTER_COUNT >= MANY_REGISTERS && many {
                part_rows::<S, PANEL, VECTORS>(simd, part, windows, &mut to);
            } else if S::REGISTER_COUNT >= MANY_REGISTERS {
                part_rows::<S, HALF, MANY_VECTORS>(simd, part, windows, &mut to);
            } else {
                part_rows::<S, HALF, FEW_VECTORS>(simd, part, windows, &mut to);
                if many {
                    let part = Part { from: HALF, first: first + HALF, ..part };
                    part_rows::<S, HALF, FEW_VECTORS>(simd, part, windows, &mut to);
                }
            }
        }
    }
}

/// `[input channel][plane][row]`.
#[derive(Clone, Copy)]
struct Windows<'a> {
    values: &'a [f32],
    padded: Padded,
    /// Of a row of outputs.
    width: usize,
}

/// What of a panel is computed at once.
#[derive(Clone, Copy)]
struct Part<'a> {
    panel: &'a [[f32; PANEL]],
    /// Its first sum in the panel.
    from: usize,
    /// The same among all sums: `channel * rows + row`.
    first: usize,
    sums: usize,
    rows: usize,
}

/// Outputs from `start` on of the rows from `y` on, of `rows` rows.
#[derive(Clone, Copy)]
struct Place {
    y: usize,
    rows: usize,
    start: usize,
}

/// All rows of the task for the `B` sums of a part.
#[inline(always)]
fn part_rows<S: Simd, const B: usize, const V: usize>(
    simd: S,
    part: Part<'_>,
    windows: Windows<'_>,
    to: &mut [&mut [f32]],
) {
    let rows = to.first().map_or(0, |to| to.len()) / windows.width;
    let mut start = 0;
    while start < windows.width {
        // No single register at the end where that can be helped: its loads would outweigh its sums.
        let count = match (windows.width - start).div_ceil(S::F32_LANES) {
            1 => 1,
            2 | 4 => 2,
            many if many >= V => V,
            _ => VECTORS,
        };
        // One row after the other, so that all but the last rows of the windows are in the first-level cache.
        for y in (0..rows).step_by(part.rows) {
            let place = Place { y, rows, start };
            match count {
                1 => group::<S, B, 1>(simd, part, windows, place, to),
                2 => group::<S, B, 2>(simd, part, windows, place, to),
                VECTORS => group::<S, B, VECTORS>(simd, part, windows, place, to),
                _ => group::<S, B, V>(simd, part, windows, place, to),
            }
        }
        start += count * S::F32_LANES;
    }
}

/// `V` registers of neighbouring outputs of `B` sums.
#[inline(always)]
fn group<S: Simd, const B: usize, const V: usize>(
    simd: S,
    part: Part<'_>,
    windows: Windows<'_>,
    place: Place,
    to: &mut [&mut [f32]],
) {
    let values = multiply::<S, B, V>(simd, part, windows, place);
    for (sum, values) in (part.first..part.sums).zip(values) {
        let (channel, y) = (sum / part.rows, place.y + sum % part.rows);
        if y < place.rows {
            let row = &mut to[channel][y * windows.width..][..windows.width];
            store(simd, &mut row[place.start..], values);
        }
    }
}

/// Sums over all input channels and taps.
#[inline(always)]
fn multiply<S: Simd, const B: usize, const V: usize>(
    simd: S,
    part: Part<'_>,
    windows: Windows<'_>,
    place: Place,
) -> [[S::f32s; V]; B] {
    let Padded { kernel, stride, .. } = windows.padded;
    let span = V * S::F32_LANES;
    let mut sums = [[simd.splat_f32s(0.0); V]; B];
    let planes = windows.values.chunks_exact(windows.padded.plane());
    let of_plane = part.panel.len() / planes.len();
    for (plane, weights) in planes.zip(part.panel.chunks_exact(of_plane)) {
        for (dy, weights) in weights.chunks_exact(kernel).enumerate() {
            let row = &plane[(place.y + dy) * stride + place.start..][..span + kernel - 1];
            for (x, w) in row.windows(span).zip(weights) {
                let (x, w) = (S::as_simd_f32s(x).0, &w[part.from..part.from + B]);
                for b in 0..B {
                    let w = simd.splat_f32s(w[b]);
                    for v in 0..V {
                        sums[b][v] = simd.mul_add_e_f32s(w, x[v], sums[b][v]);
                    }
                }
            }
        }
    }
    sums
}

//! Weight gradient.
//!
//! A piece is some rows of one plane. For a few output channels and taps the products with the rows, each shifted by its
//! tap, are summed in registers over the whole piece.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use super::Direct;
use super::padded::Padded;
use crate::learn::kernels::matrix::bands::summed;
use crate::learn::kernels::matrix::product::dot_tile;
use crate::learn::kernels::scratch::with_scratch;

/// Padded inputs and gradients of a piece: half a megabyte, which common second-level caches hold.
const SCRATCH: usize = 1 << 17;
/// An instruction set with this many registers holds the sums of 4 channels and 6 taps.
const MANY_REGISTERS: usize = 32;

/// See [`Direct::weight_gradient`].
pub(super) fn weight_gradient(arch: Arch, shape: &Direct, x: &[f32], gradient: &[f32]) -> Vec<f32> {
    let (dims, out, columns) = (shape.dims, shape.out_channels, shape.dims.channels * shape.taps());
    let [depth, height, _] = dims.size;
    if dims.is_empty() || out == 0 {
        return vec![0.0; out * columns];
    }
    let fit = Padded::rows_that_fit(shape, 1, out, SCRATCH);
    let rows = height.div_ceil(height.div_ceil(fit));
    let bands = height.div_ceil(rows);
    summed(dims.batch * depth * bands, [out, columns], out, |piece, channels, sums| {
        let (item, z, y) = (piece / bands / depth, piece / bands % depth, piece % bands * rows);
        let rows = rows.min(height - y);
        let padded = Padded::new(shape, rows);
        let x = &x[item * dims.channels * dims.volume()..][..dims.channels * dims.volume()];
        let gradient = of_channels(&gradient[item * out * dims.volume()..], &channels, dims.volume());
        let place = Place { z, y, padded };
        with_scratch(padded.channel() + channels.len() * padded.outputs(), |scratch| {
            arch.dispatch(Kernel { shape, x, gradient, place, scratch, sums });
        });
    })
}

fn of_channels<'a>(item: &'a [f32], channels: &Range<usize>, volume: usize) -> &'a [f32] {
    &item[channels.start * volume..channels.end * volume]
}

/// Rows from `y` on of plane `z`.
#[derive(Clone, Copy)]
struct Place {
    z: usize,
    y: usize,
    padded: Padded,
}

/// A piece, in the form that `pulp` compiles for each instruction set.
struct Kernel<'a> {
    shape: &'a Direct,
    /// The item's input channels.
    x: &'a [f32],
    /// Some of the item's output channels.
    gradient: &'a [f32],
    place: Place,
    scratch: &'a mut [f32],
    /// `[output channel][input channel][tap]`.
    sums: &'a mut [f32],
}

impl WithSimd for Kernel<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // 24 of 32 or 12 of 16 registers hold sums; the others hold what they are multiplied with.
        if S::REGISTER_COUNT >= MANY_REGISTERS {
            self.add::<S, 4, 6>(simd);
        } else {
            self.add::<S, 3, 4>(simd);
        }
    }
}

impl Kernel<'_> {
    /// `M` output channels with `T` taps at once.
    #[inline(always)]
    fn add<S: Simd, const M: usize, const T: usize>(self, simd: S) {
        let Self { shape, x, gradient, place, scratch, sums } = self;
        let (volume, taps) = (shape.dims.volume(), shape.taps());
        let (padded, rows) = scratch.split_at_mut(place.padded.channel());
        copy_gradients(shape, gradient, place, rows);
        let out = gradient.len() / volume;
        for (c, x) in x.chunks_exact(volume).enumerate() {
            place.padded.fill(x, place.z, place.y, padded);
            for first in (0..out).step_by(M) {
                let gradients = these::<M>(rows, first, place.padded.outputs());
                for tap in (0..taps).step_by(T) {
                    let windows = windows::<T>(padded, place.padded, tap);
                    let products = dot_tile::<S, M, T>(simd, gradients, windows);
                    for (m, products) in products.iter().enumerate().take(out - first) {
                        let to = &mut sums[((first + m) * shape.dims.channels + c) * taps..][..taps];
                        for (to, product) in to[tap..].iter_mut().zip(products) {
                            *to += simd.reduce_sum_f32s(*product);
                        }
                    }
                }
            }
        }
    }
}

/// Of every channel one long row, zero between its rows and to the end of the last register.
#[inline(always)]
fn copy_gradients(shape: &Direct, gradient: &[f32], place: Place, to: &mut [f32]) {
    let (width, stride) = (shape.dims.size[2], place.padded.stride);
    let start = place.z * shape.dims.plane() + place.y * width;
    let channels = to.chunks_exact_mut(place.padded.outputs());
    for (to, from) in channels.zip(gradient.chunks_exact(shape.dims.volume())) {
        let (rows, end) = to.split_at_mut(place.padded.output_rows() * stride);
        for (to, from) in rows.chunks_exact_mut(stride).zip(from[start..].chunks_exact(width)) {
            to[..width].copy_from_slice(from);
            to[width..].fill(0.0);
        }
        end.fill(0.0);
    }
}

/// The long rows of `M` channels from `first` on. Channels beyond the last repeat it; their sums are not used.
#[inline(always)]
fn these<const M: usize>(rows: &[f32], first: usize, per_channel: usize) -> [&[f32]; M] {
    let last = (rows.len() / per_channel).saturating_sub(1);
    let mut these: [&[f32]; M] = [&[]; M];
    for (m, these) in these.iter_mut().enumerate() {
        *these = &rows[(first + m).min(last) * per_channel..][..per_channel];
    }
    these
}

/// The long rows of inputs that `T` taps from `first` on meet. Taps beyond the last repeat it.
#[inline(always)]
fn windows<const T: usize>(values: &[f32], padded: Padded, first: usize) -> [&[f32]; T] {
    let kernel = padded.kernel;
    let mut windows: [&[f32]; T] = [&[]; T];
    for (t, window) in windows.iter_mut().enumerate() {
        let tap = (first + t).min(kernel.pow(3) - 1);
        let (z, y, x) = (tap / kernel / kernel, tap / kernel % kernel, tap % kernel);
        *window = &values[z * padded.plane() + y * padded.stride + x..][..padded.outputs()];
    }
    windows
}

//! The backward pass of `norm`: `dx = gamma / sd (g - mean(g) - xhat mean(g xhat))`, where `g` is the gradient behind the
//! ReLU: two sums per channel, then one pass over the values.

use burn::tensor::DType;
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::ir::ElemType;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::tensor::CubeTensor;

use super::buffers::{Dims, UNITS, contiguous, cubes, elem, empty, units};
use super::norm::{Affine, CHUNK, total, vector_size};

/// Gradients of `x`, `gamma` and `beta`.
pub struct NormGradients {
    pub x: CubeTensor,
    pub gamma: CubeTensor,
    pub beta: CubeTensor,
}

/// Without a skip, or with one after the ReLU, whose gradient is `dy`: where the ReLU was open is computed again.
pub fn gradients(x: CubeTensor, affine: Affine, dy: CubeTensor) -> NormGradients {
    let (x, dy) = (contiguous(x), contiguous(dy));
    // Not read and not written: any buffer can stand for the output and for the skip's gradient.
    run(x, affine, dy.clone(), dy, None)
}

/// With a skip before the ReLU, which was open where the output `y` is positive. Second: the gradient of the skip.
pub fn gated_gradients(x: CubeTensor, affine: Affine, y: CubeTensor, dy: CubeTensor) -> (NormGradients, CubeTensor) {
    let (x, y, dy) = (contiguous(x), contiguous(y), contiguous(dy));
    let dims = Dims::of(&x);
    let d_skip = empty(&x, [dims.batch, dims.channels, dims.z, dims.y, dims.x], x.dtype);
    (run(x, affine, y, dy, Some(d_skip.clone())), d_skip)
}

fn run(x: CubeTensor, affine: Affine, y: CubeTensor, dy: CubeTensor, d_skip: Option<CubeTensor>) -> NormGradients {
    let dims = Dims::of(&x);
    let (volume, rows) = (dims.volume(), dims.batch * dims.channels);
    let chunks = volume.div_ceil(CHUNK);
    let gated = d_skip.is_some();
    let dx = empty(&x, [dims.batch, dims.channels, dims.z, dims.y, dims.x], x.dtype);
    let gated_dy = d_skip.unwrap_or_else(|| dx.clone());
    let parts = empty(&x, [rows, chunks, 2], DType::F32);
    let totals = empty(&x, [rows, 2], DType::F32);
    let [d_gamma, d_beta] = [(); 2].map(|()| empty(&x, [dims.channels], DType::F32));
    let (client, dtype, vector) = (x.client.clone(), elem(&x), vector_size(volume));
    let Affine { statistics, gamma, beta } = affine;
    let (gamma, beta) = (contiguous(gamma), contiguous(beta));
    sums_kernel::launch(
        &client,
        cubes(chunks, rows, 1),
        units(UNITS),
        vector,
        x.clone().into_buffer_arg(),
        statistics.clone().into_buffer_arg(),
        gamma.clone().into_buffer_arg(),
        beta.clone().into_buffer_arg(),
        y.into_buffer_arg(),
        dy.clone().into_buffer_arg(),
        gated_dy.clone().into_buffer_arg(),
        parts.clone().into_buffer_arg(),
        volume,
        dims.channels,
        gated,
        dtype,
    );
    totals_kernel::launch(
        &client,
        cubes(dims.channels.div_ceil(UNITS), 1, 1),
        units(UNITS),
        parts.into_buffer_arg(),
        totals.clone().into_buffer_arg(),
        d_gamma.clone().into_buffer_arg(),
        d_beta.clone().into_buffer_arg(),
        chunks,
        dims.batch,
        dims.channels,
    );
    input_kernel::launch(
        &client,
        cubes(chunks, rows, 1),
        units(UNITS),
        vector,
        x.into_buffer_arg(),
        statistics.into_buffer_arg(),
        gamma.into_buffer_arg(),
        beta.into_buffer_arg(),
        if gated { gated_dy } else { dy }.into_buffer_arg(),
        totals.into_buffer_arg(),
        dx.clone().into_buffer_arg(),
        volume,
        dims.channels,
        gated,
        dtype,
    );
    NormGradients { x: dx, gamma: d_gamma, beta: d_beta }
}

/// `dy` where `scale x + shift` is positive.
#[cube]
fn gate<N: Size>(x: Vector<f32, N>, dy: Vector<f32, N>, scale: f32, shift: f32) -> Vector<f32, N> {
    let normalised = fma(x, Vector::new(scale), Vector::new(shift));
    select_many(normalised.greater_than(&Vector::new(0.0f32)), dy, Vector::new(0.0f32))
}

/// `sum g` and `sum g xhat` of a chunk; with a gate, writes `g`.
#[cube(launch)]
#[allow(clippy::too_many_arguments, reason = "a kernel's arguments are its buffers, its sizes and its variant")]
fn sums_kernel<F: Float, N: Size>(
    x: &[Vector<F, N>],
    statistics: &[f32],
    gamma: &[f32],
    beta: &[f32],
    y: &[Vector<F, N>],
    dy: &[Vector<F, N>],
    gated_dy: &mut [Vector<F, N>],
    parts: &mut [f32],
    volume: usize,
    channels: usize,
    #[comptime] gated: bool,
    #[define(F)] _dtype: ElemType,
) {
    let (chunk, channel) = (CUBE_POS_X as usize, CUBE_POS_Y as usize);
    let unit = UNIT_POS as usize;
    let mean = statistics[2 * channel];
    let per_sd = statistics[2 * channel + 1];
    let scale = gamma[channel % channels] * per_sd;
    let shift = beta[channel % channels] - mean * scale;
    let length = volume / N::value();
    let last = min(length, (chunk + 1) * (CHUNK / N::value()));
    let mut sum = Vector::<f32, N>::new(0.0f32);
    let mut product = Vector::<f32, N>::new(0.0f32);
    for i in range_stepped(chunk * (CHUNK / N::value()) + unit, last, UNITS) {
        let at = channel * length + i;
        let value = Vector::<f32, N>::cast_from(x[at]);
        let slope = Vector::<f32, N>::cast_from(dy[at]);
        let g = if gated {
            let open = Vector::<f32, N>::cast_from(y[at]).greater_than(&Vector::new(0.0f32));
            let g = select_many(open, slope, Vector::new(0.0f32));
            gated_dy[at] = Vector::cast_from(g);
            g
        } else {
            gate::<N>(value, slope, scale, shift)
        };
        sum += g;
        product = fma(g, value - Vector::new(mean), product);
    }
    let mut sums = Shared::<[f32]>::new_slice(UNITS);
    let mut products = Shared::<[f32]>::new_slice(UNITS);
    sums[unit] = total::<N>(sum);
    products[unit] = total::<N>(product);
    #[unroll]
    for level in 0..8usize {
        let half = comptime!(UNITS >> (level + 1));
        sync_cube();
        if unit < half {
            sums[unit] += sums[unit + half];
            products[unit] += products[unit + half];
        }
    }
    if unit == 0 {
        let to = (channel * volume.div_ceil(CHUNK) + chunk) * 2;
        parts[to] = sums[0];
        parts[to + 1] = products[0] * per_sd;
    }
}

/// One unit per channel: the sums of every item, and of all items together the gradients of `gamma` and `beta`.
#[cube(launch)]
fn totals_kernel(
    parts: &[f32],
    totals: &mut [f32],
    d_gamma: &mut [f32],
    d_beta: &mut [f32],
    chunks: usize,
    batch: usize,
    channels: usize,
) {
    let channel = ABSOLUTE_POS;
    if channel < channels {
        let mut all = 0.0f32;
        let mut all_products = 0.0f32;
        for item in 0..batch {
            let row = item * channels + channel;
            let mut sum = 0.0f32;
            let mut product = 0.0f32;
            for chunk in 0..chunks {
                sum += parts[(row * chunks + chunk) * 2];
                product += parts[(row * chunks + chunk) * 2 + 1];
            }
            totals[2 * row] = sum;
            totals[2 * row + 1] = product;
            all += sum;
            all_products += product;
        }
        d_beta[channel] = all;
        d_gamma[channel] = all_products;
    }
}

/// `dx`; `dy` has gone through the gate already if `gated`.
#[cube(launch)]
#[allow(clippy::too_many_arguments, reason = "a kernel's arguments are its buffers, its sizes and its variant")]
fn input_kernel<F: Float, N: Size>(
    x: &[Vector<F, N>],
    statistics: &[f32],
    gamma: &[f32],
    beta: &[f32],
    dy: &[Vector<F, N>],
    totals: &[f32],
    dx: &mut [Vector<F, N>],
    volume: usize,
    channels: usize,
    #[comptime] gated: bool,
    #[define(F)] _dtype: ElemType,
) {
    let (chunk, channel) = (CUBE_POS_X as usize, CUBE_POS_Y as usize);
    let mean = statistics[2 * channel];
    let per_sd = statistics[2 * channel + 1];
    let scale = gamma[channel % channels] * per_sd;
    let shift = beta[channel % channels] - mean * scale;
    let count = f32::cast_from(volume);
    // dx = scale g + of_x (x - mean) + constant.
    let constant = -scale * (totals[2 * channel] / count);
    let of_x = -scale * per_sd * (totals[2 * channel + 1] / count);
    let length = volume / N::value();
    let last = min(length, (chunk + 1) * (CHUNK / N::value()));
    for i in range_stepped(chunk * (CHUNK / N::value()) + UNIT_POS as usize, last, UNITS) {
        let at = channel * length + i;
        let value = Vector::<f32, N>::cast_from(x[at]);
        let slope = Vector::<f32, N>::cast_from(dy[at]);
        let g = if gated { slope } else { gate::<N>(value, slope, scale, shift) };
        let from_x = fma(value - Vector::new(mean), Vector::new(of_x), Vector::new(constant));
        dx[at] = Vector::cast_from(fma(g, Vector::new(scale), from_x));
    }
}

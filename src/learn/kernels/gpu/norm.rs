//! InstanceNorm, skip and ReLU: statistics of every channel of every item, then one pass over the values.
//!
//! Statistics are added up in f32 as (count, mean, sum of squared deviations), merged pairwise (Chan et al. 1979): a large
//! mean costs no digits. A unit begins with its first value as the mean. The order is fixed.

use burn::tensor::DType;
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::ir::ElemType;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::tensor::CubeTensor;

use super::buffers::{Dims, UNITS, contiguous, cubes, elem, empty, units};
use crate::learn::kernels::backend::Place;
use crate::learn::kernels::norm::EPSILON;

/// Values of a channel that one cube works on.
pub const CHUNK: usize = 16 * UNITS;

/// Numbers read at a time: a channel is a whole number of vectors.
pub fn vector_size(volume: usize) -> usize {
    if volume.is_multiple_of(4) { 4 } else { 1 }
}

/// `[b, c, z, y, x]` to `[b, c, 2]` in f32: mean and 1 / sd.
pub fn statistics(x: CubeTensor) -> CubeTensor {
    let x = contiguous(x);
    let dims = Dims::of(&x);
    let (volume, channels) = (dims.volume(), dims.batch * dims.channels);
    let chunks = volume.div_ceil(CHUNK);
    let moments = empty(&x, [channels, chunks, 3], DType::F32);
    let statistics = empty(&x, [dims.batch, dims.channels, 2], DType::F32);
    let (client, dtype) = (x.client.clone(), elem(&x));
    moments_kernel::launch(
        &client,
        cubes(chunks, channels, 1),
        units(UNITS),
        vector_size(volume),
        x.into_buffer_arg(),
        moments.clone().into_buffer_arg(),
        volume,
        dtype,
    );
    statistics_kernel::launch(
        &client,
        cubes(channels.div_ceil(UNITS), 1, 1),
        units(UNITS),
        moments.into_buffer_arg(),
        statistics.clone().into_buffer_arg(),
        chunks,
        channels,
        EPSILON,
    );
    statistics
}

/// What the norm needs besides `x`: `[b, c, 2]` statistics and `[c]` gains and shifts, all in f32.
#[derive(Clone)]
pub struct Affine {
    pub statistics: CubeTensor,
    pub gamma: CubeTensor,
    pub beta: CubeTensor,
}

/// `relu(gamma (x - mean) / sd + beta)` with the skip; `skip` is not read where there is none.
pub fn apply(x: CubeTensor, affine: Affine, skip: CubeTensor, place: Place) -> CubeTensor {
    let (x, skip) = (contiguous(x), contiguous(skip));
    let dims = Dims::of(&x);
    let volume = dims.volume();
    let y = empty(&x, [dims.batch, dims.channels, dims.z, dims.y, dims.x], x.dtype);
    let (client, dtype) = (x.client.clone(), elem(&x));
    apply_kernel::launch(
        &client,
        cubes(volume.div_ceil(CHUNK), dims.batch * dims.channels, 1),
        units(UNITS),
        vector_size(volume),
        x.into_buffer_arg(),
        affine.statistics.into_buffer_arg(),
        contiguous(affine.gamma).into_buffer_arg(),
        contiguous(affine.beta).into_buffer_arg(),
        skip.into_buffer_arg(),
        y.clone().into_buffer_arg(),
        volume,
        dims.channels,
        place,
        dtype,
    );
    y
}

/// Of a set of values: how many, their mean, and the sum of the squared distances from it.
#[derive(CubeType, CubeTypeMut, Clone, Copy)]
struct Moments {
    count: f32,
    mean: f32,
    squares: f32,
}

#[cube]
impl Moments {
    fn merged(&self, other: &Moments) -> Moments {
        let count = self.count + other.count;
        // Of two empty sets every share is 0.
        let share = other.count / max(count, 1.0f32);
        let apart = other.mean - self.mean;
        Moments {
            count,
            mean: self.mean + apart * share,
            squares: self.squares + other.squares + apart * apart * self.count * share,
        }
    }
}

#[cube(launch)]
fn moments_kernel<F: Float, N: Size>(
    x: &[Vector<F, N>],
    moments: &mut [f32],
    volume: usize,
    #[define(F)] _dtype: ElemType,
) {
    let (chunk, channel) = (CUBE_POS_X as usize, CUBE_POS_Y as usize);
    let unit = UNIT_POS as usize;
    let length = volume / N::value();
    let first = chunk * (CHUNK / N::value()) + unit;
    let last = min(length, (chunk + 1) * (CHUNK / N::value()));
    let mut of_unit = Moments { count: 0.0f32, mean: 0.0f32, squares: 0.0f32 };
    if first < last {
        let origin = f32::cast_from(x[channel * length + first].extract(0usize));
        let mut sums = Vector::<f32, N>::new(0.0f32);
        let mut squares = Vector::<f32, N>::new(0.0f32);
        for i in range_stepped(first, last, UNITS) {
            let value = Vector::<f32, N>::cast_from(x[channel * length + i]) - Vector::new(origin);
            sums += value;
            squares = fma(value, value, squares);
        }
        let count = f32::cast_from((last - first).div_ceil(UNITS) * N::value());
        let sum = total::<N>(sums);
        let mean = sum / count;
        of_unit = Moments { count, mean: origin + mean, squares: max(total::<N>(squares) - mean * sum, 0.0f32) };
    }
    let mut counts = Shared::<[f32]>::new_slice(UNITS);
    let mut means = Shared::<[f32]>::new_slice(UNITS);
    let mut squares = Shared::<[f32]>::new_slice(UNITS);
    counts[unit] = of_unit.count;
    means[unit] = of_unit.mean;
    squares[unit] = of_unit.squares;
    #[unroll]
    for level in 0..8usize {
        let half = comptime!(UNITS >> (level + 1));
        sync_cube();
        if unit < half {
            let mine = Moments { count: counts[unit], mean: means[unit], squares: squares[unit] };
            let other = unit + half;
            let both = mine.merged(&Moments { count: counts[other], mean: means[other], squares: squares[other] });
            counts[unit] = both.count;
            means[unit] = both.mean;
            squares[unit] = both.squares;
        }
    }
    if unit == 0 {
        let to = (channel * volume.div_ceil(CHUNK) + chunk) * 3;
        moments[to] = counts[0];
        moments[to + 1] = means[0];
        moments[to + 2] = squares[0];
    }
}

/// The sum of a vector's lanes.
#[cube]
pub fn total<N: Size>(values: Vector<f32, N>) -> f32 {
    let mut sum = 0.0f32;
    #[unroll]
    for i in 0..N::value() {
        sum += values.extract(i);
    }
    sum
}

/// One unit per channel of an item.
#[cube(launch)]
fn statistics_kernel(moments: &[f32], statistics: &mut [f32], chunks: usize, channels: usize, epsilon: f32) {
    let channel = ABSOLUTE_POS;
    if channel < channels {
        let mut all = Moments { count: 0.0f32, mean: 0.0f32, squares: 0.0f32 };
        for chunk in 0..chunks {
            let at = (channel * chunks + chunk) * 3;
            let next = Moments { count: moments[at], mean: moments[at + 1], squares: moments[at + 2] };
            all = all.merged(&next);
        }
        statistics[2 * channel] = all.mean;
        statistics[2 * channel + 1] = 1.0f32 / (all.squares / all.count + epsilon).sqrt();
    }
}

#[cube(launch)]
#[allow(clippy::too_many_arguments, reason = "a kernel's arguments are its buffers, its sizes and its variant")]
fn apply_kernel<F: Float, N: Size>(
    x: &[Vector<F, N>],
    statistics: &[f32],
    gamma: &[f32],
    beta: &[f32],
    skip: &[Vector<F, N>],
    y: &mut [Vector<F, N>],
    volume: usize,
    channels: usize,
    #[comptime] place: Place,
    #[define(F)] _dtype: ElemType,
) {
    let (chunk, channel) = (CUBE_POS_X as usize, CUBE_POS_Y as usize);
    let scale = gamma[channel % channels] * statistics[2 * channel + 1];
    let shift = beta[channel % channels] - statistics[2 * channel] * scale;
    let length = volume / N::value();
    let last = min(length, (chunk + 1) * (CHUNK / N::value()));
    for i in range_stepped(chunk * (CHUNK / N::value()) + UNIT_POS as usize, last, UNITS) {
        let at = channel * length + i;
        let mut value = fma(Vector::cast_from(x[at]), Vector::new(scale), Vector::<f32, N>::new(shift));
        if comptime!(place == Place::BeforeRelu) {
            value += Vector::cast_from(skip[at]);
        }
        value = max(value, Vector::new(0.0f32));
        if comptime!(place == Place::AfterRelu) {
            value += Vector::cast_from(skip[at]);
        }
        y[at] = Vector::cast_from(value);
    }
}

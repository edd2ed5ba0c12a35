//! 3x3x3 convolution, stride 1, padding 1, without bias: forward, data gradient and weight gradient.
//!
//! Direct: all taps and input channels are summed in registers before one store; no im2col buffer. Every output is
//! summed in a fixed order, so results do not depend on the number of threads.

use burn::backend::Flex;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Float, Tensor};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::padded::{Dims, Padded};
use super::{AutodiffFlex, dims_of, flex_tensor, slice, values};

/// Output channels computed together: with `VECTORS` this fills the 16 registers of AVX2.
const CHANNELS: usize = 4;
/// Registers of neighbouring outputs computed together.
const VECTORS: usize = 3;
const TAPS: usize = 27;

/// `[b, c, z, y, x]` with weights `[out, c, 3, 3, 3]`; our kernel on the CPU, burn's elsewhere.
pub fn conv3(x: Tensor<5>, weight: Tensor<5>) -> Tensor<5> {
    let tracked = (x.clone().try_into_primitive::<AutodiffFlex>(), weight.clone().try_into_primitive::<AutodiffFlex>());
    if let (Ok(x), Ok(weight)) = tracked {
        let (dx, dw) = (x.primitive().clone(), weight.primitive().clone());
        let output = forward(&dx, &dw);
        let output =
            match Conv3Backward.prepare::<NoCheckpointing>([x.node(), weight.node()]).compute_bound().stateful() {
                OpsKind::Tracked(prep) => prep.finish((dx, dw), output),
                OpsKind::UnTracked(prep) => prep.finish(output),
            };
        return Tensor::<5, Float>::from_primitive::<AutodiffFlex>(output);
    }
    if let (Ok(x), Ok(weight)) = (x.clone().try_into_primitive::<Flex>(), weight.clone().try_into_primitive::<Flex>()) {
        return Tensor::<5, Float>::from_primitive::<Flex>(forward(&x, &weight));
    }
    burn::tensor::module::conv3d(x, weight, None, ConvOptions::new([1; 3], [1; 3], [1; 3], 1))
}

#[derive(Debug)]
struct Conv3Backward;

impl Backward<Flex, 2> for Conv3Backward {
    /// Input and weights of the forward pass.
    type State = (FlexTensor, FlexTensor);

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let [x_node, weight_node] = ops.parents;
        let gradient = grads.consume::<Flex>(&ops.node);
        let (x, weight) = ops.state;
        if let Some(node) = weight_node {
            grads.register::<Flex>(node.id, weight_gradient(&x, &gradient));
        }
        if let Some(node) = x_node {
            grads.register::<Flex>(node.id, forward(&gradient, &flipped(&weight)));
        }
    }
}

/// Weights of the data gradient: channels exchanged, taps reversed.
fn flipped(weight: &FlexTensor) -> FlexTensor {
    let [out, channels_in, ..] = dims_of(weight);
    let contiguous = values(weight);
    let w = slice(&contiguous);
    let mut flipped = vec![0.0; w.len()];
    for o in 0..out {
        for c in 0..channels_in {
            for tap in 0..TAPS {
                flipped[(c * out + o) * TAPS + TAPS - 1 - tap] = w[(o * channels_in + c) * TAPS + tap];
            }
        }
    }
    flex_tensor(flipped, &[channels_in, out, 3, 3, 3])
}

/// `[block of output channels][input channel][tap][CHANNELS]`, zero beyond the last output channel.
fn packed(w: &[f32], out: usize, channels_in: usize) -> Vec<[f32; CHANNELS]> {
    let mut packed = vec![[0.0; CHANNELS]; out.div_ceil(CHANNELS) * channels_in * TAPS];
    for o in 0..out {
        for c in 0..channels_in {
            for tap in 0..TAPS {
                let row = (o / CHANNELS * channels_in + c) * TAPS + tap;
                packed[row][o % CHANNELS] = w[(o * channels_in + c) * TAPS + tap];
            }
        }
    }
    packed
}

fn forward(x: &FlexTensor, weight: &FlexTensor) -> FlexTensor {
    let dims = Dims::new(dims_of(x));
    let out_channels = dims_of(weight)[0];
    let (x, weight) = (values(x), values(weight));
    let input = Padded::new(slice(&x), dims);
    let weights = packed(slice(&weight), out_channels, dims.channels);
    let mut output = vec![0.0; dims.batch * out_channels * dims.volume()];
    let mut tasks = Vec::new();
    for (item, of_item) in output.chunks_mut(out_channels * dims.volume()).enumerate() {
        for (block, of_block) in of_item.chunks_mut(CHANNELS * dims.volume()).enumerate() {
            let mut channels: Vec<_> = of_block.chunks_mut(dims.volume()).map(|c| c.chunks_mut(dims.plane())).collect();
            for z in 0..dims.size[0] {
                let planes = channels.iter_mut().filter_map(Iterator::next).collect();
                tasks.push(PlaneTask { item, block, z, planes });
            }
        }
    }
    let per_block = dims.channels * TAPS;
    tasks.into_par_iter().for_each(|task| {
        let weights = &weights[task.block * per_block..][..per_block];
        Arch::new().dispatch(PlaneKernel { task, input: &input, weights });
    });
    flex_tensor(output, &[dims.batch, out_channels, dims.size[0], dims.size[1], dims.size[2]])
}

/// One plane of up to `CHANNELS` output channels.
struct PlaneTask<'a> {
    item: usize,
    block: usize,
    z: usize,
    planes: Vec<&'a mut [f32]>,
}

/// A task with what it reads, in the form that `pulp` compiles for each instruction set.
struct PlaneKernel<'a> {
    task: PlaneTask<'a>,
    input: &'a Padded,
    weights: &'a [[f32; CHANNELS]],
}

impl WithSimd for PlaneKernel<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { task, input, weights } = self;
        let dims = input.dims();
        let (width, padded_width) = (dims.size[2], dims.padded_width());
        let block = VECTORS * S::F32_LANES;
        let stride = dims.row_outputs().next_multiple_of(block);
        let mut rows = vec![0.0f32; CHANNELS * stride];
        for start in (0..stride).step_by(block) {
            let sums = block_sums(simd, input, task.item, task.z, start, weights);
            for (channel, sums) in sums.iter().enumerate() {
                S::as_mut_simd_f32s(&mut rows[channel * stride + start..][..block]).0.copy_from_slice(sums);
            }
        }
        for (plane, row) in task.planes.into_iter().zip(rows.chunks_exact(stride)) {
            for (to, from) in plane.chunks_exact_mut(width).zip(row.chunks(padded_width)) {
                to.copy_from_slice(&from[..width]);
            }
        }
    }
}

/// Sums over all input channels and taps for neighbouring outputs of `CHANNELS` channels.
#[inline(always)]
fn block_sums<S: Simd>(
    simd: S,
    input: &Padded,
    item: usize,
    z: usize,
    start: usize,
    weights: &[[f32; CHANNELS]],
) -> [[S::f32s; VECTORS]; CHANNELS] {
    let dims = input.dims();
    let (plane, width) = (dims.padded_plane(), dims.padded_width());
    let block = VECTORS * S::F32_LANES;
    let mut sums = [[simd.splat_f32s(0.0); VECTORS]; CHANNELS];
    for (channel, taps) in weights.chunks_exact(TAPS).enumerate() {
        let from = input.at_plane(item, channel, z);
        for (kz, taps) in taps.chunks_exact(9).enumerate() {
            for (ky, taps) in taps.chunks_exact(3).enumerate() {
                let row = &from[kz * plane + ky * width + start..][..block + 2];
                for (kx, w) in taps.iter().enumerate() {
                    let x = S::as_simd_f32s(&row[kx..kx + block]).0;
                    for channel in 0..CHANNELS {
                        let w = simd.splat_f32s(w[channel]);
                        for vector in 0..VECTORS {
                            sums[channel][vector] = simd.mul_add_e_f32s(w, x[vector], sums[channel][vector]);
                        }
                    }
                }
            }
        }
    }
    sums
}

fn weight_gradient(x: &FlexTensor, gradient: &FlexTensor) -> FlexTensor {
    let (x_dims, g_dims) = (Dims::new(dims_of(x)), Dims::new(dims_of(gradient)));
    let (x, gradient) = (values(x), values(gradient));
    let input = Padded::new(slice(&x), x_dims);
    let output = Padded::new(slice(&gradient), g_dims);
    let mut dw = vec![0.0f32; g_dims.channels * x_dims.channels * TAPS];
    dw.par_chunks_mut(CHANNELS * x_dims.channels * TAPS).enumerate().for_each(|(block, dw)| {
        let first = block * CHANNELS;
        let count = CHANNELS.min(g_dims.channels - first);
        let per_channel: Vec<_> = (0..x_dims.channels)
            .into_par_iter()
            .map(|channel| Arch::new().dispatch(TapKernel { input: &input, output: &output, channel, first }))
            .collect();
        for (c, taps) in per_channel.iter().enumerate() {
            for o in 0..count {
                for (tap, sums) in taps.iter().enumerate() {
                    dw[(o * x_dims.channels + c) * TAPS + tap] = sums[o];
                }
            }
        }
    });
    flex_tensor(dw, &[g_dims.channels, x_dims.channels, 3, 3, 3])
}

/// Gradients of all taps of one input channel and up to `CHANNELS` output channels from `first` on.
struct TapKernel<'a> {
    input: &'a Padded,
    output: &'a Padded,
    channel: usize,
    first: usize,
}

impl WithSimd for TapKernel<'_> {
    type Output = [[f32; CHANNELS]; TAPS];

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
        let Self { input, output, channel, first } = self;
        let (x_dims, g_dims) = (input.dims(), output.dims());
        let (plane, width) = (x_dims.padded_plane(), x_dims.padded_width());
        // Output `i` of the row walk lies one row and one voxel inside the padded gradient, whose border is zero:
        // meaningless outputs add nothing.
        let shift = width + 1;
        let outputs = x_dims.row_outputs();
        let whole = outputs.next_multiple_of(S::F32_LANES);
        let mut totals = [[0.0f32; CHANNELS]; TAPS];
        for item in 0..x_dims.batch {
            for z in 0..x_dims.size[0] {
                let x = input.at_plane(item, channel, z);
                // A channel beyond the last repeats it; its sums are not used.
                let gradient =
                    |o: usize| &output.at_plane(item, (first + o).min(g_dims.channels - 1), z + 1)[shift..][..outputs];
                let gradients = [gradient(0), gradient(1), gradient(2), gradient(3)];
                for kz in 0..3 {
                    for ky in 0..3 {
                        let row = &x[kz * plane + ky * width..][..whole + 2];
                        add_row(simd, row, &gradients, &mut totals[(kz * 3 + ky) * 3..][..3]);
                    }
                }
            }
        }
        totals
    }
}

/// Adds `sum_i g_o(i) x(i + kx)` for three taps and `CHANNELS` channels. `row` goes on to the end of the last register.
#[inline(always)]
fn add_row<S: Simd>(simd: S, row: &[f32], gradients: &[&[f32]; CHANNELS], totals: &mut [[f32; CHANNELS]]) {
    let whole = row.len() - 2;
    let [(g0, rest0), (g1, rest1), (g2, rest2), (g3, rest3)] = gradients.map(S::as_simd_f32s);
    let x = [&row[..whole], &row[1..whole + 1], &row[2..whole + 2]].map(|x| S::as_simd_f32s(x).0);
    let mut sums = [[simd.splat_f32s(0.0); CHANNELS]; 3];
    let full = g0.len();
    for i in 0..full {
        let g = [g0[i], g1[i], g2[i], g3[i]];
        for kx in 0..3 {
            for o in 0..CHANNELS {
                sums[kx][o] = simd.mul_add_e_f32s(g[o], x[kx][i], sums[kx][o]);
            }
        }
    }
    if full < x[0].len() {
        // Zero beyond the last output, so that what lies there adds nothing.
        let g = [rest0, rest1, rest2, rest3].map(|rest| simd.partial_load_f32s(rest));
        for kx in 0..3 {
            for o in 0..CHANNELS {
                sums[kx][o] = simd.mul_add_e_f32s(g[o], x[kx][full], sums[kx][o]);
            }
        }
    }
    for (totals, sums) in totals.iter_mut().zip(sums) {
        for (total, sum) in totals.iter_mut().zip(sums) {
            *total += simd.reduce_sum_f32s(sum);
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution, Tolerance};

    use super::*;

    fn reference(x: Tensor<5>, w: Tensor<5>) -> Tensor<5> {
        burn::tensor::module::conv3d(x, w, None, ConvOptions::new([1; 3], [1; 3], [1; 3], 1))
    }

    #[test]
    fn output_and_both_gradients_equal_the_general_operator() {
        let device = Device::flex().autodiff();
        for (x_dims, out) in [
            ([1, 1, 1, 1, 1], 1),
            ([2, 3, 4, 5, 6], 5),
            ([1, 8, 3, 2, 25], 8),
            ([3, 4, 2, 7, 1], 4),
            ([1, 2, 5, 1, 30], 9),
            // Narrow planes: the last register of a row walk reaches into the next plane.
            ([2, 4, 4, 3, 2], 4),
            ([1, 5, 6, 2, 3], 7),
        ] {
            let x = Tensor::<5>::random(x_dims, Distribution::Normal(0.0, 1.0), &device).require_grad();
            let w =
                Tensor::<5>::random([out, x_dims[1], 3, 3, 3], Distribution::Normal(0.0, 1.0), &device).require_grad();
            let factor = Tensor::<5>::random(
                [x_dims[0], out, x_dims[2], x_dims[3], x_dims[4]],
                Distribution::Normal(0.0, 1.0),
                &device,
            );
            let run = |f: fn(Tensor<5>, Tensor<5>) -> Tensor<5>| {
                let y = f(x.clone(), w.clone());
                let grads = (y.clone() * factor.clone()).sum().backward();
                [y.into_data(), x.grad(&grads).unwrap().into_data(), w.grad(&grads).unwrap().into_data()]
            };
            for (ours, theirs) in run(conv3).iter().zip(run(reference)) {
                ours.assert_approx_eq::<f32>(&theirs, Tolerance::rel_abs(1e-4, 1e-4));
            }
        }
    }

    #[test]
    fn views_that_are_not_contiguous_give_the_same_result() {
        let device = Device::flex();
        let x = Tensor::<5>::random([1, 6, 5, 4, 3], Distribution::Default, &device);
        let view = x.permute([0, 1, 4, 3, 2]).narrow(1, 2, 3);
        let w = Tensor::<5>::random([3, 3, 3, 3, 3], Distribution::Default, &device).swap_dims(0, 1);
        let theirs = reference(view.clone(), w.clone()).into_data();
        conv3(view, w).into_data().assert_approx_eq::<f32>(&theirs, Tolerance::rel_abs(1e-4, 1e-4));
    }
}

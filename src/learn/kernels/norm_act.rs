//! InstanceNorm, residual sum and ReLU in one pass forward and one backward: `relu(gamma (x - mean) / sd + beta + skip)`.

use burn::backend::Flex;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::tensor::activation::relu;
use burn::tensor::{Float, Tensor};
use pulp::Arch;
use rayon::prelude::*;

use super::norm::{ChannelStatistics, sum_and_product};
use super::{AutodiffFlex, dims_of, flex_tensor, slice, values};

/// PyTorch's and burn's value.
const EPSILON: f32 = 1e-5;

/// `x` and `skip` are `[b, c, z, y, x]` (a one-channel skip is broadcast), `gamma` and `beta` are `[c]`.
pub fn norm_act(x: Tensor<5>, gamma: Tensor<1>, beta: Tensor<1>, skip: Option<Tensor<5>>) -> Tensor<5> {
    let dims = x.dims();
    // The sum with the skip is linear: a broadcast skip is expanded before, and its gradient is summed by burn.
    let skip = skip.map(|s| if s.dims() == dims { s } else { s.expand(dims) });
    let Some(result) = fused(&x, &gamma, &beta, skip.as_ref()) else {
        return unfused(x, gamma, beta, skip);
    };
    result
}

/// The same map from burn's operators: the reference, and what other devices run.
pub(super) fn unfused(x: Tensor<5>, gamma: Tensor<1>, beta: Tensor<1>, skip: Option<Tensor<5>>) -> Tensor<5> {
    let [b, c, d, h, w] = x.dims();
    let flat = x.reshape([b, c, d * h * w]);
    let centred = flat.clone() - flat.mean_dim(2);
    let per_sd = (centred.clone().square().mean_dim(2) + f64::from(EPSILON)).sqrt().recip();
    let y = centred * per_sd * gamma.reshape([1, c, 1]) + beta.reshape([1, c, 1]);
    let y = y.reshape([b, c, d, h, w]);
    relu(match skip {
        Some(skip) => y + skip,
        None => y,
    })
}

fn fused(x: &Tensor<5>, gamma: &Tensor<1>, beta: &Tensor<1>, skip: Option<&Tensor<5>>) -> Option<Tensor<5>> {
    let tensors = (
        x.clone().try_into_primitive::<AutodiffFlex>(),
        gamma.clone().try_into_primitive::<AutodiffFlex>(),
        beta.clone().try_into_primitive::<AutodiffFlex>(),
    );
    let (Ok(x_ad), Ok(gamma_ad), Ok(beta_ad)) = tensors else { return plain(x, gamma, beta, skip) };
    let skip_ad = match skip {
        Some(skip) => Some(skip.clone().try_into_primitive::<AutodiffFlex>().ok()?),
        None => None,
    };
    let skip_data = skip_ad.as_ref().map(|s| s.primitive());
    let (output, saved) = forward(x_ad.primitive(), gamma_ad.primitive(), beta_ad.primitive(), skip_data);
    // Without a skip the fourth parent is x again and gets no second gradient.
    let skip_node = skip_ad.as_ref().map_or_else(|| x_ad.node(), |s| s.node());
    let nodes = [x_ad.node(), gamma_ad.node(), beta_ad.node(), skip_node];
    let output = match (NormActBackward { has_skip: skip_ad.is_some() })
        .prepare::<NoCheckpointing>(nodes)
        .compute_bound()
        .stateful()
    {
        OpsKind::Tracked(prep) => prep.finish(saved, output),
        OpsKind::UnTracked(prep) => prep.finish(output),
    };
    Some(Tensor::<5, Float>::from_primitive::<AutodiffFlex>(output))
}

/// Without gradients, for predictions.
fn plain(x: &Tensor<5>, gamma: &Tensor<1>, beta: &Tensor<1>, skip: Option<&Tensor<5>>) -> Option<Tensor<5>> {
    let x = x.clone().try_into_primitive::<Flex>().ok()?;
    let gamma = gamma.clone().try_into_primitive::<Flex>().ok()?;
    let beta = beta.clone().try_into_primitive::<Flex>().ok()?;
    let skip = match skip {
        Some(skip) => Some(skip.clone().try_into_primitive::<Flex>().ok()?),
        None => None,
    };
    let (output, _) = forward(&x, &gamma, &beta, skip.as_ref());
    Some(Tensor::<5, Float>::from_primitive::<Flex>(output))
}

/// What the backward pass needs: input, output, gamma, and the statistics of every channel of every item.
#[derive(Clone, Debug)]
struct Saved {
    x: FlexTensor,
    y: FlexTensor,
    gamma: FlexTensor,
    statistics: Vec<ChannelStatistics>,
}

#[derive(Debug)]
struct NormActBackward {
    has_skip: bool,
}

fn forward(x: &FlexTensor, gamma: &FlexTensor, beta: &FlexTensor, skip: Option<&FlexTensor>) -> (FlexTensor, Saved) {
    let dims = dims_of(x);
    let [_, channels, d, h, w] = dims;
    let volume = d * h * w;
    let (x, gamma, beta) = (values(x), values(gamma), values(beta));
    let skip = skip.map(values);
    let (gammas, betas) = (slice(&gamma), slice(&beta));
    let skips = skip.as_ref().map(slice);
    let mut output = vec![0.0f32; slice(&x).len()];
    let statistics: Vec<ChannelStatistics> = output
        .par_chunks_exact_mut(volume)
        .zip(slice(&x).par_chunks_exact(volume))
        .enumerate()
        .map(|(index, (y, x))| {
            let channel = index % channels;
            let skip = skips.map(|s| &s[index * volume..][..volume]);
            Arch::new().dispatch(
                #[inline(always)]
                || normalise(y, x, gammas[channel], betas[channel], skip),
            )
        })
        .collect();
    let y = flex_tensor(output, &dims);
    (y.clone(), Saved { x, y, gamma, statistics })
}

#[inline(always)]
fn normalise(y: &mut [f32], x: &[f32], gamma: f32, beta: f32, skip: Option<&[f32]>) -> ChannelStatistics {
    let statistics = ChannelStatistics::of(x, EPSILON);
    let scale = gamma * statistics.per_sd;
    let shift = beta - statistics.mean * scale;
    match skip {
        Some(skip) => {
            for ((y, x), s) in y.iter_mut().zip(x).zip(skip) {
                *y = (x * scale + shift + s).max(0.0);
            }
        }
        None => {
            for (y, x) in y.iter_mut().zip(x) {
                *y = (x * scale + shift).max(0.0);
            }
        }
    }
    statistics
}

impl Backward<Flex, 4> for NormActBackward {
    type State = Saved;

    fn backward(self, ops: Ops<Self::State, 4>, grads: &mut Gradients, _: &mut Checkpointer) {
        let [x_node, gamma_node, beta_node, skip_node] = ops.parents;
        let gradient = values(&grads.consume::<Flex>(&ops.node));
        let saved = ops.state;
        let dims = dims_of(&saved.x);
        let [_, channels, d, h, w] = dims;
        let volume = d * h * w;
        let through_relu = masked(slice(&gradient), slice(&saved.y));
        let mut dx = vec![0.0f32; through_relu.len()];
        let sums: Vec<(f32, f32)> = dx
            .par_chunks_exact_mut(volume)
            .zip(through_relu.par_chunks_exact(volume).zip(slice(&saved.x).par_chunks_exact(volume)))
            .enumerate()
            .map(|(index, (dx, (g, x)))| {
                let gamma = slice(&saved.gamma)[index % channels];
                Arch::new().dispatch(
                    #[inline(always)]
                    || channel_gradient(dx, g, x, gamma, saved.statistics[index]),
                )
            })
            .collect();
        let per_channel = |pick: fn(&(f32, f32)) -> f32| {
            let mut totals = vec![0.0f32; channels];
            for (index, sum) in sums.iter().enumerate() {
                totals[index % channels] += pick(sum);
            }
            flex_tensor(totals, &[channels])
        };
        if let Some(node) = x_node {
            grads.register::<Flex>(node.id, flex_tensor(dx, &dims));
        }
        if let Some(node) = gamma_node {
            grads.register::<Flex>(node.id, per_channel(|s| s.1));
        }
        if let Some(node) = beta_node {
            grads.register::<Flex>(node.id, per_channel(|s| s.0));
        }
        if let Some(node) = skip_node.filter(|_| self.has_skip) {
            grads.register::<Flex>(node.id, flex_tensor(through_relu, &dims));
        }
    }
}

/// The gradient where the ReLU was open, else 0.
fn masked(gradient: &[f32], y: &[f32]) -> Vec<f32> {
    let mut masked = vec![0.0f32; gradient.len()];
    const CHUNK: usize = 1 << 14;
    masked.par_chunks_mut(CHUNK).zip(gradient.par_chunks(CHUNK).zip(y.par_chunks(CHUNK))).for_each(|(to, (g, y))| {
        Arch::new().dispatch(
            #[inline(always)]
            || {
                for ((to, g), y) in to.iter_mut().zip(g).zip(y) {
                    *to = if *y > 0.0 { *g } else { 0.0 };
                }
            },
        );
    });
    masked
}

/// `dx = gamma / sd (g - mean(g) - xhat mean(g xhat))`; returns `sum g` and `sum g xhat`.
#[inline(always)]
fn channel_gradient(dx: &mut [f32], g: &[f32], x: &[f32], gamma: f32, statistics: ChannelStatistics) -> (f32, f32) {
    let ChannelStatistics { mean, per_sd } = statistics;
    let (sum, product) = sum_and_product(g, |i| (x[i] - mean) * per_sd);
    let n = g.len() as f32;
    let (mean_g, mean_product) = (sum / n, product / n);
    let scale = gamma * per_sd;
    for ((dx, g), x) in dx.iter_mut().zip(g).zip(x) {
        let xhat = (x - mean) * per_sd;
        *dx = scale * (g - mean_g - xhat * mean_product);
    }
    (sum, product)
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution, TensorData, Tolerance};

    use super::*;

    type NormAct = fn(Tensor<5>, Tensor<1>, Tensor<1>, Option<Tensor<5>>) -> Tensor<5>;

    #[test]
    fn output_and_all_gradients_equal_the_unfused_operators() {
        let device = Device::flex().autodiff();
        for (dims, skip_channels) in [([2, 3, 2, 3, 5], Some(3)), ([1, 4, 3, 3, 3], None), ([2, 3, 2, 2, 20], Some(1))]
        {
            let random = |dims: [usize; 5]| Tensor::<5>::random(dims, Distribution::Normal(0.5, 2.0), &device);
            let x = random(dims).require_grad();
            let skip = skip_channels.map(|c| random([dims[0], c, dims[2], dims[3], dims[4]]).require_grad());
            let channel = || Tensor::<1>::random([dims[1]], Distribution::Normal(0.0, 1.0), &device).require_grad();
            let (gamma, beta) = (channel(), channel());
            let factor = random(dims);
            let run = |f: NormAct| -> Vec<TensorData> {
                let y = f(x.clone(), gamma.clone(), beta.clone(), skip.clone());
                let grads = (y.clone() * factor.clone()).sum().backward();
                let mut all = vec![y.into_data(), x.grad(&grads).unwrap().into_data()];
                all.push(gamma.grad(&grads).unwrap().into_data());
                all.push(beta.grad(&grads).unwrap().into_data());
                all.extend(skip.as_ref().map(|s| s.grad(&grads).unwrap().into_data()));
                all
            };
            for (ours, theirs) in run(norm_act).iter().zip(run(unfused)) {
                ours.assert_approx_eq::<f32>(&theirs, Tolerance::rel_abs(1e-3, 1e-3));
            }
        }
    }

    #[test]
    fn a_constant_channel_becomes_beta_and_stays_finite() {
        let device = Device::flex();
        let x = Tensor::<5>::ones([1, 1, 2, 2, 2], &device) * 7.0;
        let y = norm_act(x, Tensor::ones([1], &device), Tensor::ones([1], &device) * 0.5, None);
        let y: Vec<f32> = y.into_data().try_to_vec().unwrap();
        assert!(y.iter().all(|v| (v - 0.5).abs() < 1e-3));
    }
}

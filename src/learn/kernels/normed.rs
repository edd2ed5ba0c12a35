//! Convolution, InstanceNorm, skip and ReLU as one operation with a hand-written gradient: what the networks consist of.

use std::marker::PhantomData;

use burn::backend::autodiff::Autodiff;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::{Cube, DispatchKindConversion, DispatchTensor, Flex};
use burn::tensor::{Float, Tensor};

use super::backend::{Kernels, NormedGradients, Place, Skip, plain, tracked};
use super::spatial::Spatial;
use super::unfused;

/// `relu(gamma (s(x) - mean) / sd + beta)` with a skip before or after the ReLU, `s` a convolution without bias.
///
/// `x` is `[b, c, z, y, x]`, the weight as [`Spatial`] says, `gamma` and `beta` are `[c]` of the output.
pub fn normed(
    spatial: Spatial,
    x: Tensor<5>,
    weight: Tensor<5>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    skip: Skip<Tensor<5>>,
) -> Tensor<5> {
    by_kernels(Some(spatial), &x, &weight, [&gamma, &beta], &skip)
        .unwrap_or_else(|| unfused::norm_act(spatial.unfused(x, weight), gamma, beta, skip))
}

/// `relu(gamma (x - mean) / sd + beta)` with a skip before or after the ReLU: behind a convolution that is not [`Spatial`].
pub fn norm_act(x: Tensor<5>, gamma: Tensor<1>, beta: Tensor<1>, skip: Skip<Tensor<5>>) -> Tensor<5> {
    // The weight is x again and gets no second gradient.
    by_kernels(None, &x, &x, [&gamma, &beta], &skip).unwrap_or_else(|| unfused::norm_act(x, gamma, beta, skip))
}

fn by_kernels(
    spatial: Option<Spatial>,
    x: &Tensor<5>,
    weight: &Tensor<5>,
    affine: [&Tensor<1>; 2],
    skip: &Skip<Tensor<5>>,
) -> Option<Tensor<5>> {
    with_gradient::<Flex>(spatial, x, weight, affine, skip)
        .or_else(|| without_gradient::<Flex>(spatial, x, weight, affine, skip))
        .or_else(|| with_gradient::<Cube>(spatial, x, weight, affine, skip))
        .or_else(|| without_gradient::<Cube>(spatial, x, weight, affine, skip))
}

fn with_gradient<B: Kernels>(
    spatial: Option<Spatial>,
    x: &Tensor<5>,
    weight: &Tensor<5>,
    [gamma, beta]: [&Tensor<1>; 2],
    skip: &Skip<Tensor<5>>,
) -> Option<Tensor<5>>
where
    DispatchTensor: DispatchKindConversion<Autodiff<B>>,
{
    let (x, weight) = (tracked::<B, 5>(x)?, tracked::<B, 5>(weight)?);
    let (gamma, beta) = (tracked::<B, 1>(gamma)?, tracked::<B, 1>(beta)?);
    let skip = skip.try_map(tracked::<B, 5>)?;
    let inputs = [x.primitive(), weight.primitive(), gamma.primitive(), beta.primitive()];
    let (y, saved) = B::normed(spatial, inputs, skip.try_map(|s| Some(s.primitive()))?);
    // Without a skip the fifth parent is x again and gets no second gradient.
    let skip_node = skip.tensor().map_or_else(|| x.node(), |s| s.node());
    let parents = [x.node(), weight.node(), gamma.node(), beta.node(), skip_node];
    let backward = NormedBackward::<B> { spatial, place: skip.place(), backend: PhantomData };
    let y = match backward.prepare::<NoCheckpointing>(parents).compute_bound().stateful() {
        OpsKind::Tracked(prep) => prep.finish(saved, y),
        OpsKind::UnTracked(prep) => prep.finish(y),
    };
    Some(Tensor::<5, Float>::from_primitive::<Autodiff<B>>(y))
}

fn without_gradient<B: Kernels>(
    spatial: Option<Spatial>,
    x: &Tensor<5>,
    weight: &Tensor<5>,
    [gamma, beta]: [&Tensor<1>; 2],
    skip: &Skip<Tensor<5>>,
) -> Option<Tensor<5>>
where
    DispatchTensor: DispatchKindConversion<B>,
{
    let (x, weight, gamma, beta) = (plain::<B, 5>(x)?, plain(weight)?, plain(gamma)?, plain(beta)?);
    let skip = skip.try_map(plain::<B, 5>)?;
    let skip = skip.try_map(Some)?;
    let (y, _) = B::normed(spatial, [&x, &weight, &gamma, &beta], skip);
    Some(Tensor::<5, Float>::from_primitive::<B>(y))
}

#[derive(Debug)]
struct NormedBackward<B> {
    spatial: Option<Spatial>,
    place: Place,
    backend: PhantomData<B>,
}

impl<B: Kernels> Backward<B, 5> for NormedBackward<B> {
    type State = B::Saved;

    fn backward(self, ops: Ops<Self::State, 5>, grads: &mut Gradients, _: &mut Checkpointer) {
        let [x_node, weight_node, gamma_node, beta_node, skip_node] = ops.parents;
        let dy = grads.consume::<B>(&ops.node);
        let wanted = [x_node.is_some(), weight_node.is_some() && self.spatial.is_some()];
        let NormedGradients { x, weight, gamma, beta, skip } =
            B::normed_gradients(self.spatial, self.place, ops.state, dy, wanted);
        let of_nodes =
            [(gamma_node, Some(gamma)), (beta_node, Some(beta)), (skip_node, skip), (weight_node, weight), (x_node, x)];
        for (node, gradient) in of_nodes {
            if let (Some(node), Some(gradient)) = (node, gradient) {
                grads.register::<B>(node.id, gradient);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution, TensorData, Tolerance};

    use super::super::convolution::same_size;
    use super::super::{gpu_device, log_softmax, pointwise, recomputing, with_burn_operators};
    use super::*;

    fn random<const D: usize>(dims: [usize; D], device: &Device) -> Tensor<D> {
        Tensor::random(dims, Distribution::Normal(0.3, 1.0), device).require_grad()
    }

    /// The output, and the gradients of `inputs` and `constants` when the output is weighted with `factor`.
    fn results(y: Tensor<5>, factor: &Tensor<5>, fives: &[&Tensor<5>], ones: &[&Tensor<1>]) -> Vec<TensorData> {
        let gradients = (y.clone() * factor.clone()).sum().backward();
        let fives = fives.iter().map(|t| t.grad(&gradients).unwrap().into_data());
        let ones = ones.iter().map(|t| t.grad(&gradients).unwrap().into_data());
        [y.into_data()].into_iter().chain(fives).chain(ones).collect()
    }

    #[track_caller]
    fn assert_same(run: impl Fn() -> Vec<TensorData>) {
        let theirs = with_burn_operators(&run);
        for (ours, theirs) in run().iter().zip(theirs) {
            ours.assert_approx_eq::<f32>(&theirs, Tolerance::rel_abs(2e-3, 2e-3));
        }
    }

    #[test]
    fn output_and_all_gradients_equal_burns_operators_for_every_convolution_and_skip() {
        let device = Device::flex().autodiff();
        let (b, c, out) = (2, 3, 5);
        for (spatial, weight, size) in [
            (Spatial::Conv3, [out, c, 3, 3, 3], [4, 3, 18]),
            (Spatial::Conv3, [out, c, 3, 3, 3], [1, 2, 3]),
            (Spatial::Down, [out, c, 2, 2, 2], [4, 2, 22]),
            (Spatial::Up, [8 * out, c, 1, 1, 1], [2, 3, 5]),
        ] {
            let x = random([b, c, size[0], size[1], size[2]], &device);
            let dims = spatial.output_dims(x.dims(), weight);
            let (weight, gamma, beta) = (random(weight, &device), random([out], &device), random([out], &device));
            let (skip, factor) = (random(dims, &device), random(dims, &device));
            for kind in [|_| Skip::None, Skip::BeforeRelu, Skip::AfterRelu] {
                assert_same(|| {
                    let kind = kind(skip.clone());
                    let with_skip = !matches!(kind, Skip::None);
                    let y = normed(spatial, x.clone(), weight.clone(), gamma.clone(), beta.clone(), kind);
                    let mut fives = vec![&x, &weight];
                    fives.extend(with_skip.then_some(&skip));
                    results(y, &factor, &fives, &[&gamma, &beta])
                });
            }
        }
    }

    #[test]
    fn a_norm_alone_has_burns_output_and_gradients_for_every_skip() {
        let devices = [Some(Device::flex()), gpu_device()];
        for device in devices.into_iter().flatten().map(Device::autodiff) {
            let dims = [2, 5, 4, 3, 18];
            let (x, skip, factor) = (random(dims, &device), random(dims, &device), random(dims, &device));
            let (gamma, beta) = (random([5], &device), random([5], &device));
            for kind in [|_| Skip::None, Skip::BeforeRelu, Skip::AfterRelu] {
                assert_same(|| {
                    let kind = kind(skip.clone());
                    let mut fives = vec![&x];
                    fives.extend((kind.place() != Place::Nowhere).then_some(&skip));
                    results(norm_act(x.clone(), gamma.clone(), beta.clone(), kind), &factor, &fives, &[&gamma, &beta])
                });
            }
        }
    }

    #[test]
    fn a_convolution_computed_again_has_the_same_gradients_to_the_last_bit() {
        let device = Device::flex().autodiff();
        for (spatial, weight, size) in [
            (Spatial::Conv3, [5, 3, 3, 3, 3], [4, 3, 18]),
            (Spatial::Down, [5, 3, 2, 2, 2], [4, 2, 22]),
            (Spatial::Up, [40, 3, 1, 1, 1], [2, 3, 5]),
        ] {
            let x = random([2, 3, size[0], size[1], size[2]], &device);
            let factor = random(spatial.output_dims(x.dims(), weight), &device);
            let (weight, gamma, beta) = (random(weight, &device), random([5], &device), random([5], &device));
            let run = |recompute| {
                let y = recomputing(recompute, || {
                    normed(spatial, x.clone(), weight.clone(), gamma.clone(), beta.clone(), Skip::None)
                });
                results(y, &factor, &[&x, &weight], &[&gamma, &beta])
            };
            assert_eq!(run(true), run(false));
        }
    }

    #[test]
    fn a_pass_without_gradients_gives_the_same_numbers() {
        let device = Device::flex();
        let tracking = device.clone().autodiff();
        let random = |dims: [usize; 5]| Tensor::<5>::random(dims, Distribution::Default, &device);
        let (x, weight) = (random([1, 2, 3, 4, 5]), random([4, 2, 3, 3, 3]));
        let (gamma, beta) = (Tensor::<1>::ones([4], &device), Tensor::<1>::zeros([4], &device));
        let plain = normed(Spatial::Conv3, x.clone(), weight.clone(), gamma.clone(), beta.clone(), Skip::None);
        let [x, weight] = [x, weight].map(Tensor::from_inner);
        let [gamma, beta] = [gamma, beta].map(Tensor::from_inner);
        let tracked = normed(Spatial::Conv3, x, weight, gamma, beta, Skip::None);
        assert_eq!(tracked.device(), tracking);
        assert_eq!(plain.into_data(), tracked.into_data());
    }

    #[test]
    fn a_constant_channel_becomes_beta_and_stays_finite() {
        let device = Device::flex();
        let x = Tensor::<5>::ones([1, 1, 2, 2, 2], &device) * 7.0;
        // One number per coarse voxel: the fine volume is constant.
        let weight = Tensor::<5>::ones([8, 1, 1, 1, 1], &device);
        let y =
            normed(Spatial::Up, x, weight, Tensor::ones([1], &device), Tensor::ones([1], &device) * 0.5, Skip::None);
        let y: Vec<f32> = y.into_data().try_to_vec().unwrap();
        assert!(y.iter().all(|v| (v - 0.5).abs() < 1e-3));
    }

    #[test]
    fn a_plain_convolution_the_head_and_log_softmax_equal_burns_operators() {
        let device = Device::flex().autodiff();
        let x = random([2, 3, 3, 4, 17], &device);
        let (weight, factor) = (random([5, 3, 3, 3, 3], &device), random([2, 5, 3, 4, 17], &device));
        assert_same(|| results(same_size(x.clone(), weight.clone()), &factor, &[&x, &weight], &[]));
        let (weight, bias) = (random([5, 3, 1, 1, 1], &device), random([5], &device));
        assert_same(|| results(pointwise(x.clone(), weight.clone(), bias.clone()), &factor, &[&x, &weight], &[&bias]));
        let factor = random([2, 3, 3, 4, 17], &device);
        assert_same(|| results(log_softmax(x.clone() * 4.0), &factor, &[&x], &[]));
    }
}

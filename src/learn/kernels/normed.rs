//! Convolution, InstanceNorm, skip and ReLU as one operation with a hand-written gradient: what the networks consist of.

use burn::backend::Flex;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::tensor::{Float, Tensor};

use super::norm::{ChannelStatistics, Gate, NormAct, Skip as SkipValues};
use super::spatial::Spatial;
use super::{AutodiffFlex, dims_of, flex_tensor, is_recomputing, plain, slice, tracked, unfused, values};

/// What is added to the normalised values: nothing, or a tensor of the output's shape.
#[derive(Clone, Debug)]
pub enum Skip {
    None,
    /// `relu(norm(..) + skip)`: a residual stage.
    BeforeRelu(Tensor<5>),
    /// `relu(norm(..)) + skip`: the encoder's features in the decoder.
    AfterRelu(Tensor<5>),
}

/// `relu(gamma (s(x) - mean) / sd + beta)` with a skip before or after the ReLU, `s` a convolution without bias.
///
/// `x` is `[b, c, z, y, x]`, the weight as [`Spatial`] says, `gamma` and `beta` are `[c]` of the output.
pub fn normed(
    spatial: Spatial,
    x: Tensor<5>,
    weight: Tensor<5>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    skip: Skip,
) -> Tensor<5> {
    if let Some(y) = with_gradient(spatial, &x, &weight, [&gamma, &beta], &skip) {
        return y;
    }
    if let Some(y) = without_gradient(spatial, &x, &weight, [&gamma, &beta], &skip) {
        return y;
    }
    unfused::norm_act(spatial.unfused(x, weight), gamma, beta, skip)
}

fn with_gradient(
    spatial: Spatial,
    x: &Tensor<5>,
    weight: &Tensor<5>,
    [gamma, beta]: [&Tensor<1>; 2],
    skip: &Skip,
) -> Option<Tensor<5>> {
    let (x, weight, gamma, beta) = (tracked(x)?, tracked(weight)?, tracked(gamma)?, tracked(beta)?);
    let (place, skip) = match skip {
        Skip::None => (Place::None, None),
        Skip::BeforeRelu(skip) => (Place::BeforeRelu, Some(tracked(skip)?)),
        Skip::AfterRelu(skip) => (Place::AfterRelu, Some(tracked(skip)?)),
    };
    let inputs = [x.primitive(), weight.primitive(), gamma.primitive(), beta.primitive()];
    let (y, saved) = forward(spatial, inputs, place, skip.as_ref().map(|s| s.primitive()));
    // Without a skip the fifth parent is x again and gets no second gradient.
    let skip_node = skip.as_ref().map_or_else(|| x.node(), |s| s.node());
    let parents = [x.node(), weight.node(), gamma.node(), beta.node(), skip_node];
    let y = match (NormedBackward { spatial, place }).prepare::<NoCheckpointing>(parents).compute_bound().stateful() {
        OpsKind::Tracked(prep) => prep.finish(saved, y),
        OpsKind::UnTracked(prep) => prep.finish(y),
    };
    Some(Tensor::<5, Float>::from_primitive::<AutodiffFlex>(y))
}

fn without_gradient(
    spatial: Spatial,
    x: &Tensor<5>,
    weight: &Tensor<5>,
    [gamma, beta]: [&Tensor<1>; 2],
    skip: &Skip,
) -> Option<Tensor<5>> {
    let (x, weight, gamma, beta) = (plain(x)?, plain(weight)?, plain(gamma)?, plain(beta)?);
    let (place, skip) = match skip {
        Skip::None => (Place::None, None),
        Skip::BeforeRelu(skip) => (Place::BeforeRelu, Some(plain(skip)?)),
        Skip::AfterRelu(skip) => (Place::AfterRelu, Some(plain(skip)?)),
    };
    let (y, _) = forward(spatial, [&x, &weight, &gamma, &beta], place, skip.as_ref());
    Some(Tensor::<5, Float>::from_primitive::<Flex>(y))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    None,
    BeforeRelu,
    AfterRelu,
}

/// What the backward pass needs.
#[derive(Clone, Debug)]
struct Saved {
    x: FlexTensor,
    weight: FlexTensor,
    gamma: FlexTensor,
    beta: FlexTensor,
    /// The convolution's output, before the norm; `None` if it is to be computed again.
    convolved: Option<FlexTensor>,
    statistics: Vec<ChannelStatistics>,
    /// Only with a skip before the ReLU: otherwise where it was open is computed again.
    y: Option<FlexTensor>,
}

#[derive(Debug)]
struct NormedBackward {
    spatial: Spatial,
    place: Place,
}

fn forward(
    spatial: Spatial,
    [x, weight, gamma, beta]: [&FlexTensor; 4],
    place: Place,
    skip: Option<&FlexTensor>,
) -> (FlexTensor, Saved) {
    let (x, weight, gamma, beta) = (values(x), values(weight), values(gamma), values(beta));
    let dims = spatial.output_dims(dims_of(&x), dims_of(&weight));
    let (convolved, statistics) = spatial.forward(&x, &weight);
    let skip = skip.map(values);
    let skip = match (place, &skip) {
        (Place::BeforeRelu, Some(skip)) => SkipValues::BeforeRelu(slice(skip)),
        (Place::AfterRelu, Some(skip)) => SkipValues::AfterRelu(slice(skip)),
        _ => SkipValues::None,
    };
    let volume = dims[2] * dims[3] * dims[4];
    let norm = NormAct { x: &convolved, gamma: slice(&gamma), beta: slice(&beta), volume };
    let mut y = vec![0.0f32; convolved.len()];
    let statistics = match statistics {
        Some(statistics) => {
            norm.forward_with(&statistics, skip, &mut y);
            statistics
        }
        None => norm.forward(skip, &mut y),
    };
    let y = flex_tensor(y, &dims);
    let kept = (place == Place::BeforeRelu).then(|| y.clone());
    let convolved = (!is_recomputing()).then(|| flex_tensor(convolved, &dims));
    (y, Saved { x, weight, gamma, beta, convolved, statistics, y: kept })
}

impl Backward<Flex, 5> for NormedBackward {
    type State = Saved;

    fn backward(self, ops: Ops<Self::State, 5>, grads: &mut Gradients, _: &mut Checkpointer) {
        let [x_node, weight_node, gamma_node, beta_node, skip_node] = ops.parents;
        let gradient = values(&grads.consume::<Flex>(&ops.node));
        let Saved { x, weight, gamma, beta, convolved, statistics, y } = ops.state;
        let dims = self.spatial.output_dims(dims_of(&x), dims_of(&weight));
        let convolved = convolved.unwrap_or_else(|| flex_tensor(self.spatial.forward(&x, &weight).0, &dims));
        let volume = dims[2] * dims[3] * dims[4];
        let dy = slice(&gradient);
        let norm = NormAct { x: slice(&convolved), gamma: slice(&gamma), beta: slice(&beta), volume };
        let mut d_convolved = vec![0.0f32; dy.len()];
        let mut d_skip = if self.place == Place::BeforeRelu { vec![0.0f32; dy.len()] } else { Vec::new() };
        let gate = match &y {
            Some(y) => Gate::Output { y: slice(y), d_skip: &mut d_skip },
            None => Gate::Input,
        };
        let [d_gamma, d_beta] = norm.backward(&statistics, dy, gate, &mut d_convolved);
        drop((convolved, y));
        for (node, values) in [(gamma_node, d_gamma), (beta_node, d_beta)] {
            if let Some(node) = node {
                let channels = values.len();
                grads.register::<Flex>(node.id, flex_tensor(values, &[channels]));
            }
        }
        if let Some(node) = skip_node {
            match self.place {
                Place::None => {}
                Place::BeforeRelu => grads.register::<Flex>(node.id, flex_tensor(d_skip, &dims)),
                Place::AfterRelu => grads.register::<Flex>(node.id, gradient.clone()),
            }
        }
        if let Some(node) = weight_node {
            grads.register::<Flex>(node.id, self.spatial.weight_gradient(&x, &weight, &d_convolved));
        }
        if let Some(node) = x_node {
            grads.register::<Flex>(node.id, self.spatial.data_gradient(&x, &weight, &d_convolved));
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution, TensorData, Tolerance};

    use super::super::{conv3, log_softmax, pointwise, recomputing, with_burn_operators};
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
        assert_same(|| results(conv3(x.clone(), weight.clone()), &factor, &[&x, &weight], &[]));
        let (weight, bias) = (random([5, 3, 1, 1, 1], &device), random([5], &device));
        assert_same(|| results(pointwise(x.clone(), weight.clone(), bias.clone()), &factor, &[&x, &weight], &[&bias]));
        let factor = random([2, 3, 3, 4, 17], &device);
        assert_same(|| results(log_softmax(x.clone() * 4.0), &factor, &[&x], &[]));
    }
}

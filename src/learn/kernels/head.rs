//! The last convolution of a network: 1x1x1 with a bias.

use std::marker::PhantomData;

use burn::backend::autodiff::Autodiff;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Cube, DispatchKindConversion, DispatchTensor, Flex};
use burn::tensor::{Float, Tensor};

use super::backend::{Kernels, plain, tracked};
use super::unfused;

/// `[b, c, z, y, x]` with weights `[out, c, 1, 1, 1]` and biases `[out]`.
pub fn pointwise(x: Tensor<5>, weight: Tensor<5>, bias: Tensor<1>) -> Tensor<5> {
    by_kernels::<Flex>(&x, &weight, &bias).or_else(|| by_kernels::<Cube>(&x, &weight, &bias)).unwrap_or_else(|| {
        let outputs = bias.dims()[0];
        unfused::pointwise(x.clone(), weight.clone()) + bias.clone().reshape([1, outputs, 1, 1, 1])
    })
}

fn by_kernels<B: Kernels>(x: &Tensor<5>, weight: &Tensor<5>, bias: &Tensor<1>) -> Option<Tensor<5>>
where
    DispatchTensor: DispatchKindConversion<B> + DispatchKindConversion<Autodiff<B>>,
{
    if let (Some(x), Some(weight), Some(bias)) = (tracked::<B, 5>(x), tracked::<B, 5>(weight), tracked::<B, 1>(bias)) {
        let saved = (x.primitive().clone(), weight.primitive().clone());
        let y = B::pointwise(&saved.0, &saved.1, bias.primitive());
        let parents = [x.node(), weight.node(), bias.node()];
        let backward = PointwiseBackward::<B>(PhantomData);
        let y = match backward.prepare::<NoCheckpointing>(parents).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(saved, y),
            OpsKind::UnTracked(prep) => prep.finish(y),
        };
        return Some(Tensor::<5, Float>::from_primitive::<Autodiff<B>>(y));
    }
    let y = B::pointwise(&plain::<B, 5>(x)?, &plain::<B, 5>(weight)?, &plain::<B, 1>(bias)?);
    Some(Tensor::<5, Float>::from_primitive::<B>(y))
}

#[derive(Debug)]
struct PointwiseBackward<B>(PhantomData<B>);

impl<B: Kernels> Backward<B, 3> for PointwiseBackward<B> {
    /// Input and weights.
    type State = (FloatTensor<B>, FloatTensor<B>);

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let dy = grads.consume::<B>(&ops.node);
        let (x, weight) = ops.state;
        let wanted = ops.parents.each_ref().map(|node| node.is_some());
        for (node, gradient) in ops.parents.into_iter().zip(B::pointwise_gradients(&x, &weight, dy, wanted)) {
            if let (Some(node), Some(gradient)) = (node, gradient) {
                grads.register::<B>(node.id, gradient);
            }
        }
    }
}

//! The 3x3x3 convolution alone, for the bench and the tests: in the networks a norm follows every one.

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
use super::spatial::Spatial;

/// `[b, c, z, y, x]` with weights `[out, c, 3, 3, 3]`, stride 1, padding 1, no bias.
pub fn conv3(x: Tensor<5>, weight: Tensor<5>) -> Tensor<5> {
    by_kernels::<Flex>(&x, &weight)
        .or_else(|| by_kernels::<Cube>(&x, &weight))
        .unwrap_or_else(|| Spatial::Conv3.unfused(x.clone(), weight.clone()))
}

fn by_kernels<B: Kernels>(x: &Tensor<5>, weight: &Tensor<5>) -> Option<Tensor<5>>
where
    DispatchTensor: DispatchKindConversion<B> + DispatchKindConversion<Autodiff<B>>,
{
    if let (Some(x), Some(weight)) = (tracked::<B, 5>(x), tracked::<B, 5>(weight)) {
        let saved = (x.primitive().clone(), weight.primitive().clone());
        let y = B::conv3(&saved.0, &saved.1);
        let parents = [x.node(), weight.node()];
        let backward = Conv3Backward::<B>(PhantomData);
        let y = match backward.prepare::<NoCheckpointing>(parents).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(saved, y),
            OpsKind::UnTracked(prep) => prep.finish(y),
        };
        return Some(Tensor::<5, Float>::from_primitive::<Autodiff<B>>(y));
    }
    let y = B::conv3(&plain::<B, 5>(x)?, &plain::<B, 5>(weight)?);
    Some(Tensor::<5, Float>::from_primitive::<B>(y))
}

#[derive(Debug)]
struct Conv3Backward<B>(PhantomData<B>);

impl<B: Kernels> Backward<B, 2> for Conv3Backward<B> {
    /// Input and weights.
    type State = (FloatTensor<B>, FloatTensor<B>);

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let dy = grads.consume::<B>(&ops.node);
        let (x, weight) = ops.state;
        let wanted = ops.parents.each_ref().map(|node| node.is_some());
        for (node, gradient) in ops.parents.into_iter().zip(B::conv3_gradients(&x, &weight, dy, wanted)) {
            if let (Some(node), Some(gradient)) = (node, gradient) {
                grads.register::<B>(node.id, gradient);
            }
        }
    }
}

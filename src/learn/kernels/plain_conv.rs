//! The 3x3x3 convolution alone, for the bench and the tests: in the networks a norm follows every one.

use burn::backend::Flex;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::tensor::{Float, Tensor};

use super::spatial::Spatial;
use super::{AutodiffFlex, dims_of, flex_tensor, plain, slice, tracked, values};

/// `[b, c, z, y, x]` with weights `[out, c, 3, 3, 3]`, stride 1, padding 1, no bias.
pub fn conv3(x: Tensor<5>, weight: Tensor<5>) -> Tensor<5> {
    if let (Some(x), Some(weight)) = (tracked(&x), tracked(&weight)) {
        let saved = (values(x.primitive()), values(weight.primitive()));
        let y = forward(&saved.0, &saved.1);
        let parents = [x.node(), weight.node()];
        let y = match Conv3Backward.prepare::<NoCheckpointing>(parents).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(saved, y),
            OpsKind::UnTracked(prep) => prep.finish(y),
        };
        return Tensor::<5, Float>::from_primitive::<AutodiffFlex>(y);
    }
    if let (Some(x), Some(weight)) = (plain(&x), plain(&weight)) {
        return Tensor::<5, Float>::from_primitive::<Flex>(forward(&values(&x), &values(&weight)));
    }
    Spatial::Conv3.unfused(x, weight)
}

fn forward(x: &FlexTensor, weight: &FlexTensor) -> FlexTensor {
    let dims = Spatial::Conv3.output_dims(dims_of(x), dims_of(weight));
    flex_tensor(Spatial::Conv3.forward(x, weight).0, &dims)
}

#[derive(Debug)]
struct Conv3Backward;

impl Backward<Flex, 2> for Conv3Backward {
    /// Input and weights.
    type State = (FlexTensor, FlexTensor);

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let [x_node, weight_node] = ops.parents;
        let gradient = values(&grads.consume::<Flex>(&ops.node));
        let (x, weight) = ops.state;
        if let Some(node) = weight_node {
            grads.register::<Flex>(node.id, Spatial::Conv3.weight_gradient(&x, &weight, slice(&gradient)));
        }
        if let Some(node) = x_node {
            grads.register::<Flex>(node.id, Spatial::Conv3.data_gradient(&x, &weight, slice(&gradient)));
        }
    }
}

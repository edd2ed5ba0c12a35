//! The last convolution of a network: 1x1x1 with a bias.

use burn::backend::Flex;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::tensor::{Float, Tensor};

use super::matrix::Pointwise;
use super::{AutodiffFlex, dims_of, flex_tensor, plain, slice, tracked, unfused, values};

/// `[b, c, z, y, x]` with weights `[out, c, 1, 1, 1]` and biases `[out]`.
pub fn pointwise(x: Tensor<5>, weight: Tensor<5>, bias: Tensor<1>) -> Tensor<5> {
    if let (Some(x), Some(weight), Some(bias)) = (tracked(&x), tracked(&weight), tracked(&bias)) {
        let y = forward(x.primitive(), weight.primitive(), bias.primitive());
        let saved = (values(x.primitive()), values(weight.primitive()));
        let parents = [x.node(), weight.node(), bias.node()];
        let y = match PointwiseBackward.prepare::<NoCheckpointing>(parents).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(saved, y),
            OpsKind::UnTracked(prep) => prep.finish(y),
        };
        return Tensor::<5, Float>::from_primitive::<AutodiffFlex>(y);
    }
    if let (Some(x), Some(weight), Some(bias)) = (plain(&x), plain(&weight), plain(&bias)) {
        return Tensor::<5, Float>::from_primitive::<Flex>(forward(&x, &weight, &bias));
    }
    let outputs = bias.dims()[0];
    unfused::pointwise(x, weight) + bias.reshape([1, outputs, 1, 1, 1])
}

fn shape(x: &FlexTensor, weight: &FlexTensor) -> Pointwise {
    let [batch, inputs, z, y, x] = dims_of(x);
    Pointwise { batch, inputs, outputs: dims_of(weight)[0], volume: z * y * x }
}

fn forward(x: &FlexTensor, weight: &FlexTensor, bias: &FlexTensor) -> FlexTensor {
    let shape = shape(x, weight);
    let (x, weight, bias) = (values(x), values(weight), values(bias));
    let [b, _, z, y_size, x_size] = dims_of(&x);
    let mut y = vec![0.0; shape.batch * shape.outputs * shape.volume];
    shape.forward(slice(&x), slice(&weight), Some(slice(&bias)), &mut y);
    flex_tensor(y, &[b, shape.outputs, z, y_size, x_size])
}

#[derive(Debug)]
struct PointwiseBackward;

impl Backward<Flex, 3> for PointwiseBackward {
    /// Input and weights.
    type State = (FlexTensor, FlexTensor);

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let [x_node, weight_node, bias_node] = ops.parents;
        let gradient = values(&grads.consume::<Flex>(&ops.node));
        let dy = slice(&gradient);
        let (x, weight) = ops.state;
        let shape = shape(&x, &weight);
        if let Some(node) = bias_node {
            grads.register::<Flex>(node.id, flex_tensor(shape.bias_gradient(dy), &[shape.outputs]));
        }
        if let Some(node) = weight_node {
            let dw = shape.weight_gradient(slice(&x), dy);
            grads.register::<Flex>(node.id, flex_tensor(dw, &dims_of(&weight)));
        }
        if let Some(node) = x_node {
            let dims = dims_of(&x);
            let mut dx = vec![0.0; dims.iter().product()];
            shape.data_gradient(dy, slice(&weight), &mut dx);
            grads.register::<Flex>(node.id, flex_tensor(dx, &dims));
        }
    }
}

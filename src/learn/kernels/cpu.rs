//! The networks' operations on Flex, burn's CPU backend.

use burn::backend::Flex;
use burn::backend::flex::FlexTensor;

use super::backend::{Kernels, NormedGradients, Place, Skip};
use super::matrix::Pointwise;
use super::norm::{ChannelStatistics, Gate, NormAct, Skip as SkipValues};
use super::spatial::Spatial;
use super::{dims_of, flex_tensor, is_recomputing, slice, values};

/// What the backward pass of `normed` needs.
#[derive(Clone, Debug)]
pub struct Saved {
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

impl Kernels for Flex {
    type Saved = Saved;

    fn normed(spatial: Spatial, inputs: [&FlexTensor; 4], skip: Skip<&FlexTensor>) -> (FlexTensor, Saved) {
        let [x, weight, gamma, beta] = inputs.map(values);
        let dims = spatial.output_dims(dims_of(&x), dims_of(&weight));
        let (convolved, statistics) = spatial.forward(&x, &weight);
        let place = skip.place();
        let skip = skip.tensor().map(|skip| values(skip));
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

    fn normed_gradients(
        spatial: Spatial,
        place: Place,
        saved: Saved,
        dy: FlexTensor,
        wanted: [bool; 2],
    ) -> NormedGradients<FlexTensor> {
        let gradient = values(&dy);
        let Saved { x, weight, gamma, beta, convolved, statistics, y } = saved;
        let dims = spatial.output_dims(dims_of(&x), dims_of(&weight));
        let convolved = convolved.unwrap_or_else(|| flex_tensor(spatial.forward(&x, &weight).0, &dims));
        let volume = dims[2] * dims[3] * dims[4];
        let dy = slice(&gradient);
        let norm = NormAct { x: slice(&convolved), gamma: slice(&gamma), beta: slice(&beta), volume };
        let mut d_convolved = vec![0.0f32; dy.len()];
        let mut d_skip = if place == Place::BeforeRelu { vec![0.0f32; dy.len()] } else { Vec::new() };
        let gate = match &y {
            Some(y) => Gate::Output { y: slice(y), d_skip: &mut d_skip },
            None => Gate::Input,
        };
        let [d_gamma, d_beta] = norm.backward(&statistics, dy, gate, &mut d_convolved);
        drop((convolved, y));
        let vector = |values: Vec<f32>| {
            let channels = values.len();
            flex_tensor(values, &[channels])
        };
        NormedGradients {
            weight: wanted[1].then(|| spatial.weight_gradient(&x, &weight, &d_convolved)),
            x: wanted[0].then(|| spatial.data_gradient(&x, &weight, &d_convolved)),
            gamma: vector(d_gamma),
            beta: vector(d_beta),
            skip: match place {
                Place::Nowhere => None,
                Place::BeforeRelu => Some(flex_tensor(d_skip, &dims)),
                Place::AfterRelu => Some(gradient),
            },
        }
    }

    fn conv3(x: &FlexTensor, weight: &FlexTensor) -> FlexTensor {
        let (x, weight) = (values(x), values(weight));
        let dims = Spatial::Conv3.output_dims(dims_of(&x), dims_of(&weight));
        flex_tensor(Spatial::Conv3.forward(&x, &weight).0, &dims)
    }

    fn conv3_gradients(
        x: &FlexTensor,
        weight: &FlexTensor,
        dy: FlexTensor,
        wanted: [bool; 2],
    ) -> [Option<FlexTensor>; 2] {
        let (x, weight, dy) = (values(x), values(weight), values(&dy));
        [
            wanted[0].then(|| Spatial::Conv3.data_gradient(&x, &weight, slice(&dy))),
            wanted[1].then(|| Spatial::Conv3.weight_gradient(&x, &weight, slice(&dy))),
        ]
    }

    fn pointwise(x: &FlexTensor, weight: &FlexTensor, bias: &FlexTensor) -> FlexTensor {
        let shape = pointwise_shape(x, weight);
        let (x, weight, bias) = (values(x), values(weight), values(bias));
        let [b, _, z, y_size, x_size] = dims_of(&x);
        let mut y = vec![0.0; shape.batch * shape.outputs * shape.volume];
        shape.forward(slice(&x), slice(&weight), Some(slice(&bias)), &mut y);
        flex_tensor(y, &[b, shape.outputs, z, y_size, x_size])
    }

    fn pointwise_gradients(
        x: &FlexTensor,
        weight: &FlexTensor,
        dy: FlexTensor,
        wanted: [bool; 3],
    ) -> [Option<FlexTensor>; 3] {
        let shape = pointwise_shape(x, weight);
        let (x, weight, dy) = (values(x), values(weight), values(&dy));
        let of_x = || {
            let dims = dims_of(&x);
            let mut dx = vec![0.0; dims.iter().product()];
            shape.data_gradient(slice(&dy), slice(&weight), &mut dx);
            flex_tensor(dx, &dims)
        };
        [
            wanted[0].then(of_x),
            wanted[1].then(|| flex_tensor(shape.weight_gradient(slice(&x), slice(&dy)), &dims_of(&weight))),
            wanted[2].then(|| flex_tensor(shape.bias_gradient(slice(&dy)), &[shape.outputs])),
        ]
    }
}

fn pointwise_shape(x: &FlexTensor, weight: &FlexTensor) -> Pointwise {
    let [batch, inputs, z, y, x] = dims_of(x);
    Pointwise { batch, inputs, outputs: dims_of(weight)[0], volume: z * y * x }
}

//! The networks' operations on Flex, burn's CPU backend.

use burn::backend::Flex;
use burn::backend::flex::FlexTensor;

use super::backend::{Kernels, NormedGradients, Place, Skip};
use super::conv3::Dims;
use super::convolution::Convolution;
use super::direct::Direct;
use super::matrix::Pointwise;
use super::norm::{ChannelStatistics, Gate, NormAct, Skip as SkipValues};
use super::spatial::Spatial;
use super::stopwatch::Part;
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
    const HAS_F16: bool = false;

    type Saved = Saved;

    fn normed(spatial: Option<Spatial>, inputs: [&FlexTensor; 4], skip: Skip<&FlexTensor>) -> (FlexTensor, Saved) {
        let [x, weight, gamma, beta] = inputs.map(values);
        let (convolved, statistics) = convolved(spatial, &x, &weight);
        let dims = dims_of(&convolved);
        let place = skip.place();
        let skip = skip.tensor().map(|skip| values(skip));
        let skip = match (place, &skip) {
            (Place::BeforeRelu, Some(skip)) => SkipValues::BeforeRelu(slice(skip)),
            (Place::AfterRelu, Some(skip)) => SkipValues::AfterRelu(slice(skip)),
            _ => SkipValues::None,
        };
        let volume = dims[2] * dims[3] * dims[4];
        let norm = NormAct { x: slice(&convolved), gamma: slice(&gamma), beta: slice(&beta), volume };
        let mut y = vec![0.0f32; dims.iter().product()];
        let statistics = Part::Norm.timed(|| match statistics {
            Some(statistics) => {
                norm.forward_with(&statistics, skip, &mut y);
                statistics
            }
            None => norm.forward(skip, &mut y),
        });
        let y = flex_tensor(y, &dims);
        let kept = (place == Place::BeforeRelu).then(|| y.clone());
        let convolved = (!is_recomputing()).then_some(convolved);
        (y, Saved { x, weight, gamma, beta, convolved, statistics, y: kept })
    }

    fn normed_gradients(
        spatial: Option<Spatial>,
        place: Place,
        saved: Saved,
        dy: FlexTensor,
        wanted: [bool; 2],
    ) -> NormedGradients<FlexTensor> {
        let gradient = values(&dy);
        let Saved { x, weight, gamma, beta, convolved, statistics, y } = saved;
        let convolved = convolved.unwrap_or_else(|| self::convolved(spatial, &x, &weight).0);
        let dims = dims_of(&convolved);
        let volume = dims[2] * dims[3] * dims[4];
        let dy = slice(&gradient);
        let norm = NormAct { x: slice(&convolved), gamma: slice(&gamma), beta: slice(&beta), volume };
        let mut d_convolved = vec![0.0f32; dy.len()];
        let mut d_skip = if place == Place::BeforeRelu { vec![0.0f32; dy.len()] } else { Vec::new() };
        let gate = match &y {
            Some(y) => Gate::Output { y: slice(y), d_skip: &mut d_skip },
            None => Gate::Input,
        };
        let [d_gamma, d_beta] = Part::NormGradient.timed(|| norm.backward(&statistics, dy, gate, &mut d_convolved));
        drop((convolved, y));
        let vector = |values: Vec<f32>| {
            let channels = values.len();
            flex_tensor(values, &[channels])
        };
        let d_weight = spatial
            .filter(|_| wanted[1])
            .map(|s| Part::WeightGradient.timed(|| s.weight_gradient(&x, &weight, &d_convolved)));
        let dx = wanted[0].then(|| match spatial {
            Some(s) => Part::DataGradient.timed(|| s.data_gradient(&x, &weight, &d_convolved)),
            None => flex_tensor(d_convolved, &dims),
        });
        NormedGradients {
            weight: d_weight,
            x: dx,
            gamma: vector(d_gamma),
            beta: vector(d_beta),
            skip: match place {
                Place::Nowhere => None,
                Place::BeforeRelu => Some(flex_tensor(d_skip, &dims)),
                Place::AfterRelu => Some(gradient),
            },
        }
    }

    fn convolved(
        convolution: Convolution,
        x: &FlexTensor,
        weight: &FlexTensor,
        bias: Option<&FlexTensor>,
    ) -> Option<FlexTensor> {
        let (x, weight, bias) = (values(x), values(weight), bias.map(values));
        let bias = bias.as_ref().map(slice);
        let dims = output_dims(convolution, &x, &weight);
        let y = match convolution {
            Convolution::Pointwise => {
                let mut y = vec![0.0; dims.iter().product()];
                pointwise_shape(&x, &weight).forward(slice(&x), slice(&weight), bias, &mut y);
                return Some(flex_tensor(y, &dims));
            }
            Convolution::Spatial(spatial) => spatial.forward(&x, &weight).0,
            Convolution::Direct { kernel } => direct_shape(kernel, &x, &weight).forward(slice(&x), slice(&weight)),
        };
        Some(flex_tensor(with_bias(y, bias, dims), &dims))
    }

    fn convolved_gradients(
        convolution: Convolution,
        x: &FlexTensor,
        weight: &FlexTensor,
        dy: FlexTensor,
        [of_x, of_weight, of_bias]: [bool; 3],
    ) -> [Option<FlexTensor>; 3] {
        let (x, weight, dy) = (values(x), values(weight), values(&dy));
        let outputs = dims_of(&dy)[1];
        let bias = of_bias.then(|| {
            let [batch, _, z, y, width] = dims_of(&dy);
            let shape = Pointwise { batch, inputs: 1, outputs, volume: z * y * width };
            flex_tensor(shape.bias_gradient(slice(&dy)), &[outputs])
        });
        let (x_dims, weight_dims) = (dims_of(&x), dims_of(&weight));
        let [dx, d_weight] = match convolution {
            Convolution::Pointwise => {
                let shape = pointwise_shape(&x, &weight);
                let data_gradient = || {
                    let mut dx = vec![0.0; x_dims.iter().product()];
                    shape.data_gradient(slice(&dy), slice(&weight), &mut dx);
                    flex_tensor(dx, &x_dims)
                };
                let weight_gradient = || flex_tensor(shape.weight_gradient(slice(&x), slice(&dy)), &weight_dims);
                [of_x.then(data_gradient), of_weight.then(weight_gradient)]
            }
            Convolution::Spatial(spatial) => [
                of_x.then(|| spatial.data_gradient(&x, &weight, slice(&dy))),
                of_weight.then(|| spatial.weight_gradient(&x, &weight, slice(&dy))),
            ],
            Convolution::Direct { kernel } => {
                let shape = direct_shape(kernel, &x, &weight);
                [
                    of_x.then(|| flex_tensor(shape.data_gradient(slice(&dy), slice(&weight)), &x_dims)),
                    of_weight.then(|| flex_tensor(shape.weight_gradient(slice(&x), slice(&dy)), &weight_dims)),
                ]
            }
        };
        [dx, d_weight, bias]
    }
}

/// What a norm is taken of, with the statistics of every channel where the kernel has them at hand.
fn convolved(
    spatial: Option<Spatial>,
    x: &FlexTensor,
    weight: &FlexTensor,
) -> (FlexTensor, Option<Vec<ChannelStatistics>>) {
    let Some(spatial) = spatial else { return (x.clone(), None) };
    let (y, statistics) = Part::Convolution.timed(|| spatial.forward(x, weight));
    (flex_tensor(y, &spatial.output_dims(dims_of(x), dims_of(weight))), statistics)
}

fn output_dims(convolution: Convolution, x: &FlexTensor, weight: &FlexTensor) -> [usize; 5] {
    let ([b, _, z, y, width], weight) = (dims_of(x), dims_of(weight));
    match convolution {
        Convolution::Spatial(spatial) => spatial.output_dims(dims_of(x), weight),
        Convolution::Pointwise | Convolution::Direct { .. } => [b, weight[0], z, y, width],
    }
}

fn with_bias(mut y: Vec<f32>, bias: Option<&[f32]>, [_, channels, z, height, width]: [usize; 5]) -> Vec<f32> {
    let volume = z * height * width;
    if let Some(bias) = bias.filter(|_| volume > 0) {
        for (i, channel) in y.chunks_mut(volume).enumerate() {
            let shift = bias[i % channels];
            channel.iter_mut().for_each(|v| *v += shift);
        }
    }
    y
}

fn pointwise_shape(x: &FlexTensor, weight: &FlexTensor) -> Pointwise {
    let [batch, inputs, z, y, x] = dims_of(x);
    Pointwise { batch, inputs, outputs: dims_of(weight)[0], volume: z * y * x }
}

fn direct_shape(kernel: usize, x: &FlexTensor, weight: &FlexTensor) -> Direct {
    let [batch, channels, z, y, x] = dims_of(x);
    Direct { dims: Dims { batch, channels, size: [z, y, x] }, out_channels: dims_of(weight)[0], kernel }
}

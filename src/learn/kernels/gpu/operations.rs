//! The networks' operations on GPUs.

use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Cube, TensorMetadata};
use burn::tensor::{FloatDType, Shape};

use super::{GpuKernels, Map};
use crate::learn::kernels::backend::{Kernels, NormedGradients, Place, Skip};
use crate::learn::kernels::convolution::Convolution;
use crate::learn::kernels::is_recomputing;
use crate::learn::kernels::spatial::Spatial;

type Values = FloatTensor<Cube>;

/// What the backward pass of `normed` needs.
#[derive(Clone, Debug)]
pub struct Saved {
    x: Values,
    weight: Values,
    gamma: Values,
    beta: Values,
    /// The convolution's output, before the norm; `None` if it is to be computed again.
    convolved: Option<Values>,
    statistics: Values,
    /// Only with a skip before the ReLU: otherwise where it was open is computed again.
    y: Option<Values>,
}

impl From<Spatial> for Map {
    fn from(spatial: Spatial) -> Self {
        match spatial {
            Spatial::Conv3 => Self::Conv3,
            Spatial::Down => Self::Down,
            Spatial::Up => Self::Up,
        }
    }
}

fn map_of(convolution: Convolution) -> Option<Map> {
    match convolution {
        Convolution::Pointwise => Some(Map::Pointwise),
        Convolution::Spatial(spatial) => Some(spatial.into()),
        Convolution::Direct { .. } => None,
    }
}

impl Kernels for Cube {
    const HAS_F16: bool = true;

    type Saved = Saved;

    fn normed(spatial: Option<Spatial>, inputs: [&Values; 4], skip: Skip<&Values>) -> (Values, Saved) {
        let [x, weight, gamma, beta] = inputs.map(Values::clone);
        let convolved = convolved(spatial, x.clone(), weight.clone());
        let statistics = Self::norm_statistics(convolved.clone());
        let place = skip.place();
        let skip = skip.tensor().map_or_else(|| convolved.clone(), |skip| (*skip).clone());
        let y = Self::norm_apply(convolved.clone(), statistics.clone(), gamma.clone(), beta.clone(), skip, place);
        let kept = (place == Place::BeforeRelu).then(|| y.clone());
        let convolved = (!is_recomputing()).then_some(convolved);
        (y, Saved { x, weight, gamma, beta, convolved, statistics, y: kept })
    }

    fn normed_gradients(
        spatial: Option<Spatial>,
        place: Place,
        saved: Saved,
        dy: Values,
        wanted: [bool; 2],
    ) -> NormedGradients<Values> {
        let Saved { x, weight, gamma, beta, convolved, statistics, y } = saved;
        let convolved = convolved.unwrap_or_else(|| self::convolved(spatial, x.clone(), weight.clone()));
        let (d_convolved, gamma, beta, skip) = match y {
            Some(y) => {
                let (dx, gamma, beta, skip) = Self::norm_gated_gradients(convolved, statistics, gamma, beta, y, dy);
                (dx, gamma, beta, Some(skip))
            }
            None => {
                let skip = (place == Place::AfterRelu).then(|| dy.clone());
                let (dx, gamma, beta) = Self::norm_gradients(convolved, statistics, gamma, beta, dy);
                (dx, gamma, beta, skip)
            }
        };
        let map = spatial.map(Map::from);
        NormedGradients {
            weight: map.filter(|_| wanted[1]).map(|map| Self::map_weight_gradient(x, d_convolved.clone(), map)),
            x: wanted[0].then(|| match map {
                Some(map) => Self::map_data_gradient(d_convolved, weight, map),
                None => d_convolved,
            }),
            gamma,
            beta,
            skip,
        }
    }

    fn convolved(convolution: Convolution, x: &Values, weight: &Values, bias: Option<&Values>) -> Option<Values> {
        let (x, weight) = (x.clone(), weight.clone());
        Some(match (map_of(convolution)?, bias) {
            (Map::Pointwise, Some(bias)) => Self::biased_pointwise(x, weight, bias.clone()),
            (map, None) => Self::map(x, weight, map),
            (map, Some(bias)) => {
                let y = Self::map(x, weight, map);
                let channels = y.shape()[1];
                let bias = Cube::float_cast(bias.clone(), y.dtype().into());
                Cube::float_add(y, Cube::float_reshape(bias, Shape::new([1, channels, 1, 1, 1])))
            }
        })
    }

    fn convolved_gradients(
        convolution: Convolution,
        x: &Values,
        weight: &Values,
        dy: Values,
        wanted: [bool; 3],
    ) -> [Option<Values>; 3] {
        // Asked for only where `convolved` had a kernel.
        let Some(map) = map_of(convolution) else { return [None, None, None] };
        [
            wanted[0].then(|| Self::map_data_gradient(dy.clone(), weight.clone(), map)),
            wanted[1].then(|| Self::map_weight_gradient(x.clone(), dy.clone(), map)),
            wanted[2].then(|| bias_gradient(dy.clone())),
        ]
    }
}

/// What a norm is taken of.
fn convolved(spatial: Option<Spatial>, x: Values, weight: Values) -> Values {
    match spatial {
        Some(spatial) => Cube::map(x, weight, spatial.into()),
        None => x,
    }
}

/// The sums of `[b, out, z, y, x]` over all voxels of all items, in f32.
fn bias_gradient(dy: Values) -> Values {
    let [b, outputs, z, y, x] = dy.shape().dims();
    let flat = Cube::float_reshape(dy, Shape::new([b, outputs, z * y * x]));
    let flat = Cube::float_cast(flat, FloatDType::F32);
    let sums = Cube::float_sum_dim(Cube::float_sum_dim(flat, 2), 0);
    Cube::float_reshape(sums, Shape::new([outputs]))
}

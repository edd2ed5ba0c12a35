//! The kernels for GPUs, written in CubeCL: values in f32 or f16, sums always in f32.
//!
//! They are operations of burn's GPU backend without fusion; `Fusion` defers them like its own.

mod buffers;
mod conv3;
mod conv3_weight;
mod halo;
mod norm;
mod norm_gradient;
mod operations;
mod product;
mod product_gradient;
mod splits;
#[cfg(test)]
mod tests;

use burn::backend::Backend;
use burn::backend::backend_extension;
use burn::backend::fusion::custom::TensorSpec;
use burn::backend::tensor::FloatTensor;
use burn::tensor::{DType, Shape};
use burn_cubecl::CubeBackend;

use super::backend::Place;
use norm::Affine;
use product::{Layout, Product};
use product_gradient::product_gradient;

/// A convolution without bias, as in `Spatial`, or the 1x1x1 one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Map {
    Conv3,
    Down,
    Up,
    Pointwise,
}

impl Map {
    fn output(self, x: &TensorSpec, weight: &TensorSpec) -> TensorSpec {
        let [b, _, z, y, x_size] = x.shape.dims();
        let rows = weight.shape[0];
        let dims = match self {
            Self::Conv3 | Self::Pointwise => [b, rows, z, y, x_size],
            Self::Down => [b, rows, z / 2, y / 2, x_size / 2],
            Self::Up => [b, rows / 8, 2 * z, 2 * y, 2 * x_size],
        };
        TensorSpec::new(Shape::new(dims), x.dtype)
    }

    fn input(self, dy: &TensorSpec, weight: &TensorSpec) -> TensorSpec {
        let [b, _, z, y, x] = dy.shape.dims();
        let channels = weight.shape[1];
        let dims = match self {
            Self::Conv3 | Self::Pointwise => [b, channels, z, y, x],
            Self::Down => [b, channels, 2 * z, 2 * y, 2 * x],
            Self::Up => [b, channels, z / 2, y / 2, x / 2],
        };
        TensorSpec::new(Shape::new(dims), dy.dtype)
    }

    fn weight_dims(self, x: &Shape, dy: &Shape) -> [usize; 5] {
        let (inputs, outputs) = (x[1], dy[1]);
        match self {
            Self::Conv3 => [outputs, inputs, 3, 3, 3],
            Self::Down => [outputs, inputs, 2, 2, 2],
            Self::Up => [8 * outputs, inputs, 1, 1, 1],
            Self::Pointwise => [outputs, inputs, 1, 1, 1],
        }
    }

    /// Of the input and of the output, where the map is a product over coarse voxels.
    fn layouts(self) -> [Layout; 2] {
        match self {
            Self::Conv3 | Self::Pointwise => [Layout::Coarse; 2],
            Self::Down => [Layout::Fine, Layout::Coarse],
            Self::Up => [Layout::Coarse, Layout::Fine],
        }
    }
}

/// `[b, c, 2]`.
fn statistics_of(x: &TensorSpec) -> TensorSpec {
    TensorSpec::new(Shape::new([x.shape[0], x.shape[1], 2]), DType::F32)
}

/// The operations. Activations are f32 or f16; weights, statistics, gains and shifts, and their gradients, are f32.
#[backend_extension(Cube, Fusion)]
pub trait GpuKernels: Backend {
    /// `x` `[b, c, z, y, x]` with weights as `Map` says.
    #[fusion(meta = |x, weight, map| map.output(x, weight))]
    fn map(x: FloatTensor<Self>, weight: FloatTensor<Self>, map: Map) -> FloatTensor<Self>;

    /// The 1x1x1 convolution with biases `[out]`.
    #[fusion(meta = |x, weight, _bias| Map::Pointwise.output(x, weight))]
    fn biased_pointwise(x: FloatTensor<Self>, weight: FloatTensor<Self>, bias: FloatTensor<Self>) -> FloatTensor<Self>;

    #[fusion(meta = |dy, weight, map| map.input(dy, weight))]
    fn map_data_gradient(dy: FloatTensor<Self>, weight: FloatTensor<Self>, map: Map) -> FloatTensor<Self>;

    #[fusion(meta = |x, dy, map| TensorSpec::new(Shape::new(map.weight_dims(&x.shape, &dy.shape)), DType::F32))]
    fn map_weight_gradient(x: FloatTensor<Self>, dy: FloatTensor<Self>, map: Map) -> FloatTensor<Self>;

    /// `[b, c, 2]`: mean and 1 / sd of every channel of every item.
    #[fusion(meta = statistics_of)]
    fn norm_statistics(x: FloatTensor<Self>) -> FloatTensor<Self>;

    /// Norm, skip and ReLU; where there is no skip, `skip` is not read.
    #[fusion(meta = |x, _statistics, _gamma, _beta, _skip, _place| x.clone())]
    fn norm_apply(
        x: FloatTensor<Self>,
        statistics: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        skip: FloatTensor<Self>,
        place: Place,
    ) -> FloatTensor<Self>;

    /// Gradients of `x`, `gamma` and `beta`, without a skip before the ReLU.
    #[fusion(meta = |x, _statistics, gamma, beta, _dy| (x.clone(), gamma.clone(), beta.clone()))]
    fn norm_gradients(
        x: FloatTensor<Self>,
        statistics: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        dy: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// The same with a skip before the ReLU, from the output `y`; last, the gradient of the skip.
    #[fusion(meta = |x, _statistics, gamma, beta, _y, _dy| (x.clone(), gamma.clone(), beta.clone(), x.clone()))]
    fn norm_gated_gradients(
        x: FloatTensor<Self>,
        statistics: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        y: FloatTensor<Self>,
        dy: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

impl GpuKernels for CubeBackend {
    fn map(x: FloatTensor<Self>, weight: FloatTensor<Self>, map: Map) -> FloatTensor<Self> {
        if map == Map::Conv3 {
            return conv3::conv3(x, weight);
        }
        let ([from, to], rows) = (map.layouts(), weight.meta.shape()[0]);
        Product { input: x, from, to, weight, rows, transposed: false }.run(None)
    }

    fn biased_pointwise(x: FloatTensor<Self>, weight: FloatTensor<Self>, bias: FloatTensor<Self>) -> FloatTensor<Self> {
        let ([from, to], rows) = (Map::Pointwise.layouts(), weight.meta.shape()[0]);
        Product { input: x, from, to, weight, rows, transposed: false }.run(Some(bias))
    }

    fn map_data_gradient(dy: FloatTensor<Self>, weight: FloatTensor<Self>, map: Map) -> FloatTensor<Self> {
        if map == Map::Conv3 {
            return conv3::conv3_data_gradient(dy, weight);
        }
        let [to, from] = map.layouts();
        // The weight's axes after the first are the input's rows: channels, and sub-voxels of the fine side.
        let rows = weight.meta.shape()[1..].iter().product();
        Product { input: dy, from, to, weight, rows, transposed: true }.run(None)
    }

    fn map_weight_gradient(x: FloatTensor<Self>, dy: FloatTensor<Self>, map: Map) -> FloatTensor<Self> {
        if map == Map::Conv3 {
            return conv3_weight::conv3_weight_gradient(x, dy);
        }
        let [of_x, of_dy] = map.layouts();
        let dims = map.weight_dims(x.meta.shape(), dy.meta.shape());
        product_gradient((dy, of_dy), (x, of_x), dims)
    }

    fn norm_statistics(x: FloatTensor<Self>) -> FloatTensor<Self> {
        norm::statistics(x)
    }

    fn norm_apply(
        x: FloatTensor<Self>,
        statistics: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        skip: FloatTensor<Self>,
        place: Place,
    ) -> FloatTensor<Self> {
        norm::apply(x, Affine { statistics, gamma, beta }, skip, place)
    }

    fn norm_gradients(
        x: FloatTensor<Self>,
        statistics: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        dy: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let gradients = norm_gradient::gradients(x, Affine { statistics, gamma, beta }, dy);
        (gradients.x, gradients.gamma, gradients.beta)
    }

    fn norm_gated_gradients(
        x: FloatTensor<Self>,
        statistics: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        y: FloatTensor<Self>,
        dy: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let (gradients, d_skip) = norm_gradient::gated_gradients(x, Affine { statistics, gamma, beta }, y, dy);
        (gradients.x, gradients.gamma, gradients.beta, d_skip)
    }
}

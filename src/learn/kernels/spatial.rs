//! The three convolutions of the networks, each with its kernel and with burn's operators.

use burn::backend::flex::FlexTensor;
use burn::tensor::Tensor;
use burn::tensor::ops::ConvOptions;

use super::conv3::{Dims, conv3_data_gradient, conv3_forward, conv3_weight_gradient};
use super::matrix::Stride2;
use super::norm::{ChannelStatistics, EPSILON};
use super::{dims_of, flex_tensor, slice, unfused};

/// A convolution without bias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spatial {
    /// 3x3x3, stride 1, padding 1; weights `[out, in, 3, 3, 3]`.
    Conv3,
    /// 2x2x2, stride 2: halves every axis, which must be even; weights `[out, in, 2, 2, 2]`.
    Down,
    /// 2x2x2 transposed, stride 2: doubles every axis; weights `[8 out, in, 1, 1, 1]`, where channel
    /// `8 c + 4 i + 2 j + k` goes to channel `c` at offset `(i, j, k)` in `(z, y, x)`.
    Up,
}

impl Spatial {
    pub fn output_dims(self, [b, _, z, y, x]: [usize; 5], weight: [usize; 5]) -> [usize; 5] {
        match self {
            Spatial::Conv3 => [b, weight[0], z, y, x],
            Spatial::Down => [b, weight[0], z / 2, y / 2, x / 2],
            Spatial::Up => [b, weight[0] / 8, 2 * z, 2 * y, 2 * x],
        }
    }

    /// Values `[b, out, z, y, x]`, with the statistics of every channel where the kernel has them at hand.
    pub fn forward(self, x: &FlexTensor, weight: &FlexTensor) -> (Vec<f32>, Option<Vec<ChannelStatistics>>) {
        let (dims, w_dims) = (dims_of(x), dims_of(weight));
        let (values, w) = (slice(x), slice(weight));
        if self == Spatial::Conv3 {
            let (y, moments) = conv3_forward(values, conv_dims(dims), w, w_dims[0], true);
            let statistics = moments.map(|m| m.iter().map(|m| m.statistics(EPSILON)).collect());
            return (y, statistics);
        }
        let mut y = vec![0.0; self.output_dims(dims, w_dims).iter().product()];
        let stride2 = self.stride2(dims, w_dims);
        match self {
            Spatial::Up => stride2.up_forward(values, w, &mut y),
            _ => stride2.down_forward(values, w, &mut y),
        }
        (y, None)
    }

    /// Gradient of `x` from that of the output.
    pub fn data_gradient(self, x: &FlexTensor, weight: &FlexTensor, dy: &[f32]) -> FlexTensor {
        let (dims, w_dims) = (dims_of(x), dims_of(weight));
        let w = slice(weight);
        let dx = match self {
            Spatial::Conv3 => conv3_data_gradient(dy, conv_dims(self.output_dims(dims, w_dims)), w, dims[1]),
            Spatial::Down | Spatial::Up => {
                let stride2 = self.stride2(dims, w_dims);
                let mut dx = vec![0.0; dims.iter().product()];
                match self {
                    Spatial::Up => stride2.up_data_gradient(dy, w, &mut dx),
                    _ => stride2.down_data_gradient(dy, w, &mut dx),
                }
                dx
            }
        };
        flex_tensor(dx, &dims)
    }

    pub fn weight_gradient(self, x: &FlexTensor, weight: &FlexTensor, dy: &[f32]) -> FlexTensor {
        let (dims, w_dims) = (dims_of(x), dims_of(weight));
        let dw = match self {
            Spatial::Conv3 => conv3_weight_gradient(slice(x), conv_dims(dims), dy, w_dims[0]),
            Spatial::Down => self.stride2(dims, w_dims).down_weight_gradient(slice(x), dy),
            Spatial::Up => self.stride2(dims, w_dims).up_weight_gradient(slice(x), dy),
        };
        flex_tensor(dw, &w_dims)
    }

    fn stride2(self, [batch, channels, z, y, x]: [usize; 5], weight: [usize; 5]) -> Stride2 {
        match self {
            Spatial::Up => {
                Stride2 { batch, fine_channels: weight[0] / 8, coarse_channels: channels, coarse_size: [z, y, x] }
            }
            _ => Stride2 {
                batch,
                fine_channels: channels,
                coarse_channels: weight[0],
                coarse_size: [z / 2, y / 2, x / 2],
            },
        }
    }

    /// The same map from burn's operators: the reference, and what other devices run.
    pub fn unfused(self, x: Tensor<5>, weight: Tensor<5>) -> Tensor<5> {
        match self {
            Spatial::Conv3 => {
                burn::tensor::module::conv3d(x, weight, None, ConvOptions::new([1; 3], [1; 3], [1; 3], 1))
            }
            Spatial::Down => unfused::pointwise(unfused::space_to_depth(x, [2; 3]), weight),
            Spatial::Up => unfused::depth_to_space(unfused::pointwise(x, weight), [2; 3]),
        }
    }
}

fn conv_dims([batch, channels, z, y, x]: [usize; 5]) -> Dims {
    Dims { batch, channels, size: [z, y, x] }
}

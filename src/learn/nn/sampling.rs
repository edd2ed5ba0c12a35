//! To the next coarser grid and back, by convolutions whose kernel is their stride.

use burn::module::{Module, Param};
use burn::nn::Initializer;
use burn::nn::conv::Conv3d;
use burn::tensor::Tensor;

use super::block::{Common, unset_conv};
use super::norm::Norm;
use crate::learn::kernels::{Skip, Spatial, depth_to_space, same_size, space_to_depth};

/// The stride that there are kernels for.
const HALVED: [usize; 3] = [2; 3];

/// Convolution with kernel and stride (z, y, x), norm, ReLU.
#[derive(Module, Debug)]
pub struct Down {
    conv: Conv3d,
    norm: Norm,
    #[module(skip)]
    stride: [usize; 3],
}

/// Transposed convolution with kernel and stride (z, y, x), norm, ReLU. The weights are those of a 1x1x1 convolution to
/// `n C` channels followed by depth-to-space, with `n` voxels in a block: the same map and the same parameters.
#[derive(Module, Debug)]
pub struct Up {
    expand: Conv3d,
    bias: Param<Tensor<1>>,
    norm: Norm,
    #[module(skip)]
    stride: [usize; 3],
}

impl Down {
    pub fn new(channels_in: usize, channels: usize, stride: [usize; 3], common: Common) -> Self {
        Self {
            conv: unset_conv([channels_in, channels], stride, true, common.device),
            norm: Norm::new(channels, common.normalisation, common.device),
            stride,
        }
    }

    /// `[batch, channels_in, z, y, x]` to `[batch, channels, ..]`, every axis divided by its stride, which must divide it.
    pub fn forward(&self, x: Tensor<5>) -> Tensor<5> {
        let weight = self.conv.weight.val();
        if self.stride == HALVED {
            return self.norm.convolved(Spatial::Down, x, weight, Skip::None);
        }
        let [channels, channels_in, z, y, x_taps] = weight.dims();
        let weight = weight.reshape([channels, channels_in * z * y * x_taps, 1, 1, 1]);
        self.norm.activated(same_size(space_to_depth(x, self.stride), weight), Skip::None)
    }
}

impl Up {
    pub fn new(channels_in: usize, channels: usize, stride: [usize; 3], common: Common) -> Self {
        let block: usize = stride.iter().product();
        Self {
            expand: unset_conv([channels_in, block * channels], [1; 3], false, common.device),
            bias: Initializer::Zeros.init([channels], common.device),
            norm: Norm::new(channels, common.normalisation, common.device),
            stride,
        }
    }

    /// Multiplies every axis with its stride and adds the encoder's features of that resolution.
    pub fn forward(&self, x: Tensor<5>, features: Tensor<5>) -> Tensor<5> {
        let weight = self.expand.weight.val();
        let skip = Skip::AfterRelu(features);
        if self.stride == HALVED {
            return self.norm.convolved(Spatial::Up, x, weight, skip);
        }
        self.norm.activated(depth_to_space(same_size(x, weight), self.stride), skip)
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::module::{conv_transpose3d, conv3d};
    use burn::tensor::ops::{ConvOptions, ConvTransposeOptions};
    use burn::tensor::{Device, Distribution, Tolerance};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::learn::nn::init::initialised;
    use crate::learn::nn::{InitScheme, Normalisation};

    const STRIDES: [[usize; 3]; 4] = [[2, 2, 2], [1, 2, 2], [2, 1, 2], [1, 1, 1]];

    fn random<M: Module>(module: M) -> M {
        initialised(module, InitScheme::KaimingNormal, &mut ChaCha8Rng::seed_from_u64(3))
    }

    #[test]
    fn the_way_down_is_a_convolution_with_its_stride_as_kernel() {
        let device = Device::flex();
        let common = Common { normalisation: Normalisation::Instance, device: &device };
        for stride in STRIDES {
            let down = random(Down::new(3, 5, stride, common));
            let x = Tensor::<5>::random([2, 3, 4, 6, 8], Distribution::Default, &device);
            let convolved =
                conv3d(x.clone(), down.conv.weight.val(), None, ConvOptions::new(stride, [0; 3], [1; 3], 1));
            let expected = down.norm.activated(convolved, Skip::None);
            down.forward(x).into_data().assert_approx_eq::<f32>(&expected.into_data(), Tolerance::rel_abs(1e-3, 1e-4));
        }
    }

    #[test]
    fn the_way_up_is_a_transposed_convolution_with_its_stride_as_kernel() {
        let device = Device::flex();
        let common = Common { normalisation: Normalisation::Instance, device: &device };
        for stride in STRIDES {
            let up = random(Up::new(3, 5, stride, common));
            let x = Tensor::<5>::random([2, 3, 2, 3, 4], Distribution::Default, &device);
            let [i, j, k] = stride;
            let weight = up.expand.weight.val().reshape([5, i, j, k, 3]).permute([4, 0, 1, 2, 3]);
            let options = ConvTransposeOptions::new(stride, [0; 3], [0; 3], [1; 3], 1);
            let convolved = conv_transpose3d(x.clone(), weight, None, options);
            let features = Tensor::random(convolved.dims(), Distribution::Default, &device);
            let expected = up.norm.activated(convolved, Skip::AfterRelu(features.clone()));
            let y = up.forward(x, features).into_data();
            y.assert_approx_eq::<f32>(&expected.into_data(), Tolerance::rel_abs(1e-3, 1e-4));
        }
    }
}

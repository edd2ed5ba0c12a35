//! The blocks of a ResNet (He et al. 2016).

use burn::module::Module;
use burn::nn::conv::Conv3d;
use burn::tensor::{Tensor, s};

use super::block::{Common, NormedConv, unset_conv};
use super::norm::Norm;
use crate::learn::kernels::{Skip, same_size};

/// Two 3x3x3 convolutions with norms; the input is added before the last ReLU.
#[derive(Module, Debug)]
pub struct ResidualBlock {
    first: NormedConv,
    second: NormedConv,
    /// Where the grid or the channels change.
    projection: Option<Projection>,
}

/// 1x1x1 convolution with stride (z, y, x) and a norm, without ReLU.
#[derive(Module, Debug)]
struct Projection {
    conv: Conv3d,
    norm: Norm,
    #[module(skip)]
    stride: [usize; 3],
}

impl ResidualBlock {
    /// A block that keeps grid and channels.
    pub fn new(channels: usize, common: Common) -> Self {
        Self {
            first: NormedConv::new([channels; 2], 3, false, common),
            second: NormedConv::new([channels; 2], 3, false, common),
            projection: None,
        }
    }

    /// The first block of a layer, its grid divided by `stride` along (z, y, x).
    pub fn strided(channels_in: usize, channels: usize, stride: [usize; 3], common: Common) -> Self {
        Self {
            first: NormedConv::new([channels_in, channels], 3, false, common),
            second: NormedConv::new([channels; 2], 3, false, common),
            projection: Some(Projection {
                conv: unset_conv([channels_in, channels], [1; 3], false, common.device),
                norm: Norm::new(channels, common.normalisation, common.device),
                stride,
            }),
        }
    }

    /// `[batch, channels_in, z, y, x]` to `[batch, channels, ..]`, every axis divided by its stride.
    pub fn forward(&self, x: Tensor<5>) -> Tensor<5> {
        let (y, shortcut) = match &self.projection {
            Some(projection) => (self.first.strided(x.clone(), projection.stride), projection.forward(x)),
            None => (self.first.forward(x.clone(), Skip::None), x),
        };
        self.second.forward(y, Skip::BeforeRelu(shortcut))
    }
}

impl Projection {
    fn forward(&self, x: Tensor<5>) -> Tensor<5> {
        let [z, y, x_step] = self.stride.map(|n| n as isize);
        let thinned = x.slice(s![.., .., ..;z, ..;y, ..;x_step]);
        self.norm.linear(same_size(thinned, self.conv.weight.val()))
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::activation::relu;
    use burn::tensor::module::conv3d;
    use burn::tensor::ops::ConvOptions;
    use burn::tensor::{Device, Distribution, Tolerance};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::learn::nn::init::initialised;
    use crate::learn::nn::{InitScheme, Normalisation};

    #[test]
    fn a_first_block_is_two_convolutions_beside_a_projection_all_as_published() {
        let device = Device::flex();
        for normalisation in [Normalisation::Instance, Normalisation::Batch] {
            let common = Common { normalisation, device: &device };
            for stride in [[2, 2, 2], [1, 2, 2]] {
                let block = ResidualBlock::strided(3, 5, stride, common);
                let block = initialised(block, InitScheme::KaimingNormal, &mut ChaCha8Rng::seed_from_u64(3));
                let x = Tensor::<5>::random([2, 3, 4, 6, 8], Distribution::Normal(0.0, 1.0), &device);
                let projection = block.projection.as_ref().unwrap();
                let by_burn = |x: Tensor<5>, conv: &Conv3d, stride: [usize; 3]| {
                    let padding = [conv.weight.dims()[4] / 2; 3];
                    conv3d(x, conv.weight.val(), None, ConvOptions::new(stride, padding, [1; 3], 1))
                };
                let [first, second] = [&block.first, &block.second].map(NormedConv::parts);
                let y = relu(first.1.linear(by_burn(x.clone(), first.0, stride)));
                let y = second.1.linear(by_burn(y, second.0, [1; 3]));
                let shortcut = projection.norm.linear(by_burn(x.clone(), &projection.conv, stride));
                let expected = relu(y + shortcut).into_data();
                block.forward(x).into_data().assert_approx_eq::<f32>(&expected, Tolerance::rel_abs(1e-3, 1e-3));
            }
        }
    }

    #[test]
    fn a_block_without_weights_passes_the_positive_part_of_its_input() {
        let device = Device::flex();
        let common = Common { normalisation: Normalisation::Instance, device: &device };
        let x = Tensor::<5>::random([1, 2, 2, 2, 2], Distribution::Uniform(-1.0, 1.0), &device);
        let y = ResidualBlock::new(2, common).forward(x.clone());
        y.into_data().assert_approx_eq::<f32>(&relu(x).into_data(), Tolerance::default());
    }
}

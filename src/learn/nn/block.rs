//! Building blocks: convolution + InstanceNorm, stages (plain or residual), down- and up-sampling.
//!
//! Convolution biases before a norm are parameters of the published network, but the norm subtracts them again:
//! they stay at their 0 and are not computed.

use burn::module::{Module, Param};
use burn::nn::Initializer;
use burn::nn::conv::{Conv3d, Conv3dConfig};
use burn::tensor::{Device, Tensor};

use crate::learn::kernels::{Skip, Spatial, normed};

/// A convolution and the gain and shift per channel of the InstanceNorm behind it.
#[derive(Module, Debug)]
struct NormAct {
    gamma: Param<Tensor<1>>,
    beta: Param<Tensor<1>>,
}

/// 3x3x3 convolution, InstanceNorm, ReLU.
#[derive(Module, Debug)]
struct NormedConv {
    conv: Conv3d,
    norm: NormAct,
}

/// `n` times (3x3x3 convolution, InstanceNorm, ReLU). Residual: the input is added before the last ReLU.
#[derive(Module, Debug)]
pub struct Stage {
    convs: Vec<NormedConv>,
    residual: bool,
}

/// 2x2x2 convolution with stride 2, InstanceNorm, ReLU.
#[derive(Module, Debug)]
pub struct Down {
    conv: Conv3d,
    norm: NormAct,
}

/// 2x2x2 transposed convolution with stride 2, InstanceNorm, ReLU. The weights are those of a 1x1x1 convolution to `8 C`
/// channels followed by depth-to-space: the same map and the same parameters.
#[derive(Module, Debug)]
pub struct Up {
    expand: Conv3d,
    bias: Param<Tensor<1>>,
    norm: NormAct,
}

/// A convolution whose weights are drawn afterwards from our own random numbers (`init`).
pub fn unset_conv(channels: [usize; 2], kernel: usize, bias: bool, device: &Device) -> Conv3d {
    Conv3dConfig::new(channels, [kernel; 3]).with_bias(bias).with_initializer(Initializer::Zeros).init(device)
}

impl NormAct {
    /// Of a convolution that keeps the size of `x`.
    fn output_dims(&self, x: &Tensor<5>) -> [usize; 5] {
        let [b, _, z, y, x] = x.dims();
        [b, self.gamma.dims()[0], z, y, x]
    }

    fn new(channels: usize, device: &Device) -> Self {
        Self { gamma: Initializer::Ones.init([channels], device), beta: Initializer::Zeros.init([channels], device) }
    }

    fn forward(&self, spatial: Spatial, x: Tensor<5>, weight: Tensor<5>, skip: Skip<Tensor<5>>) -> Tensor<5> {
        normed(spatial, x, weight, self.gamma.val(), self.beta.val(), skip)
    }
}

impl Stage {
    pub fn new(channels_in: usize, channels: usize, count: usize, residual: bool, device: &Device) -> Self {
        let conv = |i: usize| NormedConv {
            conv: unset_conv([if i == 0 { channels_in } else { channels }, channels], 3, true, device),
            norm: NormAct::new(channels, device),
        };
        Self { convs: (0..count).map(conv).collect(), residual }
    }

    /// `[batch, channels_in, z, y, x]` to `[batch, channels, z, y, x]`. A one-channel input is broadcast in the sum.
    pub fn forward(&self, x: Tensor<5>) -> Tensor<5> {
        let mut input = self.residual.then(|| x.clone());
        let last = self.convs.len().saturating_sub(1);
        let mut x = x;
        for (i, NormedConv { conv, norm }) in self.convs.iter().enumerate() {
            let skip = match input.take_if(|_| i == last) {
                // A one-channel input is expanded before, and its gradient is summed by burn.
                Some(input) => Skip::BeforeRelu(input.expand(norm.output_dims(&x))),
                None => Skip::None,
            };
            x = norm.forward(Spatial::Conv3, x, conv.weight.val(), skip);
        }
        x
    }
}

impl Down {
    pub fn new(channels_in: usize, channels: usize, device: &Device) -> Self {
        Self { conv: unset_conv([channels_in, channels], 2, true, device), norm: NormAct::new(channels, device) }
    }

    /// Halves every axis; they must be even.
    pub fn forward(&self, x: Tensor<5>) -> Tensor<5> {
        self.norm.forward(Spatial::Down, x, self.conv.weight.val(), Skip::None)
    }
}

impl Up {
    pub fn new(channels_in: usize, channels: usize, device: &Device) -> Self {
        Self {
            expand: unset_conv([channels_in, 8 * channels], 1, false, device),
            bias: Initializer::Zeros.init([channels], device),
            norm: NormAct::new(channels, device),
        }
    }

    /// Doubles every axis and adds the encoder's features of that resolution.
    pub fn forward(&self, x: Tensor<5>, features: Tensor<5>) -> Tensor<5> {
        self.norm.forward(Spatial::Up, x, self.expand.weight.val(), Skip::AfterRelu(features))
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::activation::relu;
    use burn::tensor::{Distribution, TensorData, Tolerance};

    use super::*;

    #[test]
    fn a_residual_stage_without_weights_passes_the_positive_part_of_its_input() {
        let device = Device::flex();
        let mut stage = Stage::new(2, 2, 1, true, &device);
        for conv in &mut stage.convs {
            conv.norm.gamma = conv.norm.gamma.clone().map(|g| g.zeros_like());
        }
        let x = Tensor::<5>::random([1, 2, 2, 2, 2], Distribution::Uniform(-1.0, 1.0), &device);
        let y: TensorData = stage.forward(x.clone()).into_data();
        y.assert_approx_eq::<f32>(&relu(x).into_data(), Tolerance::default());
    }
}

//! Building blocks: convolution + InstanceNorm, stages (plain or residual), down- and up-sampling.

use burn::module::{Module, Param};
use burn::nn::conv::{Conv3d, Conv3dConfig};
use burn::nn::{Initializer, InstanceNorm, InstanceNormConfig, PaddingConfig3d};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};

/// A convolution followed by InstanceNorm, without activation.
#[derive(Module, Debug)]
pub struct NormedConv {
    conv: Conv3d,
    norm: InstanceNorm,
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
    conv: NormedConv,
}

/// 2x2x2 transposed convolution with stride 2, written as a 1x1x1 convolution to `8 C` channels and a
/// depth-to-space reshape: the same map and the same parameters, without the slow transposed kernel.
#[derive(Module, Debug)]
pub struct Up {
    expand: Conv3d,
    bias: Param<Tensor<1>>,
    norm: InstanceNorm,
}

impl NormedConv {
    fn new(channels: [usize; 2], kernel: usize, stride: usize, padding: usize, device: &Device) -> Self {
        let conv = Conv3dConfig::new(channels, [kernel; 3])
            .with_stride([stride; 3])
            .with_padding(PaddingConfig3d::Explicit(padding, padding, padding))
            // Weights are drawn afterwards from our own random numbers (`init`).
            .with_initializer(Initializer::Zeros)
            .init(device);
        Self { conv, norm: InstanceNormConfig::new(channels[1]).init(device) }
    }

    fn forward(&self, x: Tensor<5>) -> Tensor<5> {
        self.norm.forward(self.conv.forward(x))
    }
}

impl Stage {
    pub fn new(channels_in: usize, channels: usize, count: usize, residual: bool, device: &Device) -> Self {
        let convs = (0..count)
            .map(|i| NormedConv::new([if i == 0 { channels_in } else { channels }, channels], 3, 1, 1, device))
            .collect();
        Self { convs, residual }
    }

    /// `[batch, channels_in, z, y, x]` to `[batch, channels, z, y, x]`. A one-channel input is broadcast in the sum.
    pub fn forward(&self, x: Tensor<5>) -> Tensor<5> {
        let input = self.residual.then(|| x.clone());
        let last = self.convs.len().saturating_sub(1);
        let mut x = x;
        for (i, conv) in self.convs.iter().enumerate() {
            x = conv.forward(x);
            if i == last
                && let Some(input) = &input
            {
                x = x + input.clone();
            }
            x = relu(x);
        }
        x
    }
}

impl Down {
    pub fn new(channels_in: usize, channels: usize, device: &Device) -> Self {
        Self { conv: NormedConv::new([channels_in, channels], 2, 2, 0, device) }
    }

    /// Halves every axis; they must be even.
    pub fn forward(&self, x: Tensor<5>) -> Tensor<5> {
        relu(self.conv.forward(x))
    }
}

impl Up {
    pub fn new(channels_in: usize, channels: usize, device: &Device) -> Self {
        let expand = Conv3dConfig::new([channels_in, 8 * channels], [1; 3])
            .with_bias(false)
            .with_initializer(Initializer::Zeros)
            .init(device);
        let bias = Param::from_tensor(Tensor::zeros([channels], device));
        Self { expand, bias, norm: InstanceNormConfig::new(channels).init(device) }
    }

    /// Doubles every axis.
    pub fn forward(&self, x: Tensor<5>) -> Tensor<5> {
        let channels = self.bias.dims()[0];
        let x = depth_to_space(self.expand.forward(x)) + self.bias.val().reshape([1, channels, 1, 1, 1]);
        relu(self.norm.forward(x))
    }
}

/// `[b, 8 c, z, y, x]` to `[b, c, 2 z, 2 y, 2 x]`; channel `8 c + 4 i + 2 j + k` goes to offset `(i, j, k)` in `(z, y, x)`.
pub fn depth_to_space(x: Tensor<5>) -> Tensor<5> {
    let [b, c8, d, h, w] = x.dims();
    let c = c8 / 8;
    x.reshape([b, c, 2, 2, 2, d, h, w]).permute([0, 1, 5, 2, 6, 3, 7, 4]).reshape([b, c, 2 * d, 2 * h, 2 * w])
}

#[cfg(test)]
mod tests {
    use burn::tensor::module::conv_transpose3d;
    use burn::tensor::ops::ConvTransposeOptions;
    use burn::tensor::{Distribution, TensorData, Tolerance};

    use super::*;

    #[test]
    fn up_sampling_equals_the_transposed_convolution_with_the_same_weights() {
        let device = Device::flex();
        let (channels_in, channels) = (3, 2);
        let x = Tensor::<5>::random([2, channels_in, 2, 3, 4], Distribution::Default, &device);
        let weight = Tensor::<5>::random([8 * channels, channels_in, 1, 1, 1], Distribution::Default, &device);
        let ours = depth_to_space(burn::tensor::module::conv3d(
            x.clone(),
            weight.clone(),
            None,
            burn::tensor::ops::ConvOptions::new([1; 3], [0; 3], [1; 3], 1),
        ));
        // Transposed convolutions keep weights as [in, out, 2, 2, 2].
        let transposed = weight.reshape([channels, 2, 2, 2, channels_in]).permute([4, 0, 1, 2, 3]);
        let theirs =
            conv_transpose3d(x, transposed, None, ConvTransposeOptions::new([2; 3], [0; 3], [0; 3], [1; 3], 1));
        ours.into_data().assert_approx_eq::<f32>(&theirs.into_data(), Tolerance::default());
    }

    #[test]
    fn a_residual_stage_without_weights_passes_the_positive_part_of_its_input() {
        let device = Device::flex();
        let mut stage = Stage::new(2, 2, 1, true, &device);
        for conv in &mut stage.convs {
            conv.norm.gamma = conv.norm.gamma.take().map(|g| g.map(|t| t.zeros_like()));
        }
        let x = Tensor::<5>::random([1, 2, 2, 2, 2], Distribution::Uniform(-1.0, 1.0), &device);
        let y: TensorData = stage.forward(x.clone()).into_data();
        y.assert_approx_eq::<f32>(&relu(x).into_data(), Tolerance::default());
    }
}

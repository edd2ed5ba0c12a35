//! Building blocks: convolution + InstanceNorm, stages (plain or residual), down- and up-sampling.
//!
//! Convolution biases before a norm are parameters of the published network, but the norm subtracts them again:
//! they stay at their 0 and are not computed.

use burn::module::{Module, Param};
use burn::nn::Initializer;
use burn::nn::conv::{Conv3d, Conv3dConfig};
use burn::tensor::{Device, Tensor};

use crate::learn::kernels::{conv3, norm_act};

/// InstanceNorm with one gain and shift per channel, then the sum with a skip, then ReLU.
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

/// 2x2x2 convolution with stride 2, InstanceNorm, ReLU; computed as space-to-depth and a matrix product.
#[derive(Module, Debug)]
pub struct Down {
    conv: Conv3d,
    norm: NormAct,
}

/// 2x2x2 transposed convolution with stride 2, written as a matrix product to `8 C` channels and depth-to-space: the
/// same map and the same parameters, without the slow transposed kernel.
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
    fn new(channels: usize, device: &Device) -> Self {
        Self { gamma: Initializer::Ones.init([channels], device), beta: Initializer::Zeros.init([channels], device) }
    }

    fn forward(&self, x: Tensor<5>, skip: Option<Tensor<5>>) -> Tensor<5> {
        norm_act(x, self.gamma.val(), self.beta.val(), skip)
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
            let skip = if i == last { input.take() } else { None };
            x = norm.forward(conv3(x, conv.weight.val()), skip);
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
        self.norm.forward(pointwise(space_to_depth(x), self.conv.weight.val()), None)
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

    /// Doubles every axis.
    pub fn forward(&self, x: Tensor<5>) -> Tensor<5> {
        self.norm.forward(depth_to_space(pointwise(x, self.expand.weight.val())), None)
    }
}

/// 1x1x1 convolution as a matrix product. The weights' axes after the first are read as one axis of input channels.
pub fn pointwise(x: Tensor<5>, weight: Tensor<5>) -> Tensor<5> {
    let [b, c, d, h, w] = x.dims();
    let out = weight.dims()[0];
    weight.reshape([1, out, c]).matmul(x.reshape([b, c, d * h * w])).reshape([b, out, d, h, w])
}

/// `[b, 8 c, z, y, x]` to `[b, c, 2 z, 2 y, 2 x]`; channel `8 c + 4 i + 2 j + k` goes to offset `(i, j, k)` in `(z, y, x)`.
fn depth_to_space(x: Tensor<5>) -> Tensor<5> {
    let [b, c8, d, h, w] = x.dims();
    let c = c8 / 8;
    x.reshape([b, c, 2, 2, 2, d, h, w]).permute([0, 1, 5, 2, 6, 3, 7, 4]).reshape([b, c, 2 * d, 2 * h, 2 * w])
}

/// The inverse of [`depth_to_space`].
fn space_to_depth(x: Tensor<5>) -> Tensor<5> {
    let [b, c, d, h, w] = x.dims();
    let (d, h, w) = (d / 2, h / 2, w / 2);
    x.reshape([b, c, d, 2, h, 2, w, 2]).permute([0, 1, 3, 5, 7, 2, 4, 6]).reshape([b, 8 * c, d, h, w])
}

#[cfg(test)]
mod tests {
    use burn::tensor::activation::relu;
    use burn::tensor::module::conv_transpose3d;
    use burn::tensor::ops::{ConvOptions, ConvTransposeOptions};
    use burn::tensor::{Distribution, TensorData, Tolerance};

    use super::*;

    #[test]
    fn up_sampling_equals_the_transposed_convolution_with_the_same_weights() {
        let device = Device::flex();
        let (channels_in, channels) = (3, 2);
        let x = Tensor::<5>::random([2, channels_in, 2, 3, 4], Distribution::Default, &device);
        let weight = Tensor::<5>::random([8 * channels, channels_in, 1, 1, 1], Distribution::Default, &device);
        let ours = depth_to_space(pointwise(x.clone(), weight.clone()));
        // Transposed convolutions keep weights as [in, out, 2, 2, 2].
        let transposed = weight.reshape([channels, 2, 2, 2, channels_in]).permute([4, 0, 1, 2, 3]);
        let theirs =
            conv_transpose3d(x, transposed, None, ConvTransposeOptions::new([2; 3], [0; 3], [0; 3], [1; 3], 1));
        ours.into_data().assert_approx_eq::<f32>(&theirs.into_data(), Tolerance::default());
    }

    #[test]
    fn down_sampling_equals_the_strided_convolution_with_the_same_weights() {
        let device = Device::flex();
        let x = Tensor::<5>::random([2, 3, 4, 2, 6], Distribution::Default, &device);
        let weight = Tensor::<5>::random([5, 3, 2, 2, 2], Distribution::Default, &device);
        let ours = pointwise(space_to_depth(x.clone()), weight.clone());
        let strided = ConvOptions::new([2; 3], [0; 3], [1; 3], 1);
        let theirs = burn::tensor::module::conv3d(x, weight, None, strided);
        ours.into_data().assert_approx_eq::<f32>(&theirs.into_data(), Tolerance::default());
    }

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

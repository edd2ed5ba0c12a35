//! The kernels' maps from burn's own operators: the reference of the tests, and what other devices run.

use burn::tensor::Tensor;
use burn::tensor::activation::relu;

use super::backend::Skip;
use super::norm::EPSILON;

pub fn norm_act(x: Tensor<5>, gamma: Tensor<1>, beta: Tensor<1>, skip: Skip<Tensor<5>>) -> Tensor<5> {
    rectified(instance_norm(x, gamma, beta), skip)
}

/// `gamma (x - mean) / sd + beta` with the moments of every item and channel.
pub fn instance_norm(x: Tensor<5>, gamma: Tensor<1>, beta: Tensor<1>) -> Tensor<5> {
    let [b, c, d, h, w] = x.dims();
    let flat = x.reshape([b, c, d * h * w]);
    let centred = flat.clone() - flat.mean_dim(2);
    let per_sd = (centred.clone().square().mean_dim(2) + f64::from(EPSILON)).sqrt().recip();
    let y = centred * per_sd * gamma.reshape([1, c, 1]) + beta.reshape([1, c, 1]);
    y.reshape([b, c, d, h, w])
}

/// The ReLU behind a norm with its skip.
pub fn rectified(y: Tensor<5>, skip: Skip<Tensor<5>>) -> Tensor<5> {
    match skip {
        Skip::None => relu(y),
        Skip::BeforeRelu(skip) => relu(y + skip),
        Skip::AfterRelu(skip) => relu(y) + skip,
    }
}

/// 1x1x1 convolution as a matrix product. The weights' axes after the first are read as one axis of input channels.
pub fn pointwise(x: Tensor<5>, weight: Tensor<5>) -> Tensor<5> {
    let [b, c, d, h, w] = x.dims();
    let out = weight.dims()[0];
    weight.reshape([1, out, c]).matmul(x.reshape([b, c, d * h * w])).reshape([b, out, d, h, w])
}

/// `[b, n c, z, y, x]` to `[b, c, i z, j y, k x]` with blocks of `n = i j k` voxels; channel `n c + (p j + q) k + r` goes to
/// offset `(p, q, r)` of its block.
pub fn depth_to_space(x: Tensor<5>, [i, j, k]: [usize; 3]) -> Tensor<5> {
    let [b, channels, d, h, w] = x.dims();
    let c = channels / (i * j * k);
    x.reshape([b, c, i, j, k, d, h, w]).permute([0, 1, 5, 2, 6, 3, 7, 4]).reshape([b, c, i * d, j * h, k * w])
}

/// The inverse of [`depth_to_space`].
pub fn space_to_depth(x: Tensor<5>, [i, j, k]: [usize; 3]) -> Tensor<5> {
    let [b, c, d, h, w] = x.dims();
    let (d, h, w) = (d / i, h / j, w / k);
    x.reshape([b, c, d, i, h, j, w, k]).permute([0, 1, 3, 5, 7, 2, 4, 6]).reshape([b, i * j * k * c, d, h, w])
}

#[cfg(test)]
mod tests {
    use burn::tensor::module::{conv_transpose3d, conv3d};
    use burn::tensor::ops::{ConvOptions, ConvTransposeOptions};
    use burn::tensor::{Device, Distribution, Tolerance};

    use super::*;

    #[test]
    fn up_sampling_equals_the_transposed_convolution_with_the_same_weights() {
        let device = Device::flex();
        let (channels_in, channels) = (3, 2);
        let x = Tensor::<5>::random([2, channels_in, 2, 3, 4], Distribution::Default, &device);
        let weight = Tensor::<5>::random([8 * channels, channels_in, 1, 1, 1], Distribution::Default, &device);
        let ours = depth_to_space(pointwise(x.clone(), weight.clone()), [2; 3]);
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
        let ours = pointwise(space_to_depth(x.clone(), [2; 3]), weight.clone());
        let theirs = conv3d(x, weight, None, ConvOptions::new([2; 3], [0; 3], [1; 3], 1));
        ours.into_data().assert_approx_eq::<f32>(&theirs.into_data(), Tolerance::default());
    }
}

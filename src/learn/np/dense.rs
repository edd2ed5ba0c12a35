//! Small fully connected layers for single voxels.

use burn::module::{Module, Param};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor, TensorData};
use rand_chacha::ChaCha8Rng;

use crate::learn::random::normal;

/// `x W + b`.
#[derive(Module, Debug)]
pub struct Dense {
    /// `[in, out]`.
    weight: Param<Tensor<2>>,
    bias: Param<Tensor<1>>,
}

impl Dense {
    /// Xavier normal weights (the initialisation of NP-SemiSeg), bias 0, from the run's random numbers.
    pub fn new([channels_in, channels]: [usize; 2], rng: &mut ChaCha8Rng, device: &Device) -> Self {
        let sd = (2.0 / (channels_in + channels) as f64).sqrt();
        let weight: Vec<f32> = (0..channels_in * channels).map(|_| (sd * normal(rng)) as f32).collect();
        let weight = Tensor::from_data(TensorData::new(weight, [channels_in, channels]), device);
        Self { weight: Param::from_tensor(weight), bias: Param::from_tensor(Tensor::zeros([channels], device)) }
    }

    pub fn channels(&self) -> usize {
        self.bias.dims()[0]
    }

    /// `[n, in]` to `[n, out]`.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        x.matmul(self.weight.val()) + self.bias.val().unsqueeze_dim::<2>(0)
    }
}

/// Two layers with a ReLU between.
#[derive(Module, Debug)]
pub struct TwoLayers {
    first: Dense,
    second: Dense,
}

impl TwoLayers {
    pub fn new([channels_in, hidden, channels]: [usize; 3], rng: &mut ChaCha8Rng, device: &Device) -> Self {
        Self {
            first: Dense::new([channels_in, hidden], rng, device),
            second: Dense::new([hidden, channels], rng, device),
        }
    }

    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.second.forward(relu(self.first.forward(x)))
    }
}

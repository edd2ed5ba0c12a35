//! The voxel neural process: parameters and the pieces of one pass (methods 4.4).

use burn::module::{Module, Param};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha8Rng;

use super::dense::{Dense, TwoLayers};
use super::gaussian::Gaussian;

/// Width of every hidden layer, of the latent and of the deterministic vector (NP-SemiSeg's 32).
pub const WIDTH: usize = 32;
/// An encoded voxel: latent and deterministic encoding.
pub const ROW_WIDTH: usize = 2 * WIDTH;

/// Point-wise, without normalisation layers, so that it means the same on drawn voxels and on whole volumes.
#[derive(Module, Debug)]
pub struct NeuralProcess {
    /// Learned gain per channel of the features, whose length per voxel is 1 before it, `[c]`.
    gain: Param<Tensor<1>>,
    latent_encoder: TwoLayers,
    deterministic_encoder: TwoLayers,
    latent: TwoLayers,
    from_features: Dense,
    from_latent: Dense,
    from_context: Dense,
    hidden: Dense,
    output: Dense,
}

impl NeuralProcess {
    /// For `features` channels per voxel and `classes` classes.
    pub fn new(features: usize, classes: usize, rng: &mut ChaCha8Rng, device: &Device) -> Self {
        let pair = features + classes;
        // A voxel's features then have the size of `features` independent standard numbers.
        let gain = (features as f64).sqrt();
        Self {
            gain: Param::from_tensor(Tensor::ones([features], device).mul_scalar(gain)),
            latent_encoder: TwoLayers::new([pair, WIDTH, WIDTH], rng, device),
            deterministic_encoder: TwoLayers::new([pair, WIDTH, WIDTH], rng, device),
            latent: TwoLayers::new([WIDTH, WIDTH, 2 * WIDTH], rng, device),
            from_features: Dense::new([features, WIDTH], rng, device),
            from_latent: Dense::new([WIDTH, WIDTH], rng, device),
            from_context: Dense::new([WIDTH, WIDTH], rng, device),
            hidden: Dense::new([WIDTH, WIDTH], rng, device),
            output: Dense::new([WIDTH, classes], rng, device),
        }
    }

    /// Features `[n, c]` on the learned scale.
    pub fn scaled(&self, features: Tensor<2>) -> Tensor<2> {
        let length = features.clone().square().sum_dim(1).add_scalar(1e-6).sqrt();
        features / length * self.gain.val().unsqueeze_dim::<2>(0)
    }

    /// What voxels with scaled features `[n, c]` and class beliefs `[n, k]` say together with their features,
    /// `[n, 2 WIDTH]`: latent and deterministic encoding. The features get no gradient from here.
    pub fn encoded(&self, scaled: &Tensor<2>, beliefs: Tensor<2>) -> Tensor<2> {
        let pair = Tensor::cat(vec![scaled.clone().detach(), beliefs], 1);
        Tensor::cat(vec![self.latent_encoder.forward(pair.clone()), self.deterministic_encoder.forward(pair)], 1)
    }

    /// `q(z | S)` of a set's aggregated latent encoding `[1, WIDTH]`.
    pub fn latent_given(&self, aggregate: Tensor<2>) -> Gaussian {
        let raw = self.latent.forward(aggregate).reshape([2 * WIDTH]);
        Gaussian::from_raw(raw.clone().narrow(0, 0, WIDTH), raw.narrow(0, WIDTH, WIDTH))
    }

    /// Logits `[n, k]` of voxels with scaled features `[n, c]`, one set for each latent of `[s, WIDTH]`, given the
    /// deterministic vector `[1, WIDTH]` of the context.
    ///
    /// The first layer is `W_h h + (W_z z + W_r r + b)`: what does not depend on the latent is computed once.
    pub fn decoded(&self, scaled: &Tensor<2>, latents: Tensor<2>, context: Tensor<2>) -> Vec<Tensor<2>> {
        let of_features = self.from_features.forward(scaled.clone());
        let shifts = self.from_latent.forward(latents) + self.from_context.forward(context);
        let one = |shift: Tensor<2>| self.output.forward(relu(self.hidden.forward(relu(of_features.clone() + shift))));
        (0..shifts.dims()[0]).map(|s| one(shifts.clone().narrow(0, s, 1))).collect()
    }

    pub fn classes(&self) -> usize {
        self.output.channels()
    }
}

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

#[cfg(test)]
mod tests {
    use burn::module::{ModuleMapper, ModuleVisitor};
    use burn::tensor::{Distribution, Tolerance};
    use rand::SeedableRng;

    use super::*;

    const FEATURES: usize = 32;
    const CLASSES: usize = 2;

    /// No two of its biases are the same, and none is 0.
    fn head() -> NeuralProcess {
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        NeuralProcess::new(FEATURES, CLASSES, &mut rng, &Device::flex()).map(&mut Raised(0.0))
    }

    /// Adds more to each bias than to the one before.
    struct Raised(f64);

    impl ModuleMapper for Raised {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            self.0 += 0.01;
            let (id, tensor, mapper) = param.consume();
            let raised = if D == 1 { tensor.add_scalar(self.0) } else { tensor };
            Param::from_mapped_value(id, raised, mapper)
        }
    }

    /// Of layers with `WIDTH` outputs: weights `[in, WIDTH]` and biases `[1, WIDTH]`.
    #[derive(Default)]
    struct Parameters {
        weights: Vec<Tensor<2>>,
        biases: Vec<Tensor<2>>,
    }

    impl ModuleVisitor for Parameters {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let all = if D == 2 { &mut self.weights } else { &mut self.biases };
            all.push(param.val().reshape([-1, 32]));
        }
    }

    fn random(dims: [usize; 2]) -> Tensor<2> {
        Tensor::random(dims, Distribution::Normal(0.0, 1.0), &Device::flex())
    }

    fn assert_close(ours: Tensor<2>, expected: Tensor<2>) {
        ours.into_data().assert_approx_eq::<f32>(&expected.into_data(), Tolerance::rel_abs(1e-4, 1e-4));
    }

    #[test]
    fn layers_have_the_published_widths_and_the_decoder_about_four_thousand_parameters() {
        let head = head();
        let first = [&head.from_features, &head.from_latent, &head.from_context].map(|layer| layer.num_params());
        // (features + latent + context) to 32; in three parts it has two biases to spare.
        let first: usize = first.iter().sum();
        assert_eq!(first, (32 + 64) * 32 + 3 * 32);
        let [hidden, output] = [&head.hidden, &head.output].map(|layer| layer.num_params());
        assert_eq!([hidden, output], [32 * 32 + 32, 32 * 2 + 2]);
        assert!((4_000..4_400).contains(&(first + hidden + output)));
        for encoder in [&head.latent_encoder, &head.deterministic_encoder] {
            assert_eq!(encoder.num_params(), (34 + 1) * 32 + (32 + 1) * 32);
        }
        assert_eq!(head.latent.num_params(), (32 + 1) * 32 + (32 + 1) * 64);
    }

    #[test]
    fn the_decoders_first_layer_is_one_product_with_features_latent_and_context_together() {
        let head = head();
        let mut first = Parameters::default();
        for layer in [&head.from_features, &head.from_latent, &head.from_context] {
            layer.visit(&mut first);
        }
        let (weight, bias) = (Tensor::cat(first.weights, 0), Tensor::cat(first.biases, 0).sum_dim(0));
        let (h, z, r) = (random([5, FEATURES]), random([3, WIDTH]), random([1, WIDTH]));
        let decoded = head.decoded(&h, z.clone(), r.clone());
        assert_eq!(decoded.len(), 3);
        for (s, logits) in decoded.into_iter().enumerate() {
            let z = z.clone().narrow(0, s, 1).repeat_dim(0, 5);
            let together = Tensor::cat(vec![h.clone(), z, r.clone().repeat_dim(0, 5)], 1);
            let first = relu(together.matmul(weight.clone()) + bias.clone());
            assert_close(logits, head.output.forward(relu(head.hidden.forward(first))));
        }
    }

    #[test]
    fn a_voxels_encoding_is_that_for_the_latent_followed_by_that_for_the_deterministic_path() {
        let head = head();
        let (scaled, beliefs) = (random([5, FEATURES]), random([5, CLASSES]));
        let pair = Tensor::cat(vec![scaled.clone(), beliefs.clone()], 1);
        let encoded = head.encoded(&scaled, beliefs);
        assert_eq!(encoded.dims(), [5, ROW_WIDTH]);
        assert_close(encoded.clone().narrow(1, 0, WIDTH), head.latent_encoder.forward(pair.clone()));
        assert_close(encoded.narrow(1, WIDTH, WIDTH), head.deterministic_encoder.forward(pair));
    }

    #[test]
    fn whatever_a_set_says_the_latents_standard_deviation_is_a_tenth_or_more() {
        let head = head();
        let mut sd = Vec::new();
        for size in [-30.0, -10.0, 10.0, 30.0] {
            let aggregate = random([1, WIDTH]).mul_scalar(size);
            sd.extend(head.latent_given(aggregate).sd.into_data().try_to_vec::<f32>().unwrap());
        }
        let smallest = sd.into_iter().fold(f32::INFINITY, f32::min);
        assert!((0.1..0.11).contains(&smallest), "{smallest}");
    }
}

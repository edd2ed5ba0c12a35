//! The neural process given the labelled memory: constants of a checkpoint, asked about any voxel while predicting.

use burn::module::Module;
use burn::tensor::activation::softmax;
use burn::tensor::{Tensor, TensorData};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::bank::Bank;
use super::context::EncodedSet;
use super::gaussian::Gaussian;
use super::head::{NeuralProcess, WIDTH};
use crate::learn::plan::Plan;
use crate::learn::random::normal;

/// Random stream of the latents that a run predicts with.
const LATENT_STREAM: u64 = u64::MAX;

/// Knows labelled voxels only.
#[derive(Clone, Debug)]
pub struct Conditioned {
    head: NeuralProcess,
    /// `q(z | labelled)`.
    labelled: Gaussian,
    /// Mean latent encoding of every labelled class channel, `[1, WIDTH]`.
    centres: Vec<(u8, Tensor<2>)>,
    /// The deterministic vector, `[1, WIDTH]`.
    context: Tensor<2>,
    /// Drawn once and for all from `labelled`, so that every window and volume is asked by the same ones, `[s, WIDTH]`.
    latents: Tensor<2>,
}

impl Conditioned {
    /// `None` before the memory holds anything. `head` without gradients.
    pub fn new(head: &NeuralProcess, bank: &Bank, plan: &Plan) -> Option<Self> {
        let count = plan.neural_process.as_ref()?.samples_shown.max(1);
        let [latent, context] = EncodedSet::parts(bank.all()?.class_mean()?);
        let centre = |class| bank.centre(class).map(|row| (class, EncodedSet::parts(row)[0].clone()));
        let centres = bank.seen_classes().filter_map(centre).collect();
        let head = head.valid();
        let labelled = head.latent_given(latent);
        let mut rng = ChaCha8Rng::seed_from_u64(plan.seed);
        rng.set_stream(LATENT_STREAM);
        let noise: Vec<f32> = (0..count * WIDTH).map(|_| normal(&mut rng) as f32).collect();
        let noise = Tensor::from_data(TensorData::new(noise, [count, WIDTH]), &context.device());
        let latents = labelled.samples(noise);
        Some(Self { head, labelled, centres, context, latents })
    }

    /// Probabilities `[n, k]` of voxels with features `[n, c]`, one set per latent.
    pub fn draws(&self, features: Tensor<2>) -> Vec<Tensor<2>> {
        let logits = self.head.decoded(&self.head.scaled(features), self.latents.clone(), self.context.clone());
        logits.into_iter().map(|l| softmax(l, 1)).collect()
    }

    /// Latent encodings `[n, WIDTH]` of voxels with features `[n, c]` and beliefs `[n, k]`.
    pub fn encoded(&self, features: Tensor<2>, beliefs: Tensor<2>) -> Tensor<2> {
        let [latent, _] = EncodedSet::parts(self.head.encoded(&self.head.scaled(features), beliefs));
        latent
    }

    /// `KL(q(z | set) || q(z | labelled))` of a set's mean latent encoding `[1, WIDTH]` by class channel, `[1]`. A class the
    /// set lacks is represented by the labelled voxels' own centre, so that its absence makes no difference.
    pub fn divergence(&self, means: &[Option<Tensor<2>>]) -> Option<Tensor<1>> {
        let of_class = |(class, centre): &(u8, Tensor<2>)| {
            means.get(usize::from(*class)).cloned().flatten().unwrap_or_else(|| centre.clone())
        };
        let sum = self.centres.iter().map(of_class).reduce(|a, b| a + b)?;
        let aggregate = sum.div_scalar(self.centres.len() as f64);
        Some(self.head.latent_given(aggregate).divergence_from(&self.labelled))
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution, Tolerance};

    use super::*;
    use crate::learn::np::one_hot;
    use crate::learn::plan::Fingerprint;
    use crate::learn::settings::TrainSettings;

    const FEATURES: usize = 6;

    /// A head and the encodings of five voxels of class 0 and two of class 1.
    struct Fixture {
        head: NeuralProcess,
        rows: Tensor<2>,
    }

    impl Fixture {
        fn new() -> Self {
            let head = NeuralProcess::new(FEATURES, 2, &mut ChaCha8Rng::seed_from_u64(4), &Device::flex());
            let scaled = head.scaled(features(7));
            let rows = head.encoded(&scaled, one_hot(&[0, 0, 0, 0, 0, 1, 1], 2, &scaled));
            Self { head, rows }
        }

        fn bank(&self) -> Bank {
            let mut bank = Bank::new(2);
            bank.set_rows(0, self.rows.clone().narrow(0, 0, 5));
            bank.set_rows(1, self.rows.clone().narrow(0, 5, 2));
            bank
        }

        fn conditioned(&self) -> Conditioned {
            let f = Fingerprint { extents: vec![[16; 3]], classes: vec![0, 1], ..Fingerprint::default() };
            Conditioned::new(&self.head, &self.bank(), &Plan::new(&f, &TrainSettings::default())).unwrap()
        }

        /// Both halves of each class's mean row.
        fn means(&self) -> [[Tensor<2>; 2]; 2] {
            [(0, 5), (5, 2)].map(|(first, count)| {
                let mean = self.rows.clone().narrow(0, first, count).mean_dim(0);
                [0, WIDTH].map(|start| mean.clone().narrow(1, start, WIDTH))
            })
        }
    }

    fn features(count: usize) -> Tensor<2> {
        Tensor::random([count, FEATURES], Distribution::Normal(0.0, 1.0), &Device::flex())
    }

    fn assert_close<const D: usize>(ours: Tensor<D>, expected: Tensor<D>) {
        ours.into_data().assert_approx_eq::<f32>(&expected.into_data(), Tolerance::rel_abs(1e-4, 1e-4));
    }

    #[test]
    fn the_latent_is_given_the_first_half_of_the_rows_and_the_decoder_the_second() {
        let f = Fixture::new();
        let conditioned = f.conditioned();
        let [[latent_0, context_0], [latent_1, context_1]] = f.means();
        let labelled = f.head.latent_given((latent_0 + latent_1).mul_scalar(0.5));
        assert_close(conditioned.labelled.mean.clone(), labelled.mean);
        assert_close(conditioned.labelled.sd.clone(), labelled.sd);
        assert_close(conditioned.context.clone(), (context_0 + context_1).mul_scalar(0.5));

        let features = features(3);
        let beliefs = one_hot(&[0, 1, 1], 2, &features);
        let both = f.head.encoded(&f.head.scaled(features.clone()), beliefs.clone());
        assert_close(conditioned.encoded(features, beliefs), both.narrow(1, 0, WIDTH));
    }

    #[test]
    fn rows_with_their_halves_swapped_give_other_probabilities() {
        let f = Fixture::new();
        let halves = vec![f.rows.clone().narrow(1, WIDTH, WIDTH), f.rows.clone().narrow(1, 0, WIDTH)];
        let swapped = Fixture { head: f.head.clone(), rows: Tensor::cat(halves, 1) };
        let features = features(3);
        let draws = |f: &Fixture| Tensor::cat(f.conditioned().draws(features.clone()), 0).into_data();
        assert_eq!(draws(&f), draws(&f));
        assert_ne!(draws(&f), draws(&swapped));
    }

    #[test]
    fn a_set_that_says_what_the_memory_says_does_not_diverge_from_it_even_if_it_lacks_a_class() {
        let f = Fixture::new();
        let conditioned = f.conditioned();
        let kl = |means: &[Option<Tensor<2>>]| conditioned.divergence(means).unwrap().into_scalar::<f32>();
        let [[latent_0, _], [latent_1, _]] = f.means();
        assert!(kl(&[Some(latent_0.clone()), Some(latent_1.clone())]).abs() < 1e-5);
        assert!(kl(&[None, Some(latent_1.clone())]).abs() < 1e-5);
        assert!(kl(&[None, None]).abs() < 1e-5);
        assert!(kl(&[Some(latent_0 + 1.0), Some(latent_1)]) > 1e-3);
    }
}

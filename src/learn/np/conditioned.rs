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

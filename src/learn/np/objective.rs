//! The evidence lower bound of one step, and what is watched beside it (methods 4.4).

use burn::tensor::activation::log_softmax;
use burn::tensor::{Tensor, TensorData};
use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::bank::Bank;
use super::context::EncodedSet;
use super::features::{feature_rows, rows_of};
use super::gaussian::Gaussian;
use super::head::{NeuralProcess, WIDTH};
use super::plan::NpPlan;
use super::sample::VoxelSample;
use crate::learn::random::normal;

/// Fewest context voxels per class in a warm-up step (methods 4.4).
const SMALLEST_CONTEXT: usize = 64;
/// Share of labels turned wrong to see whether the divergence notices (methods 4.4, health checks).
const FLIPPED_SHARE: f64 = 0.3;

/// What one step shows the neural process.
pub struct NpInputs<'a> {
    /// Decoder features of both networks `[b, c, z, y, x]`, with gradient.
    pub features: [&'a Tensor<5>; 2],
    /// Log-probabilities of both networks, with gradient.
    pub log_p: [&'a Tensor<5>; 2],
    /// Voxels somebody labelled.
    pub labelled: &'a VoxelSample,
    /// Voxels nobody labelled, by predicted class, and the weight of their pseudo-labels; `None` during warm-up.
    pub pseudo: Option<(&'a VoxelSample, &'a Tensor<5>)>,
    pub classes: usize,
}

/// The loss of one step and its parts, `[1]` each.
pub struct NpLoss {
    pub total: Tensor<1>,
    /// By name, without gradient, for the log.
    pub parts: Vec<(&'static str, Tensor<1>)>,
    /// Goes into the bank after the step.
    pub context: EncodedSet,
}

/// Some voxels ready for the head.
struct Voxels<'a> {
    sample: &'a VoxelSample,
    /// Scaled features `[n, c]` and class beliefs `[n, k]`.
    scaled: Tensor<2>,
    beliefs: Tensor<2>,
    /// One row per voxel: latent and deterministic encoding.
    encoded: EncodedSet,
}

/// Both sides of the divergence.
struct Sides {
    context: Gaussian,
    target: Gaussian,
}

pub struct Objective<'a> {
    pub head: &'a NeuralProcess,
    pub bank: &'a Bank,
    pub plan: &'a NpPlan,
}

impl Objective<'_> {
    /// `NLL_lab + a_u NLL_pl + beta KL(q(z|target) || q(z|context)) + w R_cal`; `None` where nothing is labelled.
    pub fn loss(&self, inputs: &NpInputs<'_>, rng: &mut ChaCha8Rng) -> Option<NpLoss> {
        if inputs.labelled.is_empty() {
            return None;
        }
        let labelled = self.labelled_voxels(inputs);
        let context_set = labelled.encoded.part(&choose_context(inputs, rng));
        let [_, context] = EncodedSet::parts(self.completed(&context_set).class_mean()?);
        let pseudo = inputs.pseudo.map(|(sample, weight)| (self.pseudo_voxels(inputs, sample), weight));
        let target_set = match &pseudo {
            Some((voxels, _)) => context_set.clone().joined(voxels.encoded.clone()),
            None => labelled.encoded.clone(),
        };
        let sides = self.sides(&context_set, &target_set)?;
        let latents = sides.target.samples(self.noise(rng, &labelled.scaled));

        let nll = self.likelihood(&labelled, labelled.weights(), latents.clone(), &context);
        let kl = sides.target.divergence_from(&sides.context);
        let mut total = nll.mean.clone() + kl.clone().mul_scalar(self.plan.kl_weight);
        let mut parts = vec![("np_nll", nll.mean), ("np_std", nll.sd), ("np_kl", kl)];
        if let Some((voxels, weight)) = &pseudo {
            if self.plan.pseudo_weight > 0.0 {
                let weights = voxels.weights() * rows_of(weight, &voxels.sample.index);
                let nll = self.likelihood(voxels, weights, latents, &context).mean;
                total = total + nll.clone().mul_scalar(self.plan.pseudo_weight);
                parts.push(("np_nll_pseudo", nll));
            }
            if self.plan.calibration_weight > 0.0 {
                let latents = sides.context.samples(self.noise(rng, &voxels.scaled));
                let loss = self.calibration_loss(inputs, voxels, latents, &context);
                total = total + loss.clone().mul_scalar(self.plan.calibration_weight);
                parts.push(("np_calibration", loss));
            }
            let flipped = context_set.clone().joined(self.flipped(inputs, voxels, rng));
            if let Some(sides) = self.sides(&context_set, &flipped) {
                parts.push(("np_kl_flipped", sides.target.divergence_from(&sides.context)));
            }
        }
        let parts = parts.into_iter().map(|(name, value)| (name, value.inner())).collect();
        Some(NpLoss { total, parts, context: labelled.encoded })
    }

    fn labelled_voxels<'a>(&self, inputs: &NpInputs<'a>) -> Voxels<'a> {
        let sample = inputs.labelled;
        let beliefs = one_hot(&sample.channel, inputs.classes, inputs.features[0]);
        self.voxels(inputs, sample, beliefs)
    }

    /// Their beliefs carry gradient: the only way by which the divergence can reshape pseudo-labels.
    fn pseudo_voxels<'a>(&self, inputs: &NpInputs<'a>, sample: &'a VoxelSample) -> Voxels<'a> {
        let [a, b] = inputs.log_p.map(|log_p| rows_of(log_p, &sample.index).exp());
        self.voxels(inputs, sample, (a + b).mul_scalar(0.5))
    }

    fn voxels<'a>(&self, inputs: &NpInputs<'a>, sample: &'a VoxelSample, beliefs: Tensor<2>) -> Voxels<'a> {
        let scaled = self.head.scaled(feature_rows(inputs.features, &sample.index));
        let encoded = EncodedSet::new(self.head.encoded(&scaled, beliefs.clone()), sample.channel.clone());
        Voxels { sample, scaled, beliefs, encoded }
    }

    /// A class that one of the sets lacks is represented by its bank centre in both, or left out of both: else the
    /// divergence would measure which classes the crops happen to hold.
    fn sides(&self, context: &EncodedSet, target: &EncodedSet) -> Option<Sides> {
        let there = target.classes();
        let common: Vec<u8> = context.classes().into_iter().filter(|c| there.contains(c)).collect();
        let side = |set: &EncodedSet| {
            let [latent, _] = EncodedSet::parts(self.completed(&set.of_classes(&common)).class_mean()?);
            Some(self.head.latent_given(latent))
        };
        Some(Sides { context: side(context)?, target: side(target)? })
    }

    /// The set with the bank centre of every class it lacks: aggregates are means over all classes, as while predicting.
    fn completed(&self, set: &EncodedSet) -> EncodedSet {
        let here = set.classes();
        let lacking = self.bank.seen_classes().filter(|class| !here.contains(class));
        lacking.fold(set.clone(), |set, class| match self.bank.centre(class) {
            Some(centre) => set.joined(EncodedSet::new(Tensor::from_inner(centre), vec![class])),
            None => set,
        })
    }

    /// Rows of standard normal numbers, `[samples, WIDTH]`.
    fn noise(&self, rng: &mut ChaCha8Rng, like: &Tensor<2>) -> Tensor<2> {
        let count = self.plan.samples.max(1);
        let values: Vec<f32> = (0..count * WIDTH).map(|_| normal(rng) as f32).collect();
        Tensor::from_data(TensorData::new(values, [count, WIDTH]), &like.device())
    }

    /// Weighted mean over voxels and latents of `-ln p`, and the mean standard deviation of p over the latents.
    /// `weights` is `[n, 1]` with mean 1.
    fn likelihood(
        &self,
        voxels: &Voxels<'_>,
        weights: Tensor<2>,
        latents: Tensor<2>,
        context: &Tensor<2>,
    ) -> Likelihood {
        let draws = self.head.decoded(&voxels.scaled, latents, context.clone());
        let truth = one_hot(&voxels.sample.channel, self.head.classes(), &voxels.scaled);
        let log_p: Vec<Tensor<2>> = draws.into_iter().map(|d| (log_softmax(d, 1) * truth.clone()).sum_dim(1)).collect();
        let log_p = Tensor::cat(log_p, 1);
        let count = log_p.dims()[1];
        let p = log_p.clone().detach().exp();
        let sd = (p.clone() - p.mean_dim(1)).square().mean_dim(1).sqrt().mean();
        Likelihood { mean: (log_p * weights).sum().neg().div_scalar((voxels.sample.len() * count) as f64), sd }
    }

    /// `mean_v sum_k -sg[p_np,k] ln p_m,k` over both networks m, with `p_np` given labelled context only.
    fn calibration_loss(
        &self,
        inputs: &NpInputs<'_>,
        voxels: &Voxels<'_>,
        latents: Tensor<2>,
        context: &Tensor<2>,
    ) -> Tensor<1> {
        let draws = self.head.decoded(&voxels.scaled, latents, context.clone());
        let count = draws.len().max(1) as f64;
        let p_np = draws.into_iter().map(|d| log_softmax(d, 1).exp()).reduce(|a, b| a + b);
        let [a, b] = inputs.log_p.map(|log_p| rows_of(log_p, &voxels.sample.index));
        let target = p_np.map_or_else(|| a.zeros_like(), |p| p.detach().div_scalar(count));
        let sum = (target * (a + b).mul_scalar(0.5) * voxels.weights()).sum().neg();
        sum.div_scalar(voxels.sample.len().max(1) as f64)
    }

    /// The pseudo-labelled voxels with a random part of their beliefs moved on to the next class.
    fn flipped(&self, inputs: &NpInputs<'_>, voxels: &Voxels<'_>, rng: &mut ChaCha8Rng) -> EncodedSet {
        let classes = inputs.classes.max(1);
        let flips: Vec<bool> = (0..voxels.sample.len()).map(|_| rng.random_bool(FLIPPED_SHARE)).collect();
        let next = |(&channel, flip): (&u8, &bool)| {
            // Below the number of classes, which channels are.
            if *flip { ((usize::from(channel) + 1) % classes) as u8 } else { channel }
        };
        let channels: Vec<u8> = voxels.sample.channel.iter().zip(&flips).map(next).collect();
        let moves: Vec<f32> = flips.iter().map(|flip| f32::from(u8::from(*flip))).collect();
        let moves = Tensor::<2>::from_data(TensorData::new(moves, [channels.len(), 1]), &voxels.scaled.device());
        let beliefs = voxels.beliefs.clone().detach();
        let moved =
            Tensor::cat(vec![beliefs.clone().narrow(1, classes - 1, 1), beliefs.clone().narrow(1, 0, classes - 1)], 1);
        let beliefs = beliefs.clone() + (moved - beliefs) * moves;
        EncodedSet::new(self.head.encoded(&voxels.scaled.clone().detach(), beliefs).detach(), channels)
    }
}

impl Voxels<'_> {
    /// `[n, 1]`, mean 1.
    fn weights(&self) -> Tensor<2> {
        let weights = TensorData::new(self.sample.weight.clone(), [self.sample.len(), 1]);
        Tensor::from_data(weights, &self.scaled.device())
    }
}

/// Which labelled voxels are context: in warm-up a random number of each class, later all.
fn choose_context(inputs: &NpInputs<'_>, rng: &mut ChaCha8Rng) -> Vec<usize> {
    let channels = &inputs.labelled.channel;
    if inputs.pseudo.is_some() {
        return (0..channels.len()).collect();
    }
    let mut chosen = Vec::new();
    for class in 0..inputs.classes {
        let mut of_class: Vec<usize> = (0..channels.len()).filter(|&i| usize::from(channels[i]) == class).collect();
        of_class.shuffle(rng);
        let count = rng.random_range(SMALLEST_CONTEXT.min(of_class.len())..=of_class.len());
        chosen.extend(of_class.into_iter().take(count));
    }
    chosen
}

struct Likelihood {
    mean: Tensor<1>,
    sd: Tensor<1>,
}

/// `[n, classes]` on the device of `like`.
pub fn one_hot<const D: usize>(channels: &[u8], classes: usize, like: &Tensor<D>) -> Tensor<2> {
    let mut values = vec![0.0f32; channels.len() * classes];
    for (row, &channel) in values.chunks_exact_mut(classes.max(1)).zip(channels) {
        if let Some(value) = row.get_mut(usize::from(channel)) {
            *value = 1.0;
        }
    }
    Tensor::from_data(TensorData::new(values, [channels.len(), classes]), &like.device())
}

#[cfg(test)]
mod tests;

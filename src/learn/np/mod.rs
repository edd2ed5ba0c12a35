//! The neural process on voxels: what would the labelled voxels, and only they, make of this one? (methods 4.4)
//!
//! A latent and a deterministic path sum up a set of labelled voxels; a point-wise decoder then judges any voxel by its
//! features. Beside the two networks it learns; while predicting it says how a voxel looks to the labels alone.

mod bank;
mod boundary;
mod conditioned;
mod context;
mod dense;
mod features;
mod gaussian;
mod head;
mod objective;
mod plan;
mod sample;

use burn::tensor::{Device, Tensor};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

pub use self::bank::{Bank, ROWS_PER_CLASS, indices, selected};
pub use self::boundary::near_boundary;
pub use self::conditioned::Conditioned;
pub use self::context::EncodedSet;
pub use self::features::{feature_rows, rows_of};
pub use self::head::{NeuralProcess, ROW_WIDTH};
use self::objective::{NpInputs, Objective};
pub use self::objective::{NpLoss, one_hot};
pub use self::plan::NpPlan;
use self::plan::VOXELS_PER_CLASS;
pub use self::sample::{NO_CHANNEL, VoxelSample};
use super::optimiser::Sgd;
use super::plan::Plan;

/// The streams of a step's random numbers above this one are the neural process's.
const RANDOM_STREAM: u64 = 1 << 63;
/// The head's first weights; no run has so many steps.
const HEAD_STREAM: u64 = u64::MAX - 1;

/// The neural process of a run while it learns.
pub struct NpLearner {
    pub head: NeuralProcess,
    pub bank: Bank,
    pub optimiser: Sgd,
}

/// A step as the networks have seen it.
pub struct NpStep<'a> {
    /// Decoder features and log-probabilities of both networks, `[b, c, z, y, x]`, with gradient.
    pub features: [&'a Tensor<5>; 2],
    pub log_p: [&'a Tensor<5>; 2],
    pub labelled: &'a VoxelSample,
    /// Of voxels nobody labelled; `None` where everything is labelled.
    pub unlabelled: Option<Unlabelled<'a>>,
    pub step: u64,
}

/// What the networks say of voxels nobody labelled, without gradient.
pub struct Unlabelled<'a> {
    /// Both networks' probabilities `[b, k, z, y, x]`.
    pub beliefs: &'a [Tensor<5>; 2],
    /// 1 where nobody said, `[b, 1, z, y, x]`.
    pub unknown: &'a Tensor<5>,
    /// Weight of the pseudo-labels.
    pub weight: &'a Tensor<5>,
}

impl NpLearner {
    /// `None` if the plan has no neural process. `device` records gradients.
    pub fn new(plan: &Plan, device: &Device) -> Option<Self> {
        let np = plan.neural_process.as_ref()?;
        // Random numbers of its own: the crops are those of the same run without a neural process.
        let rng = &mut ChaCha8Rng::seed_from_u64(plan.seed);
        rng.set_stream(HEAD_STREAM);
        let classes = plan.classes.len();
        Some(Self {
            head: NeuralProcess::new(2 * plan.base_width, classes, rng, device),
            bank: Bank::new(classes),
            optimiser: Sgd::new(plan.momentum, plan.weight_decay, np.gradient_clip)
                .with_loss_scale(plan.storage.loss_scale()),
        })
    }

    /// The objective of a step, `None` where the batch has no labelled voxel.
    pub fn loss(&self, step: &NpStep<'_>, plan: &Plan) -> Option<NpLoss> {
        let np = plan.neural_process.as_ref()?;
        let mut rng = step_random(plan.seed, step.step);
        let unlabelled = step.unlabelled.as_ref().filter(|_| step.step >= np.warm_up_steps);
        let pseudo = unlabelled.map(|u| (u.drawn(plan.classes.len(), &mut rng), u.weight));
        let inputs = NpInputs {
            features: step.features,
            log_p: step.log_p,
            labelled: step.labelled,
            pseudo: pseudo.as_ref().map(|(sample, weight)| (sample, *weight)),
            classes: plan.classes.len(),
        };
        Objective { head: &self.head, bank: &self.bank, plan: np }.loss(&inputs, &mut rng)
    }

    /// Takes a step's labelled voxels into the memory.
    pub fn remember(&mut self, set: &EncodedSet, plan: &Plan, step: u64) {
        self.bank.push(set, &mut step_random(!plan.seed, step));
    }
}

impl Unlabelled<'_> {
    /// As many voxels of every predicted class, by the mean of both networks.
    fn drawn(&self, classes: usize, rng: &mut ChaCha8Rng) -> VoxelSample {
        let [a, b] = self.beliefs;
        let [_, _, z, y, x] = a.dims();
        let known = self.unknown.clone().equal_elem(0.0);
        let class = (a.clone() + b.clone()).argmax(1).float().mask_fill(known, f32::from(NO_CHANNEL));
        // The one read of a step that waits for the device: classes are drawn from where they are predicted. A device that
        // is lost is reported where the losses are read; here it has no voxels.
        let class = class.try_into_vec_as::<f32>().unwrap_or_default();
        // Whole numbers up to 255; `as` saturates.
        let channels: Vec<u8> = class.into_iter().map(|c| c as u8).collect();
        VoxelSample::draw(&channels, [x, y, z], classes, VOXELS_PER_CLASS, rng)
    }
}

/// The labelled voxels of a batch that stand for it; `channels` as in [`VoxelSample::draw`]. `rng` is left as it is.
pub fn labelled_sample(channels: &[u8], size: [usize; 3], classes: usize, rng: &ChaCha8Rng) -> VoxelSample {
    let mut rng = ChaCha8Rng::seed_from_u64(rng.clone().random());
    VoxelSample::draw(channels, size, classes, VOXELS_PER_CLASS, &mut rng)
}

/// Of the step alone, so that a resumed run draws the same.
fn step_random(seed: u64, step: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(RANDOM_STREAM | step);
    rng
}

#[cfg(test)]
mod tests {
    use burn::tensor::Distribution;
    use burn::tensor::activation::log_softmax;

    use super::*;
    use crate::learn::plan::Fingerprint;
    use crate::learn::settings::TrainSettings;

    fn plan() -> Plan {
        let f =
            Fingerprint { extents: vec![[16; 3]], classes: vec![0, 1], has_unlabelled: true, ..Fingerprint::default() };
        Plan::new(&f, &TrainSettings::default())
    }

    /// What a step looks at, by name: one crop is labelled, the other is not.
    fn parts(plan: &Plan, step: u64) -> Vec<&'static str> {
        let device = Device::flex().autodiff();
        let random = |c: usize| Tensor::<5>::random([2, c, 4, 4, 4], Distribution::Normal(0.0, 1.0), &device);
        let features = [random(plan.base_width), random(plan.base_width)];
        let log_p = [random(2), random(2)].map(|logits| log_softmax(logits, 1));
        let beliefs = log_p.each_ref().map(|l| l.clone().detach().exp());
        let ones = Tensor::<5>::ones([1, 1, 4, 4, 4], &device);
        let unknown = Tensor::cat(vec![ones.zeros_like(), ones], 0);
        let channels: Vec<u8> = (0..128).map(|i| if i < 64 { i % 2 } else { NO_CHANNEL }).collect();
        let labelled = labelled_sample(&channels, [4; 3], 2, &ChaCha8Rng::seed_from_u64(1));
        let step = NpStep {
            features: [&features[0], &features[1]],
            log_p: [&log_p[0], &log_p[1]],
            labelled: &labelled,
            unlabelled: Some(Unlabelled { beliefs: &beliefs, unknown: &unknown, weight: &unknown }),
            step,
        };
        let loss = NpLearner::new(plan, &device).unwrap().loss(&step, plan).unwrap();
        loss.parts.iter().map(|(name, _)| *name).collect()
    }

    #[test]
    fn unlabelled_voxels_take_part_once_the_warm_up_is_over_even_where_the_divergence_has_no_weight() {
        for kl_weight in [0.005, 0.0] {
            let mut plan = plan();
            let np = plan.neural_process.as_mut().unwrap();
            (np.warm_up_steps, np.kl_weight) = (7, kl_weight);
            let labelled_only = ["np_nll", "np_std", "np_kl"];
            assert_eq!(parts(&plan, 0), labelled_only);
            assert_eq!(parts(&plan, 6), labelled_only);
            assert_eq!(parts(&plan, 7), ["np_nll", "np_std", "np_kl", "np_kl_flipped"], "weight {kl_weight}");
        }
    }
}

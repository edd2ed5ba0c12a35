//! Both networks and how one batch changes them. Knows no case, file or thread.

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::data::Batch;
use super::kernels::recomputing;
use super::loss::{log_probabilities, region_loss, with_hidden_classes_as_background};
use super::method::{PseudoTarget, StepContext, Strategy, strategy};
use super::nn::{DropoutDraw, DualNetwork, VNet};
use super::optimiser::Sgd;
use super::plan::Plan;
use super::schedule::{poly_decay, ramp_up};

pub struct Learner {
    pub networks: DualNetwork,
    pub optimisers: [Sgd; 2],
    pub device: Device,
    strategy: Option<Box<dyn Strategy>>,
}

/// Losses of one step, still on the device, without gradient.
pub struct LossParts {
    pub supervised: Tensor<1>,
    pub unlabelled: Option<Tensor<1>>,
}

/// Weight of the unlabelled terms at a step.
pub fn unsupervised_weight(plan: &Plan, step: u64) -> f64 {
    plan.unsupervised_weight * ramp_up(step as f64, plan.ramp_up_steps as f64)
}

pub fn learning_rate(plan: &Plan, step: u64) -> f64 {
    plan.learning_rate * poly_decay(step, plan.total_steps)
}

impl Learner {
    /// `device` records gradients.
    pub fn new(plan: &Plan, networks: DualNetwork, device: Device) -> Self {
        let optimiser =
            Sgd::new(plan.momentum, plan.weight_decay, plan.gradient_clip).with_loss_scale(plan.storage.loss_scale());
        Self { networks, optimisers: [optimiser.clone(), optimiser], device, strategy: strategy(plan.method) }
    }

    /// Moves both networks along the gradient of the batch's losses.
    pub fn learn(&mut self, batch: &Batch, plan: &Plan, step: u64) -> LossParts {
        let (total, parts) = self.losses(batch, plan, step);
        self.update(total.mul_scalar(plan.storage.loss_scale()), learning_rate(plan, step));
        parts
    }

    fn losses(&self, batch: &Batch, plan: &Plan, step: u64) -> (Tensor<1>, LossParts) {
        let items = batch.image.dims()[0];
        let network = plan.network();
        // Of the step alone, so that a resumed run drops the same channels.
        let mut rng = ChaCha8Rng::seed_from_u64(plan.seed);
        rng.set_stream(step);
        let mut forward = |net: &VNet| {
            let dropout = network.draw_dropout(plan.channel_dropout, items, &mut rng, &self.device);
            log_probabilities(net.forward(batch.image.clone(), &dropout).logits)
        };
        let log_p = recomputing(plan.recompute, || [forward(&self.networks.a), forward(&self.networks.b)]);
        let supervised = supervised_loss(&log_p[0], batch) + supervised_loss(&log_p[1], batch);
        let unlabelled = self.unlabelled_loss(&log_p, batch, plan, step);
        let parts = LossParts {
            supervised: supervised.clone().inner(),
            unlabelled: unlabelled.as_ref().map(|u| u.clone().inner()),
        };
        let total = match unlabelled {
            Some(u) => supervised + u.mul_scalar(unsupervised_weight(plan, step)),
            None => supervised,
        };
        (total, parts)
    }

    fn unlabelled_loss(&self, log_p: &[Tensor<5>; 2], batch: &Batch, plan: &Plan, step: u64) -> Option<Tensor<1>> {
        let strategy = self.strategy.as_ref().filter(|_| batch.has_unknown)?;
        let [p_a, p_b] = self.beliefs(log_p, batch);
        let unknown = &batch.unknown_mask;
        let context = StepContext { p_a: &p_a, p_b: &p_b, unknown, step, plan };
        let [for_a, for_b] = strategy.pseudo_targets(&context);
        Some(pseudo_loss(&log_p[0], &for_a, unknown) + pseudo_loss(&log_p[1], &for_b, unknown))
    }

    /// What the networks believe about every voxel of the batch, without gradient: from the pass they learn on, or, for
    /// crops that were changed for learning, from a second pass over the plain ones.
    fn beliefs(&self, log_p: &[Tensor<5>; 2], batch: &Batch) -> [Tensor<5>; 2] {
        let Some(plain) = &batch.plain else { return log_p.each_ref().map(|l| l.clone().detach().exp()) };
        let networks = self.networks.valid();
        let belief = |net: &VNet, log_p: &Tensor<5>| {
            let logits = net.forward(plain.image.clone(), &DropoutDraw::default()).logits;
            let unlabelled = Tensor::from_inner(plain.swapped_like_the_crops(log_probabilities(logits).exp()));
            let labelled = log_p.dims()[0] - unlabelled.dims()[0];
            if labelled == 0 {
                return unlabelled;
            }
            Tensor::cat(vec![log_p.clone().detach().narrow(0, 0, labelled).exp(), unlabelled], 0)
        };
        [belief(&networks.a, &log_p[0]), belief(&networks.b, &log_p[1])]
    }

    /// `loss` is multiplied with the optimisers' loss scale.
    fn update(&mut self, loss: Tensor<1>, learning_rate: f64) {
        let mut gradients = loss.backward();
        let for_a = GradientsParams::from_module(&mut gradients, &self.networks.a);
        let for_b = GradientsParams::from_module(&mut gradients, &self.networks.b);
        let DualNetwork { a, b } = self.networks.clone();
        self.networks = DualNetwork {
            a: self.optimisers[0].step(a, for_a, learning_rate),
            b: self.optimisers[1].step(b, for_b, learning_rate),
        };
    }
}

/// On known voxels (Dice on completely known slices only).
fn supervised_loss(log_p: &Tensor<5>, batch: &Batch) -> Tensor<1> {
    let merged = batch.hidden_classes.as_ref().map(|hidden| with_hidden_classes_as_background(log_p, hidden));
    let log_p = merged.as_ref().unwrap_or(log_p);
    region_loss(log_p, &batch.target, &batch.known_weight, &batch.dense_mask)
}

/// On unknown voxels. The Dice part is not weighted.
fn pseudo_loss(log_p: &Tensor<5>, PseudoTarget { target, weight }: &PseudoTarget, unknown: &Tensor<5>) -> Tensor<1> {
    region_loss(log_p, target, weight, unknown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::data::{BatchPlanes, Crop, PlainImage, VoxelStatus};
    use crate::learn::kernels::{gpu_device, with_burn_operators};
    use crate::learn::nn::Storage;
    use crate::learn::plan::Fingerprint;
    use crate::learn::random::normal;
    use crate::learn::settings::{Method, TrainSettings};

    /// A ball in noise.
    fn crop(rng: &mut ChaCha8Rng, status: VoxelStatus) -> Crop {
        let size = [16usize; 3];
        let inside = |i: usize| {
            let [x, y, z] = [i % 16, i / 16 % 16, i / 256].map(|c| c as f64 - 7.5);
            x * x + y * y + z * z < 25.0
        };
        let class: Vec<u8> = (0..4096).map(|i| u8::from(inside(i))).collect();
        let image: Vec<f32> = class.iter().map(|c| f32::from(*c) + 0.5 * normal(rng) as f32).collect();
        let plain = (status == VoxelStatus::Unknown).then(|| PlainImage { image: image.clone(), swapped: None });
        Crop { size, image, plain, class, status: vec![status; 4096], ..Crop::default() }
    }

    fn losses(method: Method, steps: u64) -> Vec<f32> {
        losses_on(&Device::flex(), method, steps, Storage::F32)
    }

    fn losses_on(device: &Device, method: Method, steps: u64, storage: Storage) -> Vec<f32> {
        let f = Fingerprint {
            extents: vec![[16; 3]; 4],
            classes: vec![0, 1],
            has_unlabelled: true,
            ..Fingerprint::default()
        };
        let settings = TrainSettings { method, steps: Some(steps), ..TrainSettings::default() };
        let plan = Plan { base_width: 4, levels: 3, learning_rate: 0.01, storage, ..Plan::new(&f, &settings) };
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let device = device.clone().autodiff();
        let networks = DualNetwork::new(plan.network(), &mut rng, &device);
        let mut learner = Learner::new(&plan, networks, device.clone());
        let mut losses = Vec::new();
        for step in 0..steps {
            let crops = [VoxelStatus::Dense, VoxelStatus::Unknown].map(|status| crop(&mut rng, status));
            let parts = learner.learn(&BatchPlanes::new(&crops, &plan.classes).to_device(&device), &plan, step);
            losses.push(parts.supervised.into_scalar::<f32>());
            losses.extend(parts.unlabelled.map(|u| u.into_scalar::<f32>()));
        }
        losses
    }

    #[test]
    fn fifty_steps_have_the_same_losses_with_our_kernels_and_with_burns_operators() {
        let ours = losses(Method::Supervised, 50);
        let theirs = with_burn_operators(|| losses(Method::Supervised, 50));
        assert!(ours[49] < 0.6 * ours[0], "nothing was learnt: {ours:?}");
        for (a, b) in ours.iter().zip(&theirs) {
            assert!((a - b).abs() < 1e-4, "{a} {b}");
        }
    }

    #[test]
    fn steps_with_pseudo_labels_have_the_same_losses_until_a_voxel_at_the_border_changes_its_class() {
        // A hard label turns a difference in the last digit into a whole voxel: the first twenty steps.
        let ours = losses(Method::DualConfidence, 50);
        let theirs = with_burn_operators(|| losses(Method::DualConfidence, 50));
        assert_eq!(ours.len(), 100);
        for (i, (a, b)) in ours.iter().zip(&theirs).enumerate() {
            let tolerance = if i < 40 { 1e-4 } else { 1e-3 };
            assert!((a - b).abs() < tolerance, "{i}: {a} {b}");
        }
    }

    #[test]
    fn twenty_steps_on_a_gpu_have_the_losses_of_the_cpu() {
        let Some(gpu) = gpu_device() else { return };
        let on_gpu = losses_on(&gpu, Method::Supervised, 20, Storage::F32);
        for (i, (a, b)) in on_gpu.iter().zip(losses(Method::Supervised, 20)).enumerate() {
            assert!((a - b).abs() < 1e-3, "{i}: {a} {b}");
        }
    }

    #[test]
    fn with_f16_activations_the_losses_stay_close() {
        let Some(gpu) = gpu_device() else { return };
        // f16 has 11 bits: differences of 5e-4 per value, which twenty steps of learning carry on.
        let half = losses_on(&gpu, Method::Supervised, 20, Storage::F16);
        let single = losses_on(&gpu, Method::Supervised, 20, Storage::F32);
        assert_ne!(half, single, "f16 was not used");
        for (i, (a, b)) in half.iter().zip(single).enumerate() {
            assert!((a - b).abs() < 2e-2, "{i}: {a} {b}");
        }
    }

    #[test]
    fn the_same_step_drops_the_same_channels_in_every_run() {
        let draw = |step| {
            let f = Fingerprint {
                extents: vec![[16; 3]],
                classes: vec![0, 1],
                has_unlabelled: true,
                is_gpu: true,
                ..Fingerprint::default()
            };
            let plan = Plan { base_width: 4, levels: 3, ..Plan::new(&f, &TrainSettings::default()) };
            assert!(plan.channel_dropout > 0.0);
            let mut rng = ChaCha8Rng::seed_from_u64(5);
            let device = Device::flex().autodiff();
            let learner = Learner::new(&plan, DualNetwork::new(plan.network(), &mut rng, &device), device.clone());
            let crops = [crop(&mut rng, VoxelStatus::Dense)];
            let batch = BatchPlanes::new(&crops, &plan.classes).to_device(&device);
            learner.losses(&batch, &plan, step).1.supervised.into_scalar::<f32>()
        };
        assert_eq!(draw(3), draw(3));
        assert_ne!(draw(3), draw(4));
    }
}

//! Both networks, the neural process, and how one batch changes them. Knows no case, file or thread.

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::data::Batch;
use super::kernels::recomputing;
use super::loss::{
    log_probabilities, mean_squared_error, region_loss, rejected_share, rejection_loss,
    with_hidden_classes_as_background,
};
use super::method::{LossKind, PseudoTarget, SecondNetwork, StepContext, Strategy, strategy};
use super::nn::{DropoutDraw, DualNetwork, Network, Storage, averaged, teacher_decay};
use super::np::{NpLearner, NpLoss, NpStep, Unlabelled};
use super::optimiser::Sgd;
use super::plan::Plan;
use super::schedule::{poly_decay, ramp_up, stair};

/// Of a reviewer's "not this class": what the cross-entropy of labels has in [`region_loss`]. The word of the same person, and
/// where it contradicts the networks its gradient is as large.
const REJECTION_WEIGHT: f64 = 0.5;

pub struct Learner {
    pub networks: DualNetwork,
    pub optimisers: [Sgd; 2],
    pub np: Option<NpLearner>,
    pub device: Device,
    strategy: Box<dyn Strategy>,
}

/// Name of that part of the loss.
pub const REJECTED: &str = "rejected";

/// Losses of one step, still on the device, without gradient.
pub struct LossParts {
    pub supervised: Tensor<1>,
    pub unlabelled: Option<Tensor<1>>,
    /// What else is worth a look, by name.
    pub named: Vec<(&'static str, Tensor<1>)>,
}

/// What both networks make of a batch, with gradient where they learn.
struct Outputs {
    log_p: [Tensor<5>; 2],
    /// Decoder features, `[b, c, z, y, x]`.
    features: [Tensor<5>; 2],
}

/// Everything a step is moved by.
struct StepLoss {
    total: Tensor<1>,
    parts: LossParts,
    np: Option<NpLoss>,
}

/// Weight of the unlabelled terms at a step.
pub fn unsupervised_weight(plan: &Plan, step: u64) -> f64 {
    let ramp = ramp_up(stair(step, plan.ramp_stair_steps) as f64, plan.ramp_up_steps as f64);
    plan.unsupervised_weight * ramp * plan.round_share(step)
}

pub fn learning_rate(plan: &Plan, step: u64) -> f64 {
    plan.learning_rate * poly_decay(step, plan.total_steps)
}

impl Learner {
    /// `device` records gradients.
    pub fn new(plan: &Plan, networks: DualNetwork, np: Option<NpLearner>, device: Device) -> Self {
        let optimiser =
            Sgd::new(plan.momentum, plan.weight_decay, plan.gradient_clip).with_loss_scale(plan.storage.loss_scale());
        let strategy = strategy(plan.method);
        let mut learner = Self { networks, optimisers: [optimiser.clone(), optimiser], np, device, strategy };
        if learner.has_teacher() {
            learner.networks.b = learner.networks.a.valid();
        }
        learner
    }

    fn has_teacher(&self) -> bool {
        self.strategy.second_network() == SecondNetwork::Teacher
    }

    /// Moves both networks along the gradient of the batch's losses.
    pub fn learn(&mut self, batch: &Batch, plan: &Plan, step: u64) -> LossParts {
        let StepLoss { total, parts, np } = self.losses(batch, plan, step);
        self.update(total.mul_scalar(plan.storage.loss_scale()), learning_rate(plan, step));
        if self.has_teacher() {
            self.networks.b = averaged(self.networks.b.clone(), &self.networks.a, teacher_decay(step));
        }
        if let (Some(learner), Some(loss)) = (&mut self.np, np) {
            learner.remember(&loss.context, plan, step);
        }
        parts
    }

    fn losses(&self, batch: &Batch, plan: &Plan, step: u64) -> StepLoss {
        let outputs = self.outputs(batch, plan, step);
        let log_p = &outputs.log_p;
        let learners = if self.has_teacher() { &log_p[..1] } else { &log_p[..] };
        let supervised: Vec<Tensor<1>> = learners.iter().map(|log_p| supervised_loss(log_p, batch)).collect();
        let supervised = Tensor::cat(supervised, 0).sum();
        let mut total = supervised.clone();
        let mut parts = LossParts { supervised: supervised.inner(), unlabelled: None, named: Vec::new() };
        if let Some(rejected) = &batch.rejected {
            let of_each = learners.iter().map(|log_p| rejection_loss(log_p, rejected)).collect();
            let loss = Tensor::cat(of_each, 0).sum() * rejected_share(rejected, &batch.target);
            parts.named.push((REJECTED, loss.clone().inner()));
            total = total + loss.mul_scalar(REJECTION_WEIGHT);
        }
        let mut np = None;
        let beliefs = self.wants_beliefs(batch).then(|| self.beliefs(&outputs, batch));
        let mut weight = None;
        if let Some(beliefs) = &beliefs
            && let Some((loss, of_labels)) = self.unlabelled_loss(&outputs, beliefs, batch, plan, step)
        {
            parts.unlabelled = Some(loss.clone().inner());
            total = total + loss.mul_scalar(unsupervised_weight(plan, step));
            weight = Some(of_labels);
        }
        if let (Some(learner), Some(np_plan), Some(labelled)) = (&self.np, &plan.neural_process, &batch.sample) {
            let weight = weight.as_ref().unwrap_or(&batch.unknown_mask);
            let unlabelled = beliefs.as_ref().map(|b| Unlabelled { beliefs: b, unknown: &batch.unknown_mask, weight });
            let [f_a, f_b] = &outputs.features;
            let step = NpStep { features: [f_a, f_b], log_p: [&log_p[0], &log_p[1]], labelled, unlabelled, step };
            np = learner.loss(&step, plan);
            if let Some(loss) = &np {
                total = total + loss.total.clone().mul_scalar(np_plan.weight);
                parts.named.extend(loss.parts.iter().cloned());
            }
        }
        StepLoss { total, parts, np }
    }

    fn wants_beliefs(&self, batch: &Batch) -> bool {
        batch.has_unknown && self.strategy.uses_unlabelled()
    }

    /// One pass of both networks; a teacher has its pass where the pseudo-labels are made.
    fn outputs(&self, batch: &Batch, plan: &Plan, step: u64) -> Outputs {
        let items = batch.image.dims()[0];
        let [config_a, config_b] = plan.networks();
        // Of the step alone, so that a resumed run drops the same channels.
        let mut rng = ChaCha8Rng::seed_from_u64(plan.seed);
        rng.set_stream(step);
        let mut dropout = |config: &super::nn::NetworkConfig| {
            config.draw_dropout(plan.channel_dropout, items, &mut rng, &self.device)
        };
        let [drop_a, drop_b] = [dropout(&config_a), dropout(&config_b)];
        let forward = |net: &Network, dropout: &DropoutDraw| {
            let output = net.forward(batch.image.clone(), dropout);
            (log_probabilities(output.logits), Storage::restored(output.features))
        };
        recomputing(plan.recompute, || {
            let (log_p_a, features_a) = forward(&self.networks.a, &drop_a);
            if self.has_teacher() {
                return Outputs { log_p: [log_p_a.clone(), log_p_a], features: [features_a.clone(), features_a] };
            }
            let (log_p_b, features_b) = forward(&self.networks.b, &drop_b);
            Outputs { log_p: [log_p_a, log_p_b], features: [features_a, features_b] }
        })
    }

    /// The loss on unlabelled voxels, and how far their pseudo-labels count.
    fn unlabelled_loss(
        &self,
        outputs: &Outputs,
        beliefs: &[Tensor<5>; 2],
        batch: &Batch,
        plan: &Plan,
        step: u64,
    ) -> Option<(Tensor<1>, Tensor<5>)> {
        let [p_a, p_b] = beliefs;
        let features = outputs.features.each_ref().map(|f| f.clone().detach());
        let context = StepContext {
            p_a,
            p_b,
            features: [&features[0], &features[1]],
            unknown: &batch.unknown_mask,
            known: &batch.target,
            step,
            plan,
        };
        let targets = self.strategy.pseudo_targets(&context);
        let targets = match &batch.rejected {
            Some(rejected) => targets.map(|target| target.map(|t| t.without(rejected))),
            None => targets,
        };
        let weights: Vec<Tensor<5>> = targets.iter().flatten().map(|t| t.weight.clone()).collect();
        let count = weights.len().max(1) as f64;
        let of_each = outputs.log_p.iter().zip(&targets);
        let loss = of_each.filter_map(|(log_p, target)| Some(pseudo_loss(log_p, target.as_ref()?)));
        let weight = weights.into_iter().reduce(|a, b| a + b)?.div_scalar(count);
        Some((loss.reduce(|a, b| a + b)?, weight))
    }

    /// What the networks believe about every voxel of the batch, without gradient: from the pass they learn on, or, for
    /// crops that were changed for learning, from a second pass over the plain ones. A teacher always has its own pass.
    fn beliefs(&self, outputs: &Outputs, batch: &Batch) -> [Tensor<5>; 2] {
        let learnt = outputs.log_p.each_ref().map(|l| l.clone().detach().exp());
        let [on_a, on_b] = learnt;
        let teacher_pass = |image: Tensor<5>| belief(&self.networks.b, image);
        let Some(plain) = &batch.plain else {
            let on_b = if self.has_teacher() { teacher_pass(batch.image.clone().inner()) } else { on_b };
            return [on_a, on_b];
        };
        let labelled = batch.image.dims()[0] - plain.image.dims()[0];
        let joined = |on_labelled: Tensor<5>, of_plain: Tensor<5>| {
            let unlabelled = Tensor::from_inner(plain.swapped_like_the_crops(of_plain.inner()));
            if labelled == 0 {
                return unlabelled;
            }
            Tensor::cat(vec![on_labelled.narrow(0, 0, labelled), unlabelled], 0)
        };
        if self.has_teacher() {
            let all = batch.image.clone().inner();
            let on_b = teacher_pass(if labelled == 0 {
                plain.image.clone()
            } else {
                Tensor::cat(vec![all.narrow(0, 0, labelled), plain.image.clone()], 0)
            });
            let [on_labelled, of_plain] = [on_b.clone(), on_b.narrow(0, labelled, plain.image.dims()[0])];
            return [on_a, joined(on_labelled, of_plain)];
        }
        let [a, b] = [&self.networks.a, &self.networks.b].map(|net| belief(&net.valid(), plain.image.clone()));
        [joined(on_a, a), joined(on_b, b)]
    }

    /// `loss` is multiplied with the optimisers' loss scale.
    fn update(&mut self, loss: Tensor<1>, learning_rate: f64) {
        let mut gradients = loss.backward();
        let for_a = GradientsParams::from_module(&mut gradients, &self.networks.a);
        let for_b = GradientsParams::from_module(&mut gradients, &self.networks.b);
        let DualNetwork { a, b } = self.networks.clone();
        let is_peer = !self.has_teacher();
        self.networks = DualNetwork {
            a: self.optimisers[0].step(a, for_a, learning_rate),
            b: if is_peer { self.optimisers[1].step(b, for_b, learning_rate) } else { b },
        };
        if let Some(np) = &mut self.np {
            let for_head = GradientsParams::from_module(&mut gradients, &np.head);
            np.head = np.optimiser.step(np.head.clone(), for_head, learning_rate);
        }
    }
}

/// A network's probabilities without gradient, dropout or batch statistics, as a constant of the step.
fn belief(network: &Network, image: Tensor<5>) -> Tensor<5> {
    let logits = network.forward(image, &DropoutDraw::default()).logits;
    Tensor::from_inner(log_probabilities(logits).exp())
}

/// On known voxels (Dice on completely known slices only).
fn supervised_loss(log_p: &Tensor<5>, batch: &Batch) -> Tensor<1> {
    let merged = batch.hidden_classes.as_ref().map(|hidden| with_hidden_classes_as_background(log_p, hidden));
    let log_p = merged.as_ref().unwrap_or(log_p);
    region_loss(log_p, &batch.target, &batch.known_weight, &batch.dense_mask)
}

/// On unknown voxels. The Dice part is not weighted.
fn pseudo_loss(log_p: &Tensor<5>, pseudo: &PseudoTarget) -> Tensor<1> {
    let PseudoTarget { target, weight, mask, loss } = pseudo;
    match loss {
        LossKind::WeightedMean => region_loss(log_p, target, weight, mask),
        LossKind::PlainMean => {
            let none = mask.zeros_like();
            let mean_weight = weight.clone().sum() / mask.clone().sum().clamp_min(1.0);
            region_loss(log_p, target, weight, &none) * mean_weight + region_loss(log_p, target, &none, mask)
        }
        LossKind::SquaredError => mean_squared_error(log_p.clone().exp(), target.clone(), weight.clone()),
    }
}

#[cfg(test)]
mod tests;

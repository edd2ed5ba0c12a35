//! One training step at a time. Owns networks, optimisers, sampler and cases; knows no thread, file or window.

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};

use super::data::{Batch, Sampler, TrainCase};
use super::error::LearnError;
use super::loss::{hard_one_hot, log_probabilities, masked_dice, weighted_cross_entropy};
use super::method::{PseudoTarget, StepContext, Strategy, strategy};
use super::nn::{DualNetwork, VNet};
use super::optimiser::Sgd;
use super::plan::Plan;
use super::predictor::Predictor;
use super::schedule::{poly_decay, ramp_up};
use crate::volume::CaseId;

/// Losses are read back only this often: a read makes a GPU wait.
const STEPS_PER_READ: u64 = 10;

pub struct Trainer {
    pub(super) plan: Plan,
    pub(super) networks: DualNetwork,
    pub(super) optimisers: [Sgd; 2],
    pub(super) sampler: Sampler,
    pub(super) step: u64,
    pub(super) device: Device,
    cases: Vec<TrainCase>,
    strategy: Box<dyn Strategy>,
    unread: Vec<LossParts>,
}

/// Losses of one step, still on the device, without gradient.
struct LossParts {
    supervised: Tensor<1>,
    unlabelled: Option<Tensor<1>>,
}

/// Mean losses since the last report.
#[derive(Clone, Debug, PartialEq)]
pub struct StepReport {
    pub step: u64,
    pub supervised: f32,
    /// Before weighting; 0 for methods that use no unlabelled voxels.
    pub unlabelled: f32,
    pub unsupervised_weight: f32,
    pub learning_rate: f64,
}

impl StepReport {
    pub fn total(&self) -> f32 {
        self.supervised + self.unsupervised_weight * self.unlabelled
    }
}

impl Trainer {
    /// Fresh networks. `cases` are sorted by id, so that a run does not depend on the order they arrived in.
    pub fn new(plan: Plan, mut cases: Vec<TrainCase>, device: &Device) -> Result<Self, LearnError> {
        cases.sort_by(|a, b| a.id.cmp(&b.id));
        check_cases(&cases, &plan)?;
        let mut sampler = Sampler::new(plan.seed);
        let device = device.clone().autodiff();
        let networks = DualNetwork::new(plan.network(), sampler.rng(), &device);
        let optimiser = Sgd::new(plan.momentum, plan.weight_decay, plan.gradient_clip);
        Ok(Self {
            strategy: strategy(plan.method),
            networks,
            optimisers: [optimiser.clone(), optimiser],
            sampler,
            step: 0,
            device,
            cases,
            plan,
            unread: Vec::new(),
        })
    }

    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Steps done so far.
    pub fn steps_done(&self) -> u64 {
        self.step
    }

    pub fn cases(&self) -> &[TrainCase] {
        &self.cases
    }

    pub fn case_mut(&mut self, id: &CaseId) -> Option<&mut TrainCase> {
        self.cases.iter_mut().find(|c| c.id == *id)
    }

    /// Lets a finished run go on to `total_steps`; schedules stretch to the new end.
    pub fn extend(&mut self, total_steps: u64) {
        self.plan.total_steps = total_steps.max(self.step);
    }

    /// Another patch for the steps to come; every axis divisible by what the network halves.
    pub fn set_patch(&mut self, patch: [usize; 3]) {
        self.plan.patch = patch;
    }

    /// The networks as they are now, ready to predict.
    pub fn predictor(&self) -> Predictor {
        Predictor::new(self.networks.valid(), &self.plan, self.device.clone().inner())
    }

    /// One step; a report every tenth, and for the last step of the plan.
    pub fn step(&mut self) -> Result<Option<StepReport>, LearnError> {
        let crops = self.sampler.draw(&self.cases, &self.plan);
        if crops.is_empty() {
            return Err(LearnError::NothingLabelled);
        }
        let batch = Batch::new(&crops, &self.plan.classes, &self.device);
        let (total, parts) = self.losses(&batch);
        self.update(total);
        self.unread.push(parts);
        self.step += 1;
        if self.step.is_multiple_of(STEPS_PER_READ) || self.step >= self.plan.total_steps {
            return self.read_losses().map(Some);
        }
        Ok(None)
    }

    fn losses(&mut self, batch: &Batch) -> (Tensor<1>, LossParts) {
        let items = batch.image.dims()[0];
        let p = self.plan.channel_dropout;
        let network = self.plan.network();
        let mut forward = |net: &VNet| {
            let dropout = network.draw_dropout(p, items, self.sampler.rng(), &self.device);
            log_probabilities(net.forward(batch.image.clone(), &dropout).logits)
        };
        let log_p = [forward(&self.networks.a), forward(&self.networks.b)];
        let supervised = supervised_loss(&log_p[0], batch) + supervised_loss(&log_p[1], batch);
        let unlabelled = self.unlabelled_loss(&log_p, batch);
        let parts = LossParts {
            supervised: supervised.clone().inner(),
            unlabelled: unlabelled.as_ref().map(|u| u.clone().inner()),
        };
        let total = match unlabelled {
            Some(u) => supervised + u.mul_scalar(self.unsupervised_weight()),
            None => supervised,
        };
        (total, parts)
    }

    fn unlabelled_loss(&self, log_p: &[Tensor<5>; 2], batch: &Batch) -> Option<Tensor<1>> {
        if !batch.has_unknown {
            return None;
        }
        let [p_a, p_b] = log_p.each_ref().map(|l| l.clone().detach().exp());
        let context =
            StepContext { p_a: &p_a, p_b: &p_b, unknown: &batch.unknown_mask, step: self.step, plan: &self.plan };
        let [for_a, for_b] = self.strategy.pseudo_targets(&context)?;
        let unknown = &batch.unknown_mask;
        Some(pseudo_loss(&log_p[0], for_a, unknown) + pseudo_loss(&log_p[1], for_b, unknown))
    }

    fn unsupervised_weight(&self) -> f64 {
        self.plan.unsupervised_weight * ramp_up(self.step as f64, self.plan.ramp_up_steps as f64)
    }

    fn learning_rate(&self) -> f64 {
        self.plan.learning_rate * poly_decay(self.step, self.plan.total_steps)
    }

    fn update(&mut self, loss: Tensor<1>) {
        let learning_rate = self.learning_rate();
        let mut gradients = loss.backward();
        let for_a = GradientsParams::from_module(&mut gradients, &self.networks.a);
        let for_b = GradientsParams::from_module(&mut gradients, &self.networks.b);
        let DualNetwork { a, b } = self.networks.clone();
        self.networks = DualNetwork {
            a: self.optimisers[0].step(a, for_a, learning_rate),
            b: self.optimisers[1].step(b, for_b, learning_rate),
        };
    }

    fn read_losses(&mut self) -> Result<StepReport, LearnError> {
        let (mut supervised, mut unlabelled) = (0.0, 0.0);
        let count = self.unread.len().max(1) as f32;
        for parts in std::mem::take(&mut self.unread) {
            supervised += self.read(parts.supervised)? / count;
            if let Some(u) = parts.unlabelled {
                unlabelled += self.read(u)? / count;
            }
        }
        let report = StepReport {
            step: self.step,
            supervised,
            unlabelled,
            unsupervised_weight: self.unsupervised_weight() as f32,
            learning_rate: self.learning_rate(),
        };
        if report.total().is_finite() { Ok(report) } else { Err(LearnError::NotFinite { step: self.step }) }
    }

    fn read(&self, value: Tensor<1>) -> Result<f32, LearnError> {
        value.try_into_scalar::<f32>().map_err(|e| LearnError::DeviceLost { step: self.step, reason: e.to_string() })
    }
}

/// `1/2 (CE + Dice)` on known voxels (Dice on completely known slices only).
fn supervised_loss(log_p: &Tensor<5>, batch: &Batch) -> Tensor<1> {
    let ce = weighted_cross_entropy(log_p.clone(), batch.target.clone(), batch.known_weight.clone());
    let dice = masked_dice(log_p.clone().exp(), batch.target.clone(), batch.dense_mask.clone());
    (ce + dice).mul_scalar(0.5)
}

/// `1/2 (weighted CE + unweighted Dice)` on unknown voxels.
fn pseudo_loss(log_p: &Tensor<5>, target: PseudoTarget, unknown: &Tensor<5>) -> Tensor<1> {
    let ce = weighted_cross_entropy(log_p.clone(), target.target.clone(), target.weight);
    let dice = masked_dice(log_p.clone().exp(), hard_one_hot(&target.target), unknown.clone());
    (ce + dice).mul_scalar(0.5)
}

/// Something labelled outside the held-out cases, at least one foreground class, and no class the table lacks.
fn check_cases(cases: &[TrainCase], plan: &Plan) -> Result<(), LearnError> {
    if plan.classes.len() < 2 {
        return Err(LearnError::NoForegroundClass);
    }
    if !cases.iter().any(|c| !c.held_out && c.is_labelled()) {
        return Err(LearnError::NothingLabelled);
    }
    for case in cases {
        if let Some(class) = case.known_classes().find(|c| !plan.classes.contains(c)) {
            return Err(LearnError::UnknownClass { case: case.id.clone(), class });
        }
    }
    Ok(())
}

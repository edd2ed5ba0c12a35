//! The training methods, one file each. A method says what an unlabelled voxel should become; everything else is shared.

mod confidence;
mod cps;
mod dual_confidence;
mod mean_teacher;
mod supervised;

use burn::tensor::Tensor;

pub use self::confidence::Confidence;
use super::plan::{Plan, Protocol};
use super::settings::Method;

/// What one network is to learn on the voxels nobody labelled.
#[derive(Clone, Debug)]
pub struct PseudoTarget {
    /// One-hot (or soft) target, `[b, k, z, y, x]`, without gradient.
    pub target: Tensor<5>,
    /// Weight of each voxel, 0 on known voxels, `[b, 1, z, y, x]`, without gradient.
    pub weight: Tensor<5>,
    /// 1 on the unknown voxels whose target counts at all: where Dice is measured. `[b, 1, z, y, x]`, without gradient.
    pub mask: Tensor<5>,
    pub loss: LossKind,
}

impl PseudoTarget {
    /// Teaches nothing that somebody rejected: it counts only as far as its mass lies elsewhere. `rejected` as in
    /// [`crate::learn::data::Batch::rejected`].
    pub fn without(self, rejected: &Tensor<5>) -> Self {
        let kept = (self.target.clone() * rejected.clone()).sum_dim(1).neg() + 1.0;
        Self { weight: self.weight * kept.clone(), mask: self.mask * kept, ..self }
    }
}

/// How a pseudo-target is learnt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossKind {
    /// `1/2 (CE + Dice)`: the cross-entropy divided by the sum of weights, Dice unweighted.
    WeightedMean,
    /// `1/2 (CE + Dice)`: the cross-entropy divided by the number of voxels, Dice unweighted.
    PlainMean,
    /// Mean of `(p - target)^2` over voxels and classes.
    SquaredError,
}

/// What network B is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecondNetwork {
    /// Learns like A, from another start.
    Peer,
    /// The moving average of A's weights; learns nothing by itself.
    Teacher,
}

/// What a method sees of a step. Probabilities carry no gradient.
pub struct StepContext<'a> {
    pub p_a: &'a Tensor<5>,
    pub p_b: &'a Tensor<5>,
    /// Decoder features of both networks, `[b, c, z, y, x]`.
    pub features: [&'a Tensor<5>; 2],
    /// 1 on voxels nobody labelled, `[b, 1, z, y, x]`.
    pub unknown: &'a Tensor<5>,
    /// One-hot classes of the labelled voxels, 0 elsewhere, `[b, k, z, y, x]`.
    pub known: &'a Tensor<5>,
    pub step: u64,
    pub plan: &'a Plan,
}

/// What a method may put beside the networks' own losses; at most one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Regulariser {
    /// [`crate::learn::np`], with the numbers of [`Plan::neural_process`].
    NeuralProcess,
}

/// Steps, weight and ramp with which a method is published on a data set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    pub total_steps: u64,
    /// Largest weight of the unlabelled terms.
    pub unsupervised_weight: f64,
    /// R: stairs of 150 steps until it is reached.
    pub ramp_stairs: u64,
}

impl Schedule {
    /// The weight and the slow ramp of SSL4MIS's own methods (methods 1.4).
    fn ssl4mis(total_steps: u64) -> Self {
        Self { total_steps, unsupervised_weight: 0.1, ramp_stairs: 200 }
    }
}

pub trait Strategy: Send + Sync {
    fn second_network(&self) -> SecondNetwork {
        SecondNetwork::Peer
    }

    /// Whether unlabelled voxels take part at all.
    fn uses_unlabelled(&self) -> bool {
        true
    }

    fn regulariser(&self) -> Option<Regulariser> {
        None
    }

    /// Changes what the method wants otherwise in a plan that is chosen from the volumes. `steps(n)` are `n` of the
    /// published 15,000 in this run.
    fn configure(&self, _plan: &mut Plan, _steps: &dyn Fn(f64) -> u64) {}

    /// The schedule under a published protocol; `usual` is that of methods which nobody published there.
    fn published(&self, _protocol: Protocol, usual: Schedule) -> Schedule {
        usual
    }

    /// Targets for network A and network B; `None` for one that learns nothing from them.
    fn pseudo_targets(&self, context: &StepContext<'_>) -> [Option<PseudoTarget>; 2];
}

pub fn strategy(method: Method) -> Box<dyn Strategy> {
    match method {
        Method::Supervised => Box::new(supervised::Supervised),
        Method::MeanTeacher => Box::new(mean_teacher::MeanTeacher),
        Method::Cps => Box::new(cps::CrossPseudoSupervision),
        Method::DualConfidence => Box::new(dual_confidence::DualConfidence::Alone),
        Method::DualConfidenceNp => Box::new(dual_confidence::DualConfidence::WithNeuralProcess),
        Method::DualConfidenceNpLiteral => Box::new(dual_confidence::DualConfidence::Literal),
    }
}

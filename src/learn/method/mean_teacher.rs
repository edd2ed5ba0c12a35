//! Mean teacher (Tarvainen & Valpola 2017; UA-MT without its uncertainty mask): a student learns to say under changed
//! intensities what the moving average of its weights says of the plain crop.

use super::{LossKind, PseudoTarget, Schedule, SecondNetwork, StepContext, Strategy};
use crate::learn::plan::{Plan, Protocol, UnlabelledView};

/// A teacher's consistency has a tenth of the weight of hard labels (UA-MT).
const WEIGHT: f64 = 0.1;
/// UA-MT's steps on LA.
const LA_STEPS: u64 = 6_000;

pub struct MeanTeacher;

impl Strategy for MeanTeacher {
    fn second_network(&self) -> SecondNetwork {
        SecondNetwork::Teacher
    }

    /// A teacher has the student's shape, and sees the crop without the student's changes.
    fn configure(&self, plan: &mut Plan, _: &dyn Fn(f64) -> u64) {
        plan.network_b = plan.network_a;
        plan.unsupervised_weight *= WEIGHT;
        if plan.unlabelled_view == UnlabelledView::Same {
            plan.unlabelled_view = UnlabelledView::Plain;
        }
    }

    fn published(&self, protocol: Protocol, usual: Schedule) -> Schedule {
        match protocol {
            Protocol::La => Schedule { total_steps: LA_STEPS, unsupervised_weight: WEIGHT, ..usual },
            Protocol::Acdc => Schedule::ssl4mis(usual.total_steps),
        }
    }

    fn pseudo_targets(&self, context: &StepContext<'_>) -> [Option<PseudoTarget>; 2] {
        let target = PseudoTarget {
            target: context.p_b.clone(),
            weight: context.unknown.clone(),
            mask: context.unknown.clone(),
            loss: LossKind::SquaredError,
        };
        [Some(target), None]
    }
}

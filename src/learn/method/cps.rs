//! Cross pseudo supervision (Chen et al. 2021): each network learns the other's hard labels, every voxel alike.

use super::{LossKind, PseudoTarget, Schedule, StepContext, Strategy};
use crate::learn::loss::hard_one_hot;
use crate::learn::plan::Protocol;

pub struct CrossPseudoSupervision;

impl Strategy for CrossPseudoSupervision {
    fn published(&self, protocol: Protocol, usual: Schedule) -> Schedule {
        match protocol {
            Protocol::La => usual,
            Protocol::Acdc => Schedule::ssl4mis(usual.total_steps),
        }
    }

    fn pseudo_targets(&self, context: &StepContext<'_>) -> [Option<PseudoTarget>; 2] {
        let from = |peer| PseudoTarget {
            target: hard_one_hot(peer),
            weight: context.unknown.clone(),
            mask: context.unknown.clone(),
            loss: LossKind::WeightedMean,
        };
        [Some(from(context.p_b)), Some(from(context.p_a))]
    }
}

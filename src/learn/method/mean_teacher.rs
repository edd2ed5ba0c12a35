//! Mean teacher (Tarvainen & Valpola 2017; UA-MT without its uncertainty mask): a student learns to say under changed
//! intensities what the moving average of its weights says of the plain crop.

use super::{LossKind, PseudoTarget, SecondNetwork, StepContext, Strategy};

pub struct MeanTeacher;

impl Strategy for MeanTeacher {
    fn second_network(&self) -> SecondNetwork {
        SecondNetwork::Teacher
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

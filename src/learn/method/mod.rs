//! The training methods, one file each. A method says what an unlabelled voxel should become; everything else is shared.

mod cps;
mod dual_confidence;

use burn::tensor::Tensor;

use super::plan::Plan;
use super::settings::Method;

/// What one network is to learn on the voxels nobody labelled.
#[derive(Clone, Debug)]
pub struct PseudoTarget {
    /// One-hot (or soft) target, `[b, k, z, y, x]`, without gradient.
    pub target: Tensor<5>,
    /// Weight of each voxel in the cross-entropy, 0 on known voxels, `[b, 1, z, y, x]`, without gradient.
    pub weight: Tensor<5>,
}

/// What a method sees of a step. Probabilities carry no gradient.
pub struct StepContext<'a> {
    pub p_a: &'a Tensor<5>,
    pub p_b: &'a Tensor<5>,
    /// 1 on voxels nobody labelled, `[b, 1, z, y, x]`.
    pub unknown: &'a Tensor<5>,
    pub step: u64,
    pub plan: &'a Plan,
}

pub trait Strategy: Send + Sync {
    /// Targets for network A and network B.
    fn pseudo_targets(&self, context: &StepContext<'_>) -> [PseudoTarget; 2];
}

/// `None` for labelled voxels only, the baseline. Both networks learn there too, so that their agreement can be shown.
pub fn strategy(method: Method) -> Option<Box<dyn Strategy>> {
    match method {
        Method::Supervised => None,
        Method::Cps => Some(Box::new(cps::CrossPseudoSupervision)),
        Method::DualConfidence => Some(Box::new(dual_confidence::DualConfidence)),
    }
}

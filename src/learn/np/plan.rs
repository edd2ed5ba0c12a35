//! How a run uses the neural process.

use serde::{Deserialize, Serialize};

/// Rates of methods 4.4 and 5.4.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NpPlan {
    /// Weight of the whole objective beside the networks' losses.
    pub weight: f64,
    /// beta: weight of the divergence between the set of all voxels and the labelled ones (0.005 in NP-SemiSeg).
    pub kl_weight: f64,
    /// a_u: how much pseudo-labelled voxels count in the likelihood; 0 learns from human labels only.
    pub pseudo_weight: f64,
    /// Weight of the distillation of the neural process into the networks.
    pub calibration_weight: f64,
    /// Latent draws per step.
    pub samples: usize,
    /// Latent draws per prediction.
    pub samples_shown: usize,
    /// Steps that learn from labelled voxels only.
    pub warm_up_steps: u64,
    /// Largest global gradient norm of the head.
    pub gradient_clip: f64,
}

/// Voxels drawn per class from a batch, labelled and pseudo-labelled each (methods 4.4).
pub const VOXELS_PER_CLASS: usize = 512;

impl NpPlan {
    /// For a run whose published first thousand steps are `warm_up_steps` here.
    pub fn new(warm_up_steps: u64) -> Self {
        Self {
            // A fifth of the published one: that cost the networks Dice (`docs/results.md`).
            weight: 0.1,
            kl_weight: 0.005,
            pseudo_weight: 0.0,
            calibration_weight: 0.0,
            samples: 5,
            samples_shown: 10,
            warm_up_steps,
            gradient_clip: 5.0,
        }
    }

    /// With the weight of the published objective (methods 5.4).
    pub fn literal(warm_up_steps: u64) -> Self {
        Self { weight: 0.5, ..Self::new(warm_up_steps) }
    }
}

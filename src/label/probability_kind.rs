//! The probabilities that can be shown for the displayed label.

use serde::{Deserialize, Serialize};

/// Where a probability of the displayed class comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProbabilityKind {
    /// Mean of both networks.
    #[default]
    Mean,
    /// Mean of both networks after a temperature was fitted on a reserved case.
    Scaled,
    /// Mean over draws of the neural process, which knows labelled voxels only.
    NeuralProcess,
}

impl ProbabilityKind {
    pub const ALL: [Self; 3] = [Self::Mean, Self::Scaled, Self::NeuralProcess];

    /// Short name in files (`CASE.mean.nii.gz`) and keys (`ece_mean`).
    pub fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::Scaled => "scaled",
            Self::NeuralProcess => "np",
        }
    }
}

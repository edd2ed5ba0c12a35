//! What things are called that several panels name.

use crate::label::ProbabilityKind;

pub const TRUST_QUESTION: &str = "Can these numbers be trusted?";

/// Where a probability comes from.
pub fn probability(kind: ProbabilityKind) -> &'static str {
    match kind {
        ProbabilityKind::Mean => "mean of both",
        ProbabilityKind::Scaled => "temperature-scaled",
        ProbabilityKind::NeuralProcess => "by your labels",
    }
}

pub fn probability_explanation(kind: ProbabilityKind) -> &'static str {
    match kind {
        ProbabilityKind::Mean => "Mean of what both networks say",
        ProbabilityKind::Scaled => {
            "The same after a temperature, fitted on reserved labels, made it less sure or surer"
        }
        ProbabilityKind::NeuralProcess => "What a neural process says that knows nothing but labelled voxels",
    }
}

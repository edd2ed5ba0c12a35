//! The prediction planes of a case: what the networks believe, kept apart from the labels.

use serde::{Deserialize, Serialize};

use crate::geometry::Extent;
use crate::label::{ClassId, DoubtRule, Indecision, ProbabilityKind, likeness};
use crate::volume::{CaseId, Grid};

/// What a prediction was computed from. One that no longer matches is shown faded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    pub case: CaseId,
    /// Revision of the case's labels when the prediction was made.
    pub label_revision: u64,
    /// Name of the training run.
    pub model: String,
    pub step: u64,
}

/// Planes of u8 on the image's grid. Probabilities and confidences are stored as `round(255 p)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    pub provenance: Provenance,
    /// Most probable class of the mean of both networks.
    pub class: Grid<ClassId>,
    /// `max_k p_A` and `max_k p_B`.
    pub confidence_a: Grid<u8>,
    pub confidence_b: Grid<u8>,
    /// Most probable class of each network alone, for their contours.
    pub class_a: Grid<ClassId>,
    pub class_b: Grid<ClassId>,
    /// Mean over both directions of `p_b,yhat_b * p_a,yhat_b` (methods: giver's confidence times learner's belief).
    pub dual_confidence: Grid<u8>,
    pub probabilities: Probabilities,
}

/// How probable `class` is, by everything that was asked. Planes are absent where the run has no such source.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Probabilities {
    /// Mean of both networks.
    pub mean: Option<Grid<u8>>,
    /// Mean of both networks after the temperature fitted on reserved labels.
    pub scaled: Option<Grid<u8>>,
    /// By the neural process, given labelled context only: "looks like your labels".
    pub np: Option<Grid<u8>>,
    /// Standard deviation over the neural process's draws, in steps of 1/2550; 255 is 0.1 and more.
    pub np_std: Option<Grid<u8>>,
    /// Mutual information of class and latent over `ln K`, in the same steps.
    pub np_information: Option<Grid<u8>>,
    /// Divergence of this case's pseudo-labelled set from the labelled one, nats: how unlike the training cases it is.
    pub np_divergence: Option<f32>,
    /// How undecided the networks are; predictions of older programs do not say.
    pub indecision: Option<Indecision>,
    /// The best calibrated one on reserved labels: what is displayed.
    pub shown: ProbabilityKind,
}

impl Probabilities {
    pub fn of(&self, kind: ProbabilityKind) -> Option<&Grid<u8>> {
        match kind {
            ProbabilityKind::Mean => self.mean.as_ref(),
            ProbabilityKind::Scaled => self.scaled.as_ref(),
            ProbabilityKind::NeuralProcess => self.np.as_ref(),
        }
    }

    /// How much the voxel of a linear index looks like the labels (see [`likeness`]); 255 where no neural process was asked.
    pub fn likeness_at(&self, index: usize) -> u8 {
        let at = |plane: &Option<Grid<u8>>| plane.as_ref().and_then(|plane| plane.as_slice().get(index).copied());
        likeness(at(&self.np).unwrap_or(u8::MAX), at(&self.np_std).unwrap_or(0))
    }

    /// The plane that is displayed as "the" probability.
    pub fn displayed(&self) -> Option<&Grid<u8>> {
        self.of(self.shown)
    }
}

/// `np_std` and `np_information` are stored in steps of 1/2550: they are small.
pub const FINE_STEPS: f32 = 2550.0;

impl Prediction {
    pub fn extent(&self) -> Extent {
        self.class.extent()
    }

    /// Whether the voxel of a linear index is there and not doubtful.
    pub fn is_trusted(&self, index: usize, rule: &DoubtRule) -> bool {
        let confidence = self.dual_confidence.as_slice().get(index);
        confidence.is_some_and(|dual| !rule.is_doubtful(*dual, self.probabilities.likeness_at(index)))
    }
}

/// `round(255 p)` of a probability; out-of-range and NaN inputs are clamped.
pub fn probability_to_u8(p: f32) -> u8 {
    // `as` saturates and maps NaN to 0.
    (p * 255.0).round() as u8
}

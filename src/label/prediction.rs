//! The prediction planes of a case: what the networks believe, kept apart from the labels.

use serde::{Deserialize, Serialize};

use crate::geometry::Extent;
use crate::label::ClassId;
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
    /// Probability of `class` given labelled context only; absent until a neural process was trained.
    pub np_probability: Option<Grid<u8>>,
    pub np_std: Option<Grid<u8>>,
}

impl Prediction {
    pub fn extent(&self) -> Extent {
        self.class.extent()
    }
}

/// `round(255 p)` of a probability; out-of-range and NaN inputs are clamped.
pub fn probability_to_u8(p: f32) -> u8 {
    // `as` saturates and maps NaN to 0.
    (p * 255.0).round() as u8
}

//! What the review thread is asked, and what it finds.

use std::sync::Arc;

use crate::label::{DoubtThresholds, LabelMap, Prediction, Rejections};
use crate::review::{CaseFigures, ClassShares, KnownQuestion, QueueKey, Region, SliceDoubt};
use crate::volume::CaseId;

/// A newer job takes the place of one that waits.
#[derive(Clone, Debug)]
pub struct ReviewJob {
    pub labels: Arc<LabelMap>,
    pub prediction: Arc<Prediction>,
    pub rejections: Arc<Rejections>,
    pub spacing_mm: [f64; 3],
    pub thresholds: DoubtThresholds,
}

/// What can be asked about a prediction so that the labels know the answer. A newer job takes the place of one that waits.
#[derive(Clone, Debug)]
pub struct QuestionJob {
    pub labels: Arc<LabelMap>,
    pub prediction: Arc<Prediction>,
    pub spacing_mm: [f64; 3],
    pub thresholds: DoubtThresholds,
}

#[derive(Debug)]
pub struct FoundQuestions {
    pub case: CaseId,
    /// Those worth most first.
    pub questions: Vec<KnownQuestion>,
}

/// The doubtful regions of one prediction as the labels were then.
#[derive(Debug)]
pub struct ReviewFindings {
    pub key: QueueKey,
    pub thresholds: DoubtThresholds,
    pub regions: Vec<Region>,
    pub shares: ClassShares,
    pub slices: SliceDoubt,
    pub figures: CaseFigures,
}

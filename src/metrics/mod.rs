//! Overlap and surface distances between two masks, per class and case, and their mean and spread over cases; and
//! whether displayed probabilities can be believed.

mod calibration;
mod case_scores;
mod overlap;
mod summary;
mod surface_distance;

pub use calibration::{Logistic, LogisticPair, Reliability, ReliabilityBin, Temperature, VoxelLogits, auroc};
pub use case_scores::{CaseScores, ClassScores, MetricsError, evaluate_case};
pub use overlap::Overlap;
pub use summary::{ClassSummary, Statistic, Summary};
pub use surface_distance::SurfaceDistances;

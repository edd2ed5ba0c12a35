//! Overlap and surface distances between two masks, per class and case, and their mean and spread over cases.

mod case_scores;
mod overlap;
mod summary;
mod surface_distance;

pub use case_scores::{CaseScores, ClassScores, MetricsError, evaluate_case};
pub use overlap::Overlap;
pub use summary::{ClassSummary, Statistic, Summary};
pub use surface_distance::SurfaceDistances;

//! Overlap and surface distances between two masks, per class and case, and their mean and spread over cases; volumes and
//! intensities per class; and whether displayed probabilities can be believed.

mod calibration;
mod case_scores;
mod class_medians;
mod class_planes;
mod class_statistics;
mod class_tallies;
mod comparison;
mod measure_error;
mod overlap;
mod summary;
mod surface_distance;

pub use calibration::{Logistic, LogisticPair, Reliability, ReliabilityBin, Temperature, VoxelLogits, auroc};
pub use case_scores::{CaseScores, ClassScores, MetricsError, evaluate_case};
pub use class_planes::ClassPlanes;
pub use class_statistics::ClassStatistics;
pub use class_tallies::{ClassTallies, ClassTally};
pub use comparison::{ClassComparison, LabelComparison};
pub use measure_error::MeasureError;
pub use overlap::Overlap;
pub use summary::{ClassSummary, Statistic, Summary};
pub use surface_distance::SurfaceDistances;

//! Review: where a prediction is doubtful, which regions to look at first and why, and which case next.
//!
//! Pure functions of prediction planes, labels and what was rejected; nothing here writes a label.

mod band;
mod beliefs;
mod case_figures;
mod case_rank;
mod class_shares;
mod doubt;
mod find_regions;
#[cfg(test)]
mod fixture;
mod known_question;
mod overlaps;
mod pieces;
mod queue;
mod reason;
mod region;
#[cfg(test)]
mod rejection_tests;
mod review_error;
mod scale;
mod slice_doubt;
mod spans;
mod tally;
mod value;

pub use band::SurfaceBand;
pub use beliefs::{Beliefs, VoxelBelief};
pub use case_figures::CaseFigures;
pub use case_rank::{CaseRank, RankedCase, ReviewState};
pub use class_shares::ClassShares;
pub use doubt::{DoubtMap, DoubtSettings, ReviewedCase};
pub use find_regions::find_regions;
pub use known_question::{KnownQuestion, known_questions};
pub use queue::{QueueKey, QueuedRegion, RegionState, ReviewQueue};
pub use reason::Reason;
pub use region::{AxisDoubt, BestSlice, Region, RegionId};
pub use review_error::ReviewError;
pub use slice_doubt::SliceDoubt;
pub use value::ValueFactors;

//! Rounds of training and the corrections made in them: whether it gets better, and which checkpoints are worth keeping.

mod estimate;
mod round;
mod student;
mod thinning;
mod verdict;
#[cfg(test)]
mod verdict_tests;

pub use estimate::Estimate;
pub use round::{CorrectionEffort, Round, unix_seconds};
pub use thinning::{KeepRounds, kept_rounds};
pub use verdict::{Missing, Verdict, best_round, verdict};

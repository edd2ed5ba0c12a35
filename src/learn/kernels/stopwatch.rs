//! Where a step's time goes on the CPU, for `chiaro bench train`: two clock readings per operation.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Parts of a step that have kernels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Convolution,
    DataGradient,
    WeightGradient,
    Norm,
    NormGradient,
    Losses,
    Update,
}

/// Nanoseconds of each part since the last reading, all threads that make steps together.
static SPENT: [AtomicU64; Part::ALL.len()] = [const { AtomicU64::new(0) }; Part::ALL.len()];

impl Part {
    pub const ALL: [Self; 7] = [
        Self::Convolution,
        Self::DataGradient,
        Self::WeightGradient,
        Self::Norm,
        Self::NormGradient,
        Self::Losses,
        Self::Update,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Convolution => "convolution",
            Self::DataGradient => "data_gradient",
            Self::WeightGradient => "weight_gradient",
            Self::Norm => "norm",
            Self::NormGradient => "norm_gradient",
            Self::Losses => "losses",
            Self::Update => "update",
        }
    }

    /// Runs `work` on this part's account.
    pub fn timed<T>(self, work: impl FnOnce() -> T) -> T {
        let begin = Instant::now();
        let result = work();
        let nanoseconds = begin.elapsed().as_nanos().try_into().unwrap_or(u64::MAX);
        SPENT[self as usize].fetch_add(nanoseconds, Ordering::Relaxed);
        result
    }

    /// What was spent on this part since the last call.
    pub fn take(self) -> Duration {
        Duration::from_nanos(SPENT[self as usize].swap(0, Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_in_the_order_of_their_accounts() {
        assert!(Part::ALL.iter().enumerate().all(|(i, part)| *part as usize == i));
    }
}

//! Progress out of an operation, and the wish to stop it in.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::OperationError;

/// Shared by the thread that works and the one that looks; one for each operation.
#[derive(Debug, Default)]
pub struct Watch {
    cancelled: AtomicBool,
    permille: AtomicU32,
}

/// A stretch of the whole progress, in permille.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stage {
    from: u32,
    to: u32,
}

impl Watch {
    /// Asks the work to stop soon.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// How much is done, 0 to 1.
    pub fn progress(&self) -> f32 {
        self.permille.load(Ordering::Relaxed) as f32 / 1000.0
    }

    pub(super) fn check(&self) -> Result<(), OperationError> {
        if self.is_cancelled() { Err(OperationError::Cancelled) } else { Ok(()) }
    }

    /// `done` of `total` parts of a stage are done. An error if the work is to stop.
    pub(super) fn step(&self, stage: Stage, done: usize, total: usize) -> Result<(), OperationError> {
        self.check()?;
        let share = done.min(total) as f64 / total.max(1) as f64;
        // A share of at most 1000: the cast is exact enough.
        let gone = (share * f64::from(stage.to - stage.from)) as u32;
        self.permille.fetch_max(stage.from + gone, Ordering::Relaxed);
        Ok(())
    }
}

impl Stage {
    /// Where are the voxels of the class?
    pub(super) const LOOK: Self = Self { from: 0, to: 100 };
    /// What becomes of them?
    pub(super) const WORK: Self = Self { from: 100, to: 900 };
    /// Which runs change?
    pub(super) const COMPARE: Self = Self { from: 900, to: 1000 };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_only_grows_and_a_cancelled_step_is_an_error() {
        let watch = Watch::default();
        watch.step(Stage::WORK, 1, 2).unwrap();
        assert_eq!(watch.progress(), 0.5);
        watch.step(Stage::LOOK, 1, 1).unwrap();
        assert_eq!(watch.progress(), 0.5);
        watch.step(Stage::COMPARE, 0, 0).unwrap();
        watch.step(Stage::COMPARE, 7, 5).unwrap();
        assert_eq!(watch.progress(), 1.0);
        watch.cancel();
        assert_eq!(watch.step(Stage::COMPARE, 1, 1), Err(OperationError::Cancelled));
    }
}

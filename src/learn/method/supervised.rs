//! Labelled voxels only: the baseline. Both networks learn, so that their agreement can be shown here too.

use super::{PseudoTarget, Schedule, StepContext, Strategy};
use crate::learn::plan::{Plan, Protocol};

/// Steps of the published baseline on LA (methods 11).
const LA_STEPS: u64 = 6_000;

pub struct Supervised;

impl Strategy for Supervised {
    fn uses_unlabelled(&self) -> bool {
        false
    }

    fn configure(&self, plan: &mut Plan, _: &dyn Fn(f64) -> u64) {
        plan.batch_unlabelled = 0;
    }

    fn published(&self, protocol: Protocol, usual: Schedule) -> Schedule {
        match protocol {
            Protocol::La => Schedule { total_steps: LA_STEPS, ..usual },
            Protocol::Acdc => usual,
        }
    }

    fn pseudo_targets(&self, _: &StepContext<'_>) -> [Option<PseudoTarget>; 2] {
        [None, None]
    }
}

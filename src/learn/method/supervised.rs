//! Labelled voxels only: the baseline. Both networks learn, so that their agreement can be shown here too.

use super::{PseudoTarget, StepContext, Strategy};

pub struct Supervised;

impl Strategy for Supervised {
    fn uses_unlabelled(&self) -> bool {
        false
    }

    fn pseudo_targets(&self, _: &StepContext<'_>) -> [Option<PseudoTarget>; 2] {
        [None, None]
    }
}

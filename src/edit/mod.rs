//! The one door that writes labels: brushes, fills, acceptance of pseudo-labels; run-length deltas and undo history.

mod delta;

pub use delta::{Delta, DeltaError, Direction, Run};

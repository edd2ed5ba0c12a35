//! Whether displayed probabilities mean what they say, and what tells wrong voxels from right ones.

mod auroc;
mod logistic;
mod reliability;
mod temperature;

pub use auroc::auroc;
pub use logistic::{Logistic, LogisticPair};
pub use reliability::{Reliability, ReliabilityBin};
pub use temperature::{Temperature, VoxelLogits};

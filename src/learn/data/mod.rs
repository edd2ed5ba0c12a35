//! From cases to batches: normalisation, crop choice, augmentation, masks.

mod batch;
mod case;
mod crop;
mod normalise;
mod sampler;

pub use batch::Batch;
pub use case::TrainCase;
pub use crop::{Crop, CropPose};
pub use normalise::Normaliser;
pub use sampler::Sampler;

//! From cases to batches: normalisation, crop choice, augmentation, masks.

mod annotated;
mod batch;
mod case;
mod crop;
mod cut_mix;
mod feed;
mod intensity;
mod line_filter;
mod normalise;
mod reserve;
mod sampler;
mod source;

pub use annotated::Annotated;
pub use batch::{Batch, BatchPlanes};
pub use case::TrainCase;
pub use crop::{Crop, CropPose, PlainImage, VoxelStatus};
pub use cut_mix::CutBox;
pub use feed::Feed;
pub use normalise::{Intensities, Normaliser};
pub use reserve::{Reserved, ReservedCase, Slab, choose_reserve, set_aside};
pub use sampler::Sampler;

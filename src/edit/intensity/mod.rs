//! Voxel sets that follow the intensities of the image.

mod adaptive;
mod growth;
mod level_trace;
mod local_box;
mod range;
mod selection;
#[cfg(test)]
mod tests;
mod tissue;

pub use adaptive::{AdaptiveSettings, adaptive};
pub use growth::{ConfidenceSettings, GrowthBounds, GrowthError, fill_similar, grow_region};
pub use level_trace::level_trace;
pub use range::{IntensityRange, restrict};
pub use selection::{Likeness, Selection};

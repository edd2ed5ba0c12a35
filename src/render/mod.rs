//! Drawing slices with wgpu, and the CPU reference that says what they must look like.
//!
//! The window and this module share one wgpu, the one egui draws with.

mod scene;

pub use eframe::wgpu;
pub use scene::{PredictionState, SliceScene};

//! Drawing slices with wgpu, and the CPU reference that says what they must look like.
//!
//! The window and this module share one wgpu, the one egui draws with.

mod coarse_image;
mod error;
mod fold;
mod gpu_overlay;
mod gpu_volumes;
mod intensity_code;
mod offscreen;
mod overlay_reference;
pub mod reference;
mod scene;
mod screenshot;
mod slice_pipelines;
mod slice_renderer;
mod solid;
mod textures;
mod uniforms;
mod variant;

pub use eframe::wgpu;
pub use error::RenderError;
pub use fold::Fold;
pub use gpu_volumes::GpuVolumes;
pub use offscreen::{Canvas, Offscreen};
pub use scene::{PredictionSlot, PredictionState, SliceScene};
pub use screenshot::encode_png;
pub use slice_renderer::{SliceRenderer, ViewId};
pub use solid::{SolidRenderer, SolidScene, SurfaceClip, SurfaceLook, VolumeLook};

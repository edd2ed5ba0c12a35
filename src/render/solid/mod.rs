//! The 3-D view: label surfaces and the image as a volume, in one picture.
//!
//! A picture is drawn in three steps into textures of its own, because the window's pass has no depth: opaque surfaces,
//! translucent surfaces by weighted blending, and a march through the image that stops at the surfaces.

mod marched_volume;
mod passes;
mod pipelines;
mod renderer;
mod scene;
mod surfaces;
mod targets;
mod uniforms;
mod volume;

pub use renderer::SolidRenderer;
pub use scene::{SolidScene, SurfaceClip, SurfaceLook, VolumeLook};

#[cfg(test)]
mod tests;

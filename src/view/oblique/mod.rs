//! Planes at any angle: three linked ones that turn about the crosshair, how one lies on the screen, slabs, and what a
//! picture of a slab must show.

mod camera;
mod linked;
mod plane;
mod sampler;
mod slab;

pub use camera::ObliqueCamera;
pub use linked::LinkedPlanes;
pub use plane::ObliquePlane;
pub use sampler::SlabSampler;
pub(crate) use sampler::trilinear;
pub use slab::{Slab, SlabProjection};

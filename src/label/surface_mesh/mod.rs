//! Smoothed surfaces of one class for the 3-D view and for mesh files.
//!
//! Surface nets (Gibson 1998: Constrained elastic surface nets): every cell between eight voxel centres that holds
//! both voxels of the class and others gets a vertex, every edge between two unlike voxels a quad. A cell in which
//! separate sheets of the surface meet gets one vertex per sheet, so that the surface is a manifold for every mask.
//! Vertices are then relaxed without shrinking and never leave their cell.
//!
//! The work is cut into bricks of cells. A vertex depends on nothing but the voxels in a fixed neighbourhood, so
//! neighbouring bricks agree on the vertices between them and a brick may be made again alone.

mod brick;
mod bricks;
mod cell_loops;
mod mesh;
mod net;
mod relax;

pub use bricks::{SurfaceBricks, SurfaceError};
pub use mesh::SurfaceMesh;

#[cfg(test)]
mod tests;

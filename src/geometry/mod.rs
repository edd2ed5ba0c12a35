//! Where things are: voxel extents and boxes, affines, orientation and anatomical planes.
//!
//! Voxel order is x fastest, `(x, y, z)` everywhere. World is RAS millimetres.

mod affine;
mod extent;
mod orientation;
mod plane;
mod sight_line;
mod tiling;
pub mod vector;

pub use affine::Affine;
pub use extent::{Extent, Voxel, VoxelBox};
pub use orientation::{AnatomicalDirection, Orientation, SignedAxis};
pub use plane::{PatientSide, Plane, SliceAxes};
pub use sight_line::SightLine;
pub use tiling::{Tile, tile_starts};

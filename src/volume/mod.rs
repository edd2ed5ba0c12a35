//! Volumes in memory: grids, images in their stored type, intensity statistics, the synthetic phantom.

mod case_id;
mod grid;
mod image;
pub mod phantom;
mod statistics;

pub use case_id::CaseId;
pub use grid::Grid;
pub use image::{Image, VoxelType, Voxels};
pub use statistics::IntensityStatistics;

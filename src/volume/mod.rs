//! Volumes in memory: grids, images in their stored type, intensity statistics, where the body is, the synthetic phantom.

mod body_mask;
mod case_id;
mod grid;
mod huge_pages;
mod image;
mod moments;
pub mod phantom;
mod regridding;
mod statistics;

pub use body_mask::BodyMask;
pub use case_id::CaseId;
pub use grid::Grid;
pub use huge_pages::prefer_huge_pages;
pub use image::{Image, VoxelType, Voxels};
pub use moments::{IntensityFigures, IntensityMoments};
pub use regridding::Regridding;
pub use statistics::IntensityStatistics;

//! Distances, angles and regions drawn on slices, kept in world millimetres: they hold for every view and any affine.

mod angle;
mod distance;
mod measurement;
mod region;
mod region_statistics;
mod text;

pub use angle::Angle;
pub use distance::Distance;
pub use measurement::{HandleHit, Measurement};
pub use region::{Region, RegionShape};
pub use region_statistics::RegionStatistics;

//! What can go wrong while preparing or reading pictures.

use thiserror::Error;

use super::wgpu;
use crate::geometry::Extent;

#[derive(Debug, Error)]
pub enum RenderError {
    #[error("no graphics adapter was found, not even a software one; install a Vulkan driver (for example lavapipe)")]
    NoAdapter(#[source] wgpu::RequestAdapterError),
    #[error("the graphics adapter {adapter} refused to open; close other programs that use it or update its driver")]
    DeviceRefused { adapter: String, source: wgpu::RequestDeviceError },
    #[error(
        "the volume has {} x {} x {} voxels, more than this graphics adapter shows: a cube of {limit} along each edge \
         at most; crop the volume or use another adapter", extent.x(), extent.y(), extent.z()
    )]
    VolumeTooLarge { extent: Extent, limit: u32 },
    #[error(
        "showing this volume needs {mebibytes} MiB of graphics memory, more than is free; close other programs or crop the volume"
    )]
    OutOfMemory { mebibytes: u64 },
    #[error("the {what} do not have the grid of the shown image; load the case again")]
    GridMismatch { what: &'static str },
    #[error("the image to lay over the other has no usable position in space; check the orientation in its file")]
    UnplacedOverlay,
    #[error("the graphics adapter did not deliver the picture; try again")]
    ReadBack(#[source] Option<Box<dyn std::error::Error + Send + Sync>>),
    #[error("the picture could not be written as PNG")]
    Encode(#[from] image::ImageError),
}

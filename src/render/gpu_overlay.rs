//! A second image over the first as a 3-D texture on its own grid.

use super::intensity_code::IntensityCode;
use super::textures::{longest_side, volume_texture, within_memory, write_box};
use super::{Fold, RenderError, wgpu};
use crate::geometry::Affine;
use crate::volume::Image;

/// Half floats.
const BYTES_PER_VOXEL: u64 = 2;

pub(super) struct GpuOverlay {
    pub texture: wgpu::Texture,
    pub fold: Fold,
    pub code: IntensityCode,
    /// Voxel position in the overlay from that in the image below.
    pub overlay_from_base: Affine,
}

impl GpuOverlay {
    /// `base` is world from voxel of the image below.
    pub fn new(
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        overlay: &Image,
        base: &Affine,
    ) -> Result<Self, RenderError> {
        let overlay_from_world = overlay.affine.inverse().filter(|_| base.is_usable());
        let overlay_from_base = overlay_from_world.ok_or(RenderError::UnplacedOverlay)?.after(base);
        let extent = overlay.extent();
        let fold = Fold::new(extent, longest_side(device))?;
        let (size, bytes) = (fold.texture_size(), BYTES_PER_VOXEL.saturating_mul(fold.texel_count()));
        let make = || volume_texture(device, "overlay", size, wgpu::TextureFormat::R16Float);
        let (texture, code) = (within_memory(device, bytes, make)?, IntensityCode::of(overlay));
        write_box(queue, &texture, &fold, &extent.full_box(), |slab| code.half_floats(overlay, slab));
        Ok(Self { texture, fold, code, overlay_from_base })
    }
}

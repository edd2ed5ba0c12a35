//! A folded image made coarser, for reads that the device filters: these would mix voxels across the pieces of a fold.

use half::f16;
use rayon::prelude::*;

use super::intensity_code::IntensityCode;
use super::textures::{longest_side, volume_texture, within_memory, write_box};
use super::{Fold, RenderError, wgpu};
use crate::geometry::{Extent, Voxel, VoxelBox};
use crate::volume::Image;
use crate::with_voxels;

/// Half floats.
const BYTES_PER_TEXEL: u64 = 2;

/// Means of boxes of voxels.
pub(super) struct CoarseImage {
    pub texture: wgpu::Texture,
    /// Voxels that the texture spans along each axis, from the image's first one on; less than one texel more than it has.
    pub voxels: [usize; 3],
}

impl CoarseImage {
    /// Axes that the device's textures can hold stay as they are.
    pub fn new(
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        image: &Image,
        code: &IntensityCode,
    ) -> Result<Self, RenderError> {
        let (extent, limit) = (image.extent(), longest_side(device));
        let too_large = || RenderError::VolumeTooLarge { extent, limit };
        let step = extent.to_array().map(|n| n.div_ceil((limit as usize).max(1)));
        let size = std::array::from_fn(|a| extent.to_array()[a].div_ceil(step[a]));
        let fold = Fold::new(Extent::from_array(size).ok_or_else(too_large)?, limit)?;
        let make = || volume_texture(device, "coarse image", fold.texture_size(), wgpu::TextureFormat::R16Float);
        let texture = within_memory(device, BYTES_PER_TEXEL.saturating_mul(fold.texel_count()), make)?;
        write_box(queue, &texture, &fold, &fold.extent().full_box(), |slab| means(image, code, step, slab));
        Ok(Self { texture, voxels: std::array::from_fn(|a| size[a] * step[a]) })
    }
}

/// Codes of the means of boxes of `step` voxels, clipped to the image, for the texels of a box inside the coarse image.
// One arm of the macro casts f64 to f64.
#[allow(clippy::unnecessary_cast)]
fn means(image: &Image, code: &IntensityCode, step: [usize; 3], slab: &VoxelBox) -> Vec<f16> {
    let all = image.extent().full_box();
    let Some(texels) = Extent::from_array(slab.size()) else {
        return Vec::new();
    };
    let voxels_of = |texel: usize| {
        let (texel, first) = (texels.voxel(texel).to_array(), slab.lo.to_array());
        let lo: [usize; 3] = std::array::from_fn(|a| (first[a] + texel[a]) * step[a]);
        let hi = std::array::from_fn(|a| lo[a] + step[a]);
        VoxelBox { lo: Voxel::from(lo), hi: Voxel::from(hi) }.intersect(&all)
    };
    // At least the first voxel is inside.
    let encode = |sum: f64, count: usize| code.encode(image.slope * (sum / count.max(1) as f64) + image.intercept);
    with_voxels!(&image.voxels, g => {
        let mean = |texel| {
            let voxels = voxels_of(texel);
            encode(voxels.voxels().map(|v| g.at(v) as f64).sum(), voxels.voxel_count())
        };
        (0..texels.voxel_count()).into_par_iter().map(mean).collect()
    })
}

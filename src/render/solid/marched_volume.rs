//! A volume that the shader can march through.

use super::VolumeLook;
use crate::geometry::{Affine, Extent, VoxelBox};
use crate::render::intensity_code::IntensityCode;
use crate::render::{GpuVolumes, wgpu};

/// How an image looks, where it lies and how its intensities are coded.
pub struct MarchedVolume<'a> {
    pub look: &'a VolumeLook,
    pub voxel_from_world: Affine,
    pub extent: Extent,
    pub image: &'a wgpu::Texture,
    /// Voxels that the texture spans along each axis; a coarse one may reach beyond the image.
    pub spanned: [usize; 3],
    pub code: &'a IntensityCode,
}

impl<'a> MarchedVolume<'a> {
    /// `None` where there is nothing to see: an affine without inverse or a clipping box without voxels.
    pub fn new(look: &'a VolumeLook, volumes: &'a GpuVolumes) -> Option<Self> {
        let voxel_from_world = look.world_from_voxel.inverse()?;
        let (image, spanned) = volumes.filtered_image();
        let volume = Self { look, voxel_from_world, extent: volumes.extent(), image, spanned, code: volumes.code() };
        (!volume.clip().is_empty()).then_some(volume)
    }

    /// The voxels that are drawn.
    pub fn clip(&self) -> VoxelBox {
        self.look.clip.intersect(&self.extent.full_box())
    }

    /// Corners of the whole image.
    pub fn corners_mm(&self) -> [[f64; 3]; 8] {
        let end = self.extent.to_array().map(|n| n as f64 - 0.5);
        box_corners([[-0.5; 3], end]).map(|corner| self.look.world_from_voxel.world_from_voxel(corner))
    }

    /// The longest way a line of sight can have through the clipping box; at most the sum of its edges.
    pub fn diagonal_mm(&self) -> f64 {
        let clip = self.clip().size();
        let spacing_mm = self.look.world_from_voxel.spacing_mm();
        let edges = [0, 1, 2].map(|a| clip[a] as f64 * spacing_mm[a]);
        // Of a sheared grid a diagonal may be longer than that of a box of these edges.
        let sheared = self.look.world_from_voxel.voxel_volume_mm3() < 0.99 * spacing_mm.iter().product::<f64>();
        if sheared { edges.iter().sum() } else { edges[0].hypot(edges[1]).hypot(edges[2]) }
    }
}

/// Of the box between two corners.
pub fn box_corners([lo, hi]: [[f64; 3]; 2]) -> [[f64; 3]; 8] {
    std::array::from_fn(|corner| std::array::from_fn(|a| if corner >> a & 1 == 1 { hi[a] } else { lo[a] }))
}

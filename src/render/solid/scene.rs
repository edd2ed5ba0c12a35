//! All that decides how one 3-D view looks, apart from surfaces and voxels.

use std::sync::Arc;

use crate::geometry::{Affine, VoxelBox};
use crate::label::ClassId;
use crate::view::{OrbitCamera, TransferFunction};

/// One 3-D view.
#[derive(Clone, Debug, PartialEq)]
pub struct SolidScene {
    pub camera: OrbitCamera,
    /// Width and height of the picture. It may have fewer pixels than the view, for instance while the camera moves.
    pub size_px: [u32; 2],
    /// Classes that are not named are not drawn.
    pub surfaces: Vec<SurfaceLook>,
    pub volume: Option<VolumeLook>,
    /// Only what lies in these voxels is drawn of the surfaces.
    pub surface_clip: Option<SurfaceClip>,
    /// sRGB.
    pub background: [u8; 3],
}

/// A box that cuts surfaces.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SurfaceClip {
    /// Of the image whose voxels are meant, RAS mm. Without inverse nothing is cut.
    pub world_from_voxel: Affine,
    pub bounds: VoxelBox,
}

/// How the surface of a class looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SurfaceLook {
    pub class: ClassId,
    /// sRGB.
    pub colour: [u8; 3],
    /// 0 to 1; 0 and NaN are not drawn.
    pub opacity: f32,
    pub visible: bool,
}

/// How the image looks as a volume.
#[derive(Clone, Debug, PartialEq)]
pub struct VolumeLook {
    pub transfer: Arc<TransferFunction>,
    /// Where the image lies, RAS mm.
    pub world_from_voxel: Affine,
    /// Only these voxels are drawn.
    pub clip: VoxelBox,
    /// Makes everything denser (above 1) or thinner than the transfer function says.
    pub density: f32,
    /// Most steps along a line of sight: a step is half a voxel or, where that is not enough, longer.
    pub max_steps: u32,
}

impl VolumeLook {
    /// Half a voxel for scans of up to about 700 voxels along the line of sight.
    pub const MAX_STEPS: u32 = 1400;
    /// For software adapters: steps of a voxel for a scan of 128 voxels along each axis.
    pub const MAX_STEPS_SOFTWARE: u32 = 220;
}

impl SurfaceLook {
    pub(super) fn is_drawn(&self) -> bool {
        self.visible && self.opacity > 0.0
    }

    pub(super) fn is_opaque(&self) -> bool {
        self.opacity >= 1.0
    }
}

//! The numbers the shader gets for one view.

use super::SliceScene;
use super::intensity_code::IntensityCode;
/// `View` of `slice.wgsl`; everything in groups of four, so that no padding is needed.
#[repr(C)]
#[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
pub(super) struct ViewUniforms {
    corner: [f32; 4],
    across: [f32; 4],
    along: [f32; 4],
    extent: [i32; 4],
    right: [i32; 4],
    down: [i32; 4],
    contour_and_window: [f32; 4],
    opacities: [f32; 4],
}

impl ViewUniforms {
    pub const SIZE: u64 = size_of::<Self>() as u64;

    pub fn new(scene: &SliceScene, code: &IntensityCode) -> Self {
        let (camera, [width, height]) = (&scene.camera, scene.view_size);
        let corner = camera.voxel_from_screen([0.0, 0.0], scene.view_size);
        let step = |to: [f64; 2]| {
            let end = camera.voxel_from_screen(to, scene.view_size);
            padded(std::array::from_fn(|a| end[a] - corner[a]))
        };
        let [contour_right, contour_down] = scene.contour_voxels().map(|t| t as f32);
        let [black, gain] = code.window(&scene.window);
        let opacity = scene.prediction_opacity();
        Self {
            corner: padded(corner),
            across: step([width, 0.0]),
            along: step([0.0, height]),
            extent: extent(scene),
            right: unit(camera.axes().right.axis),
            down: unit(camera.axes().down.axis),
            contour_and_window: [contour_right, contour_down, black, gain],
            opacities: [scene.layers.label_opacity, scene.layers.pseudo_opacity * opacity, opacity, 0.0],
        }
    }
}

fn padded(p: [f64; 3]) -> [f32; 4] {
    // A voxel position below 2048 is kept to 1/8192 of a voxel.
    [p[0] as f32, p[1] as f32, p[2] as f32, 0.0]
}

fn unit(axis: usize) -> [i32; 4] {
    std::array::from_fn(|a| i32::from(a == axis))
}

fn extent(scene: &SliceScene) -> [i32; 4] {
    // Volumes on the device are below a few thousand voxels per axis.
    let [x, y, z] = scene.camera.extent().to_array().map(|n| i32::try_from(n).unwrap_or(i32::MAX));
    [x, y, z, 0]
}

//! The numbers the shader gets for one view.

use super::fold::FoldUniforms;
use super::slice_renderer::COLOUR_ROWS;
use super::{GpuVolumes, SliceScene};
use crate::geometry::Extent;
use crate::view::OverlayColourMap;

/// `View` of `slice.wgsl`; everything in groups of four, so that no padding is needed.
#[repr(C)]
#[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
pub(super) struct ViewUniforms {
    sheet: Sheet,
    extent: [i32; 4],
    right: [i32; 4],
    down: [i32; 4],
    contour_and_window: [f32; 4],
    opacities: [f32; 4],
    overlay_sheet: Sheet,
    overlay_window: [f32; 4],
    slab_and_map: [i32; 4],
    slab_step: [f32; 4],
    fold: FoldUniforms,
    overlay_fold: FoldUniforms,
    overlay_extent: [i32; 4],
}

/// Where the view lies in a grid: `Sheet` of `slice.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, bytemuck::Pod, bytemuck::Zeroable)]
struct Sheet {
    corner: [f32; 4],
    across: [f32; 4],
    along: [f32; 4],
}

impl ViewUniforms {
    pub const SIZE: u64 = size_of::<Self>() as u64;

    /// Of a scene on the grid of these volumes.
    pub fn new(scene: &SliceScene, volumes: &GpuVolumes) -> Self {
        let contour = if scene.camera.turned().is_some() { scene.contour_shares() } else { scene.contour_voxels() };
        let [contour_right, contour_down] = contour.map(|t| t as f32);
        let [black, gain] = volumes.code().window(&scene.window);
        let opacity = scene.prediction_opacity();
        let voxel = |place: [f64; 2]| scene.camera.voxel_from_screen(place, scene.view_size);
        let (overlay_sheet, overlay_window) = overlay(scene, volumes, voxel);
        let ([first, last], slab_step) = slab(scene);
        let axes = scene.camera.straight().axes();
        // Without an overlay the shader reads none.
        let overlay_fold = volumes.overlay().map_or(volumes.fold(), |o| &o.fold);
        Self {
            sheet: Sheet::new(scene.view_size, voxel),
            extent: padded_extent(scene.camera.extent()),
            right: unit(axes.right.axis),
            down: unit(axes.down.axis),
            contour_and_window: [contour_right, contour_down, black, gain],
            opacities: [scene.layers.label_opacity, scene.layers.pseudo_opacity * opacity, opacity, 0.0],
            overlay_sheet,
            overlay_window,
            slab_and_map: [first, last, map_row(scene), 0],
            slab_step: padded(slab_step),
            fold: volumes.fold().uniforms(),
            overlay_fold: overlay_fold.uniforms(),
            overlay_extent: padded_extent(overlay_fold.extent()),
        }
    }
}

impl Sheet {
    /// `position` tells the voxel position at a place in a view of `size`; it grows evenly.
    fn new([width, height]: [f64; 2], position: impl Fn([f64; 2]) -> [f64; 3]) -> Self {
        let corner = position([0.0, 0.0]);
        let step = |to: [f64; 2]| {
            let end = position(to);
            padded(std::array::from_fn(|a| end[a] - corner[a]))
        };
        Self { corner: padded(corner), across: step([width, 0.0]), along: step([0.0, height]) }
    }
}

/// Where the view lies in the overlay, and black, gain and opacity; zeros without one.
fn overlay(scene: &SliceScene, volumes: &GpuVolumes, voxel: impl Fn([f64; 2]) -> [f64; 3]) -> (Sheet, [f32; 4]) {
    let (Some(look), Some(overlay)) = (&scene.overlay, volumes.overlay()) else {
        return Default::default();
    };
    // One map from the screen: rounding twice would lose digits.
    let sheet = Sheet::new(scene.view_size, |place| overlay.overlay_from_base.world_from_voxel(voxel(place)));
    let [black, gain] = overlay.code.window(&look.window);
    (sheet, [black, gain, look.weight(), 0.0])
}

/// First and last slice or sample of the slab, counted from the shown one, and the way between samples of a turned plane.
fn slab(scene: &SliceScene) -> ([i32; 2], [f64; 3]) {
    // A slab has a few hundred slices at most, the shown one among them.
    if scene.camera.turned().is_some() {
        let (per_side, step) = scene.turned_slab().unwrap_or_default();
        return ([-(per_side as i32), per_side as i32], step);
    }
    let Some((_, slices)) = scene.slab() else { return Default::default() };
    let shown = scene.camera.straight().slice();
    ([-((shown - slices.start) as i32), (slices.end - 1 - shown) as i32], [0.0; 3])
}

/// Row of the overlay's colours in the colour texture.
fn map_row(scene: &SliceScene) -> i32 {
    let place = scene.overlay.and_then(|look| OverlayColourMap::ALL.into_iter().position(|map| map == look.map));
    // A few hundred rows.
    COLOUR_ROWS as i32 + place.unwrap_or_default() as i32
}

fn padded(p: [f64; 3]) -> [f32; 4] {
    // A voxel position below 2048 is kept to 1/8192 of a voxel, one below 65536 to 1/256.
    [p[0] as f32, p[1] as f32, p[2] as f32, 0.0]
}

fn unit(axis: usize) -> [i32; 4] {
    std::array::from_fn(|a| i32::from(a == axis))
}

fn padded_extent(extent: Extent) -> [i32; 4] {
    // What is longer has no fold and is not on the device.
    let [x, y, z] = extent.to_array().map(|n| i32::try_from(n).unwrap_or(i32::MAX));
    [x, y, z, 0]
}

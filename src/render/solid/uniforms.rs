//! The numbers the shader gets for one 3-D view.

use super::SolidScene;
use super::marched_volume::{MarchedVolume, box_corners};
use crate::geometry::Affine;
use crate::geometry::vector::scaled;

/// The march takes a step of this share of the smallest spacing, so that no layer is skipped.
const STEP_SHARE: f64 = 0.5;
/// The view's depth beyond what lies in it; rounding shall not cut off the foremost point.
const DEPTH_MARGIN: f64 = 1.01;
/// Half depth of a view of nothing, mm.
const LEAST_REACH_MM: f64 = 1.0;
/// Densities are kept in this range, where the opacity of a step neither vanishes nor jumps.
const DENSITIES: [f32; 2] = [1e-3, 1e3];

/// `View` of `scene.wgsl`; everything in groups of four, so that no padding is needed.
#[repr(C)]
#[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
pub struct SolidUniforms {
    clip_from_world: [[f32; 4]; 4],
    right: [f32; 4],
    up: [f32; 4],
    towards: [f32; 4],
    background: [f32; 4],
    corner: [f32; 4],
    across: [f32; 4],
    along: [f32; 4],
    through: [f32; 4],
    size_mm_and_step: [f32; 4],
    clip_lo: [f32; 4],
    clip_hi: [f32; 4],
    spanned_and_steps: [f32; 4],
    table: [f32; 4],
    cut_rows: [[f32; 4]; 3],
    cut_lo: [f32; 4],
    cut_hi: [f32; 4],
    classes: [[f32; 4]; 256],
}

impl SolidUniforms {
    pub const SIZE: u64 = size_of::<Self>() as u64;

    /// `bounds_mm` are the corners of boxes around the drawn surfaces.
    pub fn new(
        scene: &SolidScene,
        volume: Option<&MarchedVolume<'_>>,
        bounds_mm: impl Iterator<Item = [[f32; 3]; 2]>,
    ) -> Self {
        let surface_corners = bounds_mm.flat_map(|bounds| box_corners(bounds.map(|p| p.map(f64::from))));
        let volume_corners = volume.map(MarchedVolume::corners_mm).into_iter().flatten();
        let reach_mm = surface_corners
            .chain(volume_corners)
            .map(|corner| DEPTH_MARGIN * scene.camera.height_mm(corner).abs())
            .filter(|reach| reach.is_finite())
            .fold(LEAST_REACH_MM, f64::max);
        let [right, up, towards] = scene.camera.axes();
        let mut uniforms = Self {
            clip_from_world: scene.camera.clip_from_world(scene.size_px.map(f64::from), reach_mm),
            right: padded(right),
            up: padded(up),
            towards: padded(towards),
            background: colour(scene.background, 1.0),
            cut_lo: [-1.0; 4],
            cut_hi: [1.0; 4],
            ..bytemuck::Zeroable::zeroed()
        };
        uniforms.set_cut(scene);
        for look in &scene.surfaces {
            uniforms.classes[usize::from(look.class)] = colour(look.colour, look.opacity.clamp(0.0, 1.0));
        }
        if let Some(volume) = volume {
            uniforms.set_volume(scene, volume, reach_mm);
        }
        uniforms
    }

    /// Without a box every position becomes 0, which lies in the box from -1 to 1.
    fn set_cut(&mut self, scene: &SolidScene) {
        let Some(cut) = &scene.surface_clip else { return };
        let Some(voxel_from_world) = cut.world_from_voxel.inverse() else { return };
        self.cut_rows = voxel_from_world.rows.map(|row| row.map(|c| c as f32));
        // Voxels reach half a voxel beyond their centres.
        self.cut_lo = padded(cut.bounds.lo.to_f64().map(|c| c - 0.5));
        self.cut_hi = padded(cut.bounds.hi.to_f64().map(|c| c - 0.5));
    }

    fn set_volume(&mut self, scene: &SolidScene, volume: &MarchedVolume<'_>, reach_mm: f64) {
        let size = scene.size_px.map(f64::from);
        let [right, up, towards] = scene.camera.axes();
        let [width_mm, height_mm] = size.map(|side| side / scene.camera.units_per_mm(size));
        let depth_mm = 2.0 * reach_mm;
        let linear = Affine { rows: volume.voxel_from_world.rows.map(|[a, b, c, _]| [a, b, c, 0.0]) };
        let step = |direction, length_mm| padded(linear.world_from_voxel(scaled(direction, length_mm)));
        let corner = scene.camera.sight_line([0.0, 0.0], size).at(-reach_mm);
        self.corner = padded(volume.voxel_from_world.world_from_voxel(corner));
        self.across = step(right, width_mm);
        self.along = step(up, -height_mm);
        self.through = step(towards, -depth_mm);

        let (look, spacing_mm) = (volume.look, volume.look.world_from_voxel.spacing_mm());
        let steps = f64::from(look.max_steps.max(1));
        let smallest = spacing_mm.into_iter().fold(f64::INFINITY, f64::min);
        let share = (STEP_SHARE * smallest / depth_mm).max(volume.diagonal_mm().min(depth_mm) / depth_mm / steps);
        self.size_mm_and_step = padded([width_mm, height_mm, depth_mm]);
        self.size_mm_and_step[3] = share as f32;

        let clip = volume.clip();
        // Voxels reach half a voxel beyond their centres.
        self.clip_lo = padded(clip.lo.to_f64().map(|c| c - 0.5));
        self.clip_hi = padded(clip.hi.to_f64().map(|c| c - 0.5));
        self.spanned_and_steps = padded(volume.spanned.map(|n| n as f64));
        // One more for the rounding of the step.
        self.spanned_and_steps[3] = steps as f32 + 1.0;
        let [start, gain] = volume.code.window(&look.transfer.window());
        let mean_spacing_mm = spacing_mm.iter().sum::<f64>() / 3.0;
        let density = if look.density.is_nan() { 1.0 } else { look.density.clamp(DENSITIES[0], DENSITIES[1]) };
        self.table = [start, gain, (share * depth_mm / mean_spacing_mm) as f32 * density, 0.0];
    }
}

fn padded([x, y, z]: [f64; 3]) -> [f32; 4] {
    [x as f32, y as f32, z as f32, 0.0]
}

fn colour([r, g, b]: [u8; 3], opacity: f32) -> [f32; 4] {
    [f32::from(r) / 255.0, f32::from(g) / 255.0, f32::from(b) / 255.0, opacity]
}

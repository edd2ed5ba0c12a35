//! How a plane at any angle lies on the screen.

use super::ObliquePlane;
use crate::geometry::vector::{add, dot, minus, scaled};
use crate::geometry::{Affine, Extent};
use crate::view::camera::{FIT_SHARE, MAX_UNITS_PER_VOXEL, MIN_SLICE_UNITS};

/// The camera of one oblique view: as [`crate::view::SliceCamera`], but along no voxel axis.
///
/// A screen position counts from the view's top left corner in the caller's unit; sizes are `[width, height]`.
#[derive(Clone, Debug, PartialEq)]
pub struct ObliqueCamera {
    world_from_voxel: Affine,
    voxel_from_world: Affine,
    extent: Extent,
    plane: ObliquePlane,
    /// Screen units per mm.
    zoom: f64,
    /// From the plane's centre to what is shown in the middle of the view, right and down, mm.
    middle_mm: [f64; 2],
}

impl ObliqueCamera {
    /// Looks at the plane's centre; call [`Self::fit`] once the view's size is known. `None` for an affine that is not usable.
    pub fn new(affine: &Affine, extent: Extent, plane: ObliquePlane) -> Option<Self> {
        let voxel_from_world = affine.inverse()?;
        Some(Self { world_from_voxel: *affine, voxel_from_world, extent, plane, zoom: 1.0, middle_mm: [0.0; 2] })
    }

    pub fn plane(&self) -> &ObliquePlane {
        &self.plane
    }

    pub fn extent(&self) -> Extent {
        self.extent
    }

    pub fn spacing_mm(&self) -> [f64; 3] {
        self.world_from_voxel.spacing_mm()
    }

    /// Screen units per mm.
    pub fn zoom(&self) -> f64 {
        self.zoom
    }

    /// Shows another plane. Where it turned about its centre, the centre stays where it is on the screen; where its centre
    /// moved, the picture stays and the centre moves.
    pub fn set_plane(&mut self, plane: ObliquePlane) {
        let [right, down] = plane.in_plane_mm(self.plane.centre_mm());
        self.middle_mm = [self.middle_mm[0] + right, self.middle_mm[1] + down];
        self.plane = plane;
    }

    /// Takes another camera's zoom (screen units per mm) and puts the plane's centre so many screen units right of and
    /// below the middle of the view.
    pub fn place(&mut self, zoom: f64, centre: [f64; 2]) {
        self.set_zoom(zoom);
        self.set_middle(centre.map(|units| -units / self.zoom));
    }

    /// The whole volume as it is seen along the normal, centred.
    pub fn fit(&mut self, size: [f64; 2]) {
        let [low, high] = self.outline_mm();
        self.middle_mm = std::array::from_fn(|i| low[i] / 2.0 + high[i] / 2.0);
        self.set_zoom(FIT_SHARE * (size[0] / (high[0] - low[0])).min(size[1] / (high[1] - low[1])));
    }

    /// Zooms by `factor` so that the position under `pointer` stays under it.
    pub fn zoom_at(&mut self, pointer: [f64; 2], size: [f64; 2], factor: f64) {
        let before = self.in_plane_from_screen(pointer, size);
        self.set_zoom(self.zoom * factor);
        let after = self.in_plane_from_screen(pointer, size);
        self.set_middle(std::array::from_fn(|i| self.middle_mm[i] + before[i] - after[i]));
    }

    /// Moves the picture by a screen distance. The middle of the view does not leave the volume's outline.
    pub fn pan_by(&mut self, delta: [f64; 2]) {
        let [low, high] = self.outline_mm();
        let inside = |i: usize| {
            let now = self.middle_mm[i];
            (now - delta[i] / self.zoom).clamp(low[i].min(now), high[i].max(now))
        };
        self.set_middle([inside(0), inside(1)]);
    }

    /// Brings a voxel position, projected along the normal, into the middle of the view.
    pub fn centre_on(&mut self, voxel: [f64; 3]) {
        self.set_middle(self.plane.in_plane_mm(self.world_from_voxel.world_from_voxel(voxel)));
    }

    /// Point of the plane under a screen position, world mm.
    pub fn world_from_screen(&self, position: [f64; 2], size: [f64; 2]) -> [f64; 3] {
        let [right, down] = self.in_plane_from_screen(position, size);
        let step = add(scaled(self.plane.right(), right), scaled(self.plane.down(), down));
        add(self.plane.centre_mm(), step)
    }

    /// Screen position of a world position, projected along the normal.
    pub fn screen_from_world(&self, world: [f64; 3], size: [f64; 2]) -> [f64; 2] {
        let place = self.plane.in_plane_mm(world);
        std::array::from_fn(|i| size[i] / 2.0 + (place[i] - self.middle_mm[i]) * self.zoom)
    }

    /// Continuous voxel position (voxel centres at integers) under a screen position; may lie outside the volume.
    pub fn voxel_from_screen(&self, position: [f64; 2], size: [f64; 2]) -> [f64; 3] {
        self.voxel_from_world.world_from_voxel(self.world_from_screen(position, size))
    }

    /// Screen position of a voxel position, projected along the normal.
    pub fn screen_from_voxel(&self, voxel: [f64; 3], size: [f64; 2]) -> [f64; 2] {
        self.screen_from_world(self.world_from_voxel.world_from_voxel(voxel), size)
    }

    /// The plane cuts the voxel that is centred at a position: it is at most half the voxel's width along the normal away.
    pub fn cuts(&self, voxel: [f64; 3]) -> bool {
        let normal = self.plane.normal();
        let half_width: f64 = (0..3).map(|a| dot(self.world_from_voxel.column(a), normal).abs()).sum::<f64>() / 2.0;
        self.plane.height_mm(self.world_from_voxel.world_from_voxel(voxel)).abs() <= half_width
    }

    /// The voxel step that leads 1 mm along the normal.
    pub fn voxels_per_mm_along_normal(&self) -> [f64; 3] {
        let normal = self.plane.normal();
        self.voxel_from_world.rows.map(|r| dot([r[0], r[1], r[2]], normal))
    }

    fn in_plane_from_screen(&self, position: [f64; 2], size: [f64; 2]) -> [f64; 2] {
        std::array::from_fn(|i| self.middle_mm[i] + (position[i] - size[i] / 2.0) / self.zoom)
    }

    /// Left, top and right, bottom of the volume seen along the normal, from the plane's centre, mm.
    fn outline_mm(&self) -> [[f64; 2]; 2] {
        let n = self.extent.to_array();
        let middle = self.world_from_voxel.world_from_voxel(n.map(|n| (n - 1) as f64 / 2.0));
        let centre = minus(middle, self.plane.centre_mm());
        let reach = |direction| {
            (0..3).map(|a| dot(self.world_from_voxel.column(a), direction).abs() * n[a] as f64).sum::<f64>() / 2.0
        };
        let side = |direction| (dot(centre, direction), reach(direction));
        let [(x, half_width), (y, half_height)] = [side(self.plane.right()), side(self.plane.down())];
        [[x - half_width, y - half_height], [x + half_width, y + half_height]]
    }

    fn set_middle(&mut self, middle_mm: [f64; 2]) {
        if middle_mm.iter().all(|c| c.is_finite()) {
            self.middle_mm = middle_mm;
        }
    }

    fn set_zoom(&mut self, zoom: f64) {
        let [low, high] = self.outline_mm();
        let smallest_voxel_mm = self.spacing_mm().into_iter().fold(f64::INFINITY, f64::min);
        let farthest = MIN_SLICE_UNITS / (high[0] - low[0]).max(high[1] - low[1]);
        let closest = (MAX_UNITS_PER_VOXEL / smallest_voxel_mm).max(farthest);
        if zoom.is_finite() {
            self.zoom = zoom.clamp(farthest, closest);
        }
    }
}

#[cfg(test)]
mod tests;

//! From where a case is seen in the 3-D view.

use std::f64::consts::{FRAC_PI_2, PI};

use crate::geometry::vector::{add, cross, dot, length, minus, scaled};
use crate::geometry::{Affine, AnatomicalDirection, Extent, SightLine};

/// A drag across the shorter side of the view turns the case by half a turn.
const TURN_PER_SIDE: f64 = PI;
/// Room around the case after [`OrbitCamera::fit`], for one of the six anatomical views.
const FIT_MARGIN: f64 = 1.06;
/// Share of the space diagonal that is in view at least; the rest of it is corners, which are rarely anatomy.
const FIT_DIAGONAL: f64 = 0.8;
/// The closest and the farthest zoom as shares of the fitted view.
const ZOOM_SHARES: [f64; 2] = [1.0 / 400.0, 8.0];

/// A camera that walks around a case and sees it without perspective, so that equal lengths at right angles to the line of
/// sight are equally long on the screen.
///
/// Screen positions count from the view's top left corner in the caller's screen unit, sizes are `[width, height]`. The
/// camera is kept as angles: it cannot drift from a rotation, and superior stays up unless it is rolled.
#[derive(Clone, Debug, PartialEq)]
pub struct OrbitCamera {
    /// World point in the middle of the view, around which the camera walks.
    centre_mm: [f64; 3],
    /// Length that the shorter side of the view shows.
    view_mm: f64,
    /// Where the viewer stands, radians: 0 is in front of the patient, a quarter turn is at the patient's right.
    azimuth: f64,
    /// How high the viewer stands, radians: from below (-pi/2) to above (pi/2).
    elevation: f64,
    /// Turn of the picture around the line of sight, radians, clockwise.
    roll: f64,
    fitted: Fitted,
}

/// What was fitted last; bounds zoom and pan.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Fitted {
    centre_mm: [f64; 3],
    view_mm: f64,
}

impl OrbitCamera {
    /// Looks at all of a volume, standing in front of the patient.
    pub fn fitted(extent: Extent, world_from_voxel: &Affine) -> Self {
        let fitted = Fitted { centre_mm: [0.0; 3], view_mm: 1.0 };
        let mut camera = Self { centre_mm: [0.0; 3], view_mm: 1.0, azimuth: 0.0, elevation: 0.0, roll: 0.0, fitted };
        camera.fit(extent, world_from_voxel);
        camera
    }

    /// Brings all of a volume into view without turning. An affine that is not finite changes nothing.
    pub fn fit(&mut self, extent: Extent, world_from_voxel: &Affine) {
        let voxels = extent.to_array().map(|n| n as f64);
        let centre_mm = world_from_voxel.world_from_voxel(voxels.map(|n| (n - 1.0) / 2.0));
        let edges: [[f64; 3]; 3] = std::array::from_fn(|a| scaled(world_from_voxel.column(a), voxels[a]));
        let longest = edges.map(length).into_iter().fold(0.0, f64::max);
        let corner = |signs: [f64; 2]| add(edges[0], add(scaled(edges[1], signs[0]), scaled(edges[2], signs[1])));
        let diagonals = [[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]].map(|signs| length(corner(signs)));
        let diagonal = diagonals.into_iter().fold(0.0, f64::max);
        let view_mm = (FIT_MARGIN * longest).max(FIT_DIAGONAL * diagonal);
        if view_mm.is_normal() && centre_mm.iter().all(|c| c.is_finite()) {
            self.fitted = Fitted { centre_mm, view_mm };
            (self.centre_mm, self.view_mm) = (centre_mm, view_mm);
        }
    }

    /// Stands at one side of the patient. From above and below anterior is up, from elsewhere superior.
    pub fn look_from(&mut self, side: AnatomicalDirection) {
        use AnatomicalDirection::*;
        (self.azimuth, self.elevation) = match side {
            Anterior => (0.0, 0.0),
            Right => (FRAC_PI_2, 0.0),
            Posterior => (PI, 0.0),
            Left => (-FRAC_PI_2, 0.0),
            Superior => (PI, FRAC_PI_2),
            Inferior => (0.0, -FRAC_PI_2),
        };
        self.roll = 0.0;
    }

    /// Turns the case as if the pointer took hold of its front. Upwards and downwards it stops above and below the patient.
    pub fn orbit_by(&mut self, delta: [f64; 2], size: [f64; 2]) {
        let turn = TURN_PER_SIDE / shorter_side(size);
        let (sin, cos) = self.roll.sin_cos();
        // In the picture as it was before it was rolled.
        let [right, down] = [delta[0] * cos + delta[1] * sin, delta[1] * cos - delta[0] * sin].map(|d| d * turn);
        if right.is_finite() && down.is_finite() {
            self.azimuth = (self.azimuth + right) % (2.0 * PI);
            self.elevation = (self.elevation + down).clamp(-FRAC_PI_2, FRAC_PI_2);
        }
    }

    /// Turns the picture clockwise around the line of sight.
    pub fn roll_by(&mut self, radians: f64) {
        if radians.is_finite() {
            self.roll = (self.roll + radians) % (2.0 * PI);
        }
    }

    /// Moves the picture by a screen distance, at most as far as the fitted view is wide.
    pub fn pan_by(&mut self, delta: [f64; 2], size: [f64; 2]) {
        let mm = delta.map(|d| d / self.units_per_mm(size));
        let [right, up, _] = self.axes();
        self.centre_on(add(self.centre_mm, add(scaled(right, -mm[0]), scaled(up, mm[1]))));
    }

    /// Brings a world point into the middle of the view, to walk around it; no farther away than the fitted view is wide.
    pub fn centre_on(&mut self, world_mm: [f64; 3]) {
        let away = minus(world_mm, self.fitted.centre_mm);
        let distance = length(away);
        if distance.is_finite() {
            let share = (self.fitted.view_mm / distance).min(1.0);
            self.centre_mm = add(self.fitted.centre_mm, scaled(away, share));
        }
    }

    /// Zooms in by `factor` so that what is under `pointer` stays under it.
    pub fn zoom_at(&mut self, pointer: [f64; 2], size: [f64; 2], factor: f64) {
        let before = self.sight_line(pointer, size).origin_mm;
        let [closest, farthest] = ZOOM_SHARES.map(|share| share * self.fitted.view_mm);
        let wanted = self.view_mm / factor;
        if factor > 0.0 && !wanted.is_nan() {
            self.view_mm = wanted.clamp(closest, farthest);
            let after = self.sight_line(pointer, size).origin_mm;
            self.centre_on(add(self.centre_mm, minus(before, after)));
        }
    }

    pub fn centre_mm(&self) -> [f64; 3] {
        self.centre_mm
    }

    /// Screen units per mm: a length in mm at right angles to the line of sight times this is its length on the screen.
    pub fn units_per_mm(&self, size: [f64; 2]) -> f64 {
        shorter_side(size) / self.view_mm
    }

    /// Unit vectors in world space: to the right of the screen, to its top, and towards the viewer.
    pub fn axes(&self) -> [[f64; 3]; 3] {
        let ((sin_a, cos_a), (sin_e, cos_e)) = (self.azimuth.sin_cos(), self.elevation.sin_cos());
        let towards = [cos_e * sin_a, cos_e * cos_a, sin_e];
        let level = [-cos_a, sin_a, 0.0];
        let upright = cross(towards, level);
        let (sin_r, cos_r) = self.roll.sin_cos();
        let right = add(scaled(level, cos_r), scaled(upright, sin_r));
        [right, cross(towards, right), towards]
    }

    /// What is seen at a screen position: a line away from the viewer. Its origin is level with the middle of the view.
    pub fn sight_line(&self, screen: [f64; 2], size: [f64; 2]) -> SightLine {
        let [right, up, towards] = self.axes();
        let mm: [f64; 2] = std::array::from_fn(|i| (screen[i] - size[i] / 2.0) / self.units_per_mm(size));
        let origin_mm = add(self.centre_mm, add(scaled(right, mm[0]), scaled(up, -mm[1])));
        SightLine { origin_mm, direction: scaled(towards, -1.0) }
    }

    /// Where a world point is seen.
    pub fn screen_from_world(&self, world_mm: [f64; 3], size: [f64; 2]) -> [f64; 2] {
        let [right, up, _] = self.axes();
        let (from_centre, units) = (minus(world_mm, self.centre_mm), self.units_per_mm(size));
        [size[0] / 2.0 + units * dot(from_centre, right), size[1] / 2.0 - units * dot(from_centre, up)]
    }

    /// How far in front of the middle of the view a world point lies, mm; negative behind it.
    pub fn height_mm(&self, world_mm: [f64; 3]) -> f64 {
        let [_, _, towards] = self.axes();
        dot(minus(world_mm, self.centre_mm), towards)
    }

    /// Where an anatomical direction leads on the screen: parts of its unit vector to the right, down and towards the viewer.
    pub fn on_screen(&self, direction: AnatomicalDirection) -> [f64; 3] {
        let [right, up, towards] = self.axes().map(|axis| dot(axis, direction.unit()));
        [right, -up, towards]
    }

    /// From world (mm) to clip space, by columns. Depth 0 is `reach_mm` in front of the middle of the view, depth 1 is as far
    /// behind it.
    pub fn clip_from_world(&self, size: [f64; 2], reach_mm: f64) -> [[f32; 4]; 4] {
        let [right, up, towards] = self.axes();
        let units = self.units_per_mm(size);
        let rows = [
            (scaled(right, 2.0 * units / size[0]), 0.0),
            (scaled(up, 2.0 * units / size[1]), 0.0),
            (scaled(towards, -0.5 / reach_mm), 0.5),
        ];
        let mut columns = [[0.0; 4]; 4];
        for (row, (direction, at_centre)) in rows.into_iter().enumerate() {
            for axis in 0..3 {
                columns[axis][row] = direction[axis] as f32;
            }
            columns[3][row] = (at_centre - dot(direction, self.centre_mm)) as f32;
        }
        columns[3][3] = 1.0;
        columns
    }
}

/// 1 for a view without area, which keeps quotients finite.
fn shorter_side(size: [f64; 2]) -> f64 {
    let side = size[0].min(size[1]);
    if side.is_finite() && side > 0.0 { side } else { 1.0 }
}

#[cfg(test)]
mod tests;

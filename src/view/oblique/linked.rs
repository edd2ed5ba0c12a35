//! Three perpendicular planes that turn about the crosshair.

use super::ObliquePlane;
use crate::geometry::vector::{cross, dot, scaled, unit, without};
use crate::geometry::{Affine, Extent, Orientation, PatientSide, Plane, SliceAxes};

/// Cosine of the angle, 0.003 degrees, up to which a plane counts as straight: far below a pixel at the edge of a view.
const STRAIGHT: f64 = 1.0 - 1e-9;

/// The planes of the three slice views. They always meet at right angles in the cross.
///
/// Turning works as in MITK's rotation mode: in one view the lines of the other two planes are turned about the cross;
/// that view's own plane stays where it is.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkedPlanes {
    /// In the order of [`Plane::ALL`]; all have the cross as their centre.
    planes: [ObliquePlane; 3],
    /// Along the voxel axes.
    straight: [ObliquePlane; 3],
    side: PatientSide,
    /// Centres of the eight corner voxels, world mm.
    corners_mm: [[f64; 3]; 8],
    step_mm: f64,
}

impl LinkedPlanes {
    /// Along the voxel axes, as the slice views show them, through the middle of the volume. Of a sheared grid the x axis
    /// is kept and the others are made perpendicular. `None` for an affine that is not usable.
    pub fn new(affine: &Affine, extent: Extent, side: PatientSide) -> Option<Self> {
        affine.inverse()?;
        let directions = perpendicular_axes(affine)?;
        let orientation = Orientation::from_affine(affine);
        let last = extent.to_array().map(|n| (n - 1) as f64);
        let middle = affine.world_from_voxel(last.map(|c| c / 2.0));
        let along = |plane| {
            let axes = SliceAxes::new(plane, &orientation, side);
            let [right, down, normal] = [axes.right, axes.down, axes.normal]
                .map(|a| scaled(directions[a.axis], if a.reversed { -1.0 } else { 1.0 }));
            ObliquePlane::new(middle, right, down, normal)
        };
        let [axial, coronal, sagittal] = Plane::ALL.map(along);
        let planes = [axial?, coronal?, sagittal?];
        let corner =
            |i: usize| affine.world_from_voxel(std::array::from_fn(|a| if i >> a & 1 == 1 { last[a] } else { 0.0 }));
        let step_mm = affine.spacing_mm().into_iter().fold(f64::INFINITY, f64::min);
        Some(Self { planes, straight: planes, side, corners_mm: std::array::from_fn(corner), step_mm })
    }

    pub fn plane(&self, view: Plane) -> &ObliquePlane {
        &self.planes[view as usize]
    }

    /// Where the planes meet, world mm.
    pub fn cross_mm(&self) -> [f64; 3] {
        self.planes[0].centre_mm()
    }

    /// Lets the planes meet elsewhere; a position that is not finite is ignored.
    pub fn move_cross(&mut self, world: [f64; 3]) {
        if world.iter().all(|c| c.is_finite()) {
            self.planes = self.planes.map(|plane| plane.through(world));
        }
    }

    /// Turns the lines of the other two planes in `view` about the cross, clockwise on the screen.
    pub fn turn(&mut self, view: Plane, degrees: f64) {
        if !degrees.is_finite() {
            return;
        }
        let (own, radians) = (*self.plane(view), (degrees % 360.0).to_radians());
        let axis = cross(own.right(), own.down());
        let [first, second] = view.others().map(|other| self.plane(other).turned(axis, radians));
        // Rounding must not add up over a day of turning: each normal is made perpendicular to those before it.
        let first_normal = unit(without(first.normal(), own.normal())).unwrap_or(first.normal());
        let across = cross(own.normal(), first_normal);
        let second_normal = if dot(across, second.normal()) < 0.0 { scaled(across, -1.0) } else { across };
        let [a, b] = view.others().map(|other| other as usize);
        self.planes[a] = first.with_normal(first_normal);
        self.planes[b] = second.with_normal(second_normal);
    }

    /// Turns as [`Self::turn`] until the line of `other` in `view` runs along `direction` (right, down on the screen); a
    /// line has no head, so the nearer way is taken. A direction without length turns nothing.
    pub fn turn_to(&mut self, view: Plane, other: Plane, direction: [f64; 2]) {
        let [[x, y], [u, v]] = [self.line_in(view, other), direction];
        let degrees = (x * v - y * u).atan2(x * u + y * v).to_degrees();
        let back = if degrees.abs() > 90.0 { 180f64.copysign(degrees) } else { 0.0 };
        self.turn(view, degrees - back);
    }

    /// Along the voxel axes again; the cross stays.
    pub fn reset(&mut self) {
        let cross = self.cross_mm();
        self.planes = self.straight.map(|plane| plane.through(cross));
    }

    /// Whether any plane has left the voxel axes.
    pub fn is_turned(&self) -> bool {
        Plane::ALL.into_iter().any(|view| self.is_view_turned(view))
    }

    /// Whether the plane of a view has left the voxel axes.
    pub fn is_view_turned(&self, view: Plane) -> bool {
        let (now, start) = (self.plane(view), &self.straight[view as usize]);
        dot(now.right(), start.right()).min(dot(now.down(), start.down())) < STRAIGHT
    }

    /// By how much the plane of a view is turned out of the voxel axes, 0 to 180: the angle of the one rotation that leads
    /// there, from the trace of its matrix.
    pub fn turned_degrees(&self, view: Plane) -> f64 {
        let (now, start) = (self.plane(view), &self.straight[view as usize]);
        let trace = dot(now.right(), start.right()) + dot(now.down(), start.down()) + dot(now.normal(), start.normal());
        ((trace - 1.0) / 2.0).clamp(-1.0, 1.0).acos().to_degrees()
    }

    /// Mirrors the axial and the coronal view, also while they are turned.
    pub fn set_patient_side(&mut self, side: PatientSide) {
        if self.side != side {
            self.side = side;
            for view in [Plane::Axial, Plane::Coronal].map(|view| view as usize) {
                self.planes[view] = self.planes[view].mirrored();
                self.straight[view] = self.straight[view].mirrored();
            }
        }
    }

    /// The direction, right and down on the screen, of the line in which the plane of `other` cuts `view`. Length 1, or 0
    /// if they are the same view.
    pub fn line_in(&self, view: Plane, other: Plane) -> [f64; 2] {
        let (own, line) = (self.plane(view), cross(self.plane(view).normal(), self.plane(other).normal()));
        [dot(line, own.right()), dot(line, own.down())]
    }

    /// Walks `steps` of the smallest voxel spacing along the normal of `view` (towards superior, anterior or right as long
    /// as nothing is turned), carrying the cross along. Stops at the outermost voxel centres.
    pub fn step(&mut self, view: Plane, steps: i64) {
        let [low, high] = self.range_mm(view);
        // A cross outside the volume may stay there, but not go farther.
        let by = (steps as f64 * self.step_mm).clamp(low.min(0.0), high.max(0.0));
        let (cross, normal) = (self.cross_mm(), self.plane(view).normal());
        self.move_cross(std::array::from_fn(|i| cross[i] + by * normal[i]));
    }

    /// Which of how many steps the plane of `view` is at, counted from 1.
    pub fn step_number(&self, view: Plane) -> (usize, usize) {
        let [low, high] = self.range_mm(view);
        // Both are finite and not negative; a cast of a float saturates.
        let count = ((high - low) / self.step_mm).round().max(0.0) as usize + 1;
        let number = (-low / self.step_mm).round().max(0.0) as usize + 1;
        (number.min(count), count)
    }

    /// From the plane of `view` to the first and the last voxel centre along its normal, mm.
    fn range_mm(&self, view: Plane) -> [f64; 2] {
        let heights = self.corners_mm.map(|corner| self.plane(view).height_mm(corner));
        [heights.into_iter().fold(f64::INFINITY, f64::min), heights.into_iter().fold(f64::NEG_INFINITY, f64::max)]
    }
}

/// Unit vectors along the voxel axes, the second and third made perpendicular to those before them.
fn perpendicular_axes(affine: &Affine) -> Option<[[f64; 3]; 3]> {
    let [x, y, z] = [unit(affine.column(0))?, unit(affine.column(1))?, unit(affine.column(2))?];
    let y = unit(without(y, x))?;
    let across = cross(x, y);
    Some([x, y, if dot(across, z) < 0.0 { scaled(across, -1.0) } else { across }])
}

#[cfg(test)]
mod tests;

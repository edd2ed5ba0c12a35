//! A plane at any angle.

use crate::geometry::AnatomicalDirection;
use crate::geometry::vector::{cross, dot, minus, scaled, unit, without};

/// Share of a direction's length from which its second anatomical letter is shown: the sine of 10 degrees. A slice tilted
/// by less is read as straight.
const SECOND_LETTER: f64 = 0.173_648_177_666_930_35;

/// A plane in world space (RAS mm) as a view shows it. The three directions have length 1 and are perpendicular.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ObliquePlane {
    centre_mm: [f64; 3],
    right: [f64; 3],
    down: [f64; 3],
    normal: [f64; 3],
}

impl ObliquePlane {
    /// `right` keeps its direction, `down` is made perpendicular to it, and the normal points to the side that `towards`
    /// is on. `None` if right and down are parallel, or anything is not finite.
    pub fn new(centre_mm: [f64; 3], right: [f64; 3], down: [f64; 3], towards: [f64; 3]) -> Option<Self> {
        let (right, down) = (unit(right)?, unit(down)?);
        let down = unit(without(down, right))?;
        // Once more: of nearly parallel directions the first leaves rounding behind.
        let down = unit(without(down, right))?;
        let normal = cross(right, down);
        let normal = if dot(normal, towards) < 0.0 { scaled(normal, -1.0) } else { normal };
        centre_mm.iter().all(|c| c.is_finite()).then_some(Self { centre_mm, right, down, normal })
    }

    /// A point of the plane: where the linked planes meet, mm.
    pub fn centre_mm(&self) -> [f64; 3] {
        self.centre_mm
    }

    /// The direction that runs right on the screen.
    pub fn right(&self) -> [f64; 3] {
        self.right
    }

    /// The direction that runs down on the screen.
    pub fn down(&self) -> [f64; 3] {
        self.down
    }

    /// The direction in which the slice number grows.
    pub fn normal(&self) -> [f64; 3] {
        self.normal
    }

    /// The same directions through another point.
    pub fn through(self, centre_mm: [f64; 3]) -> Self {
        Self { centre_mm, ..self }
    }

    /// How far a point lies from the centre to the right and down, mm; what leads out of the plane is left out.
    pub fn in_plane_mm(&self, world: [f64; 3]) -> [f64; 2] {
        let away = minus(world, self.centre_mm);
        [dot(away, self.right), dot(away, self.down)]
    }

    /// How far a point lies in front of the plane along the normal, mm.
    pub fn height_mm(&self, world: [f64; 3]) -> f64 {
        dot(minus(world, self.centre_mm), self.normal)
    }

    /// The directions turned about the unit vector `axis`, counter-clockwise for who looks against it.
    pub(super) fn turned(self, axis: [f64; 3], radians: f64) -> Self {
        let (sine, cosine) = radians.sin_cos();
        // Rodrigues' formula.
        let turn = |v: [f64; 3]| {
            let (aside, along) = (cross(axis, v), dot(axis, v) * (1.0 - cosine));
            std::array::from_fn(|i| v[i] * cosine + aside[i] * sine + axis[i] * along)
        };
        Self { right: turn(self.right), down: turn(self.down), normal: turn(self.normal), ..self }
    }

    /// Turned by as little as it takes to have the unit vector `normal`; itself if that lies in the plane.
    pub(super) fn with_normal(self, normal: [f64; 3]) -> Self {
        Self::new(self.centre_mm, without(self.right, normal), without(self.down, normal), normal)
            .map_or(self, |plane| Self { normal, ..plane })
    }

    /// The same plane seen from behind.
    pub(super) fn mirrored(self) -> Self {
        Self { right: scaled(self.right, -1.0), ..self }
    }

    /// Anatomical letters at the left, right, top and bottom edge: the nearest direction, and the second nearest where the
    /// edge faces it too (`A`, `AR`).
    pub fn edge_letters(&self) -> [String; 4] {
        [scaled(self.right, -1.0), self.right, scaled(self.down, -1.0), self.down].map(letters)
    }
}

/// At most two letters for a unit vector.
fn letters(direction: [f64; 3]) -> String {
    let mut axes = [0, 1, 2];
    axes.sort_by(|&a, &b| direction[b].abs().total_cmp(&direction[a].abs()));
    let shown =
        axes.iter().take(2).enumerate().filter(|&(rank, &axis)| rank == 0 || direction[axis].abs() > SECOND_LETTER);
    shown.map(|(_, &axis)| AnatomicalDirection::from_world_axis(axis, direction[axis] < 0.0).letter()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::vector::length;
    use proptest::prelude::*;

    fn vectors() -> impl Strategy<Value = [f64; 3]> {
        prop::array::uniform3(-10.0..10.0f64)
    }

    proptest! {
        #[test]
        fn directions_are_perpendicular_whatever_they_are_made_from(
            centre in vectors(), right in vectors(), down in vectors(), towards in vectors(), scale in -200..200i32,
        ) {
            let right = scaled(right, 10f64.powi(scale));
            let Some(p) = ObliquePlane::new(centre, right, down, towards) else { return Ok(()) };
            for (a, b) in [(p.right, p.down), (p.down, p.normal), (p.normal, p.right)] {
                prop_assert!(dot(a, b).abs() < 1e-12 && (length(a) - 1.0).abs() < 1e-12);
            }
            prop_assert!(dot(p.normal, towards) >= -1e-9 && length(cross(p.right, unit(right).unwrap())) < 1e-12);
        }

        #[test]
        fn a_point_is_its_way_in_the_plane_and_its_height(centre in vectors(), right in vectors(), down in vectors(), point in vectors()) {
            let Some(p) = ObliquePlane::new(centre, right, down, [0.0, 0.0, 1.0]) else { return Ok(()) };
            let [x, y] = p.in_plane_mm(point);
            let z = p.height_mm(point);
            let built: [f64; 3] = std::array::from_fn(|i| p.centre_mm[i] + x * p.right[i] + y * p.down[i] + z * p.normal[i]);
            prop_assert!(length(minus(built, point)) < 1e-9);
        }
    }

    #[test]
    fn a_second_letter_appears_once_an_edge_faces_it() {
        let at = |degrees: f64| {
            let (s, c) = degrees.to_radians().sin_cos();
            letters([s, c, 0.0])
        };
        assert_eq!([0.0, 9.9, 10.1, 44.0, 46.0, 81.0, 180.0].map(at), ["A", "A", "AR", "AR", "RA", "R", "P"]);
        assert_eq!(letters([-0.6, 0.5, -0.62]), "IL");
    }

    #[test]
    fn the_edges_of_a_straight_axial_plane_have_one_letter() {
        let plane = ObliquePlane::new([0.0; 3], [-2.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, 1.0]).unwrap();
        assert_eq!(plane.edge_letters(), ["R", "L", "A", "P"]);
        assert_eq!(plane.normal(), [0.0, 0.0, 1.0]);
    }

    #[test]
    fn parallel_directions_and_what_is_not_finite_make_no_plane() {
        assert_eq!(ObliquePlane::new([0.0; 3], [1.0, 0.0, 0.0], [-3.0, 0.0, 0.0], [0.0; 3]), None);
        assert_eq!(ObliquePlane::new([0.0, f64::NAN, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0; 3]), None);
        assert_eq!(ObliquePlane::new([0.0; 3], [0.0; 3], [0.0, 1.0, 0.0], [0.0; 3]), None);
    }
}

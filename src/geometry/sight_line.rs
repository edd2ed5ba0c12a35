//! Straight lines through the patient and what they hit.

use super::vector::{add, cross, dot, minus, scaled};

/// Triangles whose plane is tilted less than this against the line are seen edge-on and not hit. Relative to the lengths of
/// the edges, so that it means the same for every size.
const EDGE_ON: f64 = 1e-12;

/// A line in world space (RAS mm), endless at both ends: who looks along parallel lines stands nowhere on them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SightLine {
    pub origin_mm: [f64; 3],
    /// Unit vector, away from the viewer.
    pub direction: [f64; 3],
}

impl SightLine {
    /// The point at a signed distance from the origin.
    pub fn at(&self, distance_mm: f64) -> [f64; 3] {
        add(self.origin_mm, scaled(self.direction, distance_mm))
    }

    /// Whether the line passes through the box between two corners, its faces included.
    pub fn meets_box(&self, [lo, hi]: [[f64; 3]; 2]) -> bool {
        let mut inside = [f64::NEG_INFINITY, f64::INFINITY];
        for axis in 0..3 {
            let (from, to) = (lo[axis] - self.origin_mm[axis], hi[axis] - self.origin_mm[axis]);
            let step = self.direction[axis];
            if step == 0.0 {
                if !(from <= 0.0 && to >= 0.0) {
                    return false;
                }
            } else {
                let (a, b) = (from / step, to / step);
                inside = [inside[0].max(a.min(b)), inside[1].min(a.max(b))];
            }
        }
        inside[0] <= inside[1]
    }

    /// Signed distance from the origin to a triangle, from either side; `None` if the line misses it, sees it edge-on or
    /// a coordinate is not finite. Moeller and Trumbore 1997: Fast, minimum storage ray-triangle intersection.
    pub fn triangle_distance_mm(&self, [a, b, c]: [[f64; 3]; 3]) -> Option<f64> {
        let (ab, ac) = (minus(b, a), minus(c, a));
        let p = cross(self.direction, ac);
        let determinant = dot(ab, p);
        let scale = (dot(ab, ab) * dot(ac, ac)).sqrt();
        // False for NaN.
        let is_open = determinant.abs() > EDGE_ON * scale;
        if !is_open {
            return None;
        }
        let from_a = minus(self.origin_mm, a);
        let u = dot(from_a, p) / determinant;
        let q = cross(from_a, ab);
        let v = dot(self.direction, q) / determinant;
        let distance = dot(ac, q) / determinant;
        (u >= 0.0 && v >= 0.0 && u + v <= 1.0 && distance.is_finite()).then_some(distance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::vector::unit;
    use proptest::prelude::*;

    fn points() -> impl Strategy<Value = [f64; 3]> {
        prop::array::uniform3(-20.0..20.0f64)
    }

    proptest! {
        #[test]
        fn a_line_through_a_point_of_a_triangle_hits_it_there(
            a in points(), b in points(), c in points(), origin in points(), u in 0.01..0.49f64, v in 0.01..0.49f64,
        ) {
            let target = add(a, add(scaled(minus(b, a), u), scaled(minus(c, a), v)));
            let Some(direction) = unit(minus(target, origin)) else { return Ok(()) };
            let normal = unit(cross(minus(b, a), minus(c, a)));
            prop_assume!(normal.is_some_and(|n| dot(n, direction).abs() > 1e-3));
            let line = SightLine { origin_mm: origin, direction };
            let distance = line.triangle_distance_mm([a, b, c]).unwrap();
            for (found, wanted) in line.at(distance).iter().zip(target) {
                prop_assert!((found - wanted).abs() < 1e-6);
            }
            prop_assert!(line.triangle_distance_mm([a, c, b]).is_some(), "the other side counts too");
        }

        #[test]
        fn a_line_beside_the_triangle_misses_it(
            a in points(), b in points(), c in points(), u in 0.05..3.0f64, v in 0.05..3.0f64, direction in points(),
        ) {
            let outside = add(a, add(scaled(minus(b, a), -u), scaled(minus(c, a), v)));
            let Some(direction) = unit(direction) else { return Ok(()) };
            let normal = unit(cross(minus(b, a), minus(c, a)));
            prop_assume!(normal.is_some_and(|n| dot(n, direction).abs() > 1e-2));
            prop_assert_eq!(SightLine { origin_mm: outside, direction }.triangle_distance_mm([a, b, c]), None);
        }

        #[test]
        fn a_line_meets_a_box_if_it_passes_a_point_in_it(lo in points(), size in prop::array::uniform3(0.0..9.0f64), share in prop::array::uniform3(0.0..1.0f64), origin in points()) {
            let hi = add(lo, size);
            let target: [f64; 3] = std::array::from_fn(|i| lo[i] + (0.01 + 0.98 * share[i]) * size[i]);
            let Some(direction) = unit(minus(target, origin)) else { return Ok(()) };
            let grown = [lo.map(|c| c - 1e-9), hi.map(|c| c + 1e-9)];
            let line = SightLine { origin_mm: origin, direction };
            prop_assert!(line.meets_box(grown));
        }
    }

    #[test]
    fn a_line_along_an_axis_meets_only_boxes_on_its_way_also_behind_its_origin() {
        let line = SightLine { origin_mm: [0.0; 3], direction: [0.0, 0.0, 1.0] };
        assert!(line.meets_box([[-1.0, -1.0, -9.0], [1.0, 1.0, -8.0]]));
        assert!(!line.meets_box([[0.5, -1.0, 3.0], [1.0, 1.0, 4.0]]));
        assert!(!line.meets_box([[f64::NAN; 3]; 2]));
    }

    #[test]
    fn triangles_without_area_or_with_nan_are_not_hit() {
        let line = SightLine { origin_mm: [0.0; 3], direction: [0.0, 0.0, 1.0] };
        assert_eq!(line.triangle_distance_mm([[0.0; 3]; 3]), None);
        assert_eq!(line.triangle_distance_mm([[f64::NAN, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]), None);
    }
}

//! The angle between two lines that meet.

use serde::{Deserialize, Serialize};

use super::text;
use crate::geometry::vector::{cross, dot, length, minus, unit};

/// The angle at `vertex` between the lines to `a` and to `b`; world mm.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Angle {
    pub a: [f64; 3],
    pub vertex: [f64; 3],
    pub b: [f64; 3],
}

impl Angle {
    /// 0 to 180; `None` while a line has no length.
    pub fn degrees(&self) -> Option<f64> {
        let (to_a, to_b) = (unit(minus(self.a, self.vertex))?, unit(minus(self.b, self.vertex))?);
        // Exact also near 0 and 180 degrees, where the arc cosine loses half of its digits.
        Some(length(cross(to_a, to_b)).atan2(dot(to_a, to_b)).to_degrees())
    }

    /// `37.5°`.
    pub fn label_text(&self) -> String {
        self.degrees().map_or_else(|| text::NOTHING.to_owned(), |degrees| format!("{degrees:.1}°"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_angle_that_was_drawn_is_measured_wherever_it_lies(
            degrees in 0.0..180.0f64, arms in prop::array::uniform2(0.01..300.0f64), vertex in prop::array::uniform3(-200.0..200.0f64),
            turn in 0.0..360.0f64,
        ) {
            let at = |degrees: f64, arm: f64| {
                let (s, c) = degrees.to_radians().sin_cos();
                let (ts, tc) = turn.to_radians().sin_cos();
                [vertex[0] + arm * c, vertex[1] + arm * s * tc, vertex[2] + arm * s * ts]
            };
            let angle = Angle { a: at(20.0, arms[0]), vertex, b: at(20.0 + degrees, arms[1]) };
            prop_assert!((angle.degrees().unwrap() - degrees).abs() < 1e-6);
        }
    }

    #[test]
    fn voxels_that_are_not_cubes_are_measured_in_mm() {
        // One voxel to the right and one up: 45 degrees only if the voxel is square.
        let angle = Angle { a: [1.0, 0.0, 0.0], vertex: [0.0; 3], b: [1.0, 3f64.sqrt(), 0.0] };
        assert_eq!(angle.label_text(), "60.0°");
    }

    #[test]
    fn an_arm_without_length_has_no_angle() {
        let angle = Angle { a: [1.0; 3], vertex: [1.0; 3], b: [2.0; 3] };
        assert_eq!((angle.degrees(), angle.label_text()), (None, "–".to_owned()));
        assert_eq!(Angle { a: [f64::NAN; 3], ..angle }.degrees(), None);
    }
}

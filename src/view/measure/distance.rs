//! How far two points are apart.

use serde::{Deserialize, Serialize};

use super::text;
use crate::geometry::vector::{length, minus};

/// A straight line between two points, world mm.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Distance {
    pub a: [f64; 3],
    pub b: [f64; 3],
}

impl Distance {
    pub fn length_mm(&self) -> f64 {
        length(minus(self.b, self.a))
    }

    /// `12.4 mm`.
    pub fn label_text(&self) -> String {
        text::length(self.length_mm())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Affine;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_distance_is_the_affines_distance_in_mm_also_where_it_shears(
            m in prop::array::uniform3(prop::array::uniform4(-5.0f64..5.0)),
            from in prop::array::uniform3(-90.0..90.0f64), step in prop::array::uniform3(-40.0..40.0f64),
        ) {
            let affine = Affine { rows: m };
            let to = std::array::from_fn(|a| from[a] + step[a]);
            let distance = Distance { a: affine.world_from_voxel(from), b: affine.world_from_voxel(to) };
            // The square of the length of a voxel step s is s' (M' M) s.
            let metric = |i: usize, j: usize| affine.column(i).iter().zip(affine.column(j)).map(|(a, b)| a * b).sum::<f64>();
            let squared: f64 = (0..9).map(|k| step[k / 3] * metric(k / 3, k % 3) * step[k % 3]).sum();
            prop_assert!((distance.length_mm() - squared.max(0.0).sqrt()).abs() < 1e-6 * (1.0 + squared));
        }
    }

    #[test]
    fn three_steps_along_a_thick_axis_are_three_slice_thicknesses() {
        let affine = Affine::from_spacing([0.5, 0.5, 4.0]);
        let along = |v| affine.world_from_voxel(v);
        let distance = Distance { a: along([1.0, 1.0, 1.0]), b: along([1.0, 1.0, 4.0]) };
        assert_eq!((distance.length_mm(), distance.label_text()), (12.0, "12.0 mm".to_owned()));
    }
}

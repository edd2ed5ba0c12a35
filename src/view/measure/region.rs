//! A rectangle or an ellipse in a slice.

use serde::{Deserialize, Serialize};

use crate::geometry::vector::{add, cross, dot, length, minus, scaled};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RegionShape {
    Rectangle,
    /// The ellipse that touches the sides of the rectangle in their middles.
    Ellipse,
}

/// A flat region, world mm. Its four handles are the corners of the rectangle, in order around it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Region {
    shape: RegionShape,
    centre: [f64; 3],
    /// Directions of the sides, of length 1; kept also while the region has no width.
    right: [f64; 3],
    down: [f64; 3],
    /// Half the sides; negative once a corner was dragged across the opposite one.
    half_mm: [f64; 2],
}

/// On which side of the centre each handle lies.
const CORNERS: [[f64; 2]; 4] = [[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]];

impl Region {
    pub const HANDLE_COUNT: usize = CORNERS.len();

    /// From the corner where a drag began to the opposite one, in the slice that the unit vectors `right` and `down`
    /// span. They need not be perpendicular: the slices of a sheared grid have slanted sides.
    pub fn between(shape: RegionShape, corner: [f64; 3], opposite: [f64; 3], [right, down]: [[f64; 3]; 2]) -> Self {
        let mut region = Self { shape, centre: corner, right, down, half_mm: [0.0; 2] };
        region.move_handle(2, opposite);
        region
    }

    pub fn shape(&self) -> RegionShape {
        self.shape
    }

    pub fn centre(&self) -> [f64; 3] {
        self.centre
    }

    /// From the centre to the middle of two sides that meet, world mm.
    pub fn half_sides(&self) -> [[f64; 3]; 2] {
        [scaled(self.right, self.half_mm[0]), scaled(self.down, self.half_mm[1])]
    }

    pub fn handles(&self) -> [[f64; 3]; Self::HANDLE_COUNT] {
        CORNERS.map(|corner| self.corner(corner))
    }

    /// Drags a corner (0 to 3) within the slice; the opposite one stays. Does nothing for another number.
    pub fn move_handle(&mut self, handle: usize, to: [f64; 3]) {
        let Some(&[x, y]) = CORNERS.get(handle) else { return };
        let fixed = self.corner([-x, -y]);
        let Some([across, along]) = self.in_plane(minus(to, fixed)) else { return };
        self.centre = add(fixed, add(scaled(self.right, across / 2.0), scaled(self.down, along / 2.0)));
        self.half_mm = [x * across / 2.0, y * along / 2.0];
    }

    pub fn area_mm2(&self) -> f64 {
        let [right, down] = self.half_sides();
        let quarter = length(cross(right, down));
        match self.shape {
            RegionShape::Rectangle => 4.0 * quarter,
            RegionShape::Ellipse => std::f64::consts::PI * quarter,
        }
    }

    fn corner(&self, [x, y]: [f64; 2]) -> [f64; 3] {
        let [right, down] = self.half_sides();
        add(self.centre, add(scaled(right, x), scaled(down, y)))
    }

    /// How far a step leads along `right` and along `down`, leaving out what leads out of the slice; `None` if they span none.
    fn in_plane(&self, step: [f64; 3]) -> Option<[f64; 2]> {
        let (rr, rd, dd) = (dot(self.right, self.right), dot(self.right, self.down), dot(self.down, self.down));
        let (r, d) = (dot(step, self.right), dot(step, self.down));
        let determinant = rr * dd - rd * rd;
        let solved = [(r * dd - d * rd) / determinant, (d * rr - r * rd) / determinant];
        solved.iter().all(|s| s.is_finite()).then_some(solved)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const AXIAL: [[f64; 3]; 2] = [[-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]];

    fn close(a: [f64; 3], b: [f64; 3]) -> bool {
        length(minus(a, b)) < 1e-9
    }

    proptest! {
        #[test]
        fn a_dragged_corner_lies_under_the_pointer_and_its_opposite_stays(
            corners in prop::array::uniform2(prop::array::uniform2(-80.0..80.0f64)), moves in prop::collection::vec((0usize..4, -80.0..80.0f64, -80.0..80.0f64), 1..6),
        ) {
            let [a, b] = corners.map(|[x, y]| [x, y, 7.0]);
            let mut region = Region::between(RegionShape::Rectangle, a, b, AXIAL);
            prop_assert!(close(region.handles()[0], a) && close(region.handles()[2], b));
            prop_assert!((region.area_mm2() - ((a[0] - b[0]) * (a[1] - b[1])).abs()).abs() < 1e-9);
            for (handle, x, y) in moves {
                let opposite = region.handles()[(handle + 2) % 4];
                region.move_handle(handle, [x, y, 7.0]);
                prop_assert!(close(region.handles()[handle], [x, y, 7.0]));
                prop_assert!(close(region.handles()[(handle + 2) % 4], opposite));
            }
        }
    }

    #[test]
    fn a_region_that_was_collapsed_can_be_opened_again() {
        let mut region = Region::between(RegionShape::Ellipse, [0.0; 3], [0.0; 3], AXIAL);
        assert_eq!(region.area_mm2(), 0.0);
        region.move_handle(2, [4.0, -2.0, 0.0]);
        assert!((region.area_mm2() - std::f64::consts::PI * 2.0).abs() < 1e-12);
    }

    #[test]
    fn a_drag_out_of_the_slice_stays_in_it_and_nonsense_changes_nothing() {
        let mut region = Region::between(RegionShape::Rectangle, [0.0, 0.0, 5.0], [2.0, 2.0, 9.0], AXIAL);
        assert!(close(region.handles()[2], [2.0, 2.0, 5.0]));
        let before = region;
        region.move_handle(1, [f64::NAN, 0.0, 0.0]);
        region.move_handle(4, [1.0, 1.0, 1.0]);
        assert_eq!(region, before);
        let flat = Region::between(RegionShape::Rectangle, [0.0; 3], [2.0; 3], [AXIAL[0]; 2]);
        assert_eq!(flat.area_mm2(), 0.0);
    }

    #[test]
    fn slanted_sides_enclose_the_area_of_the_parallelogram() {
        let slanted = [[1.0, 0.0, 0.0], [0.6, 0.8, 0.0]];
        let region = Region::between(RegionShape::Rectangle, [0.0; 3], [16.0, 8.0, 0.0], slanted);
        // The sides are 10 mm and 10 mm long, 8 mm apart.
        assert!((region.area_mm2() - 80.0).abs() < 1e-9);
    }
}

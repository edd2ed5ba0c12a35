//! Signed distance from the rim of a shape in a plane.

use crate::geometry::Voxel;
use crate::label::signed_distance_mm;
use crate::volume::Grid;

/// In mm: below zero inside, above zero outside. Extent `(u, v, 1)`.
pub(super) struct Field {
    distance_mm: Grid<f32>,
    spacing_mm: [f64; 2],
}

impl Field {
    /// From a mask of extent `(u, v, 1)`. The rim lies half a voxel from the centres on both sides of it.
    pub(super) fn new(mask: &Grid<bool>, spacing_mm: [f64; 2]) -> Self {
        let [u, v] = spacing_mm;
        let [width, height, _] = mask.extent().to_array();
        // Without inside or outside the rim is farther than the plane is wide.
        let farthest = (width as f64 * u).hypot(height as f64 * v) as f32;
        let half = (u.min(v) / 2.0) as f32;
        let from_centre_mm = signed_distance_mm(mask, [u, v, 1.0]);
        let distance_mm = from_centre_mm.map(|d| (d - half.copysign(*d)).clamp(-farthest, farthest));
        Self { distance_mm, spacing_mm }
    }

    /// At a position inside the extent.
    pub(super) fn at(&self, at: Voxel) -> f32 {
        self.distance_mm.at(at)
    }

    /// Between the positions, linearly; `position_mm` counts from the centre of position `(0, 0)`. Beyond the extent
    /// the way there is added.
    pub(super) fn sample(&self, position_mm: [f64; 2]) -> f32 {
        let size = self.distance_mm.extent().to_array();
        let position: [f64; 2] = std::array::from_fn(|a| position_mm[a] / self.spacing_mm[a]);
        let within: [f64; 2] = std::array::from_fn(|a| position[a].clamp(0.0, (size[a] - 1) as f64));
        let beyond = std::array::from_fn(|a| (position[a] - within[a]) * self.spacing_mm[a]);
        // Within the extent: the casts are exact.
        let lo = within.map(|p| p.floor() as usize);
        let hi: [usize; 2] = std::array::from_fn(|a| (lo[a] + 1).min(size[a] - 1));
        let share: [f64; 2] = std::array::from_fn(|a| within[a] - lo[a] as f64);
        let value = |x, y| f64::from(self.at(Voxel::new(x, y, 0)));
        let row = |y| value(lo[0], y) * (1.0 - share[0]) + value(hi[0], y) * share[0];
        let inside = row(lo[1]) * (1.0 - share[1]) + row(hi[1]) * share[1];
        let [u, v]: [f64; 2] = beyond;
        (inside + u.hypot(v)) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Extent;

    /// Positions 2, 3, 4 of a line of eight, 2 mm apart.
    fn bar() -> Field {
        let line = Extent::new(8, 1, 1).unwrap();
        Field::new(&Grid::from_fn(line, |v| (2..5).contains(&v.x)), [2.0, 2.0])
    }

    #[test]
    fn the_rim_lies_half_way_between_inside_and_outside() {
        let line: Vec<f32> = (0..8).map(|x| bar().at(Voxel::new(x, 0, 0))).collect();
        assert_eq!(line, [3.0, 1.0, -1.0, -3.0, -1.0, 1.0, 3.0, 5.0]);
    }

    #[test]
    fn samples_lie_between_the_positions_and_grow_beyond_the_extent() {
        assert_eq!(bar().sample([3.0, 0.0]), 0.0);
        assert_eq!(bar().sample([6.0, 0.0]), -3.0);
        assert_eq!(bar().sample([-4.0, 3.0]), 3.0 + 5.0);
    }

    #[test]
    fn a_mask_without_rim_is_far_inside_and_finite() {
        let full = Field::new(&Grid::filled(Extent::new(3, 4, 1).unwrap(), true), [1.0, 1.0]);
        assert_eq!(full.at(Voxel::new(1, 1, 0)), -5.0);
    }
}

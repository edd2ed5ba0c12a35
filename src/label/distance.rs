//! Exact Euclidean distances to a mask, and the surface of a mask.

use crate::geometry::Extent;
use crate::label::ClassId;
use crate::volume::Grid;

/// Distance in mm from every voxel centre to the nearest mask voxel centre; infinite everywhere if the mask is empty.
///
/// Lower envelope of parabolas, one axis after the other (Felzenszwalb & Huttenlocher 2012): exact for any spacing.
pub fn distance_transform_mm(mask: &Grid<bool>, spacing_mm: [f64; 3]) -> Grid<f32> {
    let extent = mask.extent();
    let lengths = extent.to_array();
    let strides = [1, extent.x(), extent.x() * extent.y()];
    let mut squared = mask.map(|&inside| if inside { 0.0 } else { f32::INFINITY });
    for axis in 0..3 {
        let mut line = DistanceLine::new(lengths[axis], spacing_mm[axis]);
        let (stride, block) = (strides[axis], strides[axis] * lengths[axis]);
        for block in squared.as_mut_slice().chunks_exact_mut(block) {
            for first in 0..stride {
                line.transform(&mut block[first..], stride);
            }
        }
    }
    squared.map(|s| s.sqrt())
}

/// Voxels unlike the default value (in a mask, or of any class above 0) with a 6-neighbour of another value; beyond the
/// border of the grid counts as another.
pub fn surface<T: Copy + Default + PartialEq>(grid: &Grid<T>) -> Grid<bool> {
    let extent = grid.extent();
    let values = grid.as_slice();
    let strides = [1, extent.x(), extent.x() * extent.y()];
    let mut edge = Grid::filled(extent, false);
    for (index, edge) in edge.as_mut_slice().iter_mut().enumerate() {
        let own = values[index];
        if own != T::default() {
            let at = extent.voxel(index).to_array();
            let enclosed = (0..3).all(|a| {
                let step = strides[a];
                at[a] > 0
                    && at[a] + 1 < extent.to_array()[a]
                    && values[index - step] == own
                    && values[index + step] == own
            });
            *edge = !enclosed;
        }
    }
    edge
}

/// Voxels at most `width` voxels (straight, whatever their size in mm) from a surface of a foreground class in any of
/// the maps, which must have the same extent. All false where no map holds a class.
pub fn boundary_band(maps: &[&Grid<ClassId>], extent: Extent, width: f32) -> Grid<bool> {
    let mut surfaces = Grid::filled(extent, false);
    for map in maps {
        for (any, this) in surfaces.as_mut_slice().iter_mut().zip(surface(map).as_slice()) {
            *any |= this;
        }
    }
    distance_transform_mm(&surfaces, [1.0; 3]).map(|&away| away <= width)
}

/// Scratch space for lines of one axis.
struct DistanceLine {
    spacing: f64,
    heights: Vec<f64>,
    /// Positions (in voxels) of the parabolas of the lower envelope.
    vertices: Vec<usize>,
    /// Where (in mm) each parabola of the envelope begins to be the lowest.
    begins: Vec<f64>,
}

impl DistanceLine {
    fn new(len: usize, spacing: f64) -> Self {
        Self { spacing, heights: vec![0.0; len], vertices: Vec::with_capacity(len), begins: Vec::with_capacity(len) }
    }

    /// Replaces squared distances at `values[0], values[stride], ...` by those that also go along this line.
    fn transform(&mut self, values: &mut [f32], stride: usize) {
        for (height, value) in self.heights.iter_mut().zip(values.iter().step_by(stride)) {
            *height = f64::from(*value);
        }
        self.build_envelope();
        if self.vertices.is_empty() {
            return;
        }
        let mut lowest = 0;
        for (at, value) in values.iter_mut().step_by(stride).take(self.heights.len()).enumerate() {
            let position = at as f64 * self.spacing;
            while self.begins.get(lowest + 1).is_some_and(|&begin| begin < position) {
                lowest += 1;
            }
            let vertex = self.vertices[lowest];
            let away = (at as f64 - vertex as f64) * self.spacing;
            *value = (away * away + self.heights[vertex]) as f32;
        }
    }

    fn build_envelope(&mut self) {
        self.vertices.clear();
        self.begins.clear();
        for at in 0..self.heights.len() {
            if self.heights[at].is_infinite() {
                continue;
            }
            let mut begin = f64::NEG_INFINITY;
            while let (Some(&vertex), Some(&vertex_begin)) = (self.vertices.last(), self.begins.last()) {
                begin = self.crossing(vertex, at);
                if begin > vertex_begin {
                    break;
                }
                self.vertices.pop();
                self.begins.pop();
                begin = f64::NEG_INFINITY;
            }
            self.vertices.push(at);
            self.begins.push(begin);
        }
    }

    /// Where (in mm) the parabola at `right` gets below the one at `left`.
    fn crossing(&self, left: usize, right: usize) -> f64 {
        let (l, r) = (left as f64 * self.spacing, right as f64 * self.spacing);
        (self.heights[right] + r * r - self.heights[left] - l * l) / (2.0 * (r - l))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Voxel;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn distances_equal_brute_force_for_any_spacing(
            (x, y, z) in (1usize..8, 1usize..7, 1usize..6),
            spacing in prop::array::uniform3(0.2f64..6.0),
            marks in prop::collection::vec((0usize..8, 0usize..7, 0usize..6), 1..6),
        ) {
            let extent = Extent::new(x, y, z).unwrap();
            let marks: Vec<Voxel> = marks.iter().map(|&(a, b, c)| Voxel::new(a % x, b % y, c % z)).collect();
            let mask = Grid::from_fn(extent, |v| marks.contains(&v));
            let distance = distance_transform_mm(&mask, spacing);
            for v in extent.full_box().voxels() {
                let to = |m: &Voxel| {
                    (0..3).map(|a| ((v.to_f64()[a] - m.to_f64()[a]) * spacing[a]).powi(2)).sum::<f64>().sqrt()
                };
                let expected = marks.iter().map(to).fold(f64::INFINITY, f64::min);
                prop_assert!((f64::from(distance.at(v)) - expected).abs() <= 1e-5 * (1.0 + expected));
            }
        }
    }

    #[test]
    fn an_empty_mask_is_infinitely_far() {
        let mask = Grid::filled(Extent::new(2, 3, 2).unwrap(), false);
        assert!(distance_transform_mm(&mask, [1.0; 3]).as_slice().iter().all(|d| d.is_infinite()));
    }

    #[test]
    fn the_surface_of_a_cube_is_all_but_its_core_and_the_border_counts_as_outside() {
        let e = Extent::new(3, 3, 3).unwrap();
        let cube = surface(&Grid::filled(e, true));
        assert_eq!(cube.as_slice().iter().filter(|s| **s).count(), 26);
        assert!(!cube.at(Voxel::new(1, 1, 1)));
    }

    #[test]
    fn classes_that_touch_have_a_surface_between_them() {
        let e = Extent::new(9, 5, 5).unwrap();
        let halves = Grid::from_fn(e, |v| if v.x < 4 { 1u8 } else { 2 });
        let edge = surface(&halves);
        let inner: Vec<usize> = (1..8).filter(|&x| edge.at(Voxel::new(x, 2, 2))).collect();
        assert_eq!(inner, [3, 4]);
        assert!(!surface(&halves.map(|c| *c > 0)).at(Voxel::new(3, 2, 2)));
    }

    #[test]
    fn the_band_reaches_as_many_voxels_from_the_surfaces_of_both_maps() {
        let e = Extent::new(30, 1, 1).unwrap();
        let dot = |at: usize| Grid::from_fn(e, |v| ClassId::from(v.x == at));
        let band = boundary_band(&[&dot(6), &dot(9)], e, 5.0);
        let inside: Vec<usize> = (0..30).filter(|&x| band.at(Voxel::new(x, 0, 0))).collect();
        assert_eq!(inside, (1..=14).collect::<Vec<_>>());
        assert!(!boundary_band(&[&Grid::filled(e, 0)], e, 5.0).as_slice().contains(&true));
    }
}

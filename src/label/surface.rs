//! Surfaces of masks and classes.

use rayon::prelude::*;

use crate::geometry::Extent;
use crate::label::{ClassId, distance_transform_mm};
use crate::volume::Grid;

/// Voxels unlike the default value (in a mask, or of any class above 0) with a 6-neighbour of another value; beyond the
/// border of the grid counts as another.
pub fn surface<T: Copy + Default + PartialEq + Sync>(grid: &Grid<T>) -> Grid<bool> {
    let [nx, ny, nz] = grid.extent().to_array();
    let values = grid.as_slice();
    let mut edge = Grid::filled(grid.extent(), false);
    edge.as_mut_slice().par_chunks_mut(nx * ny).enumerate().for_each(|(z, slice)| {
        for (y, edge) in slice.chunks_exact_mut(nx).enumerate() {
            let start = (z * ny + y) * nx;
            let row = |start: usize| &values[start..start + nx];
            let own = row(start);
            edge.iter_mut().zip(own).for_each(|(edge, own)| *edge = *own != T::default());
            if y > 0 && y + 1 < ny && z > 0 && z + 1 < nz {
                let beside = [row(start - nx), row(start + nx), row(start - nx * ny), row(start + nx * ny)];
                leave_enclosed(edge, own, beside);
            }
        }
    });
    edge
}

/// Takes the voxels of a row with six neighbours of their own value out of the surface.
fn leave_enclosed<T: Copy + PartialEq>(edge: &mut [bool], own: &[T], [a, b, c, d]: [&[T]; 4]) {
    let inner = own.windows(3).zip(a.iter().zip(b).zip(c.iter().zip(d)).skip(1));
    for (edge, (along, ((a, b), (c, d)))) in edge.iter_mut().skip(1).zip(inner) {
        if let [before, own, after] = along {
            *edge &= [before, after, a, b, c, d].into_iter().any(|value| value != own);
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Voxel;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_surface_is_where_a_neighbour_has_another_value(
            (x, y, z) in (1usize..7, 1usize..6, 1usize..6),
            values in prop::collection::vec(0u8..3, 6 * 5 * 5),
            threshold in 0u8..3,
        ) {
            let e = Extent::new(x, y, z).unwrap();
            let grid = Grid::from_fn(e, |v| u8::from(values[e.index(v)] > threshold) * values[e.index(v)]);
            let found = surface(&grid);
            for v in e.full_box().voxels() {
                let enclosed = (0..3).all(|a| {
                    let c = v.to_array()[a];
                    let same = |c: usize| grid.get(v.with_axis(a, c)) == Some(grid.at(v));
                    c > 0 && same(c - 1) && same(c + 1)
                });
                prop_assert_eq!(found.at(v), grid.at(v) != 0 && !enclosed);
            }
        }
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

mod manifold;
mod measures;
mod updates;

use proptest::prelude::*;

use super::{SurfaceBricks, SurfaceMesh};
use crate::geometry::{Affine, Extent, Voxel};
use crate::label::ClassId;
use crate::volume::Grid;

fn surface_of(classes: &Grid<ClassId>, affine: Affine) -> SurfaceMesh {
    SurfaceBricks::of_class(classes, 1, affine, &|| false).unwrap().joined().unwrap()
}

/// Class 1 within `radius` voxels of the centre.
fn ball(extent: Extent, centre: [f64; 3], radius: f64) -> Grid<ClassId> {
    Grid::from_fn(extent, |v| ClassId::from(distance(v.to_f64(), centre) <= radius))
}

fn distance(a: [f64; 3], b: [f64; 3]) -> f64 {
    (0..3).map(|i| (a[i] - b[i]).powi(2)).sum::<f64>().sqrt()
}

/// Small grids of two classes and background, from a few specks to almost full.
fn any_mask(longest: usize) -> impl Strategy<Value = Grid<ClassId>> {
    let lengths = (1..=longest, 1..=longest, 1..=longest);
    (lengths, 1u8..8).prop_flat_map(|((x, y, z), share)| {
        let voxel = (0u8..8).prop_map(move |draw| if draw < share { 1 } else { draw % 2 * 2 });
        let data = prop::collection::vec(voxel, x * y * z);
        data.prop_map(move |data| Grid::from_vec(Extent::new(x, y, z).unwrap(), data).unwrap())
    })
}

/// Noise that is the same on every run.
fn noise(v: Voxel, seed: usize) -> usize {
    let mixed = (v.x * 73_856_093) ^ (v.y * 19_349_663) ^ (v.z * 83_492_791) ^ (seed * 2_654_435_761);
    (mixed ^ (mixed >> 13)) % 101
}

/// Rotations by 40 degrees about x and 25 about z, with spacings whose signs may mirror.
fn oblique(spacing_mm: [f64; 3]) -> Affine {
    let ((sa, ca), (sb, cb)) = (40f64.to_radians().sin_cos(), 25f64.to_radians().sin_cos());
    let rotation = [[cb, -sb * ca, sb * sa], [sb, cb * ca, -cb * sa], [0.0, sa, ca]];
    let offset = [-120.0, 35.0, 900.0];
    Affine {
        rows: std::array::from_fn(|r| {
            std::array::from_fn(|c| if c < 3 { rotation[r][c] * spacing_mm[c] } else { offset[r] })
        }),
    }
}

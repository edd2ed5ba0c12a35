//! Distances between the surfaces of two masks.

use serde::Serialize;

use crate::label::{distance_transform_mm, surface};
use crate::volume::Grid;

/// In the unit of the spacing. A surface is the mask voxels with a 6-neighbour outside the mask.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SurfaceDistances {
    /// Linearly interpolated 95th percentile of both directed distance lists put together.
    pub hd95: f64,
    /// Mean distance from the predicted surface to the true one (directed, as published tables have it).
    pub asd: f64,
    /// Mean of both directed means.
    pub assd: f64,
}

impl SurfaceDistances {
    /// `None` if one of the masks is empty. The grids must have the same extent.
    pub fn between(prediction: &Grid<bool>, truth: &Grid<bool>, spacing: [f64; 3]) -> Option<Self> {
        let (prediction, truth) = (surface(prediction), surface(truth));
        let mut there = directed(&prediction, &truth, spacing);
        let back = directed(&truth, &prediction, spacing);
        let (asd, back_mean) = (mean(&there)?, mean(&back)?);
        there.extend(back);
        Some(Self { hd95: percentile(there, 0.95)?, asd, assd: (asd + back_mean) / 2.0 })
    }
}

/// Distance from every voxel of `from` to the nearest voxel of `to`.
fn directed(from: &Grid<bool>, to: &Grid<bool>, spacing: [f64; 3]) -> Vec<f64> {
    let distance = distance_transform_mm(to, spacing);
    let pairs = from.as_slice().iter().zip(distance.as_slice());
    pairs.filter(|(inside, _)| **inside).map(|(_, d)| f64::from(*d)).collect()
}

/// `None` for an empty list and for infinite distances (the other mask is empty).
fn mean(values: &[f64]) -> Option<f64> {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    mean.is_finite().then_some(mean)
}

/// Linear interpolation between the order statistics around `fraction * (n - 1)`.
fn percentile(mut values: Vec<f64>, fraction: f64) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let position = fraction * values.len().checked_sub(1)? as f64;
    // Between 0 and n - 1: the casts are exact.
    let (below, above) = (values.get(position.floor() as usize)?, values.get(position.ceil() as usize)?);
    Some(below + (above - below) * position.fract())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Extent, Voxel, VoxelBox};
    use proptest::prelude::*;

    fn cube(extent: Extent, lo: [usize; 3], hi: [usize; 3]) -> Grid<bool> {
        let b = VoxelBox { lo: lo.into(), hi: hi.into() };
        Grid::from_fn(extent, |v| b.contains(v))
    }

    #[test]
    fn a_cube_shifted_by_two_voxels_along_an_anisotropic_axis() {
        let e = Extent::new(12, 5, 5).unwrap();
        // 3x3x3 cubes: only the middle voxel is not on the surface, 26 voxels are.
        let (p, t) = (cube(e, [1, 1, 1], [4, 4, 4]), cube(e, [3, 1, 1], [6, 4, 4]));
        let d = SurfaceDistances::between(&p, &t, [2.0, 1.0, 1.0]).unwrap();
        // From x = 1: nine voxels 2 steps = 4 mm away. From x = 2: eight voxels 1 step = 2 mm away.
        // From x = 3: nine voxels at 0. Mean (9*4 + 8*2) / 26 = 2. By symmetry the way back is the same.
        assert!((d.asd - 2.0).abs() < 1e-6 && (d.assd - 2.0).abs() < 1e-6, "{d:?}");
        // 18 of 52 distances are 4 mm, so the 95th percentile is one of them.
        assert!((d.hd95 - 4.0).abs() < 1e-6);
    }

    #[test]
    fn the_directed_mean_is_not_symmetric() {
        let e = Extent::new(10, 1, 1).unwrap();
        let (small, long) = (cube(e, [0, 0, 0], [1, 1, 1]), cube(e, [0, 0, 0], [5, 1, 1]));
        // In a grid one voxel thick every mask voxel is surface: distances 0 there, 0 1 2 3 4 back.
        let d = SurfaceDistances::between(&small, &long, [1.0; 3]).unwrap();
        assert_eq!((d.asd, d.assd), (0.0, 1.0));
        assert_eq!(SurfaceDistances::between(&long, &small, [1.0; 3]).unwrap().asd, 2.0);
        // Sorted 0 0 1 2 3 4, position 0.95 * 5 = 4.75: 3 + 0.75.
        assert!((d.hd95 - 3.75).abs() < 1e-9);
    }

    #[test]
    fn an_empty_mask_has_no_distances() {
        let e = Extent::new(3, 3, 3).unwrap();
        let (empty, full) = (Grid::filled(e, false), Grid::filled(e, true));
        assert_eq!(SurfaceDistances::between(&empty, &full, [1.0; 3]), None);
        assert_eq!(SurfaceDistances::between(&full, &empty, [1.0; 3]), None);
        assert_eq!(SurfaceDistances::between(&empty, &empty, [1.0; 3]), None);
    }

    fn surface_positions(mask: &Grid<bool>, spacing: [f64; 3]) -> Vec<[f64; 3]> {
        let e = mask.extent();
        let inside =
            |at: [i64; 3]| at.iter().all(|&c| c >= 0) && mask.get(Voxel::from(at.map(|c| c as usize))).unwrap_or(false);
        let on_surface = |v: &Voxel| {
            let at = v.to_array().map(|c| c as i64);
            inside(at)
                && (0..3).any(|a| {
                    [-1, 1].iter().any(|step| {
                        let mut n = at;
                        n[a] += step;
                        !inside(n)
                    })
                })
        };
        let in_mm = |v: Voxel| std::array::from_fn(|a| v.to_f64()[a] * spacing[a]);
        e.full_box().voxels().filter(on_surface).map(in_mm).collect()
    }

    fn nearest(from: &[[f64; 3]], to: &[[f64; 3]]) -> Vec<f64> {
        let distance = |a: &[f64; 3], b: &[f64; 3]| (0..3).map(|i| (a[i] - b[i]).powi(2)).sum::<f64>().sqrt();
        from.iter().map(|a| to.iter().map(|b| distance(a, b)).fold(f64::INFINITY, f64::min)).collect()
    }

    proptest! {
        #[test]
        fn distances_of_random_masks_equal_brute_force(
            seeds in prop::collection::vec((0u8..4, 0u8..4), 6 * 5 * 4),
            spacing in prop::array::uniform3(0.3f64..4.0),
        ) {
            let e = Extent::new(6, 5, 4).unwrap();
            let p = Grid::from_vec(e, seeds.iter().map(|s| s.0 == 0).collect()).unwrap();
            let t = Grid::from_vec(e, seeds.iter().map(|s| s.1 > 0).collect()).unwrap();
            let (ps, ts) = (surface_positions(&p, spacing), surface_positions(&t, spacing));
            prop_assume!(!ps.is_empty() && !ts.is_empty());
            let (there, back) = (nearest(&ps, &ts), nearest(&ts, &ps));
            let average = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
            let mut all = [there.clone(), back.clone()].concat();
            all.sort_by(f64::total_cmp);
            let at = 0.95 * (all.len() - 1) as f64;
            let (low, high) = (all[at as usize], all[(at.ceil()) as usize]);
            let d = SurfaceDistances::between(&p, &t, spacing).unwrap();
            prop_assert!((d.asd - average(&there)).abs() < 1e-5);
            prop_assert!((d.assd - (average(&there) + average(&back)) / 2.0).abs() < 1e-5);
            prop_assert!((d.hd95 - (low * (1.0 - at.fract()) + high * at.fract())).abs() < 1e-5);
        }
    }
}

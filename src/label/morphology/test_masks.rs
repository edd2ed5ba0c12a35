//! Random masks for the tests of the operations.

use proptest::prelude::*;

use super::ball::TOLERANCE;
use crate::geometry::{Extent, Voxel};
use crate::volume::Grid;

pub(super) fn any_extent() -> impl Strategy<Value = Extent> {
    (1usize..11, 1usize..9, 1usize..7).prop_map(|(x, y, z)| Extent::new(x, y, z).unwrap())
}

/// Masks from nearly empty to nearly full.
pub(super) fn any_mask() -> impl Strategy<Value = Grid<bool>> {
    (any_extent(), 0u8..=10).prop_flat_map(|(extent, density)| {
        let voxel = (0u8..10).prop_map(move |v| v < density);
        prop::collection::vec(voxel, extent.voxel_count()).prop_map(move |v| Grid::from_vec(extent, v).unwrap())
    })
}

pub(super) fn any_spacing() -> impl Strategy<Value = [f64; 3]> {
    prop::array::uniform3(0.7f64..2.5)
}

/// Steps between voxels whose centres are at most so far apart.
pub(super) fn ball_steps(radius_mm: f64, spacing_mm: [f64; 3]) -> Vec<[i64; 3]> {
    let reach = spacing_mm.map(|s| (radius_mm / s).ceil() as i64);
    let mut steps = Vec::new();
    for dz in -reach[2]..=reach[2] {
        for dy in -reach[1]..=reach[1] {
            for dx in -reach[0]..=reach[0] {
                let away =
                    [dx, dy, dz].iter().zip(spacing_mm).map(|(d, s)| (*d as f64 * s).powi(2)).sum::<f64>().sqrt();
                if away <= radius_mm * (1.0 + TOLERANCE) {
                    steps.push([dx, dy, dz]);
                }
            }
        }
    }
    steps
}

pub(super) fn moved(v: Voxel, step: [i64; 3]) -> [i64; 3] {
    let at = v.to_array();
    std::array::from_fn(|a| at[a] as i64 + step[a])
}

/// `None` beyond the border.
pub(super) fn at(mask: &Grid<bool>, at: [i64; 3]) -> Option<bool> {
    at.iter().all(|c| *c >= 0).then(|| Voxel::from(at.map(|c| c as usize))).and_then(|v| mask.get(v))
}

/// Whether a voxel in the given state lies at one of the steps from `v`.
pub(super) fn is_near(mask: &Grid<bool>, v: Voxel, steps: &[[i64; 3]], state: bool) -> bool {
    steps.iter().any(|step| at(mask, moved(v, *step)) == Some(state))
}

/// The nearest voxel of the grid: edge replication.
pub(super) fn clamped(extent: Extent, at: [i64; 3]) -> Voxel {
    let n = extent.to_array();
    Voxel::from(std::array::from_fn(|a| at[a].clamp(0, n[a] as i64 - 1) as usize))
}

//! Covering a grid with overlapping windows of one size.

use super::{Extent, Voxel};

/// One window: its first voxel and its size (never larger than the grid).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tile {
    pub start: Voxel,
    pub size: [usize; 3],
}

/// Window starts along one axis: `min(i * stride, size - patch)` for `i = 0 ..= ceil((size - patch) / stride)`.
pub fn tile_starts(size: usize, patch: usize, stride: usize) -> Vec<usize> {
    let room = size.saturating_sub(patch);
    let count = room.div_ceil(stride.max(1));
    (0..=count).map(|i| (i * stride.max(1)).min(room)).collect()
}

/// All windows of `patch` voxels with the given stride; a shorter axis gets one window of its own length.
pub fn tiles(extent: Extent, patch: [usize; 3], stride: [usize; 3]) -> Vec<Tile> {
    let n = extent.to_array();
    let size: [usize; 3] = std::array::from_fn(|a| patch[a].min(n[a]));
    let [xs, ys, zs]: [Vec<usize>; 3] = std::array::from_fn(|a| tile_starts(n[a], patch[a], stride[a]));
    let mut all = Vec::with_capacity(xs.len() * ys.len() * zs.len());
    for &z in &zs {
        for &y in &ys {
            all.extend(xs.iter().map(|&x| Tile { start: Voxel::new(x, y, z), size }));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_voxel_is_covered_and_no_window_leaves_the_grid(
            n in prop::array::uniform3(1usize..20), patch in prop::array::uniform3(1usize..12), stride in 1usize..12,
        ) {
            let extent = Extent::from_array(n).unwrap();
            let stride = patch.map(|p| stride.min(p));
            let mut hits = vec![0u32; extent.voxel_count()];
            for tile in tiles(extent, patch, stride) {
                let hi = std::array::from_fn::<usize, 3, _>(|a| tile.start.to_array()[a] + tile.size[a]);
                for v in (crate::geometry::VoxelBox { lo: tile.start, hi: hi.into() }).voxels() {
                    prop_assert!(extent.contains(v));
                    hits[extent.index(v)] += 1;
                }
            }
            prop_assert!(hits.iter().all(|&h| h > 0));
        }
    }
}

//! Covering a grid with overlapping windows of one size.

use super::Voxel;

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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn windows_cover_the_axis_without_leaving_it(n in 1usize..40, patch in 1usize..12, stride in 1usize..12) {
            let starts = tile_starts(n, patch, stride.min(patch));
            let size = patch.min(n);
            let mut next = 0;
            for start in starts {
                prop_assert!(start <= next && start + size <= n);
                next = start + size;
            }
            prop_assert_eq!(next, n);
        }
    }
}

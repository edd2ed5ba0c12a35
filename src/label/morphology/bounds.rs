//! Boxes that hold all voxels of a mask or of a class.

use rayon::prelude::*;

use crate::geometry::{Extent, Voxel, VoxelBox};
use crate::volume::Grid;

/// The smallest box with all wanted voxels; `None` if there are none.
pub(super) fn bounds_of<T: Copy + Send + Sync>(grid: &Grid<T>, wanted: impl Fn(T) -> bool + Sync) -> Option<VoxelBox> {
    let [nx, ny, _] = grid.extent().to_array();
    let empty = VoxelBox { lo: Voxel::default(), hi: Voxel::default() };
    let of_slice = |(z, slice): (usize, &[T])| {
        let mut all = empty;
        for (y, row) in slice.chunks_exact(nx).enumerate() {
            // Without an early way out this runs on many voxels at a time.
            if row.iter().fold(false, |any, &v| any | wanted(v)) {
                let first = row.iter().position(|&v| wanted(v)).unwrap_or(0);
                let end = row.iter().rposition(|&v| wanted(v)).map_or(nx, |last| last + 1);
                all = all.union(&VoxelBox { lo: Voxel::new(first, y, z), hi: Voxel::new(end, y + 1, z + 1) });
            }
        }
        all
    };
    let slices = grid.as_slice().par_chunks(nx * ny).enumerate();
    let all = slices.map(of_slice).reduce(|| empty, |a, b| a.union(&b));
    (!all.is_empty()).then_some(all)
}

/// A box grown by so many voxels along each axis on both sides, clipped to the grid.
pub(super) fn grown_by(b: &VoxelBox, reach: [usize; 3], extent: Extent) -> VoxelBox {
    let (lo, hi) = (b.lo.to_array(), b.hi.to_array());
    let lo: [usize; 3] = std::array::from_fn(|a| lo[a].saturating_sub(reach[a]));
    let hi: [usize; 3] = std::array::from_fn(|a| hi[a].saturating_add(reach[a]));
    VoxelBox { lo: lo.into(), hi: hi.into() }.intersect(&extent.full_box())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::label::morphology::test_masks::any_mask;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_box_holds_all_wanted_voxels_and_is_the_smallest(mask in any_mask()) {
            let inside: Vec<Voxel> = mask.extent().full_box().voxels().filter(|v| mask.at(*v)).collect();
            let expected = inside.iter().map(|v| VoxelBox::of_voxel(*v)).reduce(|a, b| a.union(&b));
            prop_assert_eq!(bounds_of(&mask, |v| v), expected);
        }
    }
}

//! Connected components of 6-neighbours, worked out on runs along x.

use rayon::prelude::*;

use super::row_runs::{RunComponents, pack_row};
use crate::geometry::Extent;
use crate::volume::Grid;

/// Numbers the components of a mask given by linear index: 0 outside, then 1, 2, ... in the order of their first voxel.
pub fn components(mask: impl Fn(usize) -> bool + Sync, extent: Extent) -> Grid<u32> {
    let nx = extent.x();
    let found = RunComponents::of(extent.to_array(), |row, words| pack_row(row * nx..(row + 1) * nx, words, &mask));
    let mut labels = Grid::filled(extent, 0);
    let mut rest = labels.as_mut_slice();
    let mut slabs = Vec::new();
    for (rows, runs) in found.slabs() {
        let (slab, after) = rest.split_at_mut(rows.len() * nx);
        slabs.push((slab, rows.start, runs));
        rest = after;
    }
    slabs.into_par_iter().for_each(|(slab, first_row, runs)| {
        for (row, run, number) in runs {
            let start = (row - first_row) * nx;
            slab[start + run.start..start + run.end].fill(number);
        }
    });
    labels
}

/// Number of voxels of every component in what [`components`] gave; entry 0 is the voxels outside.
pub fn component_sizes(labels: &Grid<u32>) -> Vec<usize> {
    let voxels = labels.as_slice();
    // There are no more components than voxels; what claims to be a later one is no number of `components`.
    let entries = voxels.par_iter().max().map_or(0, |&n| n as usize).min(voxels.len()) + 1;
    let share = voxels.len().div_ceil(rayon::current_num_threads()).max(1);
    let count = |voxels: &[u32]| {
        let mut sizes = vec![0; entries];
        for same in voxels.chunk_by(|a, b| a == b) {
            if let Some(size) = same.first().and_then(|&number| sizes.get_mut(number as usize)) {
                *size += same.len();
            }
        }
        sizes
    };
    let add = |mut sum: Vec<usize>, more: Vec<usize>| {
        sum.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
        sum
    };
    voxels.par_chunks(share).map(count).reduce(|| vec![0; entries], add)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::label::component_at;
    use crate::label::region_spans::tests::{any_mask, spread};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn components_equal_voxel_by_voxel_spreading((extent, mask) in any_mask()) {
            let labels = components(|i| mask[i], extent);
            let mut next = 1;
            for i in 0..mask.len() {
                let number = labels.as_slice()[i];
                prop_assert_eq!(number > 0, mask[i]);
                if mask[i] {
                    let expected = spread(&mask, extent, i);
                    let found: Vec<usize> = (0..mask.len()).filter(|&j| labels.as_slice()[j] == number).collect();
                    prop_assert_eq!(&found, &expected);
                    prop_assert_eq!(&component_at(|j| mask[j], extent, extent.voxel(i)), &expected);
                    if expected[0] == i {
                        prop_assert_eq!(number, next);
                        next += 1;
                    }
                }
            }
        }
    }

    #[test]
    fn corners_that_touch_are_separate_components() {
        let e = Extent::new(2, 2, 2).unwrap();
        let labels = components(|i| i == 0 || i == 7 || i == 3, e);
        assert_eq!(labels.as_slice(), [1, 0, 0, 2, 0, 0, 0, 2]);
    }
}

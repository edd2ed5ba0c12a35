//! Majority votes in box windows.

use rayon::prelude::*;

use super::bounds::bounds_of;
use crate::geometry::VoxelBox;
use crate::volume::Grid;

/// Largest half-width of a window, voxels: the votes of a column of 39 fit `u8`, those of all 39^3 voxels fit `u16`.
const LARGEST_HALF: usize = 19;
/// Slices that share their running sums: many beside a window, few enough to spread over the threads.
const SLAB: usize = 16;

/// True where more than half of the voxels of a box window around a voxel are in the mask. Beyond the border the outermost
/// voxels go on.
///
/// The size of the window in voxels is made odd upwards on every axis; 0 counts as 1, more than 39 as 39.
pub fn median(mask: &Grid<bool>, size_voxels: [usize; 3]) -> Grid<bool> {
    let extent = mask.extent();
    let mut result = Grid::filled(extent, false);
    let Some(bounds) = bounds_of(mask, |inside| inside) else {
        return result;
    };
    // No voxel outside the bounds gets a majority. The layer around them is empty or the border itself, so going on with it
    // beyond the box is right.
    let b = bounds.grown(1, extent);
    let half = size_voxels.map(|n| (n / 2).min(LARGEST_HALF));
    let slice_len = extent.x() * extent.y();
    let slices = result.as_mut_slice()[b.lo.z * slice_len..b.hi.z * slice_len].par_chunks_mut(SLAB * slice_len);
    slices.enumerate().for_each(|(slab, slices)| {
        let mut votes = Votes::new(mask, b, half, slab * SLAB);
        for (z, slice) in (slab * SLAB..).zip(slices.chunks_exact_mut(slice_len)) {
            if z > slab * SLAB {
                votes.go_on_to(z);
            }
            votes.write(&mut slice[b.lo.y * extent.x()..b.hi.y * extent.x()]);
        }
    });
    result
}

/// Running sums over the window, one axis after the other.
struct Votes<'a> {
    mask: &'a Grid<bool>,
    b: VoxelBox,
    half: [usize; 3],
    /// By `(x, y)` of the box the votes along z.
    columns: Vec<u8>,
    /// By x of the box those along y and z, with those of the first and last repeated on both sides for the window.
    row: Vec<u16>,
    votes: Vec<u16>,
}

impl<'a> Votes<'a> {
    /// For the slice `z` of the box.
    fn new(mask: &'a Grid<bool>, b: VoxelBox, half: [usize; 3], z: usize) -> Self {
        let [nx, ny, _] = b.size();
        let (columns, row) = (vec![0; nx * ny], vec![0; nx + 2 * half[0]]);
        let mut votes = Self { mask, b, half, columns, row, votes: vec![0; nx] };
        for place in 0..=2 * half[2] {
            votes.add_slice(votes.clamped_slice(z + place), u8::wrapping_add);
        }
        votes
    }

    fn go_on_to(&mut self, z: usize) {
        self.add_slice(self.clamped_slice(z + 2 * self.half[2]), u8::wrapping_add);
        self.add_slice(self.clamped_slice(z - 1), u8::wrapping_sub);
    }

    /// The slice of the box at this place of the window of its first slice.
    fn clamped_slice(&self, place: usize) -> usize {
        place.saturating_sub(self.half[2]).min(self.b.size()[2] - 1)
    }

    /// `add` wraps, although sums never get that large: checked sums do not run on many voxels at a time.
    fn add_slice(&mut self, z: usize, add: impl Fn(u8, u8) -> u8) {
        let b = &self.b;
        for (y, sums) in (b.lo.y..b.hi.y).zip(self.columns.chunks_exact_mut(b.size()[0])) {
            let voxels = &self.mask.as_slice()[self.mask.row_range(b, y, b.lo.z + z)];
            sums.iter_mut().zip(voxels).for_each(|(sum, inside)| *sum = add(*sum, u8::from(*inside)));
        }
    }

    /// Writes the majorities to the rows of the box in a slice of the grid.
    fn write(&mut self, rows: &mut [bool]) {
        let [nx, ny, _] = self.b.size();
        let grid_nx = self.mask.extent().x();
        let majority: u16 = self.half.iter().map(|h| 2 * *h as u16 + 1).product::<u16>() / 2;
        let clamped_row = |place: usize, half: usize| place.saturating_sub(half).min(ny - 1) * nx;
        self.row.fill(0);
        for place in 0..=2 * self.half[1] {
            self.add_row(clamped_row(place, self.half[1]), u16::wrapping_add);
        }
        for (y, row) in rows.chunks_exact_mut(grid_nx).enumerate() {
            if y > 0 {
                self.add_row(clamped_row(y + 2 * self.half[1], self.half[1]), u16::wrapping_add);
                self.add_row(clamped_row(y - 1, self.half[1]), u16::wrapping_sub);
            }
            self.sum_along_x();
            let row = &mut row[self.b.lo.x..self.b.hi.x];
            row.iter_mut().zip(&self.votes).for_each(|(inside, votes)| *inside = *votes > majority);
        }
    }

    fn add_row(&mut self, start: usize, add: impl Fn(u16, u16) -> u16) {
        let nx = self.b.size()[0];
        let sums = &mut self.row[self.half[0]..self.half[0] + nx];
        let columns = &self.columns[start..start + nx];
        sums.iter_mut().zip(columns).for_each(|(sum, column)| *sum = add(*sum, u16::from(*column)));
    }

    fn sum_along_x(&mut self) {
        let (half, nx) = (self.half[0], self.b.size()[0]);
        let (first, last) = (self.row[half], self.row[half + nx - 1]);
        self.row[..half].fill(first);
        self.row[half + nx..].fill(last);
        self.votes.copy_from_slice(&self.row[..nx]);
        for place in 1..=2 * half {
            let shifted = &self.row[place..place + nx];
            self.votes.iter_mut().zip(shifted).for_each(|(sum, more)| *sum = sum.wrapping_add(*more));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_masks::{any_mask, clamped, moved};
    use super::*;
    use crate::geometry::{Extent, Voxel};
    use proptest::prelude::*;

    fn majority(mask: &Grid<bool>, v: Voxel, half: [i64; 3]) -> bool {
        let (mut votes, mut all) = (0, 0);
        for dz in -half[2]..=half[2] {
            for dy in -half[1]..=half[1] {
                for dx in -half[0]..=half[0] {
                    votes += i32::from(mask.at(clamped(mask.extent(), moved(v, [dx, dy, dz]))));
                    all += 1;
                }
            }
        }
        2 * votes > all
    }

    proptest! {
        #[test]
        fn the_median_is_the_majority_of_the_window(mask in any_mask(), size in prop::array::uniform3(0usize..8)) {
            let found = median(&mask, size);
            for v in mask.extent().full_box().voxels() {
                prop_assert_eq!(found.at(v), majority(&mask, v, size.map(|n| n as i64 / 2)), "{:?}", v);
            }
        }
    }

    #[test]
    fn running_sums_go_on_across_slabs_and_huge_windows_count_as_39_voxels() {
        let e = Extent::new(3, 2, 3 * SLAB).unwrap();
        let mask = Grid::from_fn(e, |v| (v.z * 7 + v.x * 5 + v.y * 3) % 11 < 6);
        for (size, half) in [([1, 1, 5], [0, 0, 2]), ([usize::MAX, 3, 1], [19, 1, 0])] {
            let found = median(&mask, size);
            assert!(e.full_box().voxels().all(|v| found.at(v) == majority(&mask, v, half)));
        }
        assert_eq!(median(&mask, [1, 0, 1]), mask);
    }
}

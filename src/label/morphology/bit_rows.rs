//! A mask with one bit per voxel, and its growth by balls.

use rayon::prelude::*;

use super::ball::{Ball, TOLERANCE};
use crate::geometry::{Extent, VoxelBox};
use crate::label::bits::{WORD, pack, unpack};
use crate::label::distance_transform_mm;
use crate::volume::Grid;

/// Rows along x of whole words each; bits beyond a row's voxels are 0.
#[derive(Clone)]
pub(super) struct BitRows {
    size: [usize; 3],
    words_per_row: usize,
    words: Vec<u64>,
}

impl BitRows {
    fn empty(size: [usize; 3]) -> Self {
        let words_per_row = size[0].div_ceil(WORD);
        Self { size, words_per_row, words: vec![0; words_per_row * size[1] * size[2]] }
    }

    /// A box of a mask; the box must not be empty and lie in the grid.
    pub(super) fn of(mask: &Grid<bool>, b: &VoxelBox) -> Self {
        let mut bits = Self::empty(b.size());
        bits.slices_mut().enumerate().for_each(|(z, (slice, words_per_row))| {
            for (y, words) in slice.chunks_exact_mut(words_per_row).enumerate() {
                let voxels = &mask.as_slice()[mask.row_range(b, b.lo.y + y, b.lo.z + z)];
                for (word, voxels) in words.iter_mut().zip(voxels.chunks(WORD)) {
                    *word = pack(voxels);
                }
            }
        });
        bits
    }

    /// A mask of this extent that is true where the bits, the first of which lies at `b.lo`, are set.
    pub(super) fn placed(&self, b: &VoxelBox, extent: Extent) -> Grid<bool> {
        let mut mask = Grid::filled(extent, false);
        let slices = mask.as_mut_slice().par_chunks_mut(extent.x() * extent.y()).skip(b.lo.z).take(self.size[2]);
        slices.zip(self.words.par_chunks(self.words_per_row * self.size[1])).for_each(|(slice, words)| {
            let rows = slice.chunks_exact_mut(extent.x()).skip(b.lo.y);
            for (row, words) in rows.zip(words.chunks_exact(self.words_per_row)) {
                for (voxels, word) in row[b.lo.x..b.hi.x].chunks_mut(WORD).zip(words) {
                    // Memory that is left alone costs nothing.
                    if *word != 0 {
                        unpack(*word, voxels);
                    }
                }
            }
        });
        mask
    }

    /// With room for so many more voxels on both sides of every axis; before the first along x, for whole words.
    pub(super) fn with_room(&self, room: [usize; 3]) -> Self {
        let before = room[0].div_ceil(WORD);
        let size = [before * WORD + self.size[0] + room[0], self.size[1] + 2 * room[1], self.size[2] + 2 * room[2]];
        let mut wide = Self::empty(size);
        for (row, words) in self.words.chunks_exact(self.words_per_row).enumerate() {
            let (y, z) = (room[1] + row % self.size[1], room[2] + row / self.size[1]);
            let start = (z * size[1] + y) * wide.words_per_row + before;
            wide.words[start..start + self.words_per_row].copy_from_slice(words);
        }
        wide
    }

    /// Undoes [`Self::with_room`] for rows of `nx` voxels.
    pub(super) fn without_room(&self, room: [usize; 3], size: [usize; 3]) -> Self {
        let mut narrow = Self::empty(size);
        let (words_per_row, before) = (narrow.words_per_row, room[0].div_ceil(WORD));
        for (row, words) in narrow.words.chunks_exact_mut(words_per_row).enumerate() {
            let (y, z) = (room[1] + row % size[1], room[2] + row / size[1]);
            let start = (z * self.size[1] + y) * self.words_per_row + before;
            words.copy_from_slice(&self.words[start..start + words_per_row]);
        }
        narrow.clear_beyond();
        narrow
    }

    pub(super) fn complement(mut self) -> Self {
        self.words.par_iter_mut().for_each(|word| *word = !*word);
        self.clear_beyond();
        self
    }

    /// Both must have the same size.
    pub(super) fn and(mut self, other: &Self) -> Self {
        self.words.par_iter_mut().zip(&other.words).for_each(|(word, other)| *word &= other);
        self
    }

    /// Both must have the same size.
    pub(super) fn or(mut self, other: &Self) -> Self {
        self.words.par_iter_mut().zip(&other.words).for_each(|(word, other)| *word |= other);
        self
    }

    /// Voxels whose centre is at most `radius_mm` from that of a set voxel; the radius must be above 0.
    pub(super) fn within(&self, radius_mm: f64, spacing_mm: [f64; 3]) -> Self {
        match (Ball::new(radius_mm, spacing_mm, self.size), Extent::from_array(self.size)) {
            (None, Some(extent)) => self.within_by_distance(radius_mm, spacing_mm, extent),
            (Some(ball), _) => self.dilated(&ball),
            (None, None) => self.clone(),
        }
    }

    fn within_by_distance(&self, radius_mm: f64, spacing_mm: [f64; 3], extent: Extent) -> Self {
        let all = extent.full_box();
        let distance = distance_transform_mm(&self.placed(&all, extent), spacing_mm);
        // Without a set voxel all distances are infinite.
        let largest = (radius_mm * (1.0 + TOLERANCE)).min(f64::MAX);
        let mut near = Self::empty(self.size);
        let nx = extent.x();
        near.words.par_chunks_mut(self.words_per_row).zip(distance.as_slice().par_chunks(nx)).for_each_init(
            || vec![false; nx],
            |voxels, (words, distance)| {
                voxels.iter_mut().zip(distance).for_each(|(near, d)| *near = f64::from(*d) <= largest);
                for (word, voxels) in words.iter_mut().zip(voxels.chunks(WORD)) {
                    *word = pack(voxels);
                }
            },
        );
        near
    }

    /// The union of balls around all set voxels.
    ///
    /// The rows under the widest rows of the ball are widened by one voxel, joined with those under the next narrower, and
    /// so on: every width is reached by steps that all wider rows share.
    pub(super) fn dilated(&self, ball: &Ball) -> Self {
        let [_, ny, nz] = self.size;
        let row_at = |y: usize, z: usize| {
            let start = (z * ny + y) * self.words_per_row;
            &self.words[start..start + self.words_per_row]
        };
        let occupied: Vec<bool> =
            self.words.par_chunks(self.words_per_row).map(|row| row.iter().any(|word| *word != 0)).collect();
        let mut all = Self::empty(self.size);
        all.slices_mut().enumerate().for_each(|(z, (slice, words_per_row))| {
            for (y, row) in slice.chunks_exact_mut(words_per_row).enumerate() {
                let mut any = false;
                for level in ball.levels() {
                    if any {
                        widen(row);
                    }
                    for [dy, dz] in level {
                        let there = y.checked_add_signed(*dy).filter(|y| *y < ny);
                        let there = there.zip(z.checked_add_signed(*dz).filter(|z| *z < nz));
                        if let Some((y, z)) = there.filter(|(y, z)| occupied[z * ny + y]) {
                            any = true;
                            row.iter_mut().zip(row_at(y, z)).for_each(|(word, more)| *word |= more);
                        }
                    }
                }
            }
        });
        all.clear_beyond();
        all
    }

    /// The words of every slice, and how many a row has.
    fn slices_mut(&mut self) -> impl IndexedParallelIterator<Item = (&mut [u64], usize)> {
        let words_per_row = self.words_per_row;
        self.words.par_chunks_mut(words_per_row * self.size[1]).map(move |slice| (slice, words_per_row))
    }

    fn clear_beyond(&mut self) {
        let used = self.size[0] % WORD;
        if used > 0 {
            for word in self.words.iter_mut().skip(self.words_per_row - 1).step_by(self.words_per_row) {
                *word &= (1 << used) - 1;
            }
        }
    }
}

/// Sets the neighbours of all set bits.
fn widen(row: &mut [u64]) {
    let mut before = 0;
    for i in 0..row.len() {
        let word = row[i];
        let after = row.get(i + 1).map_or(0, |next| next << (WORD - 1));
        row[i] = word | word << 1 | word >> 1 | before | after;
        before = word >> (WORD - 1);
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_masks::{any_mask, any_spacing};
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn balls_and_distances_agree(mask in any_mask(), spacing in any_spacing(), radius in 0.1f64..9.0) {
            let extent = mask.extent();
            let bits = BitRows::of(&mask, &extent.full_box());
            let ball = Ball::new(radius, spacing, extent.to_array()).unwrap();
            let by_distance = bits.within_by_distance(radius, spacing, extent);
            prop_assert_eq!(bits.dilated(&ball).words, by_distance.words);
        }

        #[test]
        fn room_comes_and_goes_without_a_trace(mask in any_mask(), room in prop::array::uniform3(0usize..70)) {
            let bits = BitRows::of(&mask, &mask.extent().full_box());
            let back = bits.with_room(room).complement().without_room(room, bits.size).complement();
            prop_assert_eq!(&back.words, &bits.words);
            prop_assert_eq!(back.placed(&mask.extent().full_box(), mask.extent()), mask);
        }
    }

    #[test]
    fn widening_crosses_words() {
        let mut row = [1 << 63, 0, 1, 0];
        widen(&mut row);
        assert_eq!(row, [3 << 62, 1 | 1 << 63, 3, 0]);
    }
}

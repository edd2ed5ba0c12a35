//! Filling of holes.

use rayon::prelude::*;

use super::bounds::bounds_of;
use crate::geometry::{Voxel, VoxelBox};
use crate::label::bits::{WORD, pack};
use crate::label::row_runs::{Run, RunComponents};
use crate::volume::Grid;

/// Slices across x that are read together, so that memory is read in whole cache lines.
const SLICES_TOGETHER: usize = 64;

/// Adds all voxels outside the mask from which no path of 6-neighbours outside leads to the border of the grid. An axis of a
/// single voxel has no border.
pub fn fill_holes(mask: &Grid<bool>) -> Grid<bool> {
    let mut filled = mask.clone();
    let Some(bounds) = bounds_of(mask, |inside| inside) else {
        return filled;
    };
    // What lies around the bounds leads to the border.
    let b = bounds.grown(1, mask.extent());
    let [_, ny, _] = b.size();
    let row_of = |row: usize| mask.row_range(&b, b.lo.y + row % ny, b.lo.z + row / ny);
    for (row, run) in holes(b.size(), |row| &mask.as_slice()[row_of(row)]) {
        filled.as_mut_slice()[row_of(row)][run.start..run.end].fill(true);
    }
    filled
}

/// [`fill_holes`] in every slice across a voxel axis (0 = x, 1 = y, 2 = z) by itself, so with 4-neighbours. The mask itself for
/// any other axis.
pub fn fill_holes_in_slices(mask: &Grid<bool>, axis: usize) -> Grid<bool> {
    let mut filled = mask.clone();
    let [u, v] = match axis {
        0 => [1, 2],
        1 => [0, 2],
        2 => [0, 1],
        _ => return filled,
    };
    let Some(bounds) = bounds_of(mask, |inside| inside) else {
        return filled;
    };
    let b = bounds.grown(1, mask.extent());
    let (lo, size) = (b.lo.to_array(), b.size());
    let together = if axis == 0 { SLICES_TOGETHER } else { 1 };
    let firsts: Vec<usize> = (lo[axis]..lo[axis] + size[axis]).step_by(together).collect();
    let found: Vec<(usize, Vec<(usize, Run)>)> = firsts
        .into_par_iter()
        .flat_map_iter(|first| {
            let last = (first + together).min(lo[axis] + size[axis]);
            let slices = slices_across(mask, &b, axis, first..last);
            (first..).zip(slices).map(|(level, slice)| {
                (level, holes([size[u], size[v], 1], |row| &slice[row * size[u]..(row + 1) * size[u]]))
            })
        })
        .collect();
    for (level, holes) in found {
        for (row, run) in holes {
            let start = b.lo.with_axis(axis, level).with_axis(v, lo[v] + row);
            (run.start..run.end).for_each(|at| filled.set(start.with_axis(u, lo[u] + at), true));
        }
    }
    filled
}

/// The voxels of slices of a box across an axis, each with its first other axis fastest.
fn slices_across(mask: &Grid<bool>, b: &VoxelBox, axis: usize, levels: std::ops::Range<usize>) -> Vec<Vec<bool>> {
    let part = VoxelBox { lo: b.lo.with_axis(axis, levels.start), hi: b.hi.with_axis(axis, levels.end) };
    let slice_len = b.voxel_count() / b.size()[axis].max(1);
    let mut slices: Vec<Vec<bool>> = levels.map(|_| Vec::with_capacity(slice_len)).collect();
    let Voxel { y: lo_y, z: lo_z, .. } = part.lo;
    for z in lo_z..part.hi.z {
        for y in lo_y..part.hi.y {
            let row = &mask.as_slice()[mask.row_range(&part, y, z)];
            match axis {
                0 => slices.iter_mut().zip(row).for_each(|(slice, voxel)| slice.push(*voxel)),
                1 => slices[y - lo_y].extend_from_slice(row),
                _ => slices[z - lo_z].extend_from_slice(row),
            }
        }
    }
    slices
}

/// The runs of all components outside a mask, given by rows, that do not touch the border.
fn holes<'a>([nx, ny, nz]: [usize; 3], voxels_of_row: impl Fn(usize) -> &'a [bool] + Sync) -> Vec<(usize, Run)> {
    // Nothing encloses a single voxel.
    if [nx, ny, nz] == [1; 3] {
        return Vec::new();
    }
    let outside = RunComponents::of([nx, ny, nz], |row, words| {
        for (word, voxels) in words.iter_mut().zip(voxels_of_row(row).chunks(WORD)) {
            *word = !pack(voxels) & (u64::MAX >> (WORD - voxels.len()));
        }
    });
    let at_end = |place: usize, len: usize| len > 1 && (place == 0 || place + 1 == len);
    let mut is_open = vec![false; outside.count() + 1];
    for (row, run, number) in outside.iter() {
        let at_x_end = nx > 1 && (run.start == 0 || run.end == nx);
        is_open[number as usize] |= at_x_end || at_end(row % ny, ny) || at_end(row / ny, nz);
    }
    outside.iter().filter(|(_, _, number)| !is_open[*number as usize]).map(|(row, run, _)| (row, run)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::test_masks::{any_mask, at, moved};
    use super::*;
    use crate::geometry::Extent;
    use proptest::prelude::*;

    /// The plain definition: what is outside spreads from the border along the given axes.
    fn filled(mask: &Grid<bool>, axes: &[usize]) -> Grid<bool> {
        let e = mask.extent();
        let n = e.to_array();
        let on_border =
            |v: &Voxel| axes.iter().any(|a| n[*a] > 1 && (v.to_array()[*a] == 0 || v.to_array()[*a] + 1 == n[*a]));
        let mut open = Grid::filled(e, false);
        let mut stack: Vec<Voxel> = e.full_box().voxels().filter(on_border).collect();
        while let Some(v) = stack.pop() {
            if !mask.at(v) && !open.at(v) {
                open.set(v, true);
                for (axis, d) in axes.iter().flat_map(|axis| [(*axis, -1), (*axis, 1)]) {
                    let mut step = [0; 3];
                    step[axis] = d;
                    let next = moved(v, step);
                    if at(mask, next).is_some() {
                        stack.push(Voxel::from(next.map(|c| c as usize)));
                    }
                }
            }
        }
        // Without any mask there is nothing to fill.
        Grid::from_fn(e, |v| {
            mask.at(v) || (!open.at(v) && mask.as_slice().contains(&true) && axes.iter().any(|a| n[*a] > 1))
        })
    }

    proptest! {
        #[test]
        fn holes_are_what_the_border_does_not_reach(mask in any_mask()) {
            prop_assert_eq!(fill_holes(&mask), filled(&mask, &[0, 1, 2]));
        }

        #[test]
        fn holes_in_slices_are_what_the_border_of_the_slice_does_not_reach(mask in any_mask(), axis in 0usize..3) {
            let others: Vec<usize> = (0..3).filter(|a| *a != axis).collect();
            prop_assert_eq!(fill_holes_in_slices(&mask, axis), filled(&mask, &others));
        }
    }

    #[test]
    fn a_tube_is_open_in_space_and_closed_in_its_cross_sections() {
        let e = Extent::new(140, 7, 7).unwrap();
        let tube = Grid::from_fn(e, |v| v.y.abs_diff(3).max(v.z.abs_diff(3)) == 2);
        assert_eq!(fill_holes(&tube), tube);
        assert_eq!(fill_holes_in_slices(&tube, 0), Grid::from_fn(e, |v| v.y.abs_diff(3).max(v.z.abs_diff(3)) <= 2));
        assert_eq!(fill_holes_in_slices(&tube, 1), tube);
        assert_eq!(fill_holes_in_slices(&tube, 9), tube);
    }
}

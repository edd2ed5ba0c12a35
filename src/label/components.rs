//! Connected components of 6-neighbours, worked out on runs along x.

use std::ops::Range;

use crate::geometry::{Extent, Voxel};
use crate::volume::Grid;

/// A maximal run of mask voxels in one row, as linear indices.
struct MaskRun {
    start: usize,
    end: usize,
}

/// Numbers the components of a mask given by linear index: 0 outside, then 1, 2, ... in the order of their first voxel.
pub fn components(mask: impl Fn(usize) -> bool, extent: Extent) -> Grid<u32> {
    let mut runs: Vec<MaskRun> = Vec::new();
    // First run of every row; one more entry closes the last row.
    let mut row_starts = vec![0];
    let mut parents = Parents::default();
    let row_count = extent.y() * extent.z();
    for row in 0..row_count {
        let first = runs.len();
        push_row_runs(&mask, row * extent.x()..(row + 1) * extent.x(), &mut runs);
        (first..runs.len()).for_each(|_| parents.push());
        if row % extent.y() > 0 {
            join_touching(&runs, first..runs.len(), row_starts[row - 1]..row_starts[row], extent.x(), &mut parents);
        }
        if row >= extent.y() {
            let behind = row - extent.y();
            let behind_runs = row_starts[behind]..row_starts[behind + 1];
            join_touching(&runs, first..runs.len(), behind_runs, extent.x() * extent.y(), &mut parents);
        }
        row_starts.push(runs.len());
    }
    let mut labels = Grid::filled(extent, 0);
    for (run, number) in runs.iter().zip(parents.numbers()) {
        labels.as_mut_slice()[run.start..run.end].fill(number);
    }
    labels
}

/// Linear indices of the component that holds `seed`, ascending; empty if the seed is outside the mask or the extent.
pub fn component_at(mask: impl Fn(usize) -> bool, extent: Extent, seed: Voxel) -> Vec<usize> {
    component_spans_at(mask, extent, seed).into_iter().flatten().collect()
}

/// Like [`component_at`], as ascending spans that each lie in one row. Visits the component and its rim only.
pub fn component_spans_at(mask: impl Fn(usize) -> bool, extent: Extent, seed: Voxel) -> Vec<Range<usize>> {
    if !extent.contains(seed) {
        return Vec::new();
    }
    let mut visited = BitSet::new(extent.voxel_count());
    let mut spans = Vec::new();
    let mut stack = vec![extent.index(seed)];
    while let Some(index) = stack.pop() {
        if visited.contains(index) || !mask(index) {
            continue;
        }
        let row = index - index % extent.x();
        let start = (row..index).rev().take_while(|&i| mask(i)).last().unwrap_or(index);
        let end = (index..row + extent.x()).take_while(|&i| mask(i)).last().map_or(index, |i| i + 1);
        visited.insert(start..end);
        for neighbour in neighbour_rows(extent, start..end).into_iter().flatten() {
            let mut inside = false;
            for i in neighbour {
                let open = mask(i) && !visited.contains(i);
                if open && !inside {
                    stack.push(i);
                }
                inside = open;
            }
        }
        spans.push(start..end);
    }
    spans.sort_unstable_by_key(|s| s.start);
    spans
}

fn push_row_runs(mask: &impl Fn(usize) -> bool, row: Range<usize>, runs: &mut Vec<MaskRun>) {
    let mut open = None;
    for i in row.clone() {
        match (mask(i), open) {
            (true, None) => open = Some(i),
            (false, Some(start)) => {
                runs.push(MaskRun { start, end: i });
                open = None;
            }
            _ => {}
        }
    }
    runs.extend(open.map(|start| MaskRun { start, end: row.end }));
}

/// Joins the runs of a row with those of an earlier row, `stride` voxels before, that they touch.
fn join_touching(runs: &[MaskRun], row: Range<usize>, earlier: Range<usize>, stride: usize, parents: &mut Parents) {
    let (mut a, mut b) = (row.start, earlier.start);
    while a < row.end && b < earlier.end {
        let (start, end) = (runs[b].start + stride, runs[b].end + stride);
        if start < runs[a].end && runs[a].start < end {
            parents.join(a, b);
        }
        if runs[a].end < end { a += 1 } else { b += 1 }
    }
}

/// The span moved to the rows before and behind it along y and z, where there are such rows.
fn neighbour_rows(extent: Extent, span: Range<usize>) -> [Option<Range<usize>>; 4] {
    let at = extent.voxel(span.start);
    let slice = extent.x() * extent.y();
    let back = |step: usize, there: bool| there.then(|| span.start - step..span.end - step);
    let ahead = |step: usize, there: bool| there.then(|| span.start + step..span.end + step);
    [
        back(extent.x(), at.y > 0),
        ahead(extent.x(), at.y + 1 < extent.y()),
        back(slice, at.z > 0),
        ahead(slice, at.z + 1 < extent.z()),
    ]
}

/// Disjoint sets of runs; the root is the earliest run of its set.
#[derive(Default)]
struct Parents(Vec<usize>);

impl Parents {
    fn push(&mut self) {
        self.0.push(self.0.len());
    }

    fn root(&mut self, mut run: usize) -> usize {
        while self.0[run] != run {
            self.0[run] = self.0[self.0[run]];
            run = self.0[run];
        }
        run
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a.max(b)] = a.min(b);
    }

    /// Component number of every run, from 1.
    fn numbers(mut self) -> Vec<u32> {
        let mut numbers: Vec<u32> = Vec::with_capacity(self.0.len());
        let mut next = 1;
        for run in 0..self.0.len() {
            let root = self.root(run);
            if root == run {
                numbers.push(next);
                next += 1;
            } else {
                numbers.push(numbers[root]);
            }
        }
        numbers
    }
}

/// One bit per voxel; the allocator hands out zeroed pages, so untouched parts cost nothing.
struct BitSet(Vec<u64>);

impl BitSet {
    fn new(len: usize) -> Self {
        Self(vec![0; len.div_ceil(64)])
    }

    fn contains(&self, i: usize) -> bool {
        self.0[i / 64] >> (i % 64) & 1 == 1
    }

    fn insert(&mut self, range: Range<usize>) {
        for i in range {
            self.0[i / 64] |= 1 << (i % 64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The plain definition: spread from voxel to voxel.
    fn spread(mask: &[bool], extent: Extent, seed: usize) -> Vec<usize> {
        let mut found = vec![false; mask.len()];
        let mut stack = vec![seed];
        while let Some(i) = stack.pop() {
            if mask[i] && !found[i] {
                found[i] = true;
                let at = extent.voxel(i);
                for axis in 0..3 {
                    let c = at.to_array()[axis];
                    stack.extend(c.checked_sub(1).map(|c| extent.index(at.with_axis(axis, c))));
                    stack.extend((c + 1 < extent.to_array()[axis]).then(|| extent.index(at.with_axis(axis, c + 1))));
                }
            }
        }
        (0..mask.len()).filter(|&i| found[i]).collect()
    }

    fn any_mask() -> impl Strategy<Value = (Extent, Vec<bool>)> {
        (1usize..9, 1usize..7, 1usize..6, 1u8..10).prop_flat_map(|(x, y, z, density)| {
            let voxel = (0u8..10).prop_map(move |v| v < density);
            prop::collection::vec(voxel, x * y * z).prop_map(move |m| (Extent::new(x, y, z).unwrap(), m))
        })
    }

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
    fn a_seed_beside_the_mask_or_outside_finds_nothing() {
        let e = Extent::new(3, 1, 1).unwrap();
        assert!(component_at(|i| i == 0, e, Voxel::new(2, 0, 0)).is_empty());
        assert!(component_at(|_| true, e, Voxel::new(3, 0, 0)).is_empty());
    }

    #[test]
    fn corners_that_touch_are_separate_components() {
        let e = Extent::new(2, 2, 2).unwrap();
        let labels = components(|i| i == 0 || i == 7 || i == 3, e);
        assert_eq!(labels.as_slice(), [1, 0, 0, 2, 0, 0, 0, 2]);
    }
}

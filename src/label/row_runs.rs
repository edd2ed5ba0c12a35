//! Components of the runs of a mask along x.

use std::ops::Range;

use rayon::prelude::*;

use super::bits::{WORD, pack};

/// Slabs that each thread works on: enough for all to finish at about the same time.
const SLABS_PER_THREAD: usize = 4;

/// A maximal run of mask voxels in one row: the x of its first voxel and one past its last.
#[derive(Clone, Copy)]
pub(super) struct Run {
    pub start: usize,
    pub end: usize,
}

/// The runs of all rows, ascending, and to which component each belongs.
pub(super) struct RunComponents {
    slabs: Vec<Slab>,
    /// By run, from 1 in the order of first runs.
    numbers: Vec<u32>,
}

/// Consecutive slices.
struct Slab {
    first_row: usize,
    runs: Vec<Run>,
    /// First run of every row and the number of runs.
    row_starts: Vec<usize>,
    sets: RunSets,
}

impl RunComponents {
    /// `row_mask` writes one bit per voxel (see [`pack`]) of a row `y + rows_per_slice * z` and leaves bits beyond the row 0.
    pub(super) fn of([nx, rows_per_slice, slices]: [usize; 3], row_mask: impl Fn(usize, &mut [u64]) + Sync) -> Self {
        let thickness = slices.div_ceil(SLABS_PER_THREAD * rayon::current_num_threads()).max(1);
        let slab_starts: Vec<usize> = (0..slices).step_by(thickness).collect();
        let mut slabs: Vec<Slab> = slab_starts
            .into_par_iter()
            .map(|z| {
                let rows = z * rows_per_slice..(z + thickness).min(slices) * rows_per_slice;
                Slab::of(nx, rows_per_slice, rows, &row_mask)
            })
            .collect();
        let numbers = join_slabs(&mut slabs, rows_per_slice).numbers();
        Self { slabs, numbers }
    }

    /// Number of components.
    pub(super) fn count(&self) -> usize {
        self.numbers.iter().max().map_or(0, |&n| n as usize)
    }

    /// For each slab its rows and, in those, every run with its row and the number of its component.
    pub(super) fn slabs(&self) -> impl Iterator<Item = (Range<usize>, impl Iterator<Item = (usize, Run, u32)>)> {
        let mut before = 0;
        self.slabs.iter().map(move |slab| {
            let numbers = &self.numbers[before..before + slab.runs.len()];
            before += slab.runs.len();
            let rows = slab.first_row..slab.first_row + slab.row_starts.len() - 1;
            let runs = slab.row_starts.windows(2).zip(rows.clone()).flat_map(move |(bounds, row)| {
                (bounds[0]..bounds[1]).map(move |run| (row, slab.runs[run], numbers[run]))
            });
            (rows, runs)
        })
    }

    /// Every run with its row and the number of its component.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, Run, u32)> {
        self.slabs().flat_map(|(_, runs)| runs)
    }
}

impl Slab {
    fn of(nx: usize, rows_per_slice: usize, rows: Range<usize>, row_mask: &impl Fn(usize, &mut [u64])) -> Self {
        let mut slab = Self { first_row: rows.start, runs: Vec::new(), row_starts: vec![0], sets: RunSets::default() };
        let mut words = vec![0; nx.div_ceil(WORD)];
        for row in rows {
            row_mask(row, &mut words);
            push_runs(&words, nx, &mut slab.runs);
            slab.row_starts.push(slab.runs.len());
            slab.sets.grow(slab.runs.len());
            let local = slab.row_starts.len() - 2;
            if row % rows_per_slice > 0 {
                slab.join_rows(local, local - 1);
            }
            if local >= rows_per_slice {
                slab.join_rows(local, local - rows_per_slice);
            }
        }
        slab
    }

    fn row(&self, local: usize) -> Range<usize> {
        self.row_starts[local]..self.row_starts[local + 1]
    }

    fn join_rows(&mut self, a: usize, b: usize) {
        let (a, b) = (self.row(a), self.row(b));
        let (firsts, runs) = ((a.start, b.start), &self.runs);
        join_touching(&runs[a], &runs[b], |i, j| self.sets.join(firsts.0 + i, firsts.1 + j));
    }
}

/// The sets of all slabs in one, with those of touching slabs joined.
fn join_slabs(slabs: &mut [Slab], rows_per_slice: usize) -> RunSets {
    let mut all = RunSets::default();
    let mut earlier: Option<(&Slab, usize)> = None;
    for slab in slabs.iter_mut() {
        let first = all.append(std::mem::take(&mut slab.sets));
        let slab = &*slab;
        if let Some((before, before_first)) = earlier {
            let last_slice = before.row_starts.len() - 1 - rows_per_slice;
            for row in 0..rows_per_slice {
                let (a, b) = (slab.row(row), before.row(last_slice + row));
                join_touching(&slab.runs[a.clone()], &before.runs[b.clone()], |i, j| {
                    all.join(first + a.start + i, before_first + b.start + j);
                });
            }
        }
        earlier = Some((slab, first));
    }
    all
}

/// The runs of set bits.
fn push_runs(words: &[u64], nx: usize, runs: &mut Vec<Run>) {
    let mut open = None;
    let mut last_bit = 0;
    for (word, first) in words.iter().zip((0..).step_by(WORD)) {
        // A bit is set wherever the mask begins or ends.
        let mut edges = word ^ (word << 1 | last_bit);
        last_bit = word >> (WORD - 1);
        while edges != 0 {
            let x = first + edges.trailing_zeros() as usize;
            edges &= edges - 1;
            match open.take() {
                None => open = Some(x),
                Some(start) => runs.push(Run { start, end: x }),
            }
        }
    }
    runs.extend(open.map(|start| Run { start, end: nx }));
}

/// Tells the places of runs that touch in two neighbouring rows.
fn join_touching(row: &[Run], other: &[Run], mut join: impl FnMut(usize, usize)) {
    let (mut i, mut j) = (0, 0);
    while let (Some(a), Some(b)) = (row.get(i), other.get(j)) {
        if b.start < a.end && a.start < b.end {
            join(i, j);
        }
        if a.end < b.end { i += 1 } else { j += 1 }
    }
}

/// Disjoint sets of runs; the root is the earliest run of its set.
#[derive(Default)]
struct RunSets(Vec<usize>);

impl RunSets {
    /// Adds sets of one run each until there are `len` runs.
    fn grow(&mut self, len: usize) {
        self.0.extend(self.0.len()..len);
    }

    /// Adds runs with the sets they already form; returns the place of the first.
    fn append(&mut self, more: Self) -> usize {
        let first = self.0.len();
        self.0.extend(more.0.into_iter().map(|parent| first + parent));
        first
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
    fn numbers(self) -> Vec<u32> {
        let mut numbers: Vec<u32> = Vec::with_capacity(self.0.len());
        let mut next: u32 = 1;
        for (run, &parent) in self.0.iter().enumerate() {
            // A parent is never later than its run, so it has its number already.
            numbers.push(if parent == run { next } else { numbers[parent] });
            next = next.saturating_add(u32::from(parent == run));
        }
        numbers
    }
}

/// The mask of a row of linear indices given voxel by voxel.
pub(super) fn pack_row(row: Range<usize>, words: &mut [u64], mask: impl Fn(usize) -> bool) {
    let mut voxels = [false; WORD];
    for (word, first) in words.iter_mut().zip(row.clone().step_by(WORD)) {
        let indices = first..row.end.min(first + WORD);
        let voxels = &mut voxels[..indices.len()];
        for (inside, index) in voxels.iter_mut().zip(indices) {
            *inside = mask(index);
        }
        *word = pack(voxels);
    }
}

//! 2x2x2 convolution with stride 2 (`down`) and its transposed form (`up`) as matrix products.
//!
//! Both relate a fine volume to a coarse one of half the size. The eight neighbours of a coarse voxel are taken as
//! eight channels, `8 c + 4 i + 2 j + k` for channel `c` and the offset `(i, j, k)` in `(z, y, x)`. They are rearranged
//! piece by piece in the cache; the permuted volume never exists in memory.

use std::ops::Range;

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use crate::learn::kernels::instructions::instructions;
use crate::learn::kernels::matrix::bands::{SCRATCH, rows_per_task, split_off};
use crate::learn::kernels::matrix::pointwise::copied;
use crate::learn::kernels::matrix::product::{COLUMNS, PANEL, Panels, Rows, multiply, padded_stride, whole_tiles};
use crate::learn::kernels::scratch::with_scratch;

/// Neighbours of a coarse voxel: as many as a panel has rows, so that a panel is one fine channel.
pub const NEIGHBOURS: usize = PANEL;
/// Columns that repay reading a large weight matrix: a few tiles.
const FEWEST_COLUMNS: usize = 144;

/// `fine [batch, fine_channels, 2 z, 2 y, 2 x]` and `coarse [batch, coarse_channels, z, y, x]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stride2 {
    pub batch: usize,
    pub fine_channels: usize,
    pub coarse_channels: usize,
    /// `[z, y, x]` of the coarse volume.
    pub coarse_size: [usize; 3],
}

/// Neighbouring coarse rows: whole planes, or some rows of one plane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Band {
    pub z: Range<usize>,
    pub y: Range<usize>,
}

impl Stride2 {
    /// `fine` to `coarse`; weights `[coarse_channels][fine_channels][2][2][2]`.
    pub fn down_forward(&self, fine: &[f32], weight: &[f32], coarse: &mut [f32]) {
        let depth = self.fine_channels * NEIGHBOURS;
        self.contract(fine, &Panels::new(self.coarse_channels, depth, |o, k| weight[o * depth + k]), coarse);
    }

    /// The gradient of `fine`.
    pub fn down_data_gradient(&self, d_coarse: &[f32], weight: &[f32], d_fine: &mut [f32]) {
        let rows = self.fine_channels * NEIGHBOURS;
        self.expand(d_coarse, &Panels::new(rows, self.coarse_channels, |row, o| weight[o * rows + row]), d_fine);
    }

    /// `coarse` to `fine`; weights `[fine_channels][2][2][2][coarse_channels]`.
    pub fn up_forward(&self, coarse: &[f32], weight: &[f32], fine: &mut [f32]) {
        let (rows, depth) = (self.fine_channels * NEIGHBOURS, self.coarse_channels);
        self.expand(coarse, &Panels::new(rows, depth, |row, k| weight[row * depth + k]), fine);
    }

    /// The gradient of `coarse`.
    pub fn up_data_gradient(&self, d_fine: &[f32], weight: &[f32], d_coarse: &mut [f32]) {
        let (rows, depth) = (self.coarse_channels, self.fine_channels * NEIGHBOURS);
        self.contract(d_fine, &Panels::new(rows, depth, |row, k| weight[k * rows + row]), d_coarse);
    }

    pub fn coarse_volume(&self) -> usize {
        self.coarse_size.iter().product()
    }

    pub fn fine_volume(&self) -> usize {
        NEIGHBOURS * self.coarse_volume()
    }

    /// All coarse rows in pieces of about `voxels`, at least a row.
    pub fn bands(&self, voxels: usize) -> Vec<Band> {
        let [planes, rows, width] = self.coarse_size;
        let plane = rows * width;
        if plane == 0 {
            return Vec::new();
        }
        if plane <= voxels {
            let count = fullest(planes, voxels / plane, plane);
            return (0..planes).step_by(count).map(|z| Band { z: z..planes.min(z + count), y: 0..rows }).collect();
        }
        let count = fullest(rows, voxels / width, width);
        let of_plane = |z| (0..rows).step_by(count).map(move |y| Band { z: z..z + 1, y: y..rows.min(y + count) });
        (0..planes).flat_map(of_plane).collect()
    }

    /// `coarse = A neighbours(fine)`.
    fn contract(&self, fine: &[f32], a: &Panels, coarse: &mut [f32]) {
        let bands = self.bands(whole_tiles(SCRATCH, self.fine_channels * NEIGHBOURS).max(FEWEST_COLUMNS));
        let rows = rows_per_task(self.coarse_channels, self.batch * bands.len());
        let mut tasks = Vec::with_capacity(self.batch * bands.len());
        for (item, of_item) in coarse.chunks_mut((self.coarse_channels * self.coarse_volume()).max(1)).enumerate() {
            for (part, of_part) in of_item.chunks_mut(rows * self.coarse_volume()).enumerate() {
                let mut channels: Vec<&mut [f32]> = of_part.chunks_mut(self.coarse_volume()).collect();
                for band in &bands {
                    let count = band.voxels(self.coarse_size[2]);
                    let to = channels.iter_mut().map(|rest| split_off(rest, count)).collect();
                    tasks.push(ContractTask { item, first_panel: part * rows / PANEL, band, to });
                }
            }
        }
        tasks.into_par_iter().for_each(|task| {
            let stride = padded_stride(task.band.voxels(self.coarse_size[2]));
            with_scratch(self.fine_channels * NEIGHBOURS * stride, |scratch| {
                instructions().dispatch(ContractKernel { task, shape: self, fine, a, scratch });
            });
        });
    }

    /// `neighbours(fine) = A coarse`.
    fn expand(&self, coarse: &[f32], a: &Panels, fine: &mut [f32]) {
        let bands = self.bands(whole_tiles(SCRATCH, self.coarse_channels + NEIGHBOURS));
        // A fine channel is a panel of rows.
        let rows = rows_per_task(self.fine_channels * NEIGHBOURS, self.batch * bands.len());
        let mut tasks = Vec::with_capacity(self.batch * bands.len());
        for (item, of_item) in fine.chunks_mut((self.fine_channels * self.fine_volume()).max(1)).enumerate() {
            for (part, of_part) in of_item.chunks_mut(rows / NEIGHBOURS * self.fine_volume()).enumerate() {
                let mut channels: Vec<_> =
                    of_part.chunks_mut(self.fine_volume()).map(|c| self.fine_planes(c)).collect();
                for band in &bands {
                    let to = channels.iter_mut().map(|planes| band.split_off(planes, self.coarse_size[2])).collect();
                    tasks.push(ExpandTask { item, first_panel: part * rows / PANEL, band, to });
                }
            }
        }
        tasks.into_par_iter().for_each(|task| {
            let stride = padded_stride(task.band.voxels(self.coarse_size[2]));
            with_scratch((self.coarse_channels + NEIGHBOURS) * stride, |scratch| {
                instructions().dispatch(ExpandKernel { task, shape: self, coarse, a, scratch });
            });
        });
    }

    /// The pairs of fine planes that belong to the coarse planes.
    fn fine_planes<'a>(&self, channel: &'a mut [f32]) -> Vec<[&'a mut [f32]; 2]> {
        let plane = 4 * self.coarse_size[1] * self.coarse_size[2];
        channel.chunks_exact_mut(2 * plane).map(|pair| pair.split_at_mut(plane).into()).collect()
    }
}

/// How many of `total` equal parts with `columns` columns each to take together, at most `most`: such that the fewest
/// columns of tiles stay empty.
fn fullest(total: usize, most: usize, columns: usize) -> usize {
    let padded = |count: usize| {
        let tiles = |count: usize| (count * columns).next_multiple_of(COLUMNS);
        total / count * tiles(count) + tiles(total % count)
    };
    (1..=most.min(total)).rev().min_by_key(|count| padded(*count)).unwrap_or(1)
}

impl Band {
    pub fn voxels(&self, width: usize) -> usize {
        self.z.len() * self.y.len() * width
    }

    /// The index of its first voxel in a coarse volume of `[z, y, x]` voxels.
    pub fn start(&self, [_, rows, width]: [usize; 3]) -> usize {
        (self.z.start * rows + self.y.start) * width
    }

    /// The band's part of a fine channel, when all bands before it have been taken.
    fn split_off<'a>(&self, planes: &mut [[&'a mut [f32]; 2]], width: usize) -> Vec<[&'a mut [f32]; 2]> {
        let count = 4 * self.y.len() * width;
        planes[self.z.clone()].iter_mut().map(|[a, b]| [split_off(a, count), split_off(b, count)]).collect()
    }
}

/// A band of the coarse channels from a panel on.
struct ContractTask<'a> {
    item: usize,
    first_panel: usize,
    band: &'a Band,
    to: Vec<&'a mut [f32]>,
}

struct ContractKernel<'a> {
    task: ContractTask<'a>,
    shape: &'a Stride2,
    fine: &'a [f32],
    a: &'a Panels,
    scratch: &'a mut [f32],
}

impl WithSimd for ContractKernel<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { task: ContractTask { item, first_panel, band, mut to }, shape, fine, a, scratch } = self;
        let stride = padded_stride(band.voxels(shape.coarse_size[2]));
        let channels = &fine[item * shape.fine_channels * shape.fine_volume()..];
        gather_neighbours(shape.coarse_size, channels, band, stride, scratch);
        for (index, to) in to.chunks_mut(PANEL).enumerate() {
            let b = Rows { values: scratch, stride };
            multiply(simd, a.panel(first_panel + index), &[0.0; PANEL], b, 0, to);
        }
    }
}

/// The neighbours of a band's voxels as rows `8 c + 4 i + 2 j + k` with the given distance, for as many channels as
/// `to` has room for.
#[inline(always)]
pub fn gather_neighbours(size: [usize; 3], channels: &[f32], band: &Band, stride: usize, to: &mut [f32]) {
    let [planes, rows, width] = size;
    let volume = NEIGHBOURS * planes * rows * width;
    for (channel, to) in channels.chunks_exact(volume).zip(to.chunks_mut(NEIGHBOURS * stride)) {
        for (i, to) in to.chunks_mut(4 * stride).enumerate() {
            let mut column = 0;
            for z in band.z.clone() {
                let plane = &channel[(2 * z + i) * 4 * rows * width..][..4 * rows * width];
                // Both rows of a pair before the next, so that memory is read as it lies there.
                for y in band.y.clone() {
                    for j in 0..2 {
                        let (even, odd) = to[2 * j * stride..].split_at_mut(stride);
                        let row = &plane[(2 * y + j) * 2 * width..][..2 * width];
                        deinterleave(row, &mut even[column..column + width], &mut odd[column..column + width]);
                    }
                    column += width;
                }
            }
        }
    }
}

#[inline(always)]
fn deinterleave(row: &[f32], even: &mut [f32], odd: &mut [f32]) {
    for ((pair, even), odd) in row.as_chunks::<2>().0.iter().zip(even).zip(odd) {
        (*even, *odd) = (pair[0], pair[1]);
    }
}

#[inline(always)]
fn interleave(even: &[f32], odd: &[f32], row: &mut [f32]) {
    for ((pair, even), odd) in row.as_chunks_mut::<2>().0.iter_mut().zip(even).zip(odd) {
        *pair = [*even, *odd];
    }
}

/// A band of the fine channels from a panel on; `[channel][z][i]`.
struct ExpandTask<'a> {
    item: usize,
    first_panel: usize,
    band: &'a Band,
    to: Vec<Vec<[&'a mut [f32]; 2]>>,
}

struct ExpandKernel<'a> {
    task: ExpandTask<'a>,
    shape: &'a Stride2,
    coarse: &'a [f32],
    a: &'a Panels,
    /// For the inputs and one panel of outputs.
    scratch: &'a mut [f32],
}

impl WithSimd for ExpandKernel<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { task: ExpandTask { item, first_panel, band, to }, shape, coarse, a, scratch } = self;
        let (volume, width) = (shape.coarse_volume(), shape.coarse_size[2]);
        let columns = band.voxels(width);
        let (inputs, product) = scratch.split_at_mut(shape.coarse_channels * padded_stride(columns));
        let from = &coarse[item * shape.coarse_channels * volume..][..shape.coarse_channels * volume];
        let from = Rows { values: from, stride: volume };
        let b = copied(from, band.start(shape.coarse_size), columns, inputs);
        for (index, mut to) in to.into_iter().enumerate() {
            let mut rows: Vec<&mut [f32]> = product.chunks_exact_mut(b.stride).map(|row| &mut row[..columns]).collect();
            multiply(simd, a.panel(first_panel + index), &[0.0; PANEL], b, 0, &mut rows);
            scatter_neighbours(&rows, width, &mut to);
        }
    }
}

/// The rows `4 i + 2 j + k` of one channel to their places.
#[inline(always)]
fn scatter_neighbours(rows: &[&mut [f32]], width: usize, to: &mut [[&mut [f32]; 2]]) {
    for (i, rows) in rows.chunks_exact(4).enumerate() {
        let mut column = 0;
        for planes in to.iter_mut() {
            for pair in planes[i].chunks_exact_mut(4 * width) {
                for (to, rows) in pair.chunks_exact_mut(2 * width).zip(rows.chunks_exact(2)) {
                    interleave(&rows[0][column..column + width], &rows[1][column..column + width], to);
                }
                column += width;
            }
        }
    }
}

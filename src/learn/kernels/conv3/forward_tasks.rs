//! Tasks of the forward kernel.

use std::ops::Range;

use super::PRODUCTS;
use super::dims::Dims;
use super::registers::WIDE_BLOCK;
use super::tile::Tile;
use crate::learn::kernels::moments::Moments;

/// Transformed inputs of a task: half a megabyte, which common second-level caches hold.
const SCRATCH: usize = 1 << 17;
/// Fewer tasks than this leave threads idle; deep layers then share a tile's channels among tasks.
const ENOUGH_TASKS: usize = 64;
/// Output channels that repay transforming the inputs once more.
const CHANNELS_PER_TASK: usize = 32;

/// How the output is divided; it depends on the shape alone, so that results do not depend on the number of threads.
pub(crate) struct Partition {
    dims: Dims,
    out_channels: usize,
    /// Tiles in z and y of a task; in z more than one only if it has all in y.
    tiles: [usize; 2],
    /// Output channels of a task.
    channels: usize,
}

/// A box of tiles of one item and some output channels.
pub(crate) struct ForwardTask<'a> {
    pub tiles: Vec<Tile>,
    /// Tiles of the box in y.
    pub tiles_y: usize,
    pub channels: Range<usize>,
    /// `[channel][plane]`: the rows of the box in that plane.
    pub pieces: Vec<&'a mut [f32]>,
}

impl Partition {
    pub fn new(dims: Dims, out_channels: usize) -> Self {
        let [tiles_z, tiles_y] = dims.tiles();
        let outputs = SCRATCH / (PRODUCTS * dims.channels.max(1));
        let fit = (outputs / (dims.size[2] + 1)).max(1);
        let tiles = if fit < tiles_y {
            [1, tiles_y.div_ceil(tiles_y.div_ceil(fit))]
        } else {
            let fit = (fit / tiles_y.max(1)).clamp(1, tiles_z.max(1));
            [tiles_z.div_ceil(tiles_z.div_ceil(fit).max(1)), tiles_y]
        }
        .map(|tiles| tiles.max(1));
        let boxes = dims.batch * tiles_z.div_ceil(tiles[0]) * tiles_y.div_ceil(tiles[1]);
        let shares = ENOUGH_TASKS.div_ceil(boxes.max(1)).min(out_channels.div_ceil(CHANNELS_PER_TASK)).max(1);
        let channels = out_channels.div_ceil(shares).next_multiple_of(WIDE_BLOCK);
        Self { dims, out_channels, tiles, channels }
    }

    /// Boxes in z and y of one item, and shares of the output channels.
    fn counts(&self) -> [usize; 3] {
        let [tiles_z, tiles_y] = self.dims.tiles();
        [tiles_z.div_ceil(self.tiles[0]), tiles_y.div_ceil(self.tiles[1]), self.out_channels.div_ceil(self.channels)]
    }

    /// Tasks `[item][box in y][box in z][share]`.
    pub fn tasks<'a>(&self, output: &'a mut [f32]) -> Vec<ForwardTask<'a>> {
        let [boxes_z, boxes_y, shares] = self.counts();
        let mut tasks = Vec::new();
        for item in 0..self.dims.batch {
            // Along z first: two of a box's four planes are those of the box before it.
            for y in 0..boxes_y {
                for z in 0..boxes_z {
                    for share in 0..shares {
                        tasks.push(self.task(item, z, y, share));
                    }
                }
            }
        }
        let [depth, _, width] = self.dims.size;
        let planes = output.chunks_exact_mut(self.dims.plane().max(1));
        for (index, plane) in planes.enumerate() {
            let (z, channel) = (index % depth, index / depth % self.out_channels);
            let item = index / (depth * self.out_channels);
            let box_z = z / (2 * self.tiles[0]);
            for (y, piece) in plane.chunks_mut(2 * self.tiles[1] * width).enumerate() {
                tasks[((item * boxes_y + y) * boxes_z + box_z) * shares + channel / self.channels].pieces.push(piece);
            }
        }
        tasks
    }

    fn task<'a>(&self, item: usize, z: usize, y: usize, share: usize) -> ForwardTask<'a> {
        let [all_z, all_y] = self.dims.tiles();
        let begin = [z * self.tiles[0], y * self.tiles[1]];
        let end = [(begin[0] + self.tiles[0]).min(all_z), (begin[1] + self.tiles[1]).min(all_y)];
        let tiles = (begin[0]..end[0])
            .flat_map(|z| (begin[1]..end[1]).map(move |y| Tile::new(self.dims, item, z, y)))
            .collect();
        let first = share * self.channels;
        let channels = first..(first + self.channels).min(self.out_channels);
        ForwardTask { tiles, tiles_y: end[1] - begin[1], channels, pieces: Vec::new() }
    }

    /// Moments `[item][channel]` from those of the tasks, in the order of the tasks.
    pub fn merged(&self, partial: &[Vec<Moments>]) -> Vec<Moments> {
        let [boxes_z, boxes_y, shares] = self.counts();
        let mut merged = vec![Moments::default(); self.dims.batch * self.out_channels];
        for (index, of_task) in partial.iter().enumerate() {
            let (share, item) = (index % shares, index / (shares * boxes_y * boxes_z));
            let first = item * self.out_channels + share * self.channels;
            for (merged, &partial) in merged[first..].iter_mut().zip(of_task) {
                *merged = merged.merge(partial);
            }
        }
        merged
    }
}

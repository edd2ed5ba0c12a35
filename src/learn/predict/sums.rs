//! Sums of weighted window probabilities for the slices that are not complete yet, on the device.

use std::ops::Range;

use burn::tensor::{Device, Tensor};

use crate::geometry::Tile;

/// Maps `[1, channel, z, y, x]` of a box of slices and rows; the box moves along z.
pub struct SliceSums {
    sums: Tensor<5>,
    first_slice: usize,
    rows: Range<usize>,
}

impl SliceSums {
    /// For windows that are at most `depth` slices thick.
    pub fn new(channels: usize, depth: usize, rows: Range<usize>, width: usize, device: &Device) -> Self {
        Self { sums: Tensor::zeros([1, channels, depth, rows.len(), width], device), first_slice: 0, rows }
    }

    /// Adds a window's weighted maps `[1, channel, z, y, x]`; rows outside the box are left out.
    pub fn add(&mut self, tile: &Tile, maps: Tensor<5>) {
        let Some(rows) = self.rows_of(tile) else { return };
        let channels = self.sums.dims()[1];
        let [width, height, depth] = tile.size;
        let from = rows.start - tile.start.y;
        let inside = if rows.len() == height {
            maps
        } else {
            maps.slice([0..1, 0..channels, 0..depth, from..from + rows.len(), 0..width])
        };
        let z = tile.start.z - self.first_slice;
        let y = rows.start - self.rows.start;
        let place = [0..1, 0..channels, z..z + depth, y..y + rows.len(), tile.start.x..tile.start.x + width];
        let sum = self.sums.clone().slice(place.clone()) + inside;
        // Nobody else holds the sums now, so that they are changed in place.
        self.sums.inplace(|sums| sums.slice_assign(place, sum));
    }

    fn rows_of(&self, tile: &Tile) -> Option<Range<usize>> {
        let start = tile.start.y.max(self.rows.start);
        let end = (tile.start.y + tile.size[1]).min(self.rows.end);
        (start < end).then_some(start..end)
    }

    /// Takes out the first `count` slices, `[1, channel, count, y, x]`; the others move up and empty ones follow.
    pub fn take(&mut self, count: usize) -> Tensor<5> {
        let [_, channels, depth, height, width] = self.sums.dims();
        let done = self.sums.clone().narrow(2, 0, count);
        let empty = Tensor::zeros([1, channels, count, height, width], &self.sums.device());
        self.sums = if count == depth {
            empty
        } else {
            Tensor::cat(vec![self.sums.clone().narrow(2, count, depth - count), empty], 2)
        };
        self.first_slice += count;
        done
    }
}

//! Volumes with a border of zeros, so that a 3x3x3 window never leaves the array.

use rayon::prelude::*;

/// Values that may be read beyond the last plane: more than three of the widest registers, and the two voxels of a tap.
const SLACK: usize = 64;

/// Batch, channels and size of a `[b, c, z, y, x]` array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dims {
    pub batch: usize,
    pub channels: usize,
    pub size: [usize; 3],
}

/// A copy with one voxel of zeros around every channel.
///
/// A padded plane is walked as one long row of `y * width + x`: output `i` needs inputs `i + ky * width + kx`. The last
/// two outputs of every row are meaningless and never stored.
pub struct Padded {
    dims: Dims,
    values: Vec<f32>,
}

impl Dims {
    pub fn new([batch, channels, z, y, x]: [usize; 5]) -> Self {
        Self { batch, channels, size: [z, y, x] }
    }

    pub fn plane(&self) -> usize {
        self.size[1] * self.size[2]
    }

    pub fn volume(&self) -> usize {
        self.size[0] * self.plane()
    }

    pub fn padded_width(&self) -> usize {
        self.size[2] + 2
    }

    pub fn padded_plane(&self) -> usize {
        (self.size[1] + 2) * self.padded_width()
    }

    /// Outputs of a plane when it is walked as one row, meaningless ones included.
    pub fn row_outputs(&self) -> usize {
        self.size[1] * self.padded_width()
    }

    fn padded_volume(&self) -> usize {
        (self.size[0] + 2) * self.padded_plane()
    }
}

impl Padded {
    pub fn new(values: &[f32], dims: Dims) -> Self {
        let channel = dims.padded_volume();
        // The last block of the last plane reads beyond it, into values that are never stored.
        let mut padded = vec![0.0; dims.batch * dims.channels * channel + SLACK];
        let [_, _, width] = dims.size;
        padded.par_chunks_exact_mut(channel).zip(values.par_chunks_exact(dims.volume())).for_each(|(to, from)| {
            let planes = to.chunks_exact_mut(dims.padded_plane()).skip(1);
            for (to, from) in planes.zip(from.chunks_exact(dims.plane())) {
                let rows = to.chunks_exact_mut(dims.padded_width()).skip(1);
                for (to, from) in rows.zip(from.chunks_exact(width)) {
                    to[1..=width].copy_from_slice(from);
                }
            }
        });
        Self { dims, values: padded }
    }

    pub fn dims(&self) -> Dims {
        self.dims
    }

    /// From padded plane `z` (0 is the border) of a channel to the end of the array.
    #[inline(always)]
    pub fn at_plane(&self, item: usize, channel: usize, z: usize) -> &[f32] {
        let index = (item * self.dims.channels + channel) * self.dims.padded_volume() + z * self.dims.padded_plane();
        &self.values[index..]
    }
}

//! Shape of a batch of volumes.

/// Batch, channels and size of a `[b, c, z, y, x]` array, x fastest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dims {
    pub batch: usize,
    pub channels: usize,
    /// `[z, y, x]`.
    pub size: [usize; 3],
}

impl Dims {
    /// Voxels of a plane.
    pub fn plane(&self) -> usize {
        self.size[1] * self.size[2]
    }

    /// Voxels of a channel.
    pub fn volume(&self) -> usize {
        self.size[0] * self.plane()
    }

    /// Values of the whole array.
    pub fn len(&self) -> usize {
        self.batch * self.channels * self.volume()
    }

    /// Whether the array has no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Tiles of 2x2 rows in z and y; the last ones reach beyond odd sizes.
    pub(crate) fn tiles(&self) -> [usize; 2] {
        [self.size[0].div_ceil(2), self.size[1].div_ceil(2)]
    }
}

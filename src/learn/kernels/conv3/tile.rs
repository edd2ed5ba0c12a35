//! Tiles of 2x2 rows, and the long rows that several tiles form.

use super::dims::Dims;

/// Values of the largest register.
const LARGEST: usize = 16;

/// Two planes by two rows of one item's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tile {
    item: usize,
    /// Where the rows from one plane and one row before it on begin in a channel; none outside the volume. The tile
    /// itself is `[1..3][1..3]`.
    rows: [[Option<usize>; 4]; 4],
}

/// Long rows in scratch memory: tile `t` lies at `t * (width + 1)`.
///
/// The single zero between two tiles is the border to the right of one and to the left of the next, so that narrow
/// volumes fill the registers and a window never needs a test. Output `i` needs inputs `i`, `i + 1` and `i + 2` of a
/// row of inputs, which begins with the zero to the left of the first tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LongRow {
    pub width: usize,
    /// Width of a tile's row in whole registers; what lies beyond the width is overwritten by the next tile.
    pub padded: usize,
    pub tiles: usize,
    /// Outputs rounded up to whole registers.
    pub outputs: usize,
    /// Values from one row to the next.
    pub stride: usize,
}

/// The rows of a `[b, c, z, y, x]` array, zero outside. They can be read in whole registers.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a> {
    values: &'a [f32],
    pub dims: Dims,
    border: &'a Border,
}

/// What [`Rows`] reads beyond its array.
pub(crate) struct Border {
    /// One row.
    zeros: Vec<f32>,
    /// The last values of the array and a row of zeros.
    ending: Vec<f32>,
}

impl Tile {
    /// Tile `z`, `y` of an item.
    pub fn new(dims: Dims, item: usize, z: usize, y: usize) -> Self {
        let [depth, height, width] = dims.size;
        let inside = |at: usize, size: usize| (1..=size).contains(&at).then(|| at - 1);
        let rows = std::array::from_fn(|dz| {
            std::array::from_fn(|dy| {
                let (z, y) = (inside(2 * z + dz, depth)?, inside(2 * y + dy, height)?);
                Some((z * height + y) * width)
            })
        });
        Self { item, rows }
    }
}

impl LongRow {
    pub fn new(width: usize, tiles: usize, lanes: usize) -> Self {
        let outputs = (tiles * (width + 1)).next_multiple_of(lanes);
        // The last register of outputs reads two values more, and the last register of a tile may reach further.
        // Multiples of 16 let all rows begin on a cache line.
        Self {
            width,
            padded: width.next_multiple_of(lanes),
            tiles,
            outputs,
            stride: (outputs + 2 + LARGEST).next_multiple_of(16),
        }
    }

    #[inline(always)]
    pub fn at(&self, tile: usize) -> usize {
        tile * (self.width + 1)
    }
}

impl Border {
    pub fn new(values: &[f32], dims: Dims) -> Self {
        let row = dims.size[2].next_multiple_of(LARGEST);
        let mut ending = values[values.len().saturating_sub(row)..].to_vec();
        ending.resize(ending.len() + row, 0.0);
        Self { zeros: vec![0.0; row], ending }
    }
}

impl<'a> Rows<'a> {
    pub fn new(values: &'a [f32], dims: Dims, border: &'a Border) -> Self {
        Self { values, dims, border }
    }

    /// A row of zeros.
    #[inline(always)]
    pub fn zeros(&self) -> &'a [f32] {
        &self.border.zeros
    }

    /// Where a channel of a tile's item begins.
    #[inline(always)]
    pub fn channel(&self, tile: &Tile, channel: usize) -> usize {
        (tile.item * self.dims.channels + channel) * self.dims.volume()
    }

    /// Row `dy - 1` of plane `dz - 1` of a tile in its channel, and whatever follows it up to whole registers.
    #[inline(always)]
    pub fn row(&self, channel: usize, tile: &Tile, dz: usize, dy: usize) -> &'a [f32] {
        let Border { zeros, ending } = self.border;
        let Some(begin) = tile.rows[dz][dy] else { return zeros };
        let (begin, len) = (channel + begin, zeros.len());
        if begin + len <= self.values.len() {
            &self.values[begin..begin + len]
        } else {
            // `ending` has `len` zeros after the values.
            &ending[begin + ending.len() - len - self.values.len()..][..len]
        }
    }
}

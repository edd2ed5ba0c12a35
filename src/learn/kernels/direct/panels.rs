//! Weights in the order in which the forward kernel reads them.

use super::Direct;

/// Sums of different weights that are computed together where there are 32 registers.
pub(super) const PANEL: usize = 8;
/// The same with 16 registers, and for few sums.
pub(super) const HALF: usize = PANEL / 2;

/// `[out][c][K][K][K]` weights, read as they are or for the data gradient: channels exchanged and taps reversed.
#[derive(Clone, Copy)]
pub(super) struct Weights<'a> {
    pub values: &'a [f32],
    pub flipped: bool,
}

/// `[panel][input channel][z][y][x][sum of the panel]`, zero beyond the last sum.
///
/// With few output channels a panel also has neighbouring output rows: sum `channel * rows + row`. All of them read the
/// same window, which is `rows - 1` rows higher than that of one row; weights are zero where it is not theirs.
pub(super) struct Panels {
    values: Vec<[f32; PANEL]>,
    /// Neighbouring rows that a panel computes.
    pub rows: usize,
    /// Output channels times neighbouring rows.
    pub sums: usize,
    per_panel: usize,
}

impl Panels {
    pub fn new(shape: &Direct, weights: Weights<'_>) -> Self {
        let (out, channels, kernel, taps) = (shape.out_channels, shape.dims.channels, shape.kernel, shape.taps());
        let rows = rows_together(out, kernel);
        let sums = out * rows;
        let per_panel = channels * kernel * (kernel + rows - 1) * kernel;
        let mut values = vec![[0.0; PANEL]; sums.div_ceil(PANEL) * per_panel];
        for sum in 0..sums {
            let (o, row) = (sum / rows, sum % rows);
            let panel = &mut values[sum / PANEL * per_panel..][..per_panel];
            for c in 0..channels {
                let pair = if weights.flipped { c * out + o } else { o * channels + c };
                for (tap, value) in weights.values[pair * taps..][..taps].iter().enumerate() {
                    let tap = if weights.flipped { taps - 1 - tap } else { tap };
                    let (z, y, x) = (tap / kernel / kernel, tap / kernel % kernel, tap % kernel);
                    let at = ((c * kernel + z) * (kernel + rows - 1) + y + row) * kernel + x;
                    panel[at][sum % PANEL] = *value;
                }
            }
        }
        Self { values, rows, sums, per_panel }
    }

    /// `[input channel][z][y][x]`.
    #[inline(always)]
    pub fn panel(&self, index: usize) -> &[[f32; PANEL]] {
        &self.values[index * self.per_panel..][..self.per_panel]
    }
}

/// The number of neighbouring rows for which the largest part of the products is needed: more rows fill the registers of
/// few channels, but multiply with more zeros.
fn rows_together(out_channels: usize, kernel: usize) -> usize {
    let needed = |rows: usize| {
        let sums = out_channels * rows;
        (sums * kernel) as f64 / (sums.next_multiple_of(HALF) * (kernel + rows - 1)).max(1) as f64
    };
    // From the last on, because among equals the last is chosen: fewer rows.
    (1..=HALF).rev().max_by(|a, b| needed(*a).total_cmp(&needed(*b))).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_channels_compute_neighbouring_rows() {
        assert_eq!([1, 2, 3, 4, 16].map(|out| rows_together(out, 7)), [4, 2, 1, 1, 1]);
        assert_eq!(rows_together(1, 1), 1);
        assert_eq!(rows_together(0, 7), 1);
    }
}

//! Rows with the zeros around them.

use super::Direct;

/// Values of the largest register.
const LARGEST: usize = 16;

/// `[plane][row][stride]`: what the windows of some neighbouring rows reach of one channel, zero outside the volume.
///
/// A row begins with the zeros to its left, which are those to the right of the row before it, so that the rows of a
/// plane are one long row. Windows of output `x` of row `y` begin at value `y * stride + x`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Padded {
    size: [usize; 3],
    pub kernel: usize,
    rows: usize,
    pub stride: usize,
}

impl Padded {
    /// For `rows` rows of outputs.
    pub fn new(shape: &Direct, rows: usize) -> Self {
        let (size, kernel) = (shape.dims.size, shape.kernel);
        let stride = size[2] + shape.padding();
        Self { size, kernel, rows: rows + kernel - 1, stride }
    }

    /// Rows of outputs for which `channels` channels and `others` more values per output fit into `floats`; at least 1.
    pub fn rows_that_fit(shape: &Direct, channels: usize, others: usize, floats: usize) -> usize {
        let planes = channels * shape.kernel;
        let fit = floats / (shape.dims.size[2] + shape.padding());
        (fit.saturating_sub(planes * (shape.kernel - 1)) / (planes + others).max(1)).max(1)
    }

    /// Rows of outputs.
    pub fn output_rows(&self) -> usize {
        self.rows + 1 - self.kernel
    }

    /// Outputs of a plane as one long row, in whole registers of any size.
    pub fn outputs(&self) -> usize {
        (self.output_rows() * self.stride).next_multiple_of(LARGEST)
    }

    /// Values of a plane, with zeros for the windows of the last register.
    #[inline(always)]
    pub fn plane(&self) -> usize {
        (self.rows * self.stride + LARGEST + self.kernel).next_multiple_of(LARGEST)
    }

    /// Values of a channel.
    pub fn channel(&self) -> usize {
        self.kernel * self.plane()
    }

    /// Copies what outputs from row `y` of plane `z` on need.
    pub fn fill(&self, from: &[f32], z: usize, y: usize, to: &mut [f32]) {
        let ([depth, height, width], padding) = (self.size, self.kernel / 2);
        let inside = |at: usize, size: usize| at.checked_sub(padding).filter(|at| *at < size);
        for (dz, plane) in to.chunks_exact_mut(self.plane()).enumerate() {
            let (rows, end) = plane.split_at_mut(self.rows * self.stride);
            end.fill(0.0);
            for (dy, row) in rows.chunks_exact_mut(self.stride).enumerate() {
                let (Some(z), Some(y)) = (inside(z + dz, depth), inside(y + dy, height)) else {
                    row.fill(0.0);
                    continue;
                };
                let (border, values) = row.split_at_mut(padding);
                border.fill(0.0);
                values.copy_from_slice(&from[(z * height + y) * width..][..width]);
            }
        }
    }
}

//! Convolution with an odd cubic kernel, stride 1, padding `(K - 1) / 2`, without bias, on slices: forward, data gradient
//! and weight gradient.
//!
//! Plain sums over all taps, for large kernels such as the 7x7x7 stem of a ResNet. No im2col buffer: a task copies the
//! few rows that it needs with the zeros around them, and windows of these rows are loaded where they begin.

mod forward;
mod padded;
mod panels;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;
mod weight_gradient;

use crate::learn::kernels::conv3::Dims;
use crate::learn::kernels::instructions::instructions;

/// Input `[b, c, z, y, x]` with shape `dims`, output `[b, out, z, y, x]`, weights `[out][c][K][K][K]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Direct {
    pub dims: Dims,
    pub out_channels: usize,
    /// `K`, which is odd.
    pub kernel: usize,
}

impl Direct {
    /// The output, `[b, out, z, y, x]`.
    pub fn forward(&self, x: &[f32], weight: &[f32]) -> Vec<f32> {
        forward::forward(instructions(), self, x, weight)
    }

    /// Gradient of the input, `[b, c, z, y, x]`, from that of the output.
    pub fn data_gradient(&self, gradient: &[f32], weight: &[f32]) -> Vec<f32> {
        forward::data_gradient(instructions(), self, gradient, weight)
    }

    /// Gradient of the weights, `[out][c][K][K][K]`, from the input and the gradient of the output.
    pub fn weight_gradient(&self, x: &[f32], gradient: &[f32]) -> Vec<f32> {
        weight_gradient::weight_gradient(instructions(), self, x, gradient)
    }

    /// Zeros on every side of the volume.
    fn padding(&self) -> usize {
        self.kernel / 2
    }

    /// Taps of a window.
    fn taps(&self) -> usize {
        self.kernel.pow(3)
    }
}

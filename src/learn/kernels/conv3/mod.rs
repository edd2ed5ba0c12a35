//! 3x3x3 convolution, stride 1, padding 1, without bias, on slices: forward, data gradient and weight gradient.
//!
//! Winograd's F(2, 3) over z and y (Lavin & Gray 2016), direct along x: a tile of 2x2 rows takes 16 products per x tap
//! instead of 36, and its 16 transformed rows stay in the second-level cache. No im2col buffer.

mod dims;
mod forward;
mod forward_tasks;
mod packed_weights;
#[cfg(test)]
mod reference;
mod registers;
#[cfg(test)]
mod tests;
mod tile;
mod transform;
mod weight_gradient;

pub use dims::Dims;
pub use forward::{conv3_data_gradient, conv3_forward};
pub use weight_gradient::conv3_weight_gradient;

/// Taps of a 3x3x3 window.
const TAPS: usize = 27;
/// Products per tile and x tap: 4 in z times 4 in y.
const PRODUCTS: usize = 16;

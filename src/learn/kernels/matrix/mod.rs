//! Convolutions that are matrix products over the positions: 1x1x1, and 2x2x2 with stride 2 and its transpose.

pub(super) mod bands;
mod pointwise;
pub(super) mod product;
mod stride2;
mod stride2_gradient;

pub use pointwise::Pointwise;
pub use stride2::Stride2;

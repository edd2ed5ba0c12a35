//! Inputs that do not belong together.

use thiserror::Error;

#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum ReviewError {
    #[error("the planes of the prediction lie on different grids")]
    Planes,
    #[error("the prediction and the labels lie on different grids")]
    Labels,
}

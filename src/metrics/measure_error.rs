//! Why labels could not be measured.

use thiserror::Error;

use crate::geometry::Extent;

#[derive(Debug, Error, PartialEq, Eq)]
pub enum MeasureError {
    #[error("grids of {first:?} and {second:?} voxels cannot be measured together")]
    ExtentsDiffer { first: [usize; 3], second: [usize; 3] },
    #[error("cancelled")]
    Cancelled,
}

impl MeasureError {
    pub(super) fn unless_equal(first: Extent, second: Extent) -> Result<(), Self> {
        let (first, second) = (first.to_array(), second.to_array());
        if first == second { Ok(()) } else { Err(Self::ExtentsDiffer { first, second }) }
    }
}

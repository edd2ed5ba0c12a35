//! Reading label volumes.

use std::path::Path;

use super::error::IoError;
use super::geometry::NiftiGeometry;
use super::source::NiftiSource;
use super::voxels::read_first_frame;
use crate::volume::{Grid, Voxels};
use crate::with_voxels;

/// Labels stored as floats may miss a whole number by this much.
const ROUNDING: f64 = 1e-3;

/// A label volume with its geometry and what the user should know about it.
#[derive(Clone, Debug)]
pub struct LoadedMask {
    /// One class number per voxel, x fastest.
    pub class: Grid<u8>,
    pub header: NiftiGeometry,
    /// Whole sentences, as for an image.
    pub notices: Vec<String>,
}

/// Reads a label volume of any number type whose values are whole numbers from 0 to 255.
///
/// # Errors
/// As for an image, and every voxel that is negative, above 255 or not a whole number (to 0.001).
pub fn read_mask(path: &Path) -> Result<LoadedMask, IoError> {
    let source = NiftiSource::open(path)?;
    let (header, mut notices) = (source.geometry.clone(), source.notices.clone());
    let scaling = usable_scaling(source.header.slope, source.header.intercept);
    let class = match read_first_frame(source, &mut |_| {})? {
        Voxels::U8(class) if scaling == (1.0, 0.0) => class,
        voxels => classes(&voxels, scaling).map_err(|reason| IoError::NotLabels { path: path.into(), reason })?,
    };
    if class.as_slice().iter().all(|&c| c == 0) {
        notices.push("The label volume is empty: every voxel is background.".to_owned());
    }
    Ok(LoadedMask { class, header, notices })
}

/// Slope and intercept, or none where the slope is 0 or not a number.
fn usable_scaling(slope: f64, intercept: f64) -> (f64, f64) {
    if slope != 0.0 && slope.is_finite() && intercept.is_finite() { (slope, intercept) } else { (1.0, 0.0) }
}

// The cast is from each voxel type in turn.
#[allow(clippy::unnecessary_cast)]
fn classes(voxels: &Voxels, (slope, intercept): (f64, f64)) -> Result<Grid<u8>, String> {
    let extent = voxels.extent();
    let class: Vec<u8> = with_voxels!(voxels, g => {
        g.as_slice().iter().map(|&v| class_number(slope * v as f64 + intercept)).collect::<Result<_, _>>()?
    });
    Grid::from_vec(extent, class).ok_or_else(|| "it has a wrong number of voxels".to_owned())
}

fn class_number(value: f64) -> Result<u8, String> {
    let rounded = value.round();
    if (value - rounded).abs() > ROUNDING || !value.is_finite() {
        return Err(format!("it holds {value}, which is not a whole number"));
    }
    match rounded {
        // The cast is exact inside this range.
        0.0..=255.0 => Ok(rounded as u8),
        _ if rounded < 0.0 => Err(format!("it holds the negative value {rounded}")),
        _ => Err(format!("it holds the value {rounded}, which is above 255")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_numbers_from_0_to_255_are_classes() {
        assert_eq!([0.0, 0.999_9, 254.999_999, 255.0, -0.000_5].map(class_number), [0, 1, 255, 255, 0].map(Ok));
        for (value, word) in
            [(-1.0, "negative"), (256.0, "above 255"), (0.5, "whole"), (f64::NAN, "whole"), (f64::INFINITY, "whole")]
        {
            assert!(class_number(value).unwrap_err().contains(word), "{value}");
        }
    }
}

//! Reading images.

use std::path::Path;

use super::error::IoError;
use super::geometry::NiftiGeometry;
use super::source::NiftiSource;
use super::voxels::{FirstVoxels, read_first_frame, read_frame};
use crate::geometry::Extent;
use crate::volume::Image;

/// An image with its geometry and what the user should know about it.
#[derive(Clone, Debug)]
pub struct LoadedImage {
    /// First frame, in its stored type.
    pub image: Image,
    pub header: NiftiGeometry,
    /// Whole sentences: first frame of several, qform and sform disagree, orientation unknown, ...
    pub notices: Vec<String>,
}

/// One slice of a volume whose other slices are still being read.
#[derive(Clone, Debug)]
pub struct FirstSlice {
    /// The slice alone, with the affine of the volume.
    pub image: Image,
    /// Along the third voxel axis.
    pub index: usize,
    /// Of the volume.
    pub extent: Extent,
}

/// Reads any NIfTI-1, NIfTI-2 or ANALYZE 7.5 volume, compressed or not.
///
/// # Errors
/// Files that are damaged, cut off, not NIfTI, or hold something else than one number per voxel.
pub fn read_image(path: &Path) -> Result<LoadedImage, IoError> {
    read_image_showing(path, |_| {})
}

/// The same, and hands out the middle slice of a large volume as soon as it is there, on this thread.
///
/// # Errors
/// As [`read_image`], also after a slice was shown.
pub fn read_image_showing(path: &Path, mut show: impl FnMut(FirstSlice)) -> Result<LoadedImage, IoError> {
    let source = NiftiSource::open(path)?;
    let (header, notices) = (source.geometry.clone(), source.notices.clone());
    let (slope, intercept) = (source.header.slope, source.header.intercept);
    let mut show_voxels = |FirstVoxels { voxels, index }: FirstVoxels| {
        let image = Image::new(voxels, slope, intercept, header.affine);
        show(FirstSlice { image, index, extent: header.extent });
    };
    let voxels = read_first_frame(source, &mut show_voxels)?;
    let image = Image::new(voxels, slope, intercept, header.affine);
    Ok(LoadedImage { image, header, notices })
}

/// Reads another frame of a volume of several, on the same grid.
///
/// # Errors
/// As [`read_image`], and where the file has no such frame.
pub fn read_image_frame(path: &Path, frame: usize) -> Result<Image, IoError> {
    let source = NiftiSource::open(path)?;
    if frame >= source.geometry.frame_count() {
        let reason = format!("it has no volume {}", frame.saturating_add(1));
        return Err(IoError::BadHeader { path: path.into(), reason });
    }
    let (slope, intercept, affine) = (source.header.slope, source.header.intercept, source.geometry.affine);
    Ok(Image::new(read_frame(source, frame as u64, &mut |_| {})?, slope, intercept, affine))
}

/// Reads only the header; the voxels are not looked at, but the file must be able to hold them.
///
/// # Errors
/// As [`read_image`], but damage behind the header goes unseen.
pub fn read_geometry(path: &Path) -> Result<NiftiGeometry, IoError> {
    NiftiSource::open(path).map(|source| source.geometry)
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;

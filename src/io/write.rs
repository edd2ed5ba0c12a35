//! Writing volumes on the exact grid of another, verified before they replace anything.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};

use super::atomic::Draft;
use super::encode::encode_header;
use super::error::IoError;
use super::geometry::NiftiGeometry;
use super::name::nifti_extension;
use super::source::NiftiSource;
use super::voxels::finish;
use crate::geometry::Extent;
use crate::volume::{Grid, Image, VoxelType};
use crate::with_voxels;

/// A file that was written, read back and found right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenFile {
    pub path: PathBuf,
    /// Lower-case hexadecimal digest of the file as it lies on the disk.
    pub sha256: String,
    /// Size of the file.
    pub bytes: u64,
}

/// What a new file shall hold; voxels in native byte order.
struct Content<'a> {
    geometry: &'a NiftiGeometry,
    voxel_type: VoxelType,
    slope: f64,
    intercept: f64,
    voxels: &'a [u8],
}

/// Writes class numbers or any other 8-bit plane as `.nii.gz` on the grid of `geometry`: same shape, voxel size, qform and
/// sform with both codes, units. The file is read back and compared before it takes the place of an older one.
///
/// # Errors
/// A name that does not end in `.nii.gz`, a plane of another shape, a folder or disk that refuses, a failed comparison.
pub fn write_mask(path: &Path, class: &Grid<u8>, geometry: &NiftiGeometry) -> Result<WrittenFile, IoError> {
    check_extent(path, class.extent(), geometry.extent)?;
    let voxels = class.as_slice();
    Content { geometry, voxel_type: VoxelType::U8, slope: 1.0, intercept: 0.0, voxels }.write(path)
}

/// Writes probabilities stored as `round(255 p)`: slope 1/255, so that every reader sees 0 to 1; otherwise as
/// [`write_mask`].
///
/// # Errors
/// As [`write_mask`].
pub fn write_probability(path: &Path, plane: &Grid<u8>, geometry: &NiftiGeometry) -> Result<WrittenFile, IoError> {
    check_extent(path, plane.extent(), geometry.extent)?;
    // NIfTI-1 stores the slope as f32.
    let slope = f64::from(1.0f32 / 255.0);
    Content { geometry, voxel_type: VoxelType::U8, slope, intercept: 0.0, voxels: plane.as_slice() }.write(path)
}

/// Writes an image in its stored type with its slope and intercept; otherwise as [`write_mask`].
///
/// # Errors
/// As [`write_mask`].
pub fn write_image(path: &Path, image: &Image, geometry: &NiftiGeometry) -> Result<WrittenFile, IoError> {
    check_extent(path, image.extent(), geometry.extent)?;
    let voxels: &[u8] = with_voxels!(&image.voxels, g => bytemuck::cast_slice(g.as_slice()));
    let (voxel_type, slope, intercept) = (image.voxels.voxel_type(), image.slope, image.intercept);
    Content { geometry, voxel_type, slope, intercept, voxels }.write(path)
}

fn check_extent(path: &Path, volume: Extent, grid: Extent) -> Result<(), IoError> {
    if volume == grid {
        return Ok(());
    }
    let (volume, grid) = (volume.to_array(), grid.to_array());
    Err(not_written(path, format!("the volume has {volume:?} voxels but the image has {grid:?}")))
}

fn not_written(path: &Path, reason: impl Into<String>) -> IoError {
    IoError::NotWritten { path: path.into(), reason: reason.into() }
}

impl Content<'_> {
    fn write(&self, path: &Path) -> Result<WrittenFile, IoError> {
        if nifti_extension(path) != ".nii.gz" {
            return Err(not_written(path, "its name must end in .nii.gz"));
        }
        let failed = |e| IoError::write(path, e);
        let mut draft = Draft::create(path).map_err(failed)?;
        draft.write(|file| self.encode(file)).map_err(failed)?;
        self.verify(draft.path()).map_err(|reason| not_written(path, reason))?;
        let (sha256, bytes) = digest(draft.path()).map_err(failed)?;
        draft.publish(path).map_err(failed)?;
        Ok(WrittenFile { path: path.into(), sha256, bytes })
    }

    fn encode(&self, file: &mut dyn Write) -> io::Result<()> {
        let mut gzip = GzEncoder::new(file, Compression::default());
        gzip.write_all(&encode_header(self.geometry, self.voxel_type, self.slope, self.intercept))?;
        gzip.write_all(self.voxels)?;
        gzip.finish()?;
        Ok(())
    }

    /// Compares a written file with what it should hold; the sentence part that says what is wrong.
    fn verify(&self, written: &Path) -> Result<(), String> {
        let mut source = NiftiSource::open(written).map_err(|e| e.to_string())?;
        let (found, wanted) = (&source.geometry, self.geometry);
        let same_grid = found.extent == wanted.extent && found.affine == wanted.affine;
        let same_numbers = found.stored_type == self.voxel_type
            && (source.header.slope, source.header.intercept) == (self.slope, self.intercept);
        if !same_grid || !same_numbers {
            return Err("reading it back gave another grid".to_owned());
        }
        let mut chunk = vec![0; 1 << 20];
        for expected in self.voxels.chunks(chunk.len()) {
            let count = source.voxels.fill(&mut chunk[..expected.len()]).map_err(|e| e.to_string())?;
            if &chunk[..count] != expected {
                return Err("reading it back gave other voxels".to_owned());
            }
        }
        let total = self.voxels.len() as u64;
        finish(&mut source.voxels, total, total).map_err(|e| e.to_string())
    }
}

/// Digest and size of a file.
fn digest(path: &Path) -> io::Result<(String, u64)> {
    let mut file = File::open(path)?;
    let (mut hasher, mut chunk, mut bytes) = (Sha256::new(), vec![0; 1 << 20], 0u64);
    loop {
        let count = file.read(&mut chunk)?;
        if count == 0 {
            break;
        }
        hasher.update(&chunk[..count]);
        bytes += count as u64;
    }
    let hex = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok((hex, bytes))
}

#[cfg(test)]
#[path = "write_tests.rs"]
mod tests;

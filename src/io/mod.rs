//! Files: NIfTI in and out, HDF5 in, atomic writes, verified export.
//!
//! The `nifti` crate (0.18) knows no NIfTI-2 and no ANALYZE, reads only the first gzip member, reads `dim` unsigned and
//! its plain writer can lose the last buffer; so headers and voxels are read and written here. The crate supplies the
//! datatype codes and, in the tests, the independent reader of what we write.

mod atomic;
mod class_files;
mod encode;
mod error;
mod fields;
mod geometry;
mod grid_check;
mod gzip;
mod hdf5;
mod header;
mod image;
mod mask;
pub mod mesh;
mod name;
mod parallel_gzip;
mod source;
mod voxel_type;
mod voxels;
mod write;

pub use atomic::{write_atomically, write_verified};
pub use class_files::{ClassFileError, ClassFileFormat, ReadClasses, read_class_file, write_class_file};
pub use error::IoError;
pub use geometry::{AffineSource, NiftiGeometry};
pub use grid_check::{GridMismatch, MaskOnGrid, check_same_grid, on_grid, reorient_mask_onto};
pub use hdf5::{AxisOrder, Hdf5Volume, read_hdf5};
pub use header::NiftiVersion;
pub use image::{FirstSlice, LoadedImage, read_geometry, read_image, read_image_frame, read_image_showing};
pub use mask::{LoadedMask, read_mask};
pub use name::{case_name, is_nifti_path};
pub use write::{WrittenFile, write_image, write_mask, write_probability};

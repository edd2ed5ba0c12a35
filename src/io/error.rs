//! What can go wrong with a file, each as one sentence that names the file.

use std::io;
use std::path::{Path, PathBuf};

use super::name::file_label;

/// Why a volume could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum IoError {
    #[error("{} cannot be opened: {source}; check the path and your access rights", file_label(path))]
    Open { path: PathBuf, source: io::Error },

    #[error("{} cannot be read: {source}; copy it again from its origin", file_label(path))]
    Read { path: PathBuf, source: io::Error },

    #[error("{} is not a NIfTI file: it {looks_like}; choose a .nii or .nii.gz file", file_label(path))]
    NotNifti { path: PathBuf, looks_like: &'static str },

    #[error("{} has a damaged header: {reason}; export the file again", file_label(path))]
    BadHeader { path: PathBuf, reason: String },

    #[error(
        "{} holds {kind}, which cannot be labelled; export it as a single-channel integer or float volume",
        file_label(path)
    )]
    UnsupportedType { path: PathBuf, kind: String },

    #[error(
        "{} is damaged: its gzip checksum or compressed data are wrong or cut off; copy it again from its origin",
        file_label(path)
    )]
    DamagedGzip { path: PathBuf },

    #[error(
        "{} is too short: the header asks for {expected} bytes but there are only {found}; copy it again from its origin",
        file_label(path)
    )]
    TooShort { path: PathBuf, expected: u64, found: u64 },

    #[error(
        "{} is too short: the header asks for {expected} bytes, more than a file of this size can hold; copy it again from its origin",
        file_label(path)
    )]
    CannotHold { path: PathBuf, expected: u64 },

    #[error("{} needs its other half {missing}, which is missing; put both files into one folder", file_label(path))]
    CompanionMissing { path: PathBuf, missing: String },

    #[error(
        "{} needs {bytes} bytes of memory, more than is free; close other studies or use a smaller volume",
        file_label(path)
    )]
    OutOfMemory { path: PathBuf, bytes: u64 },

    #[error("{} is not a label volume: {reason}; choose a mask with whole numbers from 0 to 255", file_label(path))]
    NotLabels { path: PathBuf, reason: String },

    #[error(
        "{} is an HDF5 file, which this build cannot read; build Chiaro with `cargo build --release --features hdf5`",
        file_label(path)
    )]
    WithoutHdf5 { path: PathBuf },

    #[error(
        "{} is not a usable HDF5 volume: {reason}; it needs a 3-D dataset 'image' of floats and 'label' of bytes in the same shape",
        file_label(path)
    )]
    BadHdf5 { path: PathBuf, reason: String },

    #[error(
        "{} is not a usable class list: {reason}; choose a label description of ITK-SNAP or a colour table of Slicer",
        file_label(path)
    )]
    BadClassFile { path: PathBuf, reason: String },

    #[error("{} cannot be written: {source}; check the free space and your access rights", file_label(path))]
    Write { path: PathBuf, source: io::Error },

    #[error("{} was not written: {reason}; a file that was there before is untouched", file_label(path))]
    NotWritten { path: PathBuf, reason: String },
}

impl IoError {
    pub(super) fn open(path: &Path, source: io::Error) -> Self {
        Self::Open { path: path.into(), source }
    }

    pub(super) fn write(path: &Path, source: io::Error) -> Self {
        Self::Write { path: path.into(), source }
    }
}

//! What can go wrong with a project folder, in one sentence each.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::io::{GridMismatch, IoError};
use crate::label::{ClassTableError, SurfaceError};
use crate::volume::CaseId;

#[derive(Debug, Error)]
pub enum ProjectError {
    #[error("'{}' is not a study of Chiaro: it has no chiaro.toml. Choose the folder that holds this file, or make a study from a folder of images.", dir.display())]
    NotAProject { dir: PathBuf },
    #[error(
        "{} was written by a newer version of Chiaro (format {found}, this version reads up to {supported}). Update Chiaro to open it.",
        name(path)
    )]
    NewerFormat { path: PathBuf, found: i64, supported: i64 },
    #[error("{} cannot be understood: {reason}. Correct the file or restore it from a backup.", name(path))]
    Unreadable { path: PathBuf, reason: String },
    #[error("cannot {action} {}: {source}. Check the path, the free space and your access rights.", name(path))]
    File { action: &'static str, path: PathBuf, source: io::Error },
    #[error(transparent)]
    Io(#[from] IoError),
    #[error("this project has no case '{case}'")]
    UnknownCase { case: CaseId },
    #[error("{} and {} would both be case '{case}'. Rename one of them.", name(first), name(second))]
    DuplicateCase { case: CaseId, first: PathBuf, second: PathBuf },
    #[error("'{name}' cannot be the name of a case: {reason}. Rename the file.")]
    CaseName { name: String, reason: &'static str },
    #[error("the class list is not usable: {0}. Correct it and try again.")]
    Classes(#[from] ClassTableError),
    #[error("'{}' already holds '{entry}'. Choose an empty or new folder for the project.", dir.display())]
    FolderInUse { dir: PathBuf, entry: String },
    #[error("there is no NIfTI file in '{}'. Choose the folder that holds the .nii or .nii.gz files.", dir.display())]
    NoFiles { dir: PathBuf },
    #[error(
        "'{}' holds neither a project nor volumes. Choose a folder with NIfTI files in images/ and labels/, or with CASE.h5 or CASE/mri_norm2.h5.",
        dir.display()
    )]
    NoVolumes { dir: PathBuf },
    #[error("{} names cases that are not in the folder: {}. Correct the list.", name(path), .unknown.join(", "))]
    UnknownListed { path: PathBuf, unknown: Vec<String> },
    #[error("case '{case}': {source}")]
    Volume { case: CaseId, source: IoError },
    #[error("no label file in '{}' has the name of an image. A label file must be named like its image.", dir.display())]
    NoPairs { dir: PathBuf },
    #[error("the label file {} does not lie on the grid of the image {}. {mismatch}", name(label), name(image))]
    Grid { image: PathBuf, label: PathBuf, mismatch: GridMismatch },
    #[error(
        "the label file {} holds the value {class}, which is not in the class list. Add it to the list or correct the label.",
        name(label)
    )]
    UnlistedClass { label: PathBuf, class: u8 },
    #[error("the held-out list names cases that are not in the study: {}. Correct the list.", .unknown.join(", "))]
    UnknownHeldOut { unknown: Vec<String> },
    #[error(
        "the stored labels of case '{case}' have {found} voxels but its image has {expected}. The image was replaced; put the old one back or move the files labels/{case}.* away."
    )]
    LabelShape { case: CaseId, expected: String, found: String },
    #[error("the stored labels of case '{case}' are damaged: {reason}. Restore them from a backup.")]
    LabelsDamaged { case: CaseId, reason: String },
    #[error("the prediction of case '{case}' has another shape than its image. Predict the case again.")]
    PredictionShape { case: CaseId },
    #[error("exporting would overwrite {}, which this project needs. Choose another folder.", name(path))]
    ExportOntoSource { path: PathBuf },
    #[error(
        "a probability of case '{case}' and the mask of case '{other}' would be the same file. Export masks alone or rename one case."
    )]
    ExportNames { case: CaseId, other: CaseId },
    #[error(
        "the facts beside the mask of case '{case}' and the list of classes would be the same file. Rename the case."
    )]
    SidecarName { case: CaseId },
    #[error("exporting would overwrite {}, which Chiaro did not write. Choose another folder.", name(path))]
    ExportOntoForeign { path: PathBuf },
    #[error("pseudo-labels would overwrite {}, which holds exported labels. Choose another folder.", name(path))]
    ExportOntoLabels { path: PathBuf },
    #[error("a surface could not be made: {0}")]
    Surface(#[from] SurfaceError),
    #[error("nothing to export: no case has {0}")]
    NothingToExport(&'static str),
}

impl ProjectError {
    /// For `map_err`: what was tried on which file.
    pub(super) fn file<'a>(action: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> Self + 'a {
        move |source| Self::File { action, path: path.to_owned(), source }
    }

    pub(super) fn unreadable(path: &Path, reason: impl ToString) -> Self {
        Self::Unreadable { path: path.to_owned(), reason: reason.to_string() }
    }
}

/// What messages call a file: its name, never its folder, which may hold a patient's name.
fn name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

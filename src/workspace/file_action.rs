//! What is asked for with studies, folders and files.

use std::path::PathBuf;

use crate::io::ClassFileFormat;
use crate::project::Source;

#[derive(Clone, Debug, PartialEq)]
pub enum FileAction {
    /// Asks for a folder; the answer comes back as `FolderPicked`.
    PickFolder(FolderPurpose),
    FolderPicked {
        purpose: FolderPurpose,
        folder: PathBuf,
    },
    /// Images and folders of images become cases of the open study.
    AddVolumes {
        paths: Vec<PathBuf>,
        held_out: bool,
    },
    OpenProject(PathBuf),
    CloseProject,
    /// Makes the phantom study in a folder and opens it.
    CreateDemo(PathBuf),
    /// Opens the form of a new project.
    BeginNewProject,
    SetNewProjectClasses(String),
    ConfirmNewProject,
    CancelNewProject,
    Export {
        folder: PathBuf,
        source: Source,
    },
    /// Asks for a file; the answer comes back as `FilePicked`.
    PickFile(FilePurpose),
    FilePicked {
        purpose: FilePurpose,
        path: PathBuf,
    },
    Save,
}

/// What a folder is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FolderPurpose {
    OpenProject,
    CreateDemo,
    Export(Source),
    /// Where the new project is to lie.
    NewProject,
    /// The images of the new project.
    NewProjectImages,
    /// Existing masks for the new project.
    NewProjectLabels,
    /// Images for the open study; also a single file.
    AddVolumes {
        held_out: bool,
    },
}

/// What a file is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilePurpose {
    /// An existing label description.
    ReadClasses,
    /// A new one.
    WriteClasses(ClassFileFormat),
    /// An image to be laid over the shown case.
    SecondImage,
    /// Labels of the shown case by somebody else, to be compared with its own.
    OtherLabels,
}

//! The form of a new project.

use std::path::PathBuf;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewProjectForm {
    /// Where the project is to lie.
    pub dir: Option<PathBuf>,
    /// Folder of images.
    pub images: Option<PathBuf>,
    /// Folder of existing masks with the same file names.
    pub labels: Option<PathBuf>,
    /// Names of the classes, separated by commas.
    pub classes: String,
}

impl NewProjectForm {
    /// What is still missing, one sentence; `None` when the project can be made.
    pub fn missing(&self) -> Option<&'static str> {
        if self.images.is_none() {
            Some("Choose the folder that holds the images.")
        } else if self.dir.is_none() {
            Some("Choose the folder for the project.")
        } else if self.class_names().is_empty() {
            Some("Name at least one structure to label, e.g. Lateral ventricles.")
        } else {
            None
        }
    }

    pub fn class_names(&self) -> Vec<&str> {
        self.classes.split([',', ';', '\n']).map(str::trim).filter(|name| !name.is_empty()).collect()
    }
}

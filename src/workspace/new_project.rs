//! The form of a new project.

use std::path::PathBuf;

use crate::project::InitRequest;
use crate::worker::protocol_io::IoCommand;

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
        self.command().err()
    }

    /// The project folder and what makes it, or what is still missing.
    pub(super) fn command(&self) -> Result<(PathBuf, IoCommand), &'static str> {
        let images = self.images.clone().ok_or("Choose the folder that holds the images.")?;
        let dir = self.dir.clone().ok_or("Choose the folder for the project.")?;
        let class_names: Vec<_> = self.class_names().into_iter().map(str::to_owned).collect();
        if class_names.is_empty() && self.labels.is_none() {
            return Err("Name at least one structure to label, e.g. Lateral ventricles.");
        }
        let request = InitRequest { dir: dir.clone(), images, labels: self.labels.clone(), ..InitRequest::default() };
        Ok((dir, IoCommand::InitProject { request: Box::new(request), class_names }))
    }

    pub fn class_names(&self) -> Vec<&str> {
        self.classes.split([',', ';', '\n']).map(str::trim).filter(|name| !name.is_empty()).collect()
    }
}

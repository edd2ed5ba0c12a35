//! How a case is looked at: measurements, the image laid over it. One small text per case; what it means is known where
//! it is used.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use super::{Project, ProjectError};
use crate::io::write_atomically;
use crate::volume::CaseId;

pub(super) const FOLDER: &str = "views";

impl Project {
    /// `None` if nothing has been kept of this case.
    ///
    /// # Errors
    /// The file is there and cannot be read.
    pub fn load_kept_view(&self, case: &CaseId) -> Result<Option<String>, ProjectError> {
        let path = self.kept_view_path(case);
        match fs::read_to_string(&path) {
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            other => other.map(Some).map_err(ProjectError::file("read", &path)),
        }
    }

    /// # Errors
    /// It cannot be written; the old one is untouched then.
    pub fn save_kept_view(&self, case: &CaseId, text: &str) -> Result<(), ProjectError> {
        let path = self.kept_view_path(case);
        let folder = self.dir().join(FOLDER);
        fs::create_dir_all(&folder).map_err(ProjectError::file("create", &folder))?;
        Ok(write_atomically(&path, |file| file.write_all(text.as_bytes()))?)
    }

    fn kept_view_path(&self, case: &CaseId) -> PathBuf {
        self.dir().join(FOLDER).join(format!("{case}.json"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Fixture;
    use super::*;

    #[test]
    fn what_was_kept_of_a_case_is_found_again_and_of_another_there_is_nothing() {
        let f = Fixture::new();
        f.project.save_kept_view(&"a".into(), "old").unwrap();
        f.project.save_kept_view(&"a".into(), "new").unwrap();
        assert_eq!(f.project.load_kept_view(&"a".into()).unwrap().as_deref(), Some("new"));
        assert_eq!(f.project.load_kept_view(&"b".into()).unwrap(), None);
        fs::write(f.project.dir().join("views/b.json"), [0xff]).unwrap();
        assert!(f.project.load_kept_view(&"b".into()).unwrap_err().to_string().contains("b.json"));
    }
}

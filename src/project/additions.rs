//! More cases for a project that is there already.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::init::{leave_out_unreadable, nifti_files};
use super::{AuditEvent, CaseEntry, Project, ProjectError};
use crate::io::{case_name, is_nifti_path};
use crate::volume::CaseId;

/// What became of volumes that were to be added.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Additions {
    pub cases: Vec<CaseId>,
    /// Sentences about single files that were left out.
    pub notices: Vec<String>,
}

impl Project {
    /// Lists NIfTI images, and those of folders, behind the cases that are there, and writes `chiaro.toml`. The files stay where
    /// they are. One that is listed already is passed over.
    ///
    /// # Errors
    /// There is no image that can be added, or the list cannot be written; it is as before then.
    pub fn add_images(&mut self, paths: &[PathBuf], held_out: bool) -> Result<Additions, ProjectError> {
        let mut added = Additions::default();
        let before = self.cases().len();
        for (case, image) in readable_images(paths, &mut added.notices)? {
            let image = Self::listed_path(self.dir(), &image)?;
            // Some file systems cannot tell `Case1` from `case1`.
            let name = case.as_str().to_lowercase();
            match self.cases().iter().find(|there| there.id.as_str().to_lowercase() == name) {
                Some(there) if there.image == image => {}
                Some(_) => added.notices.push(format!(
                    "There is a case '{case}' already, so another image of that name was left out. Rename the file to add it."
                )),
                None => {
                    self.list_case(CaseEntry { held_out, ..CaseEntry::new(case.clone(), image) });
                    added.cases.push(case);
                }
            }
        }
        if added.cases.is_empty() {
            return Ok(added);
        }
        if let Err(error) = self.save() {
            self.unlist_from(before);
            return Err(error);
        }
        self.audit(&AuditEvent::Added { cases: added.cases.len() })?;
        Ok(added)
    }
}

/// A path with nothing to add is no error as long as another has something.
fn readable_images(paths: &[PathBuf], notices: &mut Vec<String>) -> Result<Vec<(CaseId, PathBuf)>, ProjectError> {
    let (mut images, mut failures) = (Vec::new(), Vec::new());
    for path in paths {
        match images_at(path, notices) {
            Ok(found) => images.extend(found),
            Err(error) => failures.push(error),
        }
    }
    if images.is_empty()
        && let Some(first) = failures.drain(..).next()
    {
        return Err(first);
    }
    notices.extend(failures.iter().map(ToString::to_string));
    Ok(images)
}

fn images_at(path: &Path, notices: &mut Vec<String>) -> Result<BTreeMap<CaseId, PathBuf>, ProjectError> {
    let mut images = if path.is_dir() { nifti_files(path)? } else { single(path)? };
    if images.is_empty() {
        return Err(ProjectError::NoFiles { dir: path.to_owned() });
    }
    leave_out_unreadable(&mut images, notices)?;
    Ok(images)
}

fn single(path: &Path) -> Result<BTreeMap<CaseId, PathBuf>, ProjectError> {
    let is_image = path.is_file() && is_nifti_path(path);
    let Some(name) = case_name(path).filter(|_| is_image) else { return Ok(BTreeMap::new()) };
    CaseEntry::check_name(&name)?;
    Ok(BTreeMap::from([(CaseId::from(name), path.to_owned())]))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Fixture, geometry, write_test_image};
    use super::*;
    use crate::geometry::Affine;

    fn ids(project: &Project) -> Vec<&str> {
        project.cases().iter().map(|case| case.id.as_str()).collect()
    }

    #[test]
    fn images_of_a_folder_come_behind_the_cases_that_are_there_and_only_once() {
        let mut f = Fixture::new();
        let scans = tempfile::tempdir().unwrap();
        for name in ["c", "b"] {
            write_test_image(&scans.path().join(format!("{name}.nii.gz")), &geometry(Affine::identity()));
        }
        std::fs::write(scans.path().join("broken.nii"), "no volume").unwrap();
        let folder = [scans.path().to_owned()];
        let added = f.project.add_images(&folder, true).unwrap();
        assert_eq!(added.cases, ["b".into(), "c".into()]);
        assert!(added.notices.len() == 1 && added.notices[0].contains("broken.nii"), "{:?}", added.notices);
        assert_eq!(ids(&f.project), ["a", "b", "c"]);
        assert_eq!(f.project.cases().iter().map(|case| case.held_out).collect::<Vec<_>>(), [false, true, true]);
        assert_eq!(Project::load(f.project.dir()).unwrap(), f.project);

        std::fs::remove_file(scans.path().join("broken.nii")).unwrap();
        assert_eq!(f.project.add_images(&folder, false).unwrap(), Additions::default());
        assert_eq!(ids(&f.project), ["a", "b", "c"]);
    }

    #[test]
    fn single_files_are_added_names_that_are_taken_are_not_and_what_is_no_image_is_named() {
        let mut f = Fixture::new();
        let scans = tempfile::tempdir().unwrap();
        let [new, taken, no_image] = ["new.nii.gz", "A.nii.gz", "notes.txt"].map(|name| scans.path().join(name));
        [&new, &taken].iter().for_each(|path| write_test_image(path, &geometry(Affine::identity())));
        std::fs::write(&no_image, "").unwrap();
        let added = f.project.add_images(&[no_image.clone(), taken, new], false).unwrap();
        assert_eq!(added.cases, ["new".into()]);
        assert!(added.notices.len() == 2 && added.notices.iter().any(|said| said.contains("'A'")), "{added:?}");
        for nothing in [scans.path().join("gone.nii.gz"), no_image] {
            assert!(f.project.add_images(&[nothing], false).is_err());
        }
        assert_eq!(ids(&f.project), ["a", "new"]);
    }
}

//! A plain folder of volumes with the split that a community shares: NIfTI in `images/` and `labels/`, or `.h5` files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::{CaseEntry, InitReport, InitRequest, ProjectError, init};
use crate::io::{AxisOrder, NiftiGeometry, read_hdf5, write_image, write_mask};
use crate::volume::CaseId;

/// Name of a volume that has a folder to itself (UA-MT's left atria).
const FILE_OF_FOLDER: &str = "mri_norm2.h5";
/// Where SSL4MIS keeps the volumes beside the lists.
const DATA_FOLDER: &str = "data";
const TRAIN_LIST: &str = "train.list";
const TEST_LIST: &str = "test.list";
/// Folders of the project that the copies lie in.
const IMAGES: &str = "images";
const MASKS: &str = "masks";

/// What was found in the folder; nothing of it is ever changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeFolder {
    files: Files,
    train: Option<CaseList>,
    test: Option<CaseList>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Files {
    Nifti { images: PathBuf, labels: PathBuf },
    Hdf5(BTreeMap<CaseId, PathBuf>),
}

/// A file with one case per line; their order counts.
#[derive(Clone, Debug, PartialEq, Eq)]
struct CaseList {
    path: PathBuf,
    cases: Vec<CaseId>,
}

impl VolumeFolder {
    /// Looks at names only. The lists lie in the folder or beside it.
    pub fn open(dir: &Path) -> Result<Self, ProjectError> {
        let [images, labels] = ["images", "labels"].map(|name| dir.join(name));
        let files = if images.is_dir() && labels.is_dir() {
            Files::Nifti { images, labels }
        } else {
            let here = hdf5_files(dir)?;
            let data = dir.join(DATA_FOLDER);
            Files::Hdf5(if here.is_empty() && data.is_dir() { hdf5_files(&data)? } else { here })
        };
        if files == Files::Hdf5(BTreeMap::new()) {
            return Err(ProjectError::NoVolumes { dir: dir.into() });
        }
        Ok(Self { files, train: CaseList::find(dir, TRAIN_LIST)?, test: CaseList::find(dir, TEST_LIST)? })
    }

    /// Whether the volumes were normalised before they were shared, as all HDF5 files of these communities.
    pub fn is_normalised(&self) -> bool {
        matches!(self.files, Files::Hdf5(_))
    }

    /// Makes a project with the folder's split: cases in the order of `train.list`, and whatever it does not name held out;
    /// without that list what `test.list` names. HDF5 volumes are copied into the project as NIfTI, their masks too.
    pub fn make_project(&self, dir: &Path, order: AxisOrder) -> Result<InitReport, ProjectError> {
        let existed = dir.exists();
        let made = self.prepared(dir, order).and_then(|request| self.with_split(init(&request)?));
        if made.is_err() && !existed {
            // Best effort; the first error is the one to report.
            let _ = fs::remove_dir_all(dir);
        }
        made
    }

    fn prepared(&self, dir: &Path, order: AxisOrder) -> Result<InitRequest, ProjectError> {
        let (images, labels) = match &self.files {
            Files::Nifti { images, labels } => (images.clone(), labels.clone()),
            Files::Hdf5(files) => {
                let (images, masks) = (dir.join(IMAGES), dir.join(MASKS));
                for folder in [&images, &masks] {
                    fs::create_dir_all(folder).map_err(ProjectError::file("create", folder))?;
                }
                files.par_iter().try_for_each(|(case, file)| copy(case, file, order, &images, &masks))?;
                (images, masks)
            }
        };
        Ok(InitRequest { dir: dir.into(), images, labels: Some(labels), classes: None, held_out: None })
    }

    fn with_split(&self, mut report: InitReport) -> Result<InitReport, ProjectError> {
        let known: BTreeSet<CaseId> = report.project.cases().iter().map(|case| case.id.clone()).collect();
        for list in [&self.train, &self.test].into_iter().flatten() {
            list.check(&known)?;
        }
        let train = self.train.as_ref().map(|list| &list.cases[..]);
        let test = self.test.as_ref().map_or(&[][..], |list| &list.cases);
        let is_held_out = |case: &CaseId| train.map_or(test.contains(case), |train| !train.contains(case));
        for case in &known {
            let state = report.project.case(case)?.state;
            report.project.mark_case(case, state, is_held_out(case))?;
        }
        report.project.put_first(train.unwrap_or_default());
        report.project.save()?;
        report.held_out = known.into_iter().filter(is_held_out).collect();
        Ok(report)
    }
}

impl CaseList {
    fn find(dir: &Path, name: &str) -> Result<Option<Self>, ProjectError> {
        let places = [Some(dir), dir.parent()];
        let Some(path) = places.into_iter().flatten().map(|d| d.join(name)).find(|p| p.is_file()) else {
            return Ok(None);
        };
        let text = fs::read_to_string(&path).map_err(ProjectError::file("read", &path))?;
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let cases = lines.map(|line| CaseId::from(line.strip_suffix(".h5").unwrap_or(line))).collect();
        Ok(Some(Self { path, cases }))
    }

    fn check(&self, known: &BTreeSet<CaseId>) -> Result<(), ProjectError> {
        let unknown: Vec<String> =
            self.cases.iter().filter(|case| !known.contains(*case)).map(ToString::to_string).collect();
        let path = self.path.clone();
        if unknown.is_empty() { Ok(()) } else { Err(ProjectError::UnknownListed { path, unknown }) }
    }
}

/// `CASE.h5` and `CASE/mri_norm2.h5` by case.
fn hdf5_files(dir: &Path) -> Result<BTreeMap<CaseId, PathBuf>, ProjectError> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(dir).map_err(ProjectError::file("read", dir))? {
        let path = entry.map_err(ProjectError::file("read", dir))?.path();
        let inner = path.join(FILE_OF_FOLDER);
        let (name, file) = if inner.is_file() {
            (path.file_name(), inner)
        } else if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("h5")) && path.is_file() {
            (path.file_stem(), path.clone())
        } else {
            continue;
        };
        let name = name.unwrap_or_default().to_string_lossy().into_owned();
        CaseEntry::check_name(&name)?;
        let case = CaseId::from(name);
        if let Some(first) = files.insert(case.clone(), file.clone()) {
            return Err(ProjectError::DuplicateCase { case, first, second: file });
        }
    }
    Ok(files)
}

/// NIfTI copies of one volume, 1 mm voxels and no rotation.
fn copy(case: &CaseId, file: &Path, order: AxisOrder, images: &Path, masks: &Path) -> Result<(), ProjectError> {
    let volume = read_hdf5(file, order).map_err(|source| ProjectError::Volume { case: case.clone(), source })?;
    let (image, name) = (&volume.image, format!("{case}.nii.gz"));
    let geometry = NiftiGeometry::from_affine(image.extent(), image.affine, image.voxels.voxel_type());
    write_image(&images.join(&name), image, &geometry)?;
    write_mask(&masks.join(&name), &volume.label, &geometry)?;
    Ok(())
}

#[cfg(test)]
#[path = "volume_folder_tests.rs"]
mod tests;

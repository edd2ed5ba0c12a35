//! A project from folders of files: pairs images and labels by name and checks everything before it writes anything.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::project::absolute;
use super::{AuditEvent, CaseEntry, Project, ProjectError, class_list};
use crate::io::{
    LoadedMask, NiftiGeometry, case_name, check_same_grid, is_nifti_path, read_geometry, read_mask, reorient_mask_onto,
};
use crate::label::{Class, ClassId, ClassTable, LabelMap};
use crate::volume::{CaseId, Grid};

/// What a project is made from. The named files and folders are only read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InitRequest {
    /// The project folder: new, empty, or holding nothing but the files named here.
    pub dir: PathBuf,
    /// Folder of NIfTI images; the file name without its extension is the case.
    pub images: PathBuf,
    /// Folder of complete masks, named like their images.
    pub labels: Option<PathBuf>,
    /// Class list; without it the values found in the labels become `Class 1`, ...
    pub classes: Option<PathBuf>,
    /// Text file with one case per line.
    pub held_out: Option<PathBuf>,
}

#[derive(Clone, Debug)]
pub struct InitReport {
    pub project: Project,
    /// Cases whose labels were imported.
    pub labelled: Vec<CaseId>,
    pub held_out: Vec<CaseId>,
    /// Sentences about single files: reoriented, passed over, ...
    pub notices: Vec<String>,
}

/// Makes a project. On an error nothing is left behind in the folder.
pub fn init(request: &InitRequest) -> Result<InitReport, ProjectError> {
    check_folder(request)?;
    let images = nifti_files(&request.images)?;
    if images.is_empty() {
        return Err(ProjectError::NoFiles { dir: request.images.clone() });
    }
    let mut notices = Vec::new();
    let labels = paired_labels(request, &images, &mut notices)?;
    let values = check_files(&images, &labels, &mut notices)?;
    let classes = class_table(request, &values)?;
    let held_out = held_out_cases(request, &images)?;

    let existed = request.dir.exists();
    let made = write_project(request, &images, &labels, classes, &held_out);
    if made.is_err() {
        remove_own_files(&request.dir, existed);
    }
    Ok(InitReport {
        project: made?,
        labelled: labels.into_keys().collect(),
        held_out: held_out.into_iter().collect(),
        notices,
    })
}

/// The folder must be free for a project, and no source may lie where the project writes.
fn check_folder(request: &InitRequest) -> Result<(), ProjectError> {
    let dir = &request.dir;
    let Ok(entries) = fs::read_dir(dir) else { return Ok(()) };
    let inputs = [Some(&request.images), request.labels.as_ref(), request.classes.as_ref(), request.held_out.as_ref()];
    let inputs = inputs.into_iter().flatten().map(|path| absolute(path)).collect::<Result<Vec<_>, _>>()?;
    for entry in entries {
        let path = entry.map_err(ProjectError::file("read", dir))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let path = absolute(&path)?;
        let is_input = inputs.iter().any(|input| path.starts_with(input) || input.starts_with(&path));
        if !is_input || Project::OWN_NAMES.contains(&name.as_str()) {
            return Err(ProjectError::FolderInUse { dir: dir.clone(), entry: name });
        }
    }
    Ok(())
}

/// The NIfTI files directly in a folder by case, hidden files and the data halves of pairs left out.
fn nifti_files(dir: &Path) -> Result<BTreeMap<CaseId, PathBuf>, ProjectError> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(dir).map_err(ProjectError::file("read", dir))? {
        paths.push(entry.map_err(ProjectError::file("read", dir))?.path());
    }
    paths.sort();
    let headers: BTreeSet<String> = paths.iter().filter(|p| has_part(p, ".hdr")).filter_map(|p| case_name(p)).collect();
    let mut files: BTreeMap<CaseId, PathBuf> = BTreeMap::new();
    for path in paths.into_iter().filter(|p| is_nifti_path(p) && p.is_file()) {
        let Some(name) = case_name(&path) else { continue };
        if name.starts_with('.') || (has_part(&path, ".img") && headers.contains(&name)) {
            continue;
        }
        CaseEntry::check_name(&name)?;
        let case = CaseId::from(name);
        if let Some(first) = files.insert(case.clone(), path.clone()) {
            return Err(ProjectError::DuplicateCase { case, first, second: path });
        }
    }
    Ok(files)
}

/// Whether a file name ends in `extension` or `extension.gz`, in any letter case.
fn has_part(path: &Path, extension: &str) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    name.strip_suffix(".gz").unwrap_or(&name).ends_with(extension)
}

fn paired_labels(
    request: &InitRequest,
    images: &BTreeMap<CaseId, PathBuf>,
    notices: &mut Vec<String>,
) -> Result<BTreeMap<CaseId, PathBuf>, ProjectError> {
    let Some(dir) = &request.labels else { return Ok(BTreeMap::new()) };
    let (paired, alone): (BTreeMap<_, _>, BTreeMap<_, _>) =
        nifti_files(dir)?.into_iter().partition(|(case, _)| images.contains_key(case));
    if paired.is_empty() {
        return Err(ProjectError::NoPairs { dir: dir.clone() });
    }
    notices.extend(alone.into_keys().map(|case| format!("The label file of '{case}' has no image and was left out.")));
    Ok(paired)
}

/// Reads every image header and every label file; returns the label values and a file that holds each.
fn check_files(
    images: &BTreeMap<CaseId, PathBuf>,
    labels: &BTreeMap<CaseId, PathBuf>,
    notices: &mut Vec<String>,
) -> Result<BTreeMap<ClassId, PathBuf>, ProjectError> {
    let mut values = BTreeMap::new();
    for (case, image) in images {
        let geometry = read_geometry(image)?;
        let Some(label) = labels.get(case) else { continue };
        let (class, notice) = mask_on_grid(image, &geometry, label)?;
        notices.extend(notice);
        let mut seen = [false; 256];
        class.as_slice().iter().for_each(|&c| seen[usize::from(c)] = true);
        for value in (0..=ClassId::MAX).filter(|&c| seen[usize::from(c)]) {
            values.entry(value).or_insert_with(|| label.clone());
        }
    }
    Ok(values)
}

/// A label file's classes on the image's grid. Axes that are only swapped or flipped are put right, with a notice.
fn mask_on_grid(
    image: &Path,
    geometry: &NiftiGeometry,
    label: &Path,
) -> Result<(Grid<ClassId>, Option<String>), ProjectError> {
    let mask: LoadedMask = read_mask(label)?;
    let Err(mismatch) = check_same_grid(geometry, &mask.header) else { return Ok((mask.class, None)) };
    let turned = reorient_mask_onto(&mask, geometry);
    let class = turned.ok_or_else(|| ProjectError::Grid { image: image.into(), label: label.into(), mismatch })?;
    let name = label.file_name().unwrap_or_default().to_string_lossy();
    Ok((class, Some(format!("The label file {name} stores its axes in another order; it was turned onto its image."))))
}

fn class_table(request: &InitRequest, values: &BTreeMap<ClassId, PathBuf>) -> Result<ClassTable, ProjectError> {
    let Some(path) = &request.classes else {
        let found = values.keys().filter(|&&id| id != 0).map(|&id| Class::new(id, &format!("Class {id}")));
        return Ok(ClassTable::new(found.collect())?);
    };
    let table = class_list::read(path)?;
    match values.iter().find(|(id, _)| table.get(**id).is_none()) {
        Some((&class, label)) => Err(ProjectError::UnlistedClass { label: label.clone(), class }),
        None => Ok(table),
    }
}

fn held_out_cases(request: &InitRequest, images: &BTreeMap<CaseId, PathBuf>) -> Result<BTreeSet<CaseId>, ProjectError> {
    let Some(path) = &request.held_out else { return Ok(BTreeSet::new()) };
    let text = fs::read_to_string(path).map_err(ProjectError::file("read", path))?;
    let names = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let (known, unknown): (BTreeSet<_>, BTreeSet<_>) = names.map(CaseId::from).partition(|c| images.contains_key(c));
    if unknown.is_empty() {
        Ok(known)
    } else {
        Err(ProjectError::UnknownHeldOut { unknown: unknown.into_iter().map(String::from).collect() })
    }
}

fn write_project(
    request: &InitRequest,
    images: &BTreeMap<CaseId, PathBuf>,
    labels: &BTreeMap<CaseId, PathBuf>,
    classes: ClassTable,
    held_out: &BTreeSet<CaseId>,
) -> Result<Project, ProjectError> {
    fs::create_dir_all(&request.dir).map_err(ProjectError::file("create", &request.dir))?;
    let mut cases = Vec::new();
    for (id, image) in images {
        let mut case = CaseEntry::new(id.clone(), Project::listed_path(&request.dir, image)?);
        case.held_out = held_out.contains(id);
        if labels.contains_key(id) {
            case.state = super::CaseState::Done;
        }
        cases.push(case);
    }
    let project = Project::create(&request.dir, classes, cases)?;
    for (case, label) in labels {
        let image = project.image_path(case)?;
        let geometry = read_geometry(&image)?;
        let (class, _) = mask_on_grid(&image, &geometry, label)?;
        project.import_labels(case, class, &geometry)?;
    }
    Ok(project)
}

impl Project {
    /// Stores a complete mask as a case's labels.
    pub(super) fn import_labels(
        &self,
        case: &CaseId,
        class: Grid<ClassId>,
        geometry: &NiftiGeometry,
    ) -> Result<(), ProjectError> {
        let voxels = class.extent().voxel_count();
        self.save_labels(case, &LabelMap::imported(class), geometry)?;
        self.audit(&AuditEvent::Imported { case: case.clone(), voxels })
    }
}

/// After a failed start; best effort, the first error is the one to report.
fn remove_own_files(dir: &Path, existed: bool) {
    if !existed {
        let _ = fs::remove_dir_all(dir);
        return;
    }
    for name in Project::OWN_NAMES {
        let path = dir.join(name);
        let _ = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
    }
}

//! A project from folders of files: pairs images and labels by name and checks everything before it writes anything.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::project::absolute;
use super::{AuditEvent, CaseEntry, Project, ProjectError, class_list};
use crate::io::{MaskOnGrid, NiftiGeometry, case_name, is_nifti_path, on_grid, read_geometry, read_mask};
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
    let mut images = nifti_files(&request.images)?;
    if images.is_empty() {
        return Err(ProjectError::NoFiles { dir: request.images.clone() });
    }
    let mut held_out = held_out_cases(request, &images)?;
    let mut notices = Vec::new();
    leave_out_unreadable(&mut images, &mut notices)?;
    held_out.retain(|case| images.contains_key(case));
    let labels = paired_labels(request, &images, &mut notices)?;
    let values = check_files(&images, &labels, &mut notices)?;
    let classes = class_table(request, &values)?;

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
pub(super) fn nifti_files(dir: &Path) -> Result<BTreeMap<CaseId, PathBuf>, ProjectError> {
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

/// One damaged file must not stand in the way of a hundred good ones. If all are unreadable, the last one's error.
pub(super) fn leave_out_unreadable(
    images: &mut BTreeMap<CaseId, PathBuf>,
    notices: &mut Vec<String>,
) -> Result<(), ProjectError> {
    let unreadable = |(case, path): (&CaseId, &PathBuf)| Some((case.clone(), read_geometry(path).err()?));
    let refused: Vec<_> = images.iter().filter_map(unreadable).collect();
    for (case, error) in refused {
        images.remove(&case);
        if images.is_empty() {
            return Err(error.into());
        }
        notices.push(format!("{error}. It was left out."));
    }
    Ok(())
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
    let mismatch = |mismatch| ProjectError::Grid { image: image.into(), label: label.into(), mismatch };
    let MaskOnGrid { class, was_turned } = on_grid(read_mask(label)?, geometry).map_err(mismatch)?;
    if !was_turned {
        return Ok((class, None));
    }
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
        self.audit(&AuditEvent::Imported { case: case.clone(), voxels })?;
        Ok(())
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

#[cfg(test)]
mod tests {
    use super::super::fixture::{EXTENT, geometry, write_test_image, write_test_mask};
    use super::*;
    use crate::geometry::Affine;
    use crate::label::Origin;
    use crate::volume::VoxelType;
    use tempfile::TempDir;

    /// Images `a` and `b`, labels (classes 0, 17, 53) for `b`.
    fn sources() -> (TempDir, InitRequest) {
        let root = tempfile::tempdir().unwrap();
        let (images, labels) = (root.path().join("scans"), root.path().join("masks"));
        let grid = geometry(Affine::from_spacing([1.0, 1.0, 2.0]));
        write_test_image(&images.join("a.nii.gz"), &grid);
        write_test_image(&images.join("b.nii.gz"), &grid);
        write_test_mask(&labels.join("b.nii.gz"), &grid, &[0, 17, 53]);
        let dir = root.path().join("study");
        (root, InitRequest { dir, images, labels: Some(labels), classes: None, held_out: None })
    }

    fn files_below(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
        let paths = fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
        paths
            .flat_map(
                |p| if p.is_dir() { files_below(&p) } else { BTreeMap::from([(p.clone(), fs::read(p).unwrap())]) },
            )
            .collect()
    }

    /// The sentence of a refusal, after which no trace of a project may be left.
    fn refusal(request: &InitRequest) -> String {
        let sentence = init(request).unwrap_err().to_string();
        assert!(!request.dir.join("chiaro.toml").exists() && !request.dir.join("labels").exists());
        sentence
    }

    #[test]
    fn pairs_files_by_name_and_names_the_classes_found() {
        let (root, request) = sources();
        let before = files_below(root.path());
        let report = init(&request).unwrap();
        assert_eq!(report.labelled, ["b".into()]);
        let project = Project::load(&request.dir).unwrap();
        assert_eq!(project, report.project);
        let classes: Vec<_> = project.classes().foreground().map(|c| (c.id, c.name.as_str())).collect();
        assert_eq!(classes, [(17, "Class 17"), (53, "Class 53")]);
        let extent = geometry(Affine::identity()).extent;
        let labels = project.load_labels(&"b".into(), extent).unwrap();
        assert_eq!(labels.class().as_slice()[..4], [0, 17, 53, 0]);
        assert!(labels.origin().as_slice().iter().all(|o| *o == Origin::Imported));
        assert_eq!(project.load_labels(&"a".into(), extent).unwrap().known_count(), 0);
        let after = files_below(root.path());
        assert!(before.iter().all(|(path, bytes)| after.get(path) == Some(bytes)), "a source file was touched");
    }

    #[test]
    fn images_inside_the_project_are_listed_relative_and_others_absolute() {
        let (root, mut request) = sources();
        assert!(init(&request).unwrap().project.cases().iter().all(|c| c.image.is_absolute()));
        request.dir = root.path().to_owned();
        fs::remove_dir_all(root.path().join("study")).unwrap();
        let project = init(&request).unwrap().project;
        assert_eq!(project.cases()[0].image, Path::new("scans/a.nii.gz"));
        assert!(project.image_path(&"a".into()).unwrap().is_file());
    }

    #[test]
    fn a_folder_in_use_is_refused() {
        let (_root, request) = sources();
        fs::create_dir(&request.dir).unwrap();
        fs::write(request.dir.join("notes.txt"), "mine").unwrap();
        assert!(refusal(&request).contains("notes.txt"));
        fs::remove_file(request.dir.join("notes.txt")).unwrap();
        init(&request).unwrap();
        assert!(init(&request).unwrap_err().to_string().contains("already holds"));
    }

    #[test]
    fn sources_where_the_project_would_write_are_refused_and_stay() {
        let (root, mut request) = sources();
        fs::rename(root.path().join("masks"), root.path().join("labels")).unwrap();
        request.dir = root.path().to_owned();
        request.labels = Some(root.path().join("labels"));
        let before = files_below(root.path());
        assert!(init(&request).unwrap_err().to_string().contains("'labels'"));
        assert_eq!(files_below(root.path()), before);
    }

    #[test]
    fn two_files_of_one_case_are_refused_with_both_names() {
        let (_root, request) = sources();
        fs::copy(request.images.join("a.nii.gz"), request.images.join("a.NII.GZ")).unwrap();
        let sentence = refusal(&request);
        assert!(sentence.contains("a.nii.gz") && sentence.contains("a.NII.GZ"), "{sentence}");
    }

    #[test]
    fn unreadable_images_are_left_out_with_a_sentence_each_unless_there_is_no_other() {
        let (root, mut request) = sources();
        let broken = ["broken.nii", "cut.nii.gz"];
        broken.iter().for_each(|name| fs::write(request.images.join(name), "no volume").unwrap());
        request.held_out = Some(root.path().join("held-out.txt"));
        fs::write(root.path().join("held-out.txt"), "broken\nb\n").unwrap();
        let report = init(&request).unwrap();
        let cases: Vec<_> = report.project.cases().iter().map(|case| case.id.as_str()).collect();
        assert_eq!((cases, report.held_out), (vec!["a", "b"], vec!["b".into()]));
        for name in broken {
            let said: Vec<_> = report.notices.iter().filter(|n| n.contains(name) && n.contains("left out")).collect();
            assert_eq!(said.len(), 1, "{name}: {:?}", report.notices);
        }

        fs::remove_dir_all(&request.dir).unwrap();
        ["a.nii.gz", "b.nii.gz"].iter().for_each(|name| fs::remove_file(request.images.join(name)).unwrap());
        request.held_out = None;
        assert!(refusal(&request).contains("cut.nii.gz"));
    }

    #[test]
    fn a_mask_on_another_grid_is_refused_with_both_names_and_the_difference() {
        let (_root, request) = sources();
        let label = request.labels.clone().unwrap().join("b.nii.gz");
        let mut shifted = geometry(Affine::from_spacing([1.0, 1.0, 2.0]));
        shifted.affine.rows[0][3] = 3.0;
        write_test_mask(&label, &NiftiGeometry::from_affine(shifted.extent, shifted.affine, VoxelType::U8), &[0, 17]);
        let sentence = refusal(&request);
        assert!(sentence.contains("b.nii.gz") && sentence.contains("3.0 mm"), "{sentence}");
    }

    #[test]
    fn a_mask_stored_in_flipped_order_is_turned_onto_its_image_with_a_notice() {
        let (_root, request) = sources();
        let label = request.labels.clone().unwrap().join("b.nii.gz");
        let mut affine = Affine::from_spacing([-1.0, 1.0, 2.0]);
        affine.rows[0][3] = (EXTENT[0] - 1) as f64;
        let straight = read_mask(&label).unwrap().class;
        let extent = straight.extent();
        let flipped = Grid::from_fn(extent, |v| straight.at(v.with_axis(0, EXTENT[0] - 1 - v.x)));
        crate::io::write_mask(&label, &flipped, &NiftiGeometry::from_affine(extent, affine, VoxelType::U8)).unwrap();
        let report = init(&request).unwrap();
        assert!(report.notices.iter().any(|n| n.contains("b.nii.gz")), "{:?}", report.notices);
        assert_eq!(report.project.load_labels(&"b".into(), extent).unwrap().class(), &straight);
    }

    #[test]
    fn class_lists_must_name_every_value() {
        let (root, mut request) = sources();
        let list = root.path().join("classes.txt");
        request.classes = Some(list.clone());
        fs::write(&list, "17 left\n").unwrap();
        let sentence = refusal(&request);
        assert!(sentence.contains("b.nii.gz") && sentence.contains("53"), "{sentence}");
        fs::write(&list, "17 left\n53 right\n99 unused\n").unwrap();
        assert_eq!(init(&request).unwrap().project.classes().name(53), "right");
    }

    #[test]
    fn held_out_cases_are_marked_and_unknown_ones_listed() {
        let (root, mut request) = sources();
        let list = root.path().join("held_out.txt");
        request.held_out = Some(list.clone());
        fs::write(&list, "b\nx\n\ny\n").unwrap();
        assert!(refusal(&request).contains("x, y"));
        fs::write(&list, "# test set\nb\n").unwrap();
        let report = init(&request).unwrap();
        assert_eq!(report.held_out, ["b".into()]);
        assert_eq!(report.project.cases().iter().map(|c| c.held_out).collect::<Vec<_>>(), [false, true]);
    }

    #[test]
    fn a_label_without_an_image_is_told_and_none_with_an_image_is_refused() {
        let (_root, request) = sources();
        let labels = request.labels.clone().unwrap();
        fs::copy(labels.join("b.nii.gz"), labels.join("other.nii.gz")).unwrap();
        fs::remove_file(labels.join("b.nii.gz")).unwrap();
        refusal(&request);
        fs::copy(labels.join("other.nii.gz"), labels.join("a.nii.gz")).unwrap();
        let report = init(&request).unwrap();
        assert_eq!(report.labelled, ["a".into()]);
        assert!(report.notices.iter().any(|n| n.contains("'other'")));
    }

    #[test]
    fn all_hippocampus_cases_with_their_test_cases_held_out() {
        let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
        let data = std::env::var_os("CHIARO_TEST_DATA").map_or(default, PathBuf::from);
        if !data.join("hippocampus").is_dir() {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "the test data is missing");
            println!("skipped");
            return;
        }
        let root = tempfile::tempdir().unwrap();
        let split = fs::read_to_string(data.join("splits_dev.csv")).unwrap();
        let is_test = |line: &&str| line.starts_with("hippocampus,") && line.ends_with(",test");
        let held_out: Vec<&str> = split.lines().filter(is_test).filter_map(|line| line.split(',').nth(1)).collect();
        let list = root.path().join("held_out.txt");
        fs::write(&list, held_out.join("\n")).unwrap();
        let classes = root.path().join("classes.txt");
        fs::write(&classes, "anterior\nposterior\n").unwrap();
        let request = InitRequest {
            dir: root.path().join("study"),
            images: data.join("hippocampus/images"),
            labels: Some(data.join("hippocampus/labels")),
            classes: Some(classes),
            held_out: Some(list),
        };
        let report = init(&request).unwrap();
        assert_eq!((report.project.cases().len(), report.labelled.len(), report.held_out.len()), (60, 60, 12));
        let case = &report.labelled[30];
        let truth = read_mask(&data.join(format!("hippocampus/labels/{case}.nii.gz"))).unwrap().class;
        assert_eq!(report.project.load_labels(case, truth.extent()).unwrap().class(), &truth);
    }
}

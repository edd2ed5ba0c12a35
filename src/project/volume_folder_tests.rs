use tempfile::TempDir;

use super::super::fixture::{geometry, write_test_image, write_test_mask};
use super::super::{CaseState, Project};
use super::*;
use crate::geometry::Affine;

/// Cases `a` to `d` as NIfTI with complete masks.
fn nifti_folder() -> (TempDir, PathBuf) {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("LA");
    let grid = geometry(Affine::from_spacing([1.0, 1.0, 2.0]));
    for case in ["a", "b", "c", "d"] {
        write_test_image(&folder.join(format!("images/{case}.nii.gz")), &grid);
        write_test_mask(&folder.join(format!("labels/{case}.nii.gz")), &grid, &[0, 1]);
    }
    (root, folder)
}

fn made(folder: &Path) -> Result<InitReport, ProjectError> {
    let made = VolumeFolder::open(folder)?.make_project(&folder.with_file_name("study"), AxisOrder::XFirst)?;
    assert_eq!(Project::load(made.project.dir())?, made.project, "what was made is on the disk");
    Ok(made)
}

fn cases(report: &InitReport) -> Vec<(&str, bool)> {
    report.project.cases().iter().map(|case| (case.id.as_str(), case.held_out)).collect()
}

#[test]
fn the_train_list_gives_the_order_and_every_other_case_is_held_out() {
    let (_root, folder) = nifti_folder();
    fs::write(folder.join("train.list"), "d\na\n\n").unwrap();
    fs::write(folder.join("test.list"), "b\n").unwrap();
    let report = made(&folder).unwrap();
    assert_eq!(cases(&report), [("d", false), ("a", false), ("b", true), ("c", true)]);
    assert_eq!(report.held_out, ["b".into(), "c".into()]);
    assert!(report.project.cases().iter().all(|case| case.state == CaseState::Done));
}

#[test]
fn lists_may_lie_beside_the_folder_and_a_test_list_alone_holds_out_what_it_names() {
    let (root, folder) = nifti_folder();
    fs::write(root.path().join("test.list"), "b.h5\n").unwrap();
    assert_eq!(cases(&made(&folder).unwrap()), [("a", false), ("b", true), ("c", false), ("d", false)]);
}

#[test]
fn without_lists_nothing_is_held_out() {
    let (_root, folder) = nifti_folder();
    assert!(made(&folder).unwrap().held_out.is_empty());
}

#[test]
fn a_listed_case_that_is_not_there_is_named_and_no_project_is_left() {
    let (_root, folder) = nifti_folder();
    fs::write(folder.join("train.list"), "a\nelsewhere\n").unwrap();
    let refused = made(&folder).unwrap_err().to_string();
    assert!(refused.contains("train.list") && refused.contains("elsewhere"), "{refused}");
    assert!(!folder.with_file_name("study").exists());
}

#[test]
fn a_folder_without_volumes_is_refused_with_what_is_looked_for() {
    let root = tempfile::tempdir().unwrap();
    let refused = VolumeFolder::open(root.path()).unwrap_err().to_string();
    assert!(refused.contains("images/") && refused.contains("mri_norm2.h5"), "{refused}");
}

/// `CASE/mri_norm2.h5` for `n`, `CASE.h5` for `m`, as h5py wrote them.
fn hdf5_folder() -> (TempDir, PathBuf) {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("LA");
    let written = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hdf5");
    fs::create_dir_all(folder.join("n")).unwrap();
    fs::copy(written.join("gzip.h5"), folder.join("n").join(FILE_OF_FOLDER)).unwrap();
    fs::copy(written.join("plain.h5"), folder.join("m.h5")).unwrap();
    fs::write(folder.join("train.list"), "n\n").unwrap();
    (root, folder)
}

#[cfg(feature = "hdf5")]
#[test]
fn hdf5_volumes_become_nifti_copies_with_their_masks() {
    let (_root, folder) = hdf5_folder();
    let report = made(&folder).unwrap();
    assert_eq!(cases(&report), [("n", false), ("m", true)]);
    let project = &report.project;
    let loaded = crate::io::read_image(&project.image_path(&"n".into()).unwrap()).unwrap();
    assert_eq!((loaded.image.extent().to_array(), loaded.image.spacing_mm()), ([6, 5, 4], [1.0; 3]));
    let labels = project.load_labels(&"n".into(), loaded.image.extent()).unwrap();
    assert_eq!(labels.class().as_slice().iter().filter(|&&class| class == 1).count(), 2 * 5 * 2);
    assert!(project.dir().join(MASKS).join("m.nii.gz").is_file(), "the truth to evaluate against");
}

#[cfg(feature = "hdf5")]
#[test]
fn a_damaged_volume_is_named_by_its_case_and_nothing_is_left() {
    let (_root, folder) = hdf5_folder();
    fs::write(folder.join("n").join(FILE_OF_FOLDER), "no HDF5").unwrap();
    let refused = made(&folder).unwrap_err().to_string();
    assert!(refused.starts_with("case 'n'"), "{refused}");
    assert!(!folder.with_file_name("study").exists());
}

#[cfg(not(feature = "hdf5"))]
#[test]
fn a_build_that_cannot_read_hdf5_says_so_and_leaves_nothing() {
    let (_root, folder) = hdf5_folder();
    assert!(made(&folder).unwrap_err().to_string().contains("--features hdf5"));
    assert!(!folder.with_file_name("study").exists());
}

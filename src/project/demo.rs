//! The demo: the phantom study as a project.

use std::fs;
use std::path::Path;

use rayon::prelude::*;

use super::{CaseEntry, CaseState, Project, ProjectError};
use crate::io::{NiftiGeometry, write_image, write_mask};
use crate::label::ClassTable;
use crate::volume::CaseId;
use crate::volume::phantom::{CLASS_NAMES, PhantomCase, PhantomSettings, phantom_case};

/// The first cases have complete labels and are trained on.
const LABELLED: usize = 2;
/// The last cases are held out; they too have labels, to measure with.
const HELD_OUT: usize = 4;
const SEED_SETTING: &str = "demo_seed";

/// Makes the phantom study in a new or empty folder: 20 images, labels for 2 cases to train on and for 4 held-out ones.
/// The truth of every case lies in `truth/CASE.nii.gz`; training never reads it.
pub fn create_demo(dir: &Path, seed: u64) -> Result<Project, ProjectError> {
    create_study(dir, &PhantomSettings { seed, ..PhantomSettings::default() })
}

/// The seed of a demo project, `None` for any other project.
pub fn demo_seed(project: &Project) -> Option<u64> {
    // TOML has signed numbers only.
    Some(project.settings().get(SEED_SETTING)?.as_integer()?.cast_unsigned())
}

/// Whether a folder holds a demo project that can be opened again.
pub fn is_demo(dir: &Path) -> bool {
    Project::load(dir).is_ok_and(|project| demo_seed(&project).is_some())
}

fn create_study(dir: &Path, settings: &PhantomSettings) -> Result<Project, ProjectError> {
    fs::create_dir_all(dir).map_err(ProjectError::file("create", dir))?;
    if let Some(entry) = fs::read_dir(dir).map_err(ProjectError::file("read", dir))?.flatten().next() {
        let entry = entry.file_name().to_string_lossy().into_owned();
        return Err(ProjectError::FolderInUse { dir: dir.to_owned(), entry });
    }
    for name in ["images", "truth"] {
        let folder = dir.join(name);
        fs::create_dir(&folder).map_err(ProjectError::file("create", &folder))?;
    }
    let written = (0..settings.case_count).into_par_iter().map(|index| write_case(dir, settings, index));
    let cases = written.collect::<Result<Vec<_>, _>>()?;
    let first_held_out = settings.case_count.saturating_sub(HELD_OUT).max(LABELLED);
    let has_labels = |index: usize| index < LABELLED || index >= first_held_out;

    let listed = cases.iter().enumerate().map(|(index, (case, _))| {
        let mut entry = CaseEntry::new(case_id(case), format!("images/{}.nii.gz", case.name).into());
        entry.held_out = index >= first_held_out;
        if has_labels(index) {
            entry.state = CaseState::Done;
        }
        entry
    });
    let mut project = Project::create(dir, ClassTable::from_names(&CLASS_NAMES)?, listed.collect())?;
    for (_, (case, geometry)) in cases.iter().enumerate().filter(|(index, _)| has_labels(*index)) {
        project.import_labels(&case_id(case), case.truth.clone(), geometry)?;
    }
    // The mark comes last: only a complete demo is opened again.
    project.settings_mut().insert(SEED_SETTING.to_owned(), settings.seed.cast_signed().into());
    project.save()?;
    Ok(project)
}

fn write_case(
    dir: &Path,
    settings: &PhantomSettings,
    index: usize,
) -> Result<(PhantomCase, NiftiGeometry), ProjectError> {
    let case = phantom_case(settings, index);
    let file = format!("{}.nii.gz", case.name);
    let geometry = NiftiGeometry::from_affine(case.image.extent(), case.image.affine, case.image.voxels.voxel_type());
    write_image(&dir.join("images").join(&file), &case.image, &geometry)?;
    write_mask(&dir.join("truth").join(&file), &case.truth, &geometry)?;
    Ok((case, geometry))
}

fn case_id(case: &PhantomCase) -> CaseId {
    case.name.as_str().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::{read_image, read_mask};

    fn small(case_count: usize) -> PhantomSettings {
        PhantomSettings { seed: u64::MAX - 4, case_count, edge_mm: 20, ..PhantomSettings::default() }
    }

    #[test]
    fn a_demo_has_two_labelled_some_held_out_and_many_unlabelled_cases_and_the_truth_beside() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("demo");
        let made = create_study(&dir, &small(9)).unwrap();
        assert!(is_demo(&dir));
        let project = Project::load(&dir).unwrap();
        assert_eq!((&project, demo_seed(&project)), (&made, Some(u64::MAX - 4)));
        let mut roles = Vec::new();
        for (index, case) in project.cases().iter().enumerate() {
            let image = read_image(&project.image_path(&case.id).unwrap()).unwrap().image;
            assert_eq!(image.voxels, phantom_case(&small(9), index).image.voxels);
            assert_eq!(image.affine, phantom_case(&small(9), index).image.affine);
            let truth = read_mask(&dir.join("truth").join(format!("{}.nii.gz", case.id))).unwrap().class;
            let labels = project.load_labels(&case.id, image.extent()).unwrap();
            let labelled = labels.known_count() > 0;
            assert!(!labelled || labels.class() == &truth);
            roles.push((labelled, case.held_out));
        }
        let count = |role| roles.iter().filter(|r| **r == role).count();
        assert_eq!((count((true, false)), count((false, false)), count((true, true))), (2, 3, 4));
    }

    #[test]
    fn a_folder_in_use_is_refused_and_is_no_demo() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("mine.txt"), "").unwrap();
        assert!(matches!(create_demo(dir.path(), 1), Err(ProjectError::FolderInUse { .. })));
        assert!(!is_demo(dir.path()));
    }
}

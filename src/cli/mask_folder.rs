//! Which files of a folder are masks, and what is in them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::calibration::case_of_probability;
use super::evaluate::EvaluateError;
use crate::io::{case_name, read_mask};
use crate::label::{ClassId, Origin};

/// Classes above 0 that occur in any of the masks, ascending.
pub fn foreground_classes<'a>(masks: impl Iterator<Item = &'a PathBuf>) -> Result<Vec<ClassId>, EvaluateError> {
    let mut present = [false; 256];
    for path in masks {
        for &class in read_mask(path)?.class.as_slice() {
            present[usize::from(class)] = true;
        }
    }
    let classes: Vec<ClassId> = (1..=ClassId::MAX).filter(|&c| present[usize::from(c)]).collect();
    if classes.is_empty() { Err(EvaluateError::NoClass) } else { Ok(classes) }
}

/// Ending of the case name of a project's origin plane, which is not a mask.
const ORIGIN_SUFFIX: &str = ".origin";

/// The label volumes of a folder; hidden files, origin planes and the probabilities beside a mask are left out. Of a
/// header and image pair the header.
pub fn masks_by_case(folder: &Path) -> Result<BTreeMap<String, PathBuf>, EvaluateError> {
    let unreadable = |source| EvaluateError::Folder { path: folder.into(), source };
    let mut paths = Vec::new();
    for entry in folder.read_dir().map_err(unreadable)? {
        paths.push(entry.map_err(unreadable)?.path());
    }
    paths.sort();
    let mut masks = BTreeMap::new();
    for path in paths {
        if let Some(case) = case_name(&path).filter(|c| !c.starts_with('.') && !c.ends_with(ORIGIN_SUFFIX)) {
            masks.entry(case).or_insert(path);
        }
    }
    let beside_masks: Vec<String> = masks
        .keys()
        .filter(|name| case_of_probability(name).is_some_and(|case| masks.contains_key(case)))
        .cloned()
        .collect();
    masks.retain(|name, _| !beside_masks.contains(name));
    Ok(masks)
}

/// Whether the origin plane beside a project's labels has voxels nobody has said anything about.
pub fn has_unknown_voxels(case: &str, mask: &Path) -> Result<bool, EvaluateError> {
    let origin = mask.with_file_name(format!("{case}{ORIGIN_SUFFIX}.nii.gz"));
    if !origin.is_file() {
        return Ok(false);
    }
    let unknown = Origin::Unknown.code();
    Ok(read_mask(&origin)?.class.as_slice().contains(&unknown))
}

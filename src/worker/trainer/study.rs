//! Loading a project's cases for training.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::io::{NiftiGeometry, read_image};
use crate::label::LabelMap;
use crate::learn::data::{Annotated, TrainCase};
use crate::project::{CaseEntry, Project};
use crate::volume::CaseId;

/// The cases that could be read, and the grids their predictions are written on.
pub struct LoadedStudy {
    pub cases: Vec<TrainCase>,
    pub geometries: HashMap<CaseId, NiftiGeometry>,
}

/// A case that cannot be read is named to `notice` and left out; the others train.
pub fn load_study(
    project: &Project,
    snapshots: Vec<(CaseId, LabelMap)>,
    notice: &mut dyn FnMut(String),
) -> LoadedStudy {
    let mut snapshots: HashMap<CaseId, LabelMap> = snapshots.into_iter().collect();
    let mut study = LoadedStudy { cases: Vec::new(), geometries: HashMap::new() };
    for entry in project.cases() {
        let snapshot = snapshots.remove(&entry.id);
        match load_case(project, entry, snapshot, notice) {
            Ok((case, geometry)) => {
                study.geometries.insert(entry.id.clone(), geometry);
                study.cases.push(case);
            }
            Err(reason) => notice(format!("Case {} takes no part in training: {reason}", entry.id)),
        }
    }
    if let Some(sentence) = mixed_orientations(&study.cases) {
        notice(sentence);
    }
    study
}

/// A sentence where volumes are stored along different axes of the body: networks learn along the file's.
fn mixed_orientations(cases: &[TrainCase]) -> Option<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for case in cases {
        *counts.entry(case.image.orientation().code()).or_default() += 1;
    }
    let found = counts.iter().map(|(code, count)| format!("{code} {count}")).collect::<Vec<_>>().join(", ");
    (counts.len() > 1).then(|| {
        format!(
            "The volumes are stored in different orientations ({found}), and learning follows the axes of the files: \
             left and right, or slices and rows, of some are taken for those of others. Store them alike to avoid that."
        )
    })
}

/// One case and the grid of its predictions, or why it cannot be read, as half a sentence.
pub fn load_case(
    project: &Project,
    entry: &CaseEntry,
    snapshot: Option<LabelMap>,
    notice: &mut dyn FnMut(String),
) -> Result<(TrainCase, NiftiGeometry), String> {
    let id = &entry.id;
    let path = project.image_path(id).map_err(|e| e.to_string())?;
    let loaded = read_image(&path).map_err(|e| e.to_string())?;
    let labels = match snapshot.filter(|labels| labels.extent() == loaded.image.extent()) {
        Some(labels) => labels,
        None => project.load_labels(id, loaded.image.extent()).map_err(|e| e.to_string())?,
    };
    let mut case = TrainCase::new(id.clone(), Arc::new(loaded.image), labels, entry.held_out);
    match project.load_rejections(id, case.image.extent()) {
        Ok(rejections) => case.reject(Arc::new(rejections)),
        Err(error) => notice(format!("What was rejected in case {id} is not learnt from: {error}")),
    }
    Ok((case.annotated_for(Annotated::only(&entry.annotated)), loaded.header))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Affine, Extent};
    use crate::volume::{Grid, Image, Voxels};

    fn case(first_axis_mm: f64) -> TrainCase {
        let extent = Extent::new(2, 2, 2).unwrap();
        let affine = Affine::from_spacing([first_axis_mm, 1.0, 1.0]);
        let image = Image::new(Voxels::U8(Grid::filled(extent, 0)), 1.0, 0.0, affine);
        TrainCase::new("c".into(), Arc::new(image), LabelMap::unknown(extent), false)
    }

    #[test]
    fn volumes_stored_in_different_orientations_are_told_of() {
        assert_eq!(mixed_orientations(&[case(1.0), case(2.0)]), None);
        let told = mixed_orientations(&[case(1.0), case(-1.0), case(1.0)]).unwrap();
        assert!(told.contains("LAS 1, RAS 2"), "{told}");
    }
}

//! Loading a project's cases for training.

use std::collections::HashMap;
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
        match load_case(project, entry, snapshot) {
            Ok((case, geometry)) => {
                study.geometries.insert(entry.id.clone(), geometry);
                study.cases.push(case);
            }
            Err(reason) => notice(format!("Case {} takes no part in training: {reason}", entry.id)),
        }
    }
    study
}

fn load_case(
    project: &Project,
    entry: &CaseEntry,
    snapshot: Option<LabelMap>,
) -> Result<(TrainCase, NiftiGeometry), String> {
    let id = &entry.id;
    let path = project.image_path(id).map_err(|e| e.to_string())?;
    let loaded = read_image(&path).map_err(|e| e.to_string())?;
    let labels = match snapshot.filter(|labels| labels.extent() == loaded.image.extent()) {
        Some(labels) => labels,
        None => project.load_labels(id, loaded.image.extent()).map_err(|e| e.to_string())?,
    };
    let case = TrainCase::new(id.clone(), Arc::new(loaded.image), labels, entry.held_out);
    Ok((case.annotated_for(Annotated::only(&entry.annotated)), loaded.header))
}

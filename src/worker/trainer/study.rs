//! Loading a project's cases for training.

use std::collections::HashMap;
use std::sync::Arc;

use super::Outlet;
use super::session::SessionError;
use crate::io::{NiftiGeometry, read_image};
use crate::label::LabelMap;
use crate::learn::Anatomy;
use crate::learn::data::{Annotated, TrainCase};
use crate::project::{CaseEntry, Project};
use crate::volume::CaseId;
use crate::worker::protocol::TrainerEvent;

/// The cases that could be read, and the grids their predictions are written on.
pub struct LoadedStudy {
    pub cases: Vec<TrainCase>,
    pub geometries: HashMap<CaseId, NiftiGeometry>,
}

/// Key of the project's settings.
const ANATOMY: &str = "anatomy";

/// What `[settings.anatomy]` of `chiaro.toml` says; nothing is mirrored where it says nothing.
pub fn anatomy_of(project: &Project) -> Result<Anatomy, SessionError> {
    let Some(value) = project.settings().get(ANATOMY) else { return Ok(Anatomy::default()) };
    value.clone().try_into().map_err(|e: toml::de::Error| SessionError::Anatomy { reason: e.message().to_owned() })
}

/// Reaches the disk when the project is saved.
pub fn set_anatomy(project: &mut Project, anatomy: &Anatomy) {
    // Names and numbers always fit into TOML.
    if let Ok(value) = toml::Value::try_from(anatomy) {
        project.settings_mut().insert(ANATOMY.to_owned(), value);
    }
}

/// A case that cannot be read is named and left out; the others train.
pub fn load_study(project: &Project, snapshots: Vec<(CaseId, LabelMap)>, outlet: &Outlet) -> LoadedStudy {
    let mut snapshots: HashMap<CaseId, LabelMap> = snapshots.into_iter().collect();
    let mut study = LoadedStudy { cases: Vec::new(), geometries: HashMap::new() };
    for entry in project.cases() {
        let snapshot = snapshots.remove(&entry.id);
        match load_case(project, entry, snapshot) {
            Ok((case, geometry)) => {
                study.geometries.insert(entry.id.clone(), geometry);
                study.cases.push(case);
            }
            Err(reason) => {
                let sentence = format!("Case {} takes no part in training: {reason}", entry.id);
                outlet.send(TrainerEvent::Notice(sentence));
            }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::create_demo;

    #[test]
    fn a_projects_anatomy_survives_its_file_and_a_wrong_word_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let mut project = create_demo(folder.path(), 3).unwrap();
        assert_eq!(anatomy_of(&project).unwrap(), Anatomy::default());
        let anatomy = Anatomy { mirror: vec![crate::learn::PatientAxis::HeadFeet].into(), rotation_deg: Some(5.0) };
        set_anatomy(&mut project, &anatomy);
        project.save().unwrap();
        assert_eq!(anatomy_of(&Project::load(folder.path()).unwrap()).unwrap(), anatomy);
        project.settings_mut().insert(ANATOMY.into(), toml::Table::from_iter([("mirrors".into(), true.into())]).into());
        assert!(anatomy_of(&project).unwrap_err().to_string().contains("mirrors"));
    }
}

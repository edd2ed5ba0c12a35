//! The plan of a new run: chosen for the project and the device, or read from a file somebody edited.

use std::path::Path;
use std::time::Instant;

use super::pace::Pace;
use super::session::SessionError;
use super::study::load_study;
use crate::learn::data::{Intensities, TrainCase};
use crate::learn::{Anatomy, Fingerprint, LearnError, Plan, TrainSettings, Trainer, choose_device};
use crate::project::Project;

/// Key of the project's settings.
const ANATOMY: &str = "anatomy";
const INTENSITIES: &str = "intensities";

/// The plan that a new run with these settings would have. For a number of minutes a few steps are timed; nothing else is
/// trained. `notice` gets sentences about single cases.
pub fn plan_for(
    project_dir: &Path,
    settings: &TrainSettings,
    notice: &mut dyn FnMut(String),
) -> Result<Plan, SessionError> {
    let project = Project::load(project_dir)?;
    let mut study = load_study(&project, Vec::new(), notice);
    let (device, report) = choose_device(&settings.device)?;
    let mut plan = choose_plan(&project, &study.cases, settings, report.is_gpu)?;
    plan.prepare(&mut study.cases);
    let Some(mut pace) = Pace::new(settings, 0) else { return Ok(plan) };
    let mut trainer = Trainer::new(plan, study.cases, &device)?;
    let begin = Instant::now();
    while !pace.is_measured(trainer.steps_done()) {
        trainer.step()?;
        pace.adjust(&mut trainer, || begin.elapsed())?;
    }
    Ok(trainer.plan().clone())
}

/// The edited plan if the settings name one, else one for the cases and the device.
pub fn choose_plan(
    project: &Project,
    cases: &[TrainCase],
    settings: &TrainSettings,
    is_gpu: bool,
) -> Result<Plan, SessionError> {
    let classes: Vec<u8> = project.classes().all().iter().map(|c| c.id).collect();
    if let Some(file) = &settings.plan {
        let plan = Plan::read(file, &classes)?;
        plan.check_reserve(cases).map_err(|reason| LearnError::Plan { path: file.clone(), reason })?;
        return Ok(plan.with_changes(&settings.changes, &classes)?);
    }
    let mut settings = settings.clone();
    settings.anatomy = anatomy_of(project)?;
    settings.intensities = intensities_of(project)?;
    if let Some(mirror) = settings.mirror {
        settings.anatomy.mirror = mirror;
    }
    let fingerprint = Fingerprint::of(cases, classes, is_gpu);
    Ok(Plan::new(&fingerprint, &settings).with_changes(&settings.changes, &fingerprint.classes)?)
}

/// What `[settings.anatomy]` of `chiaro.toml` says; nothing is mirrored where it says nothing.
fn anatomy_of(project: &Project) -> Result<Anatomy, SessionError> {
    let Some(value) = project.settings().get(ANATOMY) else { return Ok(Anatomy::default()) };
    value.clone().try_into().map_err(|e: toml::de::Error| SessionError::Anatomy { reason: e.message().to_owned() })
}

fn intensities_of(project: &Project) -> Result<Option<Intensities>, SessionError> {
    let value = project.settings().get(INTENSITIES).cloned();
    let read = value.map(toml::Value::try_into).transpose();
    read.map_err(|e: toml::de::Error| SessionError::Intensities { reason: e.message().to_owned() })
}

/// Reaches the disk when the project is saved.
pub fn set_intensities(project: &mut Project, intensities: Intensities) {
    // A word always fits into TOML.
    if let Ok(value) = toml::Value::try_from(intensities) {
        project.settings_mut().insert(INTENSITIES.to_owned(), value);
    }
}

/// Reaches the disk when the project is saved.
pub fn set_anatomy(project: &mut Project, anatomy: &Anatomy) {
    // Names and numbers always fit into TOML.
    if let Ok(value) = toml::Value::try_from(anatomy) {
        project.settings_mut().insert(ANATOMY.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::data::ReservedCase;
    use crate::learn::{DeviceChoice, PatientAxis};
    use crate::project::create_demo;

    #[test]
    fn a_projects_anatomy_survives_its_file_and_a_wrong_word_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let mut project = create_demo(folder.path(), 3).unwrap();
        assert_eq!(anatomy_of(&project).unwrap(), Anatomy::default());
        let anatomy = Anatomy { mirror: vec![PatientAxis::HeadFeet].into(), rotation_deg: Some(5.0) };
        set_anatomy(&mut project, &anatomy);
        project.save().unwrap();
        assert_eq!(anatomy_of(&Project::load(folder.path()).unwrap()).unwrap(), anatomy);
        project.settings_mut().insert(ANATOMY.into(), toml::Table::from_iter([("mirrors".into(), true.into())]).into());
        assert!(anatomy_of(&project).unwrap_err().to_string().contains("mirrors"));
    }

    #[test]
    fn a_project_of_normalised_volumes_is_planned_with_them_as_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let mut project = create_demo(folder.path(), 3).unwrap();
        set_intensities(&mut project, Intensities::AsStored);
        project.save().unwrap();
        let settings = TrainSettings { device: DeviceChoice::Cpu, ..TrainSettings::default() };
        let plan = plan_for(folder.path(), &settings, &mut |n| panic!("{n}")).unwrap();
        assert_eq!(plan.intensities, Intensities::AsStored);
        project.settings_mut().insert(INTENSITIES.into(), "loud".into());
        assert!(intensities_of(&project).unwrap_err().to_string().contains("loud"));
    }

    #[test]
    fn a_plan_follows_the_project_the_settings_and_an_edited_file_in_that_order() {
        let folder = tempfile::tempdir().unwrap();
        let mut project = create_demo(folder.path(), 3).unwrap();
        let head_feet = Anatomy { mirror: vec![PatientAxis::HeadFeet].into(), rotation_deg: Some(5.0) };
        set_anatomy(&mut project, &head_feet);
        project.save().unwrap();
        let mut settings = TrainSettings { device: DeviceChoice::Cpu, ..TrainSettings::default() };
        let plan = |settings: &TrainSettings| plan_for(folder.path(), settings, &mut |n| panic!("{n}"));
        let of_project = plan(&settings).unwrap();
        assert_eq!(of_project.augmentation, head_feet.augmentation());
        settings.mirror = Some(vec![PatientAxis::LeftRight].into());
        let of_settings = plan(&settings).unwrap().augmentation;
        assert_eq!((of_settings.mirror_axes, of_settings.rotation_deg), (settings.mirror.unwrap(), 5.0));
        let file = folder.path().join("edited.toml");
        let edited = Plan { base_width: 5, ..of_project };
        std::fs::write(&file, edited.to_commented_toml().unwrap()).unwrap();
        settings.plan = Some(file.clone());
        assert_eq!(plan(&settings).unwrap(), edited);
        std::fs::write(&file, edited.to_commented_toml().unwrap().replace("levels = ", "levels = 9")).unwrap();
        assert!(plan(&settings).unwrap_err().to_string().contains("'levels'"));
        let reserved = ReservedCase { case: "phantom_0".into(), slab: None };
        let mistyped = Plan { reserved: Some(vec![reserved]), ..edited };
        std::fs::write(&file, mistyped.to_commented_toml().unwrap()).unwrap();
        assert!(plan(&settings).unwrap_err().to_string().contains("'phantom_0'"));
    }
}

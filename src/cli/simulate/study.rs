//! The cases of a project and their true masks, read and never written.

use std::path::Path;
use std::sync::Arc;

use super::SimulateError;
use super::case::SimulatedCase;
use super::simulation::FIRST_CASES;
use crate::cli::mask_folder::masks_by_case;
use crate::io::{check_same_grid, read_image, read_mask};
use crate::label::{ClassId, LabelMap};
use crate::learn::data::TrainCase;
use crate::learn::{LearnError, Plan, TrainSettings, Trainer, choose_device};
use crate::project::Project;
use crate::volume::{CaseId, Grid, Image};
use crate::worker::trainer::choose_plan;

pub struct Study {
    project: Project,
    settings: TrainSettings,
    cases: Vec<StudyCase>,
}

struct StudyCase {
    id: CaseId,
    image: Arc<Image>,
    truth: Grid<ClassId>,
}

impl Study {
    /// The cases that are not held out and have a true mask. What the project knows of their labels is not read: every
    /// simulation begins with none.
    pub fn load(dir: &Path, truth: &Path, settings: TrainSettings) -> Result<Self, SimulateError> {
        let project = Project::load(dir)?;
        let mut masks = masks_by_case(truth)?;
        let mut cases = Vec::new();
        for entry in project.cases().iter().filter(|entry| !entry.held_out) {
            let Some(mask) = masks.remove(entry.id.as_str()) else {
                eprintln!("Case {} takes no part: it has no true mask.", entry.id);
                continue;
            };
            let (image, mask) = (read_image(&project.image_path(&entry.id)?)?, read_mask(&mask)?);
            check_same_grid(&image.header, &mask.header)
                .map_err(|source| SimulateError::Grid { case: entry.id.clone(), source })?;
            cases.push(StudyCase { id: entry.id.clone(), image: Arc::new(image.image), truth: mask.class });
        }
        if cases.len() <= FIRST_CASES {
            return Err(SimulateError::TooFewCases { found: cases.len() });
        }
        let study = Self { project, settings, cases };
        study.check_classes()?;
        Ok(study)
    }

    /// The trainer would refuse them only when the first such voxel was answered.
    fn check_classes(&self) -> Result<(), SimulateError> {
        let known = self.project.classes().all();
        for case in &self.cases {
            if let Some(&class) = case.truth.as_slice().iter().find(|class| !known.iter().any(|k| k.id == **class)) {
                return Err(LearnError::UnknownClass { case: case.id.clone(), class }.into());
            }
        }
        Ok(())
    }

    pub fn case_count(&self) -> usize {
        self.cases.len()
    }

    /// Foreground classes that occur in the truth.
    pub fn classes(&self) -> Vec<ClassId> {
        let occurs = |class: &ClassId| self.cases.iter().any(|case| case.truth.as_slice().contains(class));
        (1..=ClassId::MAX).filter(occurs).collect()
    }

    pub fn unlabelled(&self) -> Vec<SimulatedCase> {
        let case = |c: &StudyCase| SimulatedCase::new(c.id.clone(), c.truth.clone(), c.image.spacing_mm());
        self.cases.iter().map(case).collect()
    }

    /// Fresh networks and a plan, for what is labelled by now.
    pub fn trainer(&self, labelled: &[SimulatedCase]) -> Result<Trainer, SimulateError> {
        let labels_of = |id: &CaseId| labelled.iter().find(|case| case.id == *id).map(|case| case.labels().clone());
        let with_labels = |case: &StudyCase| {
            let labels = labels_of(&case.id).unwrap_or_else(|| LabelMap::unknown(case.image.extent()));
            TrainCase::new(case.id.clone(), Arc::clone(&case.image), labels, false)
        };
        let cases: Vec<TrainCase> = self.cases.iter().map(with_labels).collect();
        let (device, report) = choose_device(&self.settings.device)?;
        let plan = choose_plan(&self.project, &cases, &self.settings, report.is_gpu)?;
        Ok(Trainer::new(Plan { rounds: None, ..plan }, cases, &device)?)
    }
}

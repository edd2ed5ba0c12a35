//! Cases waiting to be predicted and written to the project.

use std::path::Path;
use std::sync::Arc;

use crossbeam_channel::Receiver;

use super::Outlet;
use super::run_folder::RunFolder;
use super::session::{Session, SessionError};
use crate::io::{NiftiGeometry, read_image};
use crate::label::{Prediction, Provenance};
use crate::learn::data::{Annotated, ReservedCase};
use crate::learn::{DeviceChoice, Predictor, choose_device, load_predictor};
use crate::project::Project;
use crate::volume::CaseId;
use crate::worker::protocol::{CheckpointChoice, TrainerCommand, TrainerEvent};

/// Opened once for all its cases.
pub struct PredictionQueue {
    project: Project,
    waiting: Vec<CaseId>,
    total: usize,
    choice: CheckpointChoice,
    saved: Option<SavedNetworks>,
}

/// A checkpoint of the project's newest run.
struct SavedNetworks {
    predictor: Predictor,
    run: String,
    step: u64,
    /// Labels that the run set aside.
    reserved: Vec<ReservedCase>,
}

impl PredictionQueue {
    pub fn open(project_dir: &Path, cases: Vec<CaseId>, choice: CheckpointChoice) -> Result<Self, SessionError> {
        let project = Project::load(project_dir)?;
        Ok(Self { project, total: cases.len(), waiting: cases, choice, saved: None })
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Predicts the first waiting case with the live networks, or a checkpoint for a case they do not know or if it is the
    /// best one that is wanted, and writes its planes. A command that interrupts leaves the case waiting.
    pub fn predict_next(
        &mut self,
        live: Option<&mut Session>,
        inbox: &Receiver<TrainerCommand>,
        outlet: &Outlet,
    ) -> Result<(), SessionError> {
        let Some(case) = self.waiting.first().cloned() else { return Ok(()) };
        let Some(step) = self.predict(&case, live, inbox, outlet)? else { return Ok(()) };
        self.waiting.remove(0);
        let (done, total) = (self.total - self.waiting.len(), self.total);
        outlet.send(TrainerEvent::PredictionSaved { case, step, done, total });
        Ok(())
    }

    /// The step of the networks, `None` if interrupted.
    fn predict(
        &mut self,
        id: &CaseId,
        live: Option<&mut Session>,
        inbox: &Receiver<TrainerCommand>,
        outlet: &Outlet,
    ) -> Result<Option<u64>, SessionError> {
        if self.choice == CheckpointChoice::Last
            && let Some(session) = live
            && let Some(geometry) = session.geometry(id).cloned()
        {
            let Some(prediction) = session.predict(id, inbox)? else { return Ok(None) };
            let step = self.save(&prediction, &geometry)?;
            if session.shows(id) {
                outlet.publish(Arc::new(prediction));
            }
            return Ok(Some(step));
        }
        let loaded = read_image(&self.project.image_path(id)?)?;
        let labels = self.project.load_labels(id, loaded.image.extent())?;
        let label_revision = labels.revision();
        let SavedNetworks { predictor, run, step, reserved } = match self.saved.take() {
            Some(saved) => self.saved.insert(saved),
            None => self.saved.insert(SavedNetworks::load(&self.project, self.choice)?),
        };
        let provenance = Provenance { case: id.clone(), label_revision, model: run.clone(), step: *step };
        // Labels that are held out or set aside judge the networks, and must not help them.
        let entry = self.project.case(id)?;
        let judges = |v| entry.held_out || reserved.iter().any(|part| part.case == *id && part.holds(v));
        let subject = predictor.subject(&loaded.image, &labels, &Annotated::only(&entry.annotated), judges);
        let interrupted = &mut || !inbox.is_empty();
        let Some(prediction) = predictor.predict(&subject, provenance, interrupted)? else { return Ok(None) };
        self.save(&prediction, &loaded.header).map(Some)
    }

    fn save(&self, prediction: &Prediction, geometry: &NiftiGeometry) -> Result<u64, SessionError> {
        self.project.save_prediction(prediction, geometry)?;
        Ok(prediction.provenance.step)
    }
}

impl SavedNetworks {
    fn load(project: &Project, choice: CheckpointChoice) -> Result<Self, SessionError> {
        let (run, checkpoint) = RunFolder::chosen(project, choice)?;
        let (device, _) = choose_device(&DeviceChoice::Auto)?;
        let (predictor, plan, step) = load_predictor(&checkpoint, &device)?;
        Ok(Self { predictor, run: run.name, step, reserved: plan.reserved.unwrap_or_default() })
    }
}

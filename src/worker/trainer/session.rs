//! One run from its start to its last checkpoint.

mod live;
mod looks;
mod membership;
mod older;

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;
use thiserror::Error;

use self::live::Live;
use self::membership::Membership;
use self::older::Older;
use super::best::Best;
use super::clock::Clock;
use super::crew::Crew;
use super::ending::Ending;
use super::metrics_file::append_metrics;
use super::pace::Pace;
use super::planning::choose_plan;
use super::run_folder::RunFolder;
use super::study::{LoadedStudy, load_study};
use super::{Host, Outlet};
use crate::edit::Delta;
use crate::io::{IoError, NiftiGeometry};
use crate::label::{Prediction, Provenance};
use crate::learn::{
    Calibration, DeviceChoice, DeviceReport, LearnError, Plan, REJECTED, StepReport, TrainSettings, Trainer,
    choose_device,
};
use crate::project::{Project, ProjectError};
use crate::volume::CaseId;
use crate::worker::courtesy::Duty;
use crate::worker::protocol::{Progress, TrainRequest, TrainerCommand, TrainerEvent};

/// A power cut costs at most this much training.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(60);
/// Progress reports per second are for eyes.
const REPORT_EVERY: Duration = Duration::from_millis(100);
/// Steps that a finished run gets when it is started again.
const EXTRA_STEPS: u64 = 500;

#[derive(Debug, Error)]
pub enum SessionError {
    #[error(transparent)]
    Learn(#[from] LearnError),
    #[error(transparent)]
    Project(#[from] ProjectError),
    #[error(transparent)]
    Io(#[from] IoError),
    #[error("The run's files in {run} could not be written: {source}")]
    RunFolder { run: String, source: std::io::Error },
    #[error(
        "Run {run} has no best checkpoint because no labelled case was held out to choose it by; use the last one."
    )]
    NoBest { run: String },
    #[error("[settings.anatomy] of chiaro.toml is not understood ({reason}); write e.g. mirror = [\"left-right\"].")]
    Anatomy { reason: String },
    #[error(
        "'intensities' in [settings] of chiaro.toml is not understood ({reason}); write clipped, z-score or as-stored."
    )]
    Intensities { reason: String },
    #[error("Training stopped because of an internal error ({reason}); your labels are safe, start it again.")]
    Panicked { reason: String },
}

pub enum Turn {
    GoOn,
    /// Up to date: a live run waits for corrections.
    Waiting,
    /// A waiting run goes on.
    Began,
    Finished,
}

pub struct Session {
    project: Project,
    trainer: Trainer,
    settings: TrainSettings,
    run: RunFolder,
    geometries: HashMap<CaseId, NiftiGeometry>,
    device: DeviceReport,
    shown: Option<CaseId>,
    training: bool,
    clock: Clock,
    pace: Option<Pace>,
    last_report: Option<StepReport>,
    dice_held_out: Option<f32>,
    best: Option<Best>,
    crew: Crew,
    duty: Duty,
    host: Host,
    ending: Option<Ending>,
    /// Only of a run that goes on in rounds.
    live: Option<Live>,
    membership: Membership,
    older: Older,
    /// The shown case or its labels have changed since its overlay was made.
    is_overlay_stale: bool,
}

impl Session {
    /// Loads the study, chooses device and plan, and makes or resumes the trainer.
    pub fn start(request: TrainRequest, host: &Host, outlet: &Outlet) -> Result<Self, SessionError> {
        let TrainRequest { project_dir, settings, snapshots, shown } = request;
        let project = Project::load(&project_dir)?;
        let LoadedStudy { cases, geometries } =
            load_study(&project, snapshots, &mut |sentence| outlet.send(TrainerEvent::Notice(sentence)));
        let (device, report) = choose_device(&settings.device)?;
        outlet.send(TrainerEvent::Device(report.clone()));
        let resumed = if settings.resume { RunFolder::newest(&project) } else { None };
        let (trainer, run) = match resumed {
            Some((run, checkpoint)) => {
                let mut trainer = Trainer::resume(&checkpoint, cases, &device)?;
                extend(&mut trainer, &settings);
                (trainer, run)
            }
            None if settings.resume => {
                return Err(LearnError::NoCheckpoint { dir: project.models_dir() }.into());
            }
            None => {
                let plan = choose_plan(&project, &cases, &settings, report.is_gpu)?;
                if let Some(sentence) = plan.memory_warning().filter(|_| !report.is_gpu) {
                    outlet.send(TrainerEvent::Notice(sentence));
                }
                let run = RunFolder::new(&project, plan.method);
                (Trainer::new(Plan { rounds: None, ..plan }, cases, &device)?, run)
            }
        };
        run.write_plan(trainer.plan()).map_err(|source| SessionError::RunFolder { run: run.name.clone(), source })?;
        outlet.send(TrainerEvent::Run(run.name.clone()));
        outlet.send(TrainerEvent::Plan(trainer.plan().summary()));
        let clock = Clock::new(trainer.steps_done());
        let best = Best::of(&run.dir);
        if let Some(Best { step, dice, .. }) = best {
            outlet.send(TrainerEvent::BestHeldOut { step, dice });
        }
        let mut session = Self {
            pace: Pace::new(&settings, trainer.steps_done()),
            live: settings.live.then(|| Live::new(&project, &run)),
            membership: Membership::default(),
            older: Older::default(),
            project,
            trainer,
            settings,
            run,
            geometries,
            device: report.clone(),
            host: host.clone(),
            shown,
            training: true,
            clock,
            last_report: None,
            dice_held_out: None,
            best,
            crew: Crew::beside(host, &report),
            duty: Duty::new(host.frames.clone().unwrap_or_default()),
            ending: None,
            is_overlay_stale: false,
        };
        // Continued to the step where it is already.
        session.ending = session.first_look();
        Ok(session)
    }

    pub fn project_dir(&self) -> &Path {
        self.project.dir()
    }

    pub fn is_training(&self) -> bool {
        self.training
    }

    /// The clock of a run that has taken its steps stands.
    pub fn pause(&mut self, pause: bool) {
        self.clock.pause(pause || self.ending.is_some() || self.is_waiting());
    }

    /// Another case is on the screen: its overlay comes next.
    pub fn show(&mut self, case: Option<CaseId>) {
        self.is_overlay_stale = case.is_some();
        self.shown = case;
        self.clock.shown_prediction.last_end = None;
    }

    pub fn edit(&mut self, id: &CaseId, delta: &Delta, revision: u64, outlet: &Outlet) {
        self.arrive(id, outlet);
        let Some(case) = self.trainer.case_mut(id) else { return };
        let is_news = revision > case.labels().revision() && !case.held_out;
        if let Err(error) = case.apply(delta, revision) {
            log::warn!("case {id}: an edit did not reach the trainer: {error}");
            outlet.send(TrainerEvent::Notice(format!(
                "Training goes on with older labels of case {id}; start it again to use the newest."
            )));
        } else if let Some(live) = self.live.as_mut().filter(|_| is_news) {
            live.rounds.corrected(id, delta, Instant::now());
        }
        self.is_overlay_stale |= self.shown.as_ref() == Some(id);
    }

    /// One step and whatever is due after it; after the last step, one look of the run's end.
    pub fn turn(&mut self, inbox: &Receiver<TrainerCommand>, outlet: &Outlet) -> Result<Turn, SessionError> {
        if self.take_in_next(outlet) {
            return Ok(Turn::GoOn);
        }
        if let Some(ending) = self.ending {
            return self.end(ending, inbox, outlet);
        }
        if self.is_waiting() {
            return self.wait(inbox, outlet);
        }
        let report = self.step(inbox)?;
        self.keep_pace(outlet)?;
        if let Some(report) = report {
            self.write_metrics(&report)?;
            self.last_report = Some(report);
        }
        let over = self.is_over() || self.is_round_cut_off();
        if over || self.clock.last_report.elapsed() >= REPORT_EVERY {
            self.report(outlet);
        }
        if over {
            self.clock.pause(true);
            self.checkpoint(outlet)?;
            self.ending = Some(Ending::FIRST);
            return Ok(Turn::GoOn);
        }
        if self.clock.last_checkpoint.elapsed() >= CHECKPOINT_EVERY {
            self.checkpoint(outlet)?;
        }
        self.look(inbox, outlet)?;
        Ok(Turn::GoOn)
    }

    /// Where minutes were named: the steps that fit into them.
    fn keep_pace(&mut self, outlet: &Outlet) -> Result<(), SessionError> {
        let Self { pace: Some(pace), trainer, clock, run, .. } = self else { return Ok(()) };
        if pace.adjust(trainer, || clock.elapsed())? {
            run.write_plan(trainer.plan())
                .map_err(|source| SessionError::RunFolder { run: run.name.clone(), source })?;
            outlet.send(TrainerEvent::Plan(trainer.plan().summary()));
        }
        Ok(())
    }

    /// While the user's hand is at work: with fewer threads, and then a rest.
    fn step(&mut self, inbox: &Receiver<TrainerCommand>) -> Result<Option<StepReport>, SessionError> {
        let Self { trainer, duty, crew, device, .. } = self;
        let hand_at_work = duty.is_hand_at_work();
        duty.begin();
        let report = crew.run(hand_at_work, || trainer.step())?;
        if hand_at_work && device.is_gpu {
            // Else the work would only be queued, and the window's frames behind it.
            trainer.wait_for_device()?;
        }
        duty.rest(inbox);
        Ok(report)
    }

    /// Ends the run at once with a checkpoint. The networks stay for predictions.
    pub fn stop(&mut self, outlet: &Outlet) -> Result<(), SessionError> {
        self.training = false;
        self.ending = None;
        self.end_waiting();
        self.clock.pause(true);
        // A run that took no step is nothing to go on from, and must not stand before the last good one.
        if self.trainer.steps_done() != self.clock.first_step {
            self.checkpoint(outlet)?;
        }
        self.report(outlet);
        Ok(())
    }

    /// After a failure: less memory if it ran out, else the CPU, from the last checkpoint. False if neither helps.
    pub fn fall_back(&mut self, reason: &str, outlet: &Outlet) -> Result<bool, SessionError> {
        let out_of_memory = reason.to_lowercase().contains("memory");
        let smaller = out_of_memory.then(|| self.trainer.plan().with_less_memory()).flatten();
        if smaller.is_none() && !self.device.is_gpu {
            return Ok(false);
        }
        let choice = if smaller.is_some() { &self.settings.device } else { &DeviceChoice::Cpu };
        let (device, report) = choose_device(choice)?;
        let sentence = match &smaller {
            Some(plan) if plan.patch == self.trainer.plan().patch => {
                "Memory ran out; training goes on, a little slower, in less of it.".to_owned()
            }
            Some(plan) => format!("Memory ran out; training goes on with smaller crops of {:?} voxels.", plan.patch),
            None => format!("{} failed; training goes on on the CPU.", self.device.name),
        };
        let plan = smaller.unwrap_or_else(|| self.trainer.plan().clone());
        log::warn!("{sentence} Reason: {reason}");
        let cases = self.trainer.cases().to_vec();
        let mut trainer = match crate::learn::newest_checkpoint(&self.run.dir) {
            Some(checkpoint) => Trainer::resume(&checkpoint, cases, &device)?,
            None => Trainer::new(plan.clone(), cases, &device)?,
        };
        trainer.set_patch(plan.patch);
        trainer.set_recompute(plan.recompute);
        // The checkpoint may be older than the last extension of the run, and than the last point of the curve.
        trainer.extend(plan.total_steps);
        trainer.set_rounds(plan.rounds);
        self.clock.held_out_step = self.clock.held_out_step.min(trainer.steps_done());
        self.trainer = trainer;
        if !self.is_over() {
            self.end_waiting();
        }
        self.ending = self.first_look();
        self.clock.pause(self.ending.is_some() || self.is_waiting());
        let written = self.run.write_plan(self.trainer.plan());
        written.map_err(|source| SessionError::RunFolder { run: self.run.name.clone(), source })?;
        self.crew = Crew::beside(&self.host, &report);
        self.device = report.clone();
        outlet.send(TrainerEvent::Notice(sentence));
        outlet.send(TrainerEvent::Device(report));
        outlet.send(TrainerEvent::Plan(self.trainer.plan().summary()));
        Ok(true)
    }

    fn is_over(&self) -> bool {
        let minutes = self.clock.elapsed().as_secs_f64() / 60.0;
        self.trainer.steps_done() >= self.trainer.plan().total_steps
            || self.settings.minutes.is_some_and(|limit| minutes >= limit)
    }

    fn write_metrics(&self, report: &StepReport) -> Result<(), SessionError> {
        let seconds = self.clock.elapsed().as_secs_f64();
        let mut report = report.clone();
        report.named.extend(self.trainer.calibration().into_iter().flat_map(Calibration::surprises));
        append_metrics(&self.run.metrics_path(), &report, seconds, self.dice_held_out)
            .map_err(|source| SessionError::RunFolder { run: self.run.name.clone(), source })
    }

    fn report(&mut self, outlet: &Outlet) {
        self.clock.last_report = Instant::now();
        let Some(report) = &self.last_report else { return };
        let (step, total) = (self.trainer.steps_done(), self.trainer.plan().total_steps);
        let elapsed_secs = self.clock.elapsed().as_secs_f64();
        let per_step = elapsed_secs / step.saturating_sub(self.clock.first_step).max(1) as f64;
        let by_steps = total.saturating_sub(step) as f64 * per_step;
        let rejected = report.named.iter().filter(|(name, _)| *name == REJECTED);
        let by_time = self.settings.minutes.map(|m| (60.0 * m - elapsed_secs).max(0.0));
        outlet.send(TrainerEvent::Progress(Progress {
            step,
            total_steps: Some(total),
            loss: report.total(),
            loss_parts: [
                ("labelled", report.supervised),
                ("unlabelled", report.unlabelled),
                ("weight of unlabelled", report.unsupervised_weight),
            ]
            .iter()
            .chain(rejected)
            .map(|(name, value)| ((*name).to_owned(), *value))
            .collect(),
            dice_held_out: self.dice_held_out,
            elapsed_secs,
            left_secs: Some(by_time.map_or(by_steps, |t| t.min(by_steps))),
            rested_share: self.duty.take_rested_share(),
        }));
    }

    fn checkpoint(&mut self, outlet: &Outlet) -> Result<(), SessionError> {
        self.trainer.save(&self.run.dir)?;
        self.clock.last_checkpoint = Instant::now();
        outlet.send(TrainerEvent::Checkpoint { step: self.trainer.steps_done() });
        Ok(())
    }

    pub fn geometry(&self, id: &CaseId) -> Option<&NiftiGeometry> {
        self.geometries.get(id)
    }

    pub fn shows(&self, id: &CaseId) -> bool {
        self.shown.as_ref() == Some(id)
    }

    /// `None` if the case is not in the study or a command interrupts.
    pub fn predict(
        &mut self,
        id: &CaseId,
        inbox: &Receiver<TrainerCommand>,
    ) -> Result<Option<Prediction>, SessionError> {
        let predictor = self.trainer.predictor();
        let Self { trainer, duty, crew, run, .. } = self;
        let Some(case) = trainer.cases().iter().find(|c| c.id == *id) else { return Ok(None) };
        let provenance = Provenance {
            case: id.clone(),
            label_revision: case.labels().revision(),
            model: run.name.clone(),
            step: trainer.steps_done(),
        };
        let few = duty.is_hand_at_work();
        let interrupted = &mut duty.interruption(inbox);
        Ok(crew.run(few, || predictor.predict_case(case, provenance, interrupted))?)
    }
}

/// A run that has reached its end goes on for as long as asked, or for a while, a live one for a round.
fn extend(trainer: &mut Trainer, settings: &TrainSettings) {
    let done = trainer.steps_done();
    match settings.steps {
        Some(steps) => trainer.extend(steps),
        None if done >= trainer.plan().total_steps && !settings.live => trainer.extend(done + EXTRA_STEPS),
        None => {}
    }
    if settings.live && done >= trainer.plan().total_steps {
        trainer.begin_round(Vec::new());
    }
}

#[cfg(test)]
mod tests;

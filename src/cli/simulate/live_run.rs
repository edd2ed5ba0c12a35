//! Training beside the simulated reviewer: so many steps in a simulated second, in rounds as beside the window.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::edit::Delta;
use crate::label::{Prediction, Provenance, Rejections};
use crate::learn::data::TrainCase;
use crate::learn::{LearnError, Trainer};
use crate::volume::CaseId;
use crate::worker::trainer::rounds::{Rounds, may_be_cut_off};

/// Name of the run in the provenance of its predictions.
const RUN: &str = "simulated";

pub struct LiveRun {
    trainer: Trainer,
    rounds: Rounds,
    /// The rounds count in instants; this is simulated second 0.
    origin: Instant,
    steps_per_second: f64,
    /// Simulated second at which training began, and the chances for a step since.
    begun: f64,
    chances: u64,
}

impl LiveRun {
    /// `seconds`: the simulated time at which it begins.
    pub fn new(trainer: Trainer, steps_per_second: f64, seconds: f64) -> Self {
        Self { trainer, rounds: Rounds::new(1), origin: Instant::now(), steps_per_second, begun: seconds, chances: 0 }
    }

    pub fn steps_done(&self) -> u64 {
        self.trainer.steps_done()
    }

    /// Takes the steps up to a simulated second.
    pub fn advance_to(&mut self, seconds: f64) -> Result<(), LearnError> {
        loop {
            let next = self.begun + (self.chances + 1) as f64 / self.steps_per_second;
            if next > seconds {
                return Ok(());
            }
            self.chances += 1;
            self.step_at(next)?;
        }
    }

    /// One step, unless all of the round are taken and too little was answered for another one.
    fn step_at(&mut self, seconds: f64) -> Result<(), LearnError> {
        let (plan, done) = (self.trainer.plan(), self.trainer.steps_done());
        let is_over = done >= plan.total_steps;
        if may_be_cut_off(plan, done) && self.is_round_due(seconds) {
            self.trainer.begin_round(self.rounds.begin(seconds));
        } else if is_over {
            return Ok(());
        }
        self.trainer.step().map(|_| ())
    }

    fn is_round_due(&self, seconds: f64) -> bool {
        let known = self.trainer.cases().iter().map(TrainCase::known_foreground).sum();
        self.rounds.due_in(known, self.instant(seconds)).is_some_and(|rest| rest.is_zero())
    }

    fn instant(&self, seconds: f64) -> Instant {
        self.origin + Duration::from_secs_f64(seconds.max(0.0))
    }

    /// An answer of the reviewer; `revision` of the labels after it.
    pub fn edit(&mut self, id: &CaseId, delta: &Delta, revision: u64, seconds: f64) {
        let now = self.instant(seconds);
        let Some(case) = self.trainer.case_mut(id) else { return };
        match case.apply(delta, revision) {
            Ok(()) => self.rounds.corrected(id, delta, now),
            // Deltas come one after the other from the labels that the trainer's began as.
            Err(error) => log::error!("case {id}: an answer did not reach the trainer: {error}"),
        }
    }

    pub fn reject(&mut self, id: &CaseId, rejections: &Arc<Rejections>, seconds: f64) {
        let now = self.instant(seconds);
        let Some(case) = self.trainer.case_mut(id) else { return };
        self.rounds.rejected(id, case.rejections(), rejections, now);
        case.reject(Arc::clone(rejections));
    }

    /// Predictions of all cases by the networks as they are, in the order of the cases.
    pub fn predict(&mut self) -> Result<Vec<Prediction>, LearnError> {
        let never = &mut || false;
        self.trainer.calibrate(never)?;
        let predictor = self.trainer.predictor();
        let mut predictions = Vec::new();
        for case in self.trainer.cases() {
            let (label_revision, step) = (case.labels().revision(), self.trainer.steps_done());
            let provenance = Provenance { case: case.id.clone(), label_revision, model: RUN.into(), step };
            predictions.extend(predictor.predict_case(case, provenance, never)?);
        }
        Ok(predictions)
    }
}

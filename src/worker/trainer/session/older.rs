//! Going back in time: the networks of a kept round as the live ones, or beside them for one prediction.

use std::sync::Arc;

use crossbeam_channel::Receiver;

use super::{Session, SessionError};
use crate::label::Provenance;
use crate::learn::{LearnError, Predictor};
use crate::volume::CaseId;
use crate::worker::protocol::{TrainerCommand, TrainerEvent};
use crate::worker::trainer::Outlet;
use crate::worker::trainer::ending::Ending;
use crate::worker::trainer::round_store::kept_networks;

/// A case that somebody wants to compare; the newest wish counts.
#[derive(Default)]
pub struct Older {
    wanted: Option<(u32, CaseId)>,
    /// Read once for several cases.
    networks: Option<(u32, Predictor, u64)>,
}

impl Session {
    /// Makes the networks of a round the live ones; their step, plan and rounds are counted on, so that nothing is overwritten.
    pub fn restore(&mut self, round: u32, outlet: &Outlet) -> Result<(), SessionError> {
        let Some(checkpoint) = kept_networks(&self.run.dir, round) else {
            outlet.send(gone(round));
            return Ok(());
        };
        self.trainer.adopt(&checkpoint)?;
        if let Some(live) = &mut self.live {
            live.forget_predictions();
        }
        // What was measured at the end of a round was measured of others.
        self.ending = self.ending.map(|_| Ending::FIRST);
        self.is_overlay_stale = self.shown.is_some();
        self.checkpoint(outlet)
    }

    pub fn predict_with(&mut self, round: u32, case: CaseId) {
        self.older.wanted = Some((round, case));
    }

    pub fn has_older_to_predict(&self) -> bool {
        self.older.wanted.is_some()
    }

    /// The case that was asked for last. A command that interrupts leaves it waiting.
    pub fn predict_older(&mut self, inbox: &Receiver<TrainerCommand>, outlet: &Outlet) -> Result<(), SessionError> {
        let Some((round, id)) = self.older.wanted.take() else { return Ok(()) };
        if !self.read_older(round)? {
            outlet.send(gone(round));
            return Ok(());
        }
        let Self { trainer, duty, crew, run, older, .. } = self;
        let Some(case) = trainer.cases().iter().find(|c| c.id == id) else { return Ok(()) };
        let Some((_, predictor, step)) = &older.networks else { return Ok(()) };
        let label_revision = case.labels().revision();
        let provenance = Provenance { case: id.clone(), label_revision, model: run.name.clone(), step: *step };
        let few = duty.is_hand_at_work();
        let interrupted = &mut duty.interruption(inbox);
        match crew.run(few, || predictor.predict_case(case, provenance, interrupted))? {
            Some(prediction) => {
                outlet.send(TrainerEvent::OlderPrediction { round, prediction: Arc::new(prediction) });
            }
            None => older.wanted = Some((round, id)),
        }
        Ok(())
    }

    /// False if the round is not kept.
    fn read_older(&mut self, round: u32) -> Result<bool, LearnError> {
        if self.older.networks.as_ref().is_some_and(|(number, ..)| *number == round) {
            return Ok(true);
        }
        let Some(checkpoint) = kept_networks(&self.run.dir, round) else { return Ok(false) };
        let (predictor, step) = self.trainer.older_predictor(&checkpoint)?;
        self.older.networks = Some((round, predictor, step));
        Ok(true)
    }
}

fn gone(round: u32) -> TrainerEvent {
    TrainerEvent::Notice(format!("The networks of round {round} are not kept any more."))
}

//! A run that does not end: it waits for corrections, and goes on with them in rounds.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;

use super::{Session, SessionError, Turn};
use crate::label::Rejections;
use crate::learn::Trainer;
use crate::learn::data::TrainCase;
use crate::project::Project;
use crate::rounds::{Round, unix_seconds};
use crate::volume::CaseId;
use crate::worker::protocol::{TrainerCommand, TrainerEvent};
use crate::worker::trainer::Outlet;
use crate::worker::trainer::ending::Ending;
use crate::worker::trainer::held_out::known_dice;
use crate::worker::trainer::round_store::RoundStore;
use crate::worker::trainer::rounds::{Rounds, may_be_cut_off};
use crate::worker::trainer::run_folder::RunFolder;

/// Cases of the review that are predicted before the others and before a round is measured.
const MOST_UPCOMING: usize = 3;
/// Cases that are asked whether the networks still know them.
const KNOWN_CASES: usize = 2;

/// What only a live run has.
pub struct Live {
    pub rounds: Rounds,
    pub store: RoundStore,
    upcoming: Vec<CaseId>,
    /// Cases whose predictions by the present networks are in the project.
    predicted: BTreeSet<CaseId>,
    /// What was rejected since the round began. It is learnt from the next one on: it moves the networks so much at first that
    /// the round, which it is to end, would be measured in the middle of that.
    rejected: BTreeMap<CaseId, Arc<Rejections>>,
    began_unix_s: u64,
    /// Of the round that ends.
    held_out: BTreeMap<CaseId, f64>,
    known: BTreeMap<CaseId, f64>,
}

impl Live {
    pub fn new(project: &Project, run: &RunFolder) -> Self {
        let store = RoundStore::open(project, run);
        Self {
            rounds: Rounds::new(store.next_number()),
            store,
            upcoming: Vec::new(),
            predicted: BTreeSet::new(),
            rejected: BTreeMap::new(),
            began_unix_s: unix_seconds(),
            held_out: BTreeMap::new(),
            known: BTreeMap::new(),
        }
    }

    pub fn measured(&mut self, held_out: Vec<(CaseId, f32)>) {
        self.held_out = by_case(held_out);
    }

    /// The networks are others now.
    pub fn forget_predictions(&mut self) {
        self.predicted.clear();
    }

    /// The cases of the first round, so that rounds compare; in the first round those of which most was labelled by hand.
    fn known_cases<'a>(&self, trainer: &'a Trainer) -> Vec<&'a TrainCase> {
        let cases = || trainer.cases().iter().filter(|c| !c.held_out && c.is_labelled());
        let first = self.store.rounds().iter().find(|round| !round.known.is_empty());
        match first {
            Some(round) => cases().filter(|c| round.known.contains_key(&c.id)).collect(),
            None => {
                let mut known: Vec<_> = cases().filter(|c| c.known_foreground() > 0).collect();
                // A stroke or two would tell of themselves only.
                known.sort_by_key(|c| Reverse((c.is_all_gold(), c.known_foreground())));
                known.truncate(KNOWN_CASES);
                known
            }
        }
    }

    /// The next case to predict: those of the review first, then, if nothing else is to be done, whatever has unknown voxels.
    /// What is held out is left for its labels to judge by.
    fn next_case(&self, trainer: &Trainer, also_others: bool) -> Option<CaseId> {
        let cases = trainer.cases();
        let is_open = |id: &&CaseId| !self.predicted.contains(*id);
        let mut upcoming = self.upcoming.iter().filter(|id| cases.iter().any(|c| c.id == **id));
        let mut others = cases.iter().filter(|c| also_others && !c.held_out && c.has_unknown()).map(|c| &c.id);
        upcoming.find(is_open).or_else(|| others.find(is_open)).cloned()
    }
}

impl Session {
    /// Whether it is up to date and only waits for corrections.
    pub fn is_waiting(&self) -> bool {
        self.live.as_ref().is_some_and(|live| live.rounds.is_waiting)
    }

    pub fn reject(&mut self, id: &CaseId, rejections: Arc<Rejections>, outlet: &Outlet) {
        self.arrive(id, outlet);
        let Some(case) = self.trainer.case_mut(id) else { return };
        if let Some(live) = self.live.as_mut().filter(|_| !case.held_out) {
            let before = live.rejected.remove(id).unwrap_or_else(|| Arc::clone(case.rejections()));
            live.rounds.rejected(id, &before, &rejections, Instant::now());
            if rejections.count_beyond(case.rejections()) > 0 {
                live.rejected.insert(id.clone(), rejections);
                return;
            }
        }
        case.reject(rejections);
    }

    /// A round begins to learn from what was rejected during the one before.
    fn take_in_rejections(&mut self) {
        let rejected = self.live.as_mut().map(|live| std::mem::take(&mut live.rejected)).unwrap_or_default();
        for (id, rejections) in rejected {
            if let Some(case) = self.trainer.case_mut(&id) {
                case.reject(rejections);
            }
        }
    }

    pub fn set_upcoming(&mut self, mut cases: Vec<CaseId>) {
        cases.truncate(MOST_UPCOMING);
        if let Some(live) = &mut self.live {
            live.upcoming = cases;
        }
    }

    /// Time until a waiting run begins another round; `None` while too little has changed.
    pub fn round_due_in(&self) -> Option<Duration> {
        let live = self.live.as_ref().filter(|_| self.training)?;
        let known = self.trainer.cases().iter().filter(|c| !c.held_out).map(TrainCase::known_foreground).sum();
        live.rounds.due_in(known, Instant::now())
    }

    fn is_round_due(&self) -> bool {
        self.round_due_in().is_some_and(|rest| rest.is_zero())
    }

    /// Whether the steps of the present round that are left give way to the next round.
    pub(super) fn is_round_cut_off(&self) -> bool {
        may_be_cut_off(self.trainer.plan(), self.trainer.steps_done()) && self.is_round_due()
    }

    /// Whether a waiting run has predictions to make.
    pub fn has_cases_to_predict(&self) -> bool {
        self.live.as_ref().is_some_and(|live| live.next_case(&self.trainer, true).is_some())
    }

    /// Between two rounds: the next round, or one prediction for the project.
    pub(super) fn wait(&mut self, inbox: &Receiver<TrainerCommand>, outlet: &Outlet) -> Result<Turn, SessionError> {
        if self.is_round_due() {
            self.begin_round(outlet)?;
            return Ok(Turn::Began);
        }
        self.predict_next(true, inbox, outlet)?;
        Ok(Turn::GoOn)
    }

    pub(super) fn begin_round(&mut self, outlet: &Outlet) -> Result<(), SessionError> {
        let Some(live) = &mut self.live else { return Ok(()) };
        live.began_unix_s = unix_seconds();
        let corrected = live.rounds.begin(self.clock.elapsed().as_secs_f64());
        live.forget_predictions();
        self.release_all(outlet);
        self.take_in_rejections();
        // Minutes and their pace were those of the first round.
        self.settings.minutes = None;
        self.pace = None;
        self.trainer.begin_round(corrected);
        self.clock.pause(false);
        let written = self.run.write_plan(self.trainer.plan());
        written.map_err(|source| SessionError::RunFolder { run: self.run.name.clone(), source })?;
        outlet.send(TrainerEvent::Plan(self.trainer.plan().summary()));
        Ok(())
    }

    /// The looks of a round are done: the next one if it is due or was what ended this one, else rest.
    pub(super) fn after_round(&mut self, outlet: &Outlet) -> Result<Turn, SessionError> {
        if self.is_round_due() || !self.is_over() {
            self.begin_round(outlet)?;
            return Ok(Turn::GoOn);
        }
        if let Some(live) = &mut self.live {
            live.rounds.is_waiting = true;
        }
        self.report(outlet);
        Ok(Turn::Waiting)
    }

    /// False if nothing is left to predict or a command interrupts.
    fn predict_next(
        &mut self,
        also_others: bool,
        inbox: &Receiver<TrainerCommand>,
        outlet: &Outlet,
    ) -> Result<bool, SessionError> {
        let next = self.live.as_ref().and_then(|live| live.next_case(&self.trainer, also_others));
        let with_grid = next.and_then(|id| Some((self.geometries.get(&id)?.clone(), id)));
        let Some((geometry, case)) = with_grid else { return Ok(false) };
        let Some(prediction) = self.predict(&case, inbox)? else { return Ok(false) };
        let step = prediction.provenance.step;
        self.project.save_prediction(&prediction, &geometry)?;
        outlet.send(TrainerEvent::PredictionSaved { case: case.clone(), step, done: 1, total: 1 });
        if self.shows(&case) {
            outlet.publish(Arc::new(prediction));
        }
        if let Some(live) = &mut self.live {
            live.predicted.insert(case);
        }
        Ok(true)
    }

    /// True when all of the review's next cases are predicted.
    pub(super) fn predict_upcoming(
        &mut self,
        inbox: &Receiver<TrainerCommand>,
        outlet: &Outlet,
    ) -> Result<bool, SessionError> {
        while self.predict_next(false, inbox, outlet)? {}
        Ok(self.live.as_ref().is_none_or(|live| live.next_case(&self.trainer, false).is_none()))
    }

    /// False if a command interrupts.
    pub(super) fn measure_known(&mut self, inbox: &Receiver<TrainerCommand>) -> Result<bool, SessionError> {
        let predictor = self.trainer.predictor();
        let Self { live: Some(live), trainer, duty, crew, .. } = self else { return Ok(true) };
        let cases = live.known_cases(trainer);
        let interrupted = &mut duty.interruption(inbox);
        let known = crew.run(false, || known_dice(&cases, &trainer.plan().classes, &predictor, interrupted))?;
        let is_done = known.is_some();
        live.known = by_case(known.unwrap_or_default());
        Ok(is_done)
    }

    /// Keeps the networks of the round, and tells of it and of what they have forgotten.
    pub(super) fn close_round(&mut self, outlet: &Outlet) -> Result<(), SessionError> {
        let Some(live) = &mut self.live else { return Ok(()) };
        let learning = || self.trainer.cases().iter().filter(|case| !case.held_out);
        let round = Round {
            number: live.rounds.number(),
            started_unix_s: live.began_unix_s,
            ended_unix_s: unix_seconds(),
            model: self.run.name.clone(),
            step: self.trainer.steps_done(),
            checkpoint: None,
            held_out: std::mem::take(&mut live.held_out),
            known: std::mem::take(&mut live.known),
            labelled_voxels: learning().map(|case| case.labels().known_count() as u64).sum(),
            labelled_cases: learning().filter(|case| case.is_labelled()).count() as u64,
            corrections: live.rounds.taken(),
        };
        let forgotten = live.store.forgotten(&round.known);
        let (round, displaced) = live.store.keep(&self.trainer, round)?;
        for case in forgotten {
            outlet.send(TrainerEvent::Notice(format!("The newest round forgets what it knew of case {case}.")));
        }
        outlet.send(TrainerEvent::RoundEnded { round: Box::new(round), displaced });
        Ok(())
    }

    /// The run is over, or has failed to the CPU: its rest is none.
    pub(super) fn end_waiting(&mut self) {
        if let Some(live) = &mut self.live {
            live.rounds.is_waiting = false;
        }
    }

    /// What is looked at when a round's steps are done; nothing of a round that was measured already.
    pub(super) fn first_look(&self) -> Option<Ending> {
        (self.is_over() && !self.is_waiting()).then_some(Ending::FIRST)
    }
}

fn by_case(dice: Vec<(CaseId, f32)>) -> BTreeMap<CaseId, f64> {
    dice.into_iter().map(|(case, dice)| (case, dice.into())).collect()
}

#[cfg(test)]
mod tests;

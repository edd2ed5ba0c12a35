//! The rounds of learning: a look back, and a way back.

use std::sync::Arc;

use crate::edit::Watch;
use crate::label::Prediction;
use crate::volume::CaseId;
use crate::worker::protocol::TrainerCommand;
use crate::worker::protocol_io::IoCommand;
use crate::worker::protocol_labels::{LabelJob, LabelWork};
use crate::workspace::{Effect, Notice, OlderRound, RoundAction, RoundView, SplitSide, Workspace};

/// Cases that the trainer is told of ahead.
const UPCOMING: usize = 3;

impl Workspace {
    pub(super) fn apply_round(&mut self, action: RoundAction, effects: &mut Vec<Effect>) {
        match action {
            RoundAction::Compare(round) => {
                let view = self.older.as_ref().map_or(RoundView::Older, |older| older.view);
                self.compare_with_round(round, view, effects);
            }
            RoundAction::Show(view) => {
                if let Some(older) = &mut self.older {
                    older.view = view;
                    effects.push(Effect::UploadPrediction);
                    self.end_split(effects);
                }
            }
            RoundAction::Close => self.close_older(effects),
            RoundAction::Restore(round) => {
                self.close_older(effects);
                effects.push(Effect::Trainer(TrainerCommand::Restore { checkpoint_round: round }));
                let text = format!("The networks of round {round} are back; learning goes on from them.");
                self.notify(Notice::info(text), effects);
            }
        }
    }

    fn compare_with_round(&mut self, round: u32, view: RoundView, effects: &mut Vec<Effect>) {
        let Some(case) = self.case().map(|case| case.id.clone()) else { return };
        self.older = Some(OlderRound::new(round, case.clone(), view));
        self.split_shows_older();
        effects.push(Effect::UploadPrediction);
        effects.push(Effect::Trainer(TrainerCommand::PredictWith { round, case }));
    }

    pub(super) fn close_older(&mut self, effects: &mut Vec<Effect>) {
        if self.older.take().is_some() {
            effects.push(Effect::UploadPrediction);
            if self.split.is_some_and(|split| split.shows(SplitSide::Older)) {
                self.end_split(effects);
            }
        }
    }

    /// Another case is on the screen: the same round is asked about it.
    pub(super) fn older_follows(&mut self, case: &CaseId, effects: &mut Vec<Effect>) {
        if let Some(OlderRound { round, view, .. }) = self.older.as_ref().filter(|older| older.case != *case) {
            let (round, view) = (*round, *view);
            self.older = Some(OlderRound::new(round, case.clone(), view));
            effects.push(Effect::Trainer(TrainerCommand::PredictWith { round, case: case.clone() }));
        }
    }

    /// Answers for another case or round than the wanted ones are dropped.
    pub(in crate::workspace) fn older_predicted(
        &mut self,
        round: u32,
        prediction: Arc<Prediction>,
        effects: &mut Vec<Effect>,
    ) {
        let extent = self.case().map(|case| case.extent());
        let Some(older) = &mut self.older else { return };
        let is_wanted = (older.round, &older.case) == (round, &prediction.provenance.case);
        if is_wanted && extent == Some(prediction.extent()) {
            older.prediction = Some(prediction);
            effects.push(Effect::UploadPrediction);
            self.work_out_difference(effects);
        }
    }

    /// To be called when either prediction is another one.
    pub(in crate::workspace) fn work_out_difference(&mut self, effects: &mut Vec<Effect>) {
        let Some(case) = self.case() else { return };
        let (labels, image, newest) = (Arc::clone(&case.labels), Arc::clone(&case.image), case.prediction.clone());
        let id = case.id.clone();
        let Some(older) = self.older.as_mut().filter(|older| older.case == id) else { return };
        let (Some(newest), Some(prediction)) = (newest, older.prediction.clone()) else { return };
        self.tickets += 1;
        older.ticket = self.tickets;
        older.watch.cancel();
        older.watch = Arc::new(Watch::default());
        let (ticket, watch) = (older.ticket, Arc::clone(&older.watch));
        let work = LabelWork::Difference { newest, older: prediction };
        effects.push(Effect::Labels(LabelJob { ticket, labels, image, work, watch }));
    }

    /// While an older round is shown, alone or on one side, what is seen is not what would be accepted: shows the newest
    /// alone instead. True if that was needed.
    pub(super) fn must_see_newest(&mut self, effects: &mut Vec<Effect>) -> bool {
        if !self.shows_older() {
            return false;
        }
        if let Some(older) = &mut self.older {
            older.view = RoundView::Newest;
        }
        self.end_split(effects);
        effects.push(Effect::UploadPrediction);
        let text = "An older round was shown. These are the newest pseudo-labels: look, then accept again.";
        self.notify(Notice::info(text), effects);
        true
    }

    /// The overlay of the shown case stays as it is, or follows learning again.
    pub(super) fn freeze_overlay(&mut self, effects: &mut Vec<Effect>) {
        self.training.is_overlay_frozen ^= true;
        if self.training.is_overlay_frozen {
            return;
        }
        let shown = self.case().map(|case| case.id.clone());
        let held_back = self.training.held_back.take();
        let Some(shown) = shown else { return };
        match held_back.filter(|prediction| prediction.provenance.case == shown) {
            Some(prediction) => self.take_prediction(&shown, prediction, effects),
            // One may have been written meanwhile.
            None => effects.push(Effect::Io(IoCommand::LoadPrediction(shown))),
        }
    }

    /// Tells a run which cases will be reviewed next, when they are others than it knows.
    pub(in crate::workspace) fn tell_upcoming(&mut self, effects: &mut Vec<Effect>) {
        if !self.training.is_active() {
            return;
        }
        let open = self.shown_id();
        let Some(study) = &self.study else { return };
        // A known question wants a pseudo-label of its case by the newest networks.
        let asked = Some(&self.known).filter(|_| self.preferences.settings.asks_known);
        let asked = asked.and_then(|known| known.upcoming(study, open));
        let mut upcoming = study.upcoming(open, UPCOMING - usize::from(asked.is_some()));
        upcoming.extend(asked);
        if upcoming != self.training.told_upcoming {
            self.training.told_upcoming.clone_from(&upcoming);
            effects.push(Effect::Trainer(TrainerCommand::Upcoming(upcoming)));
        }
    }
}

//! What the trainer reports.

use std::sync::Arc;

use crate::label::Prediction;
use crate::volume::CaseId;
use crate::worker::Strain;
use crate::worker::protocol::{Progress, TrainerEvent, TrainerState};
use crate::worker::protocol_io::IoCommand;
use crate::workspace::{Curve, Effect, Notice, TrainingFailure, Workspace};

impl Workspace {
    pub(super) fn absorb_trainer(&mut self, event: TrainerEvent, effects: &mut Vec<Effect>) {
        if !self.training.engaged {
            return;
        }
        match event {
            TrainerEvent::State(state) => {
                self.trainer_state(state);
                self.tell_upcoming(effects);
            }
            TrainerEvent::Run(run) => self.training.run = Some(run),
            TrainerEvent::Device(device) => self.training.device = Some(device),
            TrainerEvent::Plan(plan) => self.training.plan = Some(plan),
            TrainerEvent::Progress(progress) => self.training_progress(progress),
            TrainerEvent::HeldOutDice { step, dice } => self.training.dice.push(step, dice.into()),
            TrainerEvent::HeldOutChanged => self.held_out_changed(effects),
            TrainerEvent::Learning(cases) => self.learns_from(cases, effects),
            TrainerEvent::BestHeldOut { step, dice } => self.training.best = Some((step, dice)),
            TrainerEvent::Calibrated(calibration) => self.training.calibration = Some(calibration),
            TrainerEvent::Checkpoint { step } => self.training.last_checkpoint = Some(step),
            TrainerEvent::PredictionSaved { case, step, done, total } => {
                self.prediction_saved(case, step, (done, total), effects);
            }
            TrainerEvent::RoundEnded { round, displaced } => self.training.rounds.add(*round, &displaced),
            TrainerEvent::OlderPrediction { round, prediction } => self.older_predicted(round, prediction, effects),
            TrainerEvent::Strained(strain) => {
                self.training.strain = Some(strain);
                let (why, relief) = match strain {
                    Strain::OnBattery => ("the computer runs on its battery", "plugged in"),
                    Strain::DiskNearlyFull => ("the disk is nearly full", "with more room there"),
                    Strain::Hot => ("the computer is hot", "once cooled down"),
                };
                let text = format!(
                    "Learning has paused: {why}. Press L to learn all the same; {relief}, it goes on by itself."
                );
                self.notify(Notice::warning(text), effects);
            }
            TrainerEvent::Notice(sentence) => self.notify(Notice::info(sentence), effects),
            TrainerEvent::Fatal { headline, detail } => {
                self.training.state = TrainerState::Failed;
                self.training.predicting = None;
                self.notify(Notice::error(headline.as_str()), effects);
                self.training.failure = Some(TrainingFailure { headline, detail });
            }
        }
    }

    /// The newest value of the prediction slot. Dropped if it is of another case or run than the present ones.
    pub(super) fn absorb_prediction(&mut self, prediction: Arc<Prediction>, effects: &mut Vec<Effect>) {
        let of_this_run = match &self.training.run {
            Some(run) => prediction.provenance.model == *run,
            None => true,
        };
        let shown = self.case().map(|case| case.id.clone());
        if let Some(shown) = shown.filter(|_| of_this_run && self.training.engaged) {
            if self.training.is_overlay_frozen {
                self.training.held_back = Some(prediction);
            } else {
                self.take_prediction(&shown, prediction, effects);
            }
        }
    }

    /// Points of different cases do not compare.
    fn held_out_changed(&mut self, effects: &mut Vec<Effect>) {
        self.training.dice = Curve::default();
        self.training.best = None;
        let text = "Other held-out cases are measured from now on, so their curve begins anew.";
        self.notify(Notice::info(text), effects);
    }

    /// Their held-out marks are fixed now.
    fn learns_from(&mut self, cases: Vec<CaseId>, effects: &mut Vec<Effect>) {
        let Some(study) = &mut self.study else { return };
        let too_late: Vec<CaseId> =
            cases.iter().filter(|id| study.case(id).is_some_and(|line| line.held_out)).cloned().collect();
        study.trained.extend(cases);
        for id in too_late {
            let text = format!("'{id}' was learned from before it was held out: its score may look better than it is.");
            self.notify(Notice::warning(text), effects);
        }
    }

    /// A failure stays on the screen until the next start.
    fn trainer_state(&mut self, state: TrainerState) {
        // Paused by strain, the state comes before the reason.
        self.training.strain = None;
        if self.training.failure.is_none() || state == TrainerState::Failed {
            self.training.state = state;
        }
    }

    fn training_progress(&mut self, progress: Progress) {
        self.training.loss.push(progress.step, progress.loss.into());
        self.training.progress = Some(progress);
    }

    fn prediction_saved(&mut self, id: CaseId, step: u64, (done, total): (usize, usize), effects: &mut Vec<Effect>) {
        self.training.predicting = (done < total).then_some((done, total));
        if let Some(line) = self.study.as_mut().and_then(|study| study.case_mut(&id)) {
            line.has_prediction = true;
        }
        self.known.renew(&id);
        effects.push(Effect::Io(IoCommand::RankCase(id.clone())));
        let is_frozen = self.training.is_overlay_frozen && self.shown_id() == Some(&id);
        let there = self.opened().find(|case| case.id == id).filter(|_| !is_frozen);
        let on_screen_already = |prediction: &Arc<Prediction>| prediction.provenance.step == step;
        if there.is_some_and(|case| !case.prediction.as_ref().is_some_and(on_screen_already)) {
            effects.push(Effect::Io(IoCommand::LoadPrediction(id)));
        }
    }
}

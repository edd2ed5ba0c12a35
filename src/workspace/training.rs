//! What the training strip shows.

use std::sync::Arc;

use crate::label::Prediction;
use crate::learn::{Calibration, DeviceReport, PlanSummary, TrainSettings};
use crate::volume::CaseId;
use crate::worker::protocol::{Progress, TrainerState};
use crate::worker::{PastRun, Strain};
use crate::workspace::{Curve, RoundHistory};

#[derive(Clone, Debug, PartialEq)]
pub struct Training {
    pub state: TrainerState,
    /// For the next start.
    pub settings: TrainSettings,
    pub device: Option<DeviceReport>,
    pub plan: Option<PlanSummary>,
    pub progress: Option<Progress>,
    pub loss: Curve,
    /// Mean Dice of the held-out cases.
    pub dice: Curve,
    /// Step and Dice of the highest point of that curve; its networks are kept.
    pub best: Option<(u64, f32)>,
    /// What the labels kept from training said of the beliefs last.
    pub calibration: Option<Box<Calibration>>,
    /// Name of the newest run, once the trainer has told.
    pub run: Option<String>,
    pub last_checkpoint: Option<u64>,
    /// Cases done and wanted while all cases are predicted.
    pub predicting: Option<(usize, usize)>,
    pub failure: Option<TrainingFailure>,
    /// Of all runs of the project.
    pub rounds: RoundHistory,
    /// The overlay of the shown case stays as it is while learning goes on.
    pub is_overlay_frozen: bool,
    /// The newest prediction of the shown case meanwhile.
    pub(super) held_back: Option<Arc<Prediction>>,
    /// The cases that the run was told it should predict first.
    pub(super) told_upcoming: Vec<CaseId>,
    /// Paused by itself because the machine is short of this.
    pub strain: Option<Strain>,
    /// Something was asked of the trainer for this project; what it says before belongs to another one.
    pub(super) engaged: bool,
}

/// Why training ended: a sentence, and its causes for whoever asks. Starting again is offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrainingFailure {
    pub headline: String,
    pub detail: String,
}

impl Default for Training {
    fn default() -> Self {
        Self {
            state: TrainerState::Idle,
            settings: TrainSettings { live: true, ..TrainSettings::default() },
            device: None,
            plan: None,
            progress: None,
            loss: Curve::default(),
            dice: Curve::default(),
            best: None,
            calibration: None,
            run: None,
            last_checkpoint: None,
            predicting: None,
            failure: None,
            rounds: RoundHistory::default(),
            is_overlay_frozen: false,
            held_back: None,
            told_upcoming: Vec::new(),
            strain: None,
            engaged: false,
        }
    }
}

impl Training {
    /// A run begins: what the last one showed goes, unless it is continued.
    pub(super) fn begin(&mut self, resume: bool) {
        self.state = TrainerState::Preparing;
        self.engaged = true;
        self.failure = None;
        self.progress = None;
        self.told_upcoming.clear();
        if !resume {
            self.loss = Curve::default();
            self.dice = Curve::default();
            self.best = None;
            self.calibration = None;
            self.run = None;
            self.last_checkpoint = None;
        }
    }

    /// A project is opened whose networks have learned before.
    pub(super) fn recall(&mut self, past: PastRun) {
        past.loss.iter().for_each(|&(step, loss)| self.loss.push(step, loss));
        past.dice.iter().for_each(|&(step, dice)| self.dice.push(step, dice));
        self.best = past.best;
        self.calibration = past.calibration;
        self.run = Some(past.name);
        self.last_checkpoint = Some(past.step);
        self.rounds = RoundHistory::new(past.rounds);
    }

    /// The trainer holds networks of the newest run and can read older ones beside them.
    pub fn can_look_back(&self) -> bool {
        let has_networks = !matches!(self.state, TrainerState::Idle | TrainerState::Preparing | TrainerState::Failed);
        self.engaged && has_networks
    }

    /// For another project: only the settings stay.
    pub(super) fn reset(&mut self) {
        *self = Self { settings: self.settings.clone(), ..Self::default() };
    }

    /// A run exists that can be paused or stopped.
    pub fn is_active(&self) -> bool {
        matches!(
            self.state,
            TrainerState::Preparing | TrainerState::Running | TrainerState::Waiting | TrainerState::Paused
        )
    }

    /// The state in a clinician's words.
    pub fn words(&self) -> &'static str {
        match self.state {
            TrainerState::Idle if self.last_checkpoint.is_some() => "Has learned before",
            TrainerState::Idle => "Not learning yet",
            TrainerState::Preparing => "Getting ready",
            TrainerState::Running if self.is_getting_better() => "Learning, getting better",
            TrainerState::Running => "Learning",
            TrainerState::Waiting => "Up to date, waiting for corrections",
            TrainerState::Paused => match self.strain {
                None => "Paused",
                Some(Strain::OnBattery) => "Paused to spare the battery",
                Some(Strain::DiskNearlyFull) => "Paused: the disk is nearly full",
                Some(Strain::Hot) => "Paused until the computer cools down",
            },
            TrainerState::Finished => "Finished",
            TrainerState::Failed => "Stopped by a problem",
        }
    }

    /// Share of its time that training leaves to the window, if it is worth telling.
    pub fn rested_share(&self) -> Option<f32> {
        let share = self.progress.as_ref().map(|p| p.rested_share).filter(|_| self.state == TrainerState::Running);
        share.filter(|share| *share >= 0.05)
    }

    /// The last score on held-out cases is the best so far and not the first.
    pub fn is_getting_better(&self) -> bool {
        match self.dice.points().split_last() {
            Some((last, before)) => !before.is_empty() && before.iter().all(|p| p[1] < last[1]),
            None => false,
        }
    }
}

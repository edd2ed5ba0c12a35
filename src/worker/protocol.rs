//! Commands to the trainer thread and the events it answers with. Plain data; no tensor ever crosses.

use std::path::PathBuf;
use std::sync::Arc;

use crate::edit::Delta;
use crate::label::{LabelMap, Prediction, Rejections};
use crate::learn::{Calibration, DeviceReport, PlanSummary, TrainSettings};
use crate::rounds::Round;
use crate::volume::CaseId;
use crate::worker::Strain;

/// Everything a run starts from. Labels of cases not in `snapshots` are read from the project folder.
#[derive(Clone, Debug)]
pub struct TrainRequest {
    pub project_dir: PathBuf,
    pub settings: TrainSettings,
    /// Labels of the cases that are open in the window, as they are now; later edits follow as `Label` commands.
    pub snapshots: Vec<(CaseId, LabelMap)>,
    /// The case on the screen, predicted again and again while training runs.
    pub shown: Option<CaseId>,
}

#[derive(Clone, Debug)]
pub enum TrainerCommand {
    Start(Box<TrainRequest>),
    Pause,
    Resume,
    /// Ends the run after the present step, with a checkpoint.
    Stop,
    /// An edit: `revision` is the case's label revision after it. Older revisions are ignored.
    Label {
        case: CaseId,
        delta: Arc<Delta>,
        revision: u64,
    },
    /// What is now rejected in a case, in place of what was.
    Reject {
        case: CaseId,
        rejections: Arc<Rejections>,
    },
    /// Cases that were added to the project folder while the run goes on.
    AddCases(Vec<CaseId>),
    /// Held out, a case is in no batch from now on; no longer held out, it is learnt from in the next round.
    HoldOut {
        case: CaseId,
        held_out: bool,
    },
    /// The cases that come next in the review, soonest first: predicted after a round before all others.
    Upcoming(Vec<CaseId>),
    /// Makes the networks of a kept round the live ones. Steps and rounds are counted on.
    Restore {
        checkpoint_round: u32,
    },
    /// Predicts a case by the networks of a kept round, for comparison: answered by `OlderPrediction`.
    PredictWith {
        round: u32,
        case: CaseId,
    },
    /// Another case is on the screen.
    Show(Option<CaseId>),
    /// Predict these cases and write their planes to the project.
    Predict {
        project_dir: PathBuf,
        cases: Vec<CaseId>,
        checkpoint: CheckpointChoice,
    },
    Shutdown,
}

/// Which networks of a run predict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CheckpointChoice {
    /// As training left them.
    #[default]
    Last,
    /// As they were at the highest point of the held-out curve.
    Best,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrainerState {
    Idle,
    Preparing,
    Running,
    /// Up to date: a live run between two rounds.
    Waiting,
    Paused,
    Finished,
    Failed,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    pub step: u64,
    pub total_steps: Option<u64>,
    /// Total loss, averaged over the steps since the last report.
    pub loss: f32,
    /// Named parts of the loss, same averaging.
    pub loss_parts: Vec<(String, f32)>,
    /// Mean Dice over foreground classes of the held-out cases, when it was last measured.
    pub dice_held_out: Option<f32>,
    /// Training time so far, without pauses.
    pub elapsed_secs: f64,
    pub left_secs: Option<f64>,
    /// Share of the time since the last report that was left to the window, 0 to 1.
    pub rested_share: f32,
}

#[derive(Clone, Debug, PartialEq)]
pub enum TrainerEvent {
    State(TrainerState),
    /// Name of the run that begins or goes on; predictions carry it as their model.
    Run(String),
    Device(DeviceReport),
    Plan(PlanSummary),
    Progress(Progress),
    /// Mean Dice over classes and held-out cases after `step`.
    HeldOutDice {
        step: u64,
        dice: f32,
    },
    /// From the next point on that curve is of other cases.
    HeldOutChanged,
    /// These cases are learnt from, beginning now.
    Learning(Vec<CaseId>),
    /// The highest point of that curve so far; its networks are kept.
    BestHeldOut {
        step: u64,
        dice: f32,
    },
    /// What the labels that are kept from training say of the beliefs.
    Calibrated(Box<Calibration>),
    Checkpoint {
        step: u64,
    },
    /// A round of a live run, as the project keeps it.
    RoundEnded {
        round: Box<Round>,
        /// Rounds whose networks had to go for it.
        displaced: Vec<u32>,
    },
    /// What an older round's networks say of a case.
    OlderPrediction {
        round: u32,
        prediction: Arc<Prediction>,
    },
    PredictionSaved {
        case: CaseId,
        step: u64,
        done: usize,
        total: usize,
    },
    /// Training has paused because the machine is short of something; said once. It goes on by `Resume` or on relief.
    Strained(Strain),
    /// Something the user should know; training goes on.
    Notice(String),
    /// Training has ended because of an error: one sentence and its causes.
    Fatal {
        headline: String,
        detail: String,
    },
}

//! The trainer thread without a window: events become a progress bar, sentences or JSON lines.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use thiserror::Error;

use crate::learn::TrainSettings;
use crate::volume::CaseId;
use crate::worker::protocol::{CheckpointChoice, Progress, TrainRequest, TrainerCommand, TrainerEvent, TrainerState};
use crate::worker::trainer::TrainerHandle;

#[derive(Debug, Error)]
pub enum HeadlessError {
    #[error("{headline}")]
    Failed {
        headline: String,
        #[source]
        causes: Option<Causes>,
    },
    #[error("The trainer thread ended without saying why; please report this.")]
    ThreadEnded,
    #[error("The trainer thread could not be started: {0}")]
    Spawn(io::Error),
    #[error("The output could not be written: {0}")]
    Output(#[from] io::Error),
}

/// The causes below a failure, one per line.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct Causes(String);

/// How a run tells what it does: data on stdout, everything else on stderr.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Telling {
    Bar,
    Json,
}

#[derive(Serialize)]
struct JsonLine {
    step: u64,
    loss: f32,
    dice_held_out: Option<f32>,
    best_dice_held_out: Option<f32>,
    best_step: Option<u64>,
    seconds: f64,
}

/// What a finished run leaves behind.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    pub run: String,
    pub steps: u64,
    pub seconds: f64,
    /// After the last step.
    pub dice_held_out: Option<f32>,
    /// The highest point of the held-out curve: step and Dice.
    pub best: Option<(u64, f32)>,
}

/// Trains to the end and returns what came out.
pub fn train(project_dir: &Path, settings: TrainSettings, telling: Telling) -> Result<Outcome, HeadlessError> {
    let trainer = TrainerHandle::spawn().map_err(HeadlessError::Spawn)?;
    let request = TrainRequest { project_dir: project_dir.to_owned(), settings, snapshots: Vec::new(), shown: None };
    send(&trainer, TrainerCommand::Start(Box::new(request)))?;
    let bar = progress_bar(telling);
    let mut outcome = Outcome::default();
    while let Ok(event) = trainer.events.recv() {
        match event {
            TrainerEvent::Run(run) => outcome.run = run,
            TrainerEvent::Device(device) => bar.say(&device.why),
            TrainerEvent::Plan(plan) => bar.say(&plan.sentence),
            TrainerEvent::Notice(sentence) => bar.say(&sentence),
            TrainerEvent::BestHeldOut { step, dice } => outcome.best = Some((step, dice)),
            TrainerEvent::Progress(progress) => {
                bar.show(&progress);
                if telling == Telling::Json {
                    print_json(&progress, outcome.best)?;
                }
                outcome.steps = progress.step;
                outcome.seconds = progress.elapsed_secs;
                outcome.dice_held_out = progress.dice_held_out;
            }
            TrainerEvent::Fatal { headline, detail } => return Err(failed(headline, detail)),
            TrainerEvent::State(TrainerState::Finished) => {
                bar.finish();
                return Ok(outcome);
            }
            TrainerEvent::State(_)
            | TrainerEvent::HeldOutDice { .. }
            | TrainerEvent::HeldOutChanged
            | TrainerEvent::Learning(_)
            | TrainerEvent::Calibrated(_)
            | TrainerEvent::Checkpoint { .. }
            | TrainerEvent::RoundEnded { .. }
            | TrainerEvent::OlderPrediction { .. }
            | TrainerEvent::Strained(_)
            | TrainerEvent::PredictionSaved { .. } => {}
        }
    }
    Err(HeadlessError::ThreadEnded)
}

/// Predicts the cases with networks of the project's newest run.
pub fn predict(
    project_dir: PathBuf,
    cases: Vec<CaseId>,
    checkpoint: CheckpointChoice,
    telling: Telling,
) -> Result<(), HeadlessError> {
    if cases.is_empty() {
        return Ok(());
    }
    let trainer = TrainerHandle::spawn().map_err(HeadlessError::Spawn)?;
    let total = cases.len();
    send(&trainer, TrainerCommand::Predict { project_dir, cases, checkpoint })?;
    let bar = progress_bar(telling);
    bar.set_length(total);
    while let Ok(event) = trainer.events.recv() {
        match event {
            TrainerEvent::PredictionSaved { done, total, .. } => {
                bar.advance(done);
                if done == total {
                    bar.finish();
                    return Ok(());
                }
            }
            TrainerEvent::Notice(sentence) => bar.say(&sentence),
            TrainerEvent::Fatal { headline, detail } => return Err(failed(headline, detail)),
            _ => {}
        }
    }
    Err(HeadlessError::ThreadEnded)
}

fn send(trainer: &TrainerHandle, command: TrainerCommand) -> Result<(), HeadlessError> {
    trainer.commands.send(command).map_err(|_| HeadlessError::ThreadEnded)
}

fn failed(headline: String, detail: String) -> HeadlessError {
    let causes = (!detail.is_empty()).then_some(Causes(detail));
    HeadlessError::Failed { headline, causes }
}

fn print_json(progress: &Progress, best: Option<(u64, f32)>) -> io::Result<()> {
    let line = JsonLine {
        step: progress.step,
        loss: progress.loss,
        dice_held_out: progress.dice_held_out,
        best_dice_held_out: best.map(|(_, dice)| dice),
        best_step: best.map(|(step, _)| step),
        seconds: progress.elapsed_secs,
    };
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, &line)?;
    writeln!(out)
}

/// A bar on a terminal; elsewhere a line now and then, so that a log file shows life.
struct Bar {
    bar: ProgressBar,
    is_quiet: bool,
}

/// Steps between two lines where there is no terminal.
const STEPS_PER_LINE: u64 = 100;

fn progress_bar(telling: Telling) -> Bar {
    let is_terminal = io::stderr().is_terminal() && telling == Telling::Bar;
    if !is_terminal {
        return Bar { bar: ProgressBar::hidden(), is_quiet: telling == Telling::Json };
    }
    let bar = ProgressBar::new(0);
    let template = "{bar:30.cyan/dim} {pos}/{len} {msg}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    Bar { bar, is_quiet: false }
}

impl Bar {
    fn say(&self, sentence: &str) {
        if self.bar.is_hidden() {
            eprintln!("{sentence}");
        } else {
            self.bar.println(sentence);
        }
    }

    fn set_length(&self, total: usize) {
        self.bar.set_length(total as u64);
    }

    fn advance(&self, done: usize) {
        self.bar.set_position(done as u64);
    }

    fn show(&self, progress: &Progress) {
        let Progress { step, total_steps, loss, dice_held_out, left_secs, .. } = progress;
        let dice = dice_held_out.map(|d| format!(" · held-out Dice {d:.3}")).unwrap_or_default();
        let left = left_secs.map(|s| format!(" · {s:.0} s left")).unwrap_or_default();
        let message = format!("loss {loss:.3}{dice}{left}");
        self.bar.set_length(total_steps.unwrap_or(0));
        self.bar.set_position(*step);
        let is_line_due = step.is_multiple_of(STEPS_PER_LINE) || Some(*step) == *total_steps;
        if self.bar.is_hidden() && !self.is_quiet && is_line_due {
            eprintln!("step {step}: {message}");
        }
        self.bar.set_message(message);
    }

    fn finish(&self) {
        self.bar.finish();
    }
}

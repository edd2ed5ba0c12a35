//! `chiaro simulate`: a reviewer who answers from the truth, in simulated time, beside live training.
//!
//! The time model and what the reviewer does are written down in `docs/simulated-review.md`.

mod case;
mod live_run;
mod report;
mod reviewer;
mod simulation;
mod study;
#[cfg(test)]
mod tests;
mod time_model;

use std::io::{self, Write as _};
use std::path::PathBuf;

use clap::Args;
use thiserror::Error;

use self::report::{PolicyPoints, Report};
use self::reviewer::Policy;
use self::simulation::{Course, Point, Simulation};
use self::study::Study;
use self::time_model::TimeModel;
use super::evaluate::EvaluateError;
use super::plot::{Line, LinePoint, PlotError, REVIEW_AXES, write_chart};
use crate::io::{GridMismatch, IoError};
use crate::learn::{DeviceChoice, LearnError, Method, TrainSettings};
use crate::project::ProjectError;
use crate::review::ReviewError;
use crate::volume::CaseId;
use crate::worker::trainer::SessionError;

const SECONDS_PER_MINUTE: f64 = 60.0;

#[derive(Args, Debug)]
pub struct SimulateArgs {
    /// Project folder; it is only read
    dir: PathBuf,
    /// Folder of true masks named like the cases
    #[arg(long, value_name = "FOLDER")]
    truth: PathBuf,
    /// What the reviewer looks at next; several, separated by commas, are compared
    #[arg(long, value_enum, value_delimiter = ',', required = true)]
    policy: Vec<Policy>,
    /// Simulated minutes
    #[arg(long, value_parser = super::train::positive)]
    minutes: f64,
    #[command(flatten)]
    model: TimeModel,
    /// Training steps in a simulated second
    #[arg(long, default_value_t = 2.0, value_parser = super::train::positive)]
    steps_per_second: f64,
    /// Simulated seconds from one prediction of all cases to the next
    #[arg(long, default_value_t = 60.0, value_parser = super::train::positive)]
    refresh_seconds: f64,
    /// supervised, mean-teacher, cps, dual-confidence, dual-confidence-np or dual-confidence-np-literal
    #[arg(long, default_value_t = Method::default())]
    method: Method,
    /// Training steps of the first round (chosen by the plan if not given)
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    steps: Option<u64>,
    /// auto, gpu, cpu or part of an adapter's name
    #[arg(long, default_value = "auto")]
    device: DeviceChoice,
    /// Seed of everything random
    #[arg(long, default_value_t = TrainSettings::default().seed)]
    seed: u64,
    /// Change a field of the plan, as plan.toml names it (may be given more than once): base_width=4
    #[arg(long, value_name = "FIELD=VALUE")]
    set: Vec<String>,
    /// Picture of Dice over simulated time
    #[arg(long, value_name = "FILE.png")]
    picture: Option<PathBuf>,
    /// One JSON object on stdout
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Error)]
pub enum SimulateError {
    #[error(transparent)]
    Project(#[from] ProjectError),
    #[error(transparent)]
    Session(#[from] SessionError),
    #[error(transparent)]
    Learn(#[from] LearnError),
    #[error(transparent)]
    File(#[from] IoError),
    #[error(transparent)]
    Masks(#[from] EvaluateError),
    #[error(transparent)]
    Review(#[from] ReviewError),
    #[error(transparent)]
    Plot(#[from] PlotError),
    #[error("the true mask of case {case} does not lie on its image: {source}")]
    Grid { case: CaseId, source: GridMismatch },
    #[error("only {found} cases have a true mask and are not held out; a simulated review needs at least four")]
    TooFewCases { found: usize },
    #[error("the result cannot be written")]
    Output(#[from] io::Error),
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if seconds >= 0.0 && seconds.is_finite() { Ok(seconds) } else { Err("must not be below zero".into()) }
}

pub fn run(args: &SimulateArgs) -> Result<(), SimulateError> {
    let settings = TrainSettings {
        method: args.method,
        steps: args.steps,
        device: args.device.clone(),
        seed: args.seed,
        changes: args.set.clone(),
        ..TrainSettings::default()
    };
    let course = Course {
        seconds: SECONDS_PER_MINUTE * args.minutes,
        refresh_seconds: args.refresh_seconds,
        steps_per_second: args.steps_per_second,
        seed: args.seed,
        model: args.model,
    };
    let study = Study::load(&args.dir, &args.truth, settings)?;
    let mut policies = Vec::new();
    for &policy in &args.policy {
        policies.push(PolicyPoints { policy, points: review(&study, &course, policy)? });
    }
    let report = Report::new(study.case_count(), course, policies);
    if let Some(path) = &args.picture {
        write_chart(path, &REVIEW_AXES, &lines(&report))?;
    }
    let mut out = io::stdout().lock();
    if args.json {
        serde_json::to_writer(&mut out, &report).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        report.print_table(&mut out)?;
    }
    Ok(())
}

/// One policy, from the first slices on.
fn review(study: &Study, course: &Course, policy: Policy) -> Result<Vec<Point>, SimulateError> {
    let mut simulation = Simulation::new(course, study.unlabelled(), study.classes());
    simulation.label_first_slices();
    let trainer = study.trainer(simulation.cases())?;
    simulation.review(policy, trainer, |point| {
        let (minutes, name) = (point.seconds / SECONDS_PER_MINUTE, policy.name());
        eprintln!("{name}: {minutes:.1} min, {} steps, {} answers, Dice {:.3}", point.steps, point.regions, point.dice);
    })?;
    Ok(simulation.into_points())
}

fn lines(report: &Report) -> Vec<Line> {
    let point = |p: &Point| LinePoint { minutes: p.seconds / SECONDS_PER_MINUTE, dice: p.dice, sd: None };
    let line =
        |p: &PolicyPoints| Line { name: p.policy.name().to_owned(), points: p.points.iter().map(point).collect() };
    report.policies.iter().map(line).collect()
}

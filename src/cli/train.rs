//! `chiaro train`: trains the two networks of a project, or of a published data set.

use std::path::PathBuf;

use clap::Args;
use thiserror::Error;

use super::benchmark::project_of;
use super::headless::{self, HeadlessError, Outcome, Telling};
use crate::learn::{DeviceChoice, Method, PatientAxis, Protocol, Storage, TrainSettings};
use crate::project::ProjectError;

#[derive(Args, Debug)]
pub struct TrainArgs {
    /// Project folder; with --protocol also images/ and labels/ of NIfTI files, or CASE.h5, or CASE/mri_norm2.h5
    pub dir: PathBuf,
    /// supervised, mean-teacher, cps, dual-confidence, dual-confidence-np or dual-confidence-np-literal
    #[arg(long, default_value_t = Method::default())]
    pub method: Method,
    /// Training steps (chosen by the plan if not given)
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    pub steps: Option<u64>,
    /// Stop after so many minutes
    #[arg(long, value_parser = positive)]
    pub minutes: Option<f64>,
    /// auto, gpu, cpu or part of an adapter's name
    #[arg(long, default_value = "auto")]
    pub device: DeviceChoice,
    /// Seed of everything random
    #[arg(long, default_value_t = TrainSettings::default().seed)]
    pub seed: u64,
    /// Go on from the newest checkpoint
    #[arg(long)]
    pub resume: bool,
    /// Keep activations as f16, on a GPU that has it: half the memory
    #[arg(long, conflicts_with = "resume")]
    pub f16: bool,
    /// Compute convolutions again for their gradient: less memory, more time
    #[arg(long, conflicts_with = "resume")]
    pub recompute: bool,
    /// Mirror crops along left-right, anterior-posterior, head-feet (what the project says if not given)
    #[arg(long, value_delimiter = ',', value_name = "AXES", conflicts_with = "resume")]
    pub mirror: Option<Vec<PatientAxis>>,
    /// Follow this plan instead of choosing one: written by `chiaro plan`, edited by you
    #[arg(long, value_name = "FILE", conflicts_with_all = ["resume", "method", "steps", "seed", "f16", "recompute", "mirror"])]
    pub plan: Option<PathBuf>,
    /// Change a field of the plan, as plan.toml names it (may be given more than once): confidence=single
    #[arg(long, value_name = "FIELD=VALUE", conflicts_with = "resume")]
    pub set: Vec<String>,
    /// Follow a published protocol, la or acdc: its crops, schedules and windows
    #[arg(long, conflicts_with_all = ["resume", "plan", "mirror"])]
    pub protocol: Option<Protocol>,
    /// Learn from so many labelled cases only, the first of the project or of train.list
    #[arg(long, value_name = "CASES", requires = "protocol", value_parser = at_least_one)]
    pub labelled: Option<usize>,
    /// One JSON object per report on stdout
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Error)]
pub enum TrainError {
    #[error(transparent)]
    Project(#[from] ProjectError),
    #[error(transparent)]
    Headless(#[from] HeadlessError),
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|n| *n > 0).ok_or_else(|| "must be a whole number above zero".to_owned())
}

pub(super) fn positive(text: &str) -> Result<f64, String> {
    let minutes: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if minutes > 0.0 && minutes.is_finite() { Ok(minutes) } else { Err("must be above zero".into()) }
}

pub fn run(args: TrainArgs) -> Result<(), TrainError> {
    let TrainArgs {
        dir,
        method,
        steps,
        minutes,
        device,
        seed,
        resume,
        f16,
        recompute,
        mirror,
        plan,
        set,
        protocol,
        labelled,
        json,
    } = args;
    let dir = protocol.map_or(Ok(dir.clone()), |protocol| project_of(&dir, protocol))?;
    let storage = if f16 { Storage::F16 } else { Storage::F32 };
    let mirror = mirror.map(Into::into);
    let new = TrainSettings { mirror, plan, changes: set, protocol, labelled, ..TrainSettings::default() };
    let settings = TrainSettings { method, device, steps, minutes, seed, resume, storage, recompute, ..new };
    let outcome = headless::train(&dir, settings, if json { Telling::Json } else { Telling::Bar })?;
    eprintln!("{}", summary(&outcome));
    Ok(())
}

/// Both published ways to choose a model: the last step and the best point of the held-out curve.
fn summary(outcome: &Outcome) -> String {
    let Outcome { run, steps, seconds, dice_held_out, best } = outcome;
    let last = dice_held_out.map(|dice| format!(", held-out Dice {dice:.3}")).unwrap_or_default();
    let best = best.map(|(step, dice)| format!(", at best {dice:.3} at step {step}")).unwrap_or_default();
    format!("Run {run} has {steps} steps after {seconds:.0} s of training{last}{best}.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_summed_up_with_its_last_and_its_best_dice() {
        let outcome = Outcome { run: "001-cps".into(), steps: 900, seconds: 60.0, ..Outcome::default() };
        assert_eq!(summary(&outcome), "Run 001-cps has 900 steps after 60 s of training.");
        let measured = Outcome { dice_held_out: Some(0.85), best: Some((600, 0.875)), ..outcome };
        assert!(summary(&measured).ends_with(", held-out Dice 0.850, at best 0.875 at step 600."));
    }
}

//! `chiaro train`: trains the two networks of a project.

use std::path::PathBuf;

use clap::Args;

use super::headless::{self, HeadlessError, Telling};
use crate::learn::{DeviceChoice, Method, PatientAxis, Storage, TrainSettings};

#[derive(Args, Debug)]
pub struct TrainArgs {
    /// Project folder
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
    /// One JSON object per report on stdout
    #[arg(long)]
    pub json: bool,
}

pub(super) fn positive(text: &str) -> Result<f64, String> {
    let minutes: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if minutes > 0.0 && minutes.is_finite() { Ok(minutes) } else { Err("must be above zero".into()) }
}

pub fn run(args: TrainArgs) -> Result<(), HeadlessError> {
    let TrainArgs { dir, method, steps, minutes, device, seed, resume, f16, recompute, mirror, plan, set, json } = args;
    let storage = if f16 { Storage::F16 } else { Storage::F32 };
    let mirror = mirror.map(Into::into);
    let new = TrainSettings { mirror, plan, changes: set, ..TrainSettings::default() };
    let settings = TrainSettings { method, device, steps, minutes, seed, resume, storage, recompute, ..new };
    let outcome = headless::train(&dir, settings, if json { Telling::Json } else { Telling::Bar })?;
    let dice = outcome.dice_held_out.map(|d| format!(", held-out Dice {d:.3}")).unwrap_or_default();
    eprintln!("Run {} has {} steps after {:.0} s of training{dice}.", outcome.run, outcome.steps, outcome.seconds);
    Ok(())
}

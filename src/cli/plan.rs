//! `chiaro plan`: writes the plan that training would follow, to be read and edited.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use thiserror::Error;

use crate::io::{IoError, write_atomically};
use crate::learn::{DeviceChoice, Method, Protocol, TrainSettings};
use crate::worker::trainer::{SessionError, plan_for};

#[derive(Args, Debug)]
pub struct PlanArgs {
    /// Project folder
    pub dir: PathBuf,
    /// supervised, mean-teacher, cps, dual-confidence, dual-confidence-np or dual-confidence-np-literal
    #[arg(long, default_value_t = Method::default())]
    pub method: Method,
    /// The plan of a published protocol: la or acdc
    #[arg(long, conflicts_with = "minutes")]
    pub protocol: Option<Protocol>,
    /// Minutes that training may take
    #[arg(long, value_parser = super::train::positive)]
    pub minutes: Option<f64>,
    /// auto, gpu, cpu or part of an adapter's name
    #[arg(long, default_value = "auto")]
    pub device: DeviceChoice,
    /// File to write (printed if not given); edit it and give it to `chiaro train --plan`
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

#[derive(Debug, Error)]
pub enum PlanError {
    #[error(transparent)]
    Session(#[from] SessionError),
    #[error(transparent)]
    Io(#[from] IoError),
    #[error("The plan could not be printed: {0}")]
    Output(#[from] io::Error),
}

pub fn run(args: PlanArgs) -> Result<(), PlanError> {
    let PlanArgs { dir, method, protocol, minutes, device, out } = args;
    let settings = TrainSettings { method, protocol, minutes, device, ..TrainSettings::default() };
    let plan = plan_for(&dir, &settings, &mut |notice| eprintln!("{notice}"))?;
    eprintln!("{}", plan.summary().sentence);
    let text = plan.to_commented_toml().map_err(io::Error::other)?;
    match out {
        Some(file) => write_plan(&file, &text),
        None => Ok(io::stdout().lock().write_all(text.as_bytes())?),
    }
}

fn write_plan(file: &Path, text: &str) -> Result<(), PlanError> {
    write_atomically(file, |out| out.write_all(text.as_bytes()))?;
    println!("{}", file.display());
    Ok(())
}

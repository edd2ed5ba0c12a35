//! `chiaro predict`: writes the prediction planes of cases.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use thiserror::Error;

use super::headless::{self, HeadlessError, Telling};
use crate::project::{Project, ProjectError};
use crate::volume::CaseId;
use crate::worker::protocol::CheckpointChoice;

#[derive(Args, Debug)]
pub struct PredictArgs {
    /// Project folder
    pub dir: PathBuf,
    /// Cases to predict, separated by commas (all if not given)
    #[arg(long, value_delimiter = ',', value_name = "LIST")]
    pub cases: Vec<String>,
    /// Networks of the newest run: last, or best on the held-out cases
    #[arg(long, value_enum, default_value = "last")]
    pub checkpoint: Networks,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Networks {
    Last,
    Best,
}

#[derive(Debug, Error)]
pub enum PredictError {
    #[error(transparent)]
    Project(#[from] ProjectError),
    #[error(transparent)]
    Headless(#[from] HeadlessError),
}

pub fn run(args: PredictArgs) -> Result<(), PredictError> {
    let project = Project::load(&args.dir)?;
    let cases: Vec<CaseId> = if args.cases.is_empty() {
        project.cases().iter().map(|c| c.id.clone()).collect()
    } else {
        args.cases.iter().map(|name| CaseId::from(name.trim())).collect()
    };
    for case in &cases {
        project.case(case)?;
    }
    let count = cases.len();
    let checkpoint = match args.checkpoint {
        Networks::Last => CheckpointChoice::Last,
        Networks::Best => CheckpointChoice::Best,
    };
    headless::predict(args.dir.clone(), cases, checkpoint, Telling::Bar)?;
    eprintln!("{count} {} predicted.", if count == 1 { "case" } else { "cases" });
    println!("{}", args.dir.join("pseudo").display());
    Ok(())
}

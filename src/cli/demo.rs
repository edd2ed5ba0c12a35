//! `chiaro demo`: the phantom study, in the window or from end to end in the terminal.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use thiserror::Error;

use super::headless::{self, HeadlessError, Telling};
use crate::io::{IoError, read_mask};
use crate::learn::{DeviceChoice, Method, TrainSettings};
use crate::metrics::{CaseScores, MetricsError, Summary, evaluate_case};
use crate::project::{self, Project, ProjectError, Source};
use crate::worker::protocol::CheckpointChoice;

/// The study everyone sees first; another seed is another study of the same kind.
const DEMO_SEED: u64 = 7;
/// Enough for the small phantom, and about a minute on two cores.
const DEMO_STEPS: u64 = 200;

#[derive(Args, Debug)]
pub struct DemoArgs {
    /// Where the study is made (or found); default: the user's data folder
    #[arg(long)]
    pub dir: Option<PathBuf>,
    /// Train, predict, export and score in the terminal instead of opening the window
    #[arg(long)]
    pub headless: bool,
}

#[derive(Debug, Error)]
pub enum DemoError {
    #[error(transparent)]
    Project(#[from] ProjectError),
    #[error(transparent)]
    Io(#[from] IoError),
    #[error(transparent)]
    Headless(#[from] HeadlessError),
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    #[error("The folder {dir} holds something other than the demo study; name another with --dir.")]
    InUse { dir: PathBuf },
    #[error("No folder for user data was found; name one with --dir.")]
    NoDataFolder,
    #[error("The folder {dir} could not be read: {source}")]
    Folder { dir: PathBuf, source: io::Error },
}

/// Where the demo lies if nobody says otherwise.
pub fn default_dir() -> Result<PathBuf, DemoError> {
    Ok(dirs::data_local_dir().ok_or(DemoError::NoDataFolder)?.join("chiaro").join("demo-study"))
}

/// The demo study in `dir`, made if it is not there yet.
pub fn prepare(dir: &Path) -> Result<Project, DemoError> {
    if project::is_demo(dir) {
        return Ok(Project::load(dir)?);
    }
    let in_use = match fs::read_dir(dir) {
        Ok(mut entries) => entries.next().is_some(),
        Err(e) if e.kind() == io::ErrorKind::NotFound => false,
        Err(source) => return Err(DemoError::Folder { dir: dir.to_owned(), source }),
    };
    if in_use {
        return Err(DemoError::InUse { dir: dir.to_owned() });
    }
    Ok(project::create_demo(dir, DEMO_SEED)?)
}

/// Train, predict, export, score. Prints where the masks are and the mean Dice of the cases nobody labelled.
pub fn run_headless(dir: &Path) -> Result<(), DemoError> {
    let begin = Instant::now();
    let project = prepare(dir)?;
    let labelled = project.cases().iter().filter(|c| project.has_labels(&c.id).unwrap_or(false) && !c.held_out).count();
    let held_out = project.cases().iter().filter(|c| c.held_out).count();
    eprintln!(
        "Demo study: {} volumes, {labelled} labelled, {held_out} held out, the others unlabelled.",
        project.cases().len()
    );
    let settings = TrainSettings {
        method: Method::default(),
        device: DeviceChoice::Auto,
        steps: Some(DEMO_STEPS),
        ..TrainSettings::default()
    };
    headless::train(dir, settings, Telling::Bar)?;
    headless::predict(
        dir.to_owned(),
        project.cases().iter().map(|c| c.id.clone()).collect(),
        CheckpointChoice::Last,
        Telling::Bar,
    )?;
    let masks = dir.join("masks");
    project::export_labels(&project, &masks, Source::Pseudo)?;
    let mean_dice = score(&project, dir, &masks)?;
    println!("masks {}", masks.display());
    println!("mean Dice {mean_dice:.3}");
    eprintln!("Done in {:.0} s.", begin.elapsed().as_secs_f64());
    Ok(())
}

/// Mean Dice of the exported masks against the phantom's truth, over the cases that no network saw labels of.
fn score(project: &Project, dir: &Path, masks: &Path) -> Result<f64, DemoError> {
    let classes: Vec<u8> = project.classes().foreground().map(|c| c.id).collect();
    let mut scores: Vec<CaseScores> = Vec::new();
    for case in project.cases() {
        if !case.held_out && project.has_labels(&case.id)? {
            continue;
        }
        let file = format!("{}.nii.gz", case.id);
        let (mask, truth) = (read_mask(&masks.join(&file))?, read_mask(&dir.join("truth").join(&file))?);
        scores.push(evaluate_case(&mask.class, &truth.class, mask.header.spacing_mm, &classes)?);
    }
    Ok(Summary::of(&scores).mean_dice.unwrap_or(0.0))
}

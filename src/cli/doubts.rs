//! `chiaro doubts`: on cases whose truth is known to nobody who trained, do the signs of doubt find the wrong voxels, can the
//! probabilities be taken at their word, and what do a few corrected voxels change?

mod correcting;
mod picture;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde::Serialize;
use thiserror::Error;

use self::correcting::{Corrected, correct_some};
use self::picture::ErrorPicture;
use super::evaluate::EvaluateError;
use super::mask_folder::masks_by_case;
use crate::io::{GridMismatch, IoError, check_same_grid, read_image, read_mask};
use crate::label::LabelMap;
use crate::learn::data::TrainCase;
use crate::learn::{Calibration, DeviceChoice, JudgedVoxels, LearnError, choose_device, load_predictor};
use crate::project::{Project, ProjectError};
use crate::volume::CaseId;
use crate::worker::trainer::newest_run_checkpoint;

#[derive(Args, Debug)]
pub struct DoubtsArgs {
    /// Project folder, after training
    dir: PathBuf,
    /// Folder of true masks named like the cases; held-out cases only
    #[arg(long, value_name = "FOLDER")]
    truth: PathBuf,
    /// Wrong voxels that a reviewer corrects in each case
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u8).range(1..=60))]
    corrections: u8,
    /// Picture of the wrong voxels of the first cases, before and after the corrections
    #[arg(long, value_name = "FILE.png")]
    picture: Option<PathBuf>,
    /// One JSON object on stdout
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Error)]
pub enum DoubtsError {
    #[error(transparent)]
    Project(#[from] ProjectError),
    #[error(transparent)]
    Learn(#[from] LearnError),
    #[error(transparent)]
    File(#[from] IoError),
    #[error(transparent)]
    Masks(#[from] EvaluateError),
    #[error("none of the masks in {} is named like a held-out case of the project; mark some cases as held out before training", truth.display())]
    NoCase { truth: PathBuf },
    #[error("the true mask of case {case} does not lie on its image: {source}")]
    Grid { case: CaseId, source: GridMismatch },
    #[error("the true and predicted surfaces are empty in all cases, so there is nothing to judge")]
    NothingToJudge,
    #[error("the picture {} cannot be written: {reason}", path.display())]
    Picture { path: PathBuf, reason: String },
    #[error("the result cannot be written")]
    Output(#[from] io::Error),
}

#[derive(Debug, Serialize)]
struct Doubts {
    cases: usize,
    /// What was fitted on reserved labels of the run, judged on these cases. Without reserved labels: fitted here, which
    /// flatters the scaled probability and the pair.
    fitted_on_reserved: bool,
    #[serde(flatten)]
    calibration: Calibration,
    corrections: Corrected,
}

pub fn run(args: &DoubtsArgs) -> Result<(), DoubtsError> {
    let project = Project::load(&args.dir)?;
    let checkpoint =
        newest_run_checkpoint(&project).ok_or_else(|| LearnError::NoCheckpoint { dir: project.models_dir() })?;
    let (device, _) = choose_device(&DeviceChoice::Auto)?;
    let (predictor, _, step) = load_predictor(&checkpoint, &device)?;
    let (mut voxels, mut corrected, mut picture) = (Vec::new(), Corrected::default(), ErrorPicture::default());
    for (id, mask) in cases_with_truth(&project, args)? {
        let case = load(&project, &id, &mask)?;
        let Some((judged, prediction)) = JudgedVoxels::of_truth(&case, &predictor, &mut || false)? else { continue };
        voxels.push(judged);
        let after = correct_some(&case, &prediction, &predictor, args.corrections.into(), &mut corrected)?;
        if args.picture.is_some() {
            picture.add(&case, &prediction.class, &after);
        }
    }
    let cases = voxels.len();
    let voxels = JudgedVoxels::pooled(voxels);
    let of_run = predictor.calibration();
    let calibration = match of_run {
        Some(fitted) => voxels.checked(fitted),
        None => voxels.fitted(step),
    };
    let calibration = calibration.ok_or(DoubtsError::NothingToJudge)?;
    if let Some(path) = &args.picture {
        picture.save(path).map_err(|reason| DoubtsError::Picture { path: path.clone(), reason })?;
    }
    let doubts = Doubts { cases, fitted_on_reserved: of_run.is_some(), calibration, corrections: corrected };
    doubts.print(args.json)?;
    Ok(())
}

/// The held-out cases whose truth lies in the folder, and that file.
fn cases_with_truth(project: &Project, args: &DoubtsArgs) -> Result<Vec<(CaseId, PathBuf)>, DoubtsError> {
    let mut masks = masks_by_case(&args.truth)?;
    let held_out = project.cases().iter().filter(|c| c.held_out).map(|c| c.id.clone());
    let cases: Vec<(CaseId, PathBuf)> =
        held_out.filter_map(|id| masks.remove(id.as_str()).map(|mask| (id, mask))).collect();
    if cases.is_empty() { Err(DoubtsError::NoCase { truth: args.truth.clone() }) } else { Ok(cases) }
}

/// A case with its truth as labels, of which nobody learns.
fn load(project: &Project, id: &CaseId, mask: &Path) -> Result<TrainCase, DoubtsError> {
    let image = read_image(&project.image_path(id)?)?;
    let truth = read_mask(mask)?;
    check_same_grid(&image.header, &truth.header).map_err(|source| DoubtsError::Grid { case: id.clone(), source })?;
    Ok(TrainCase::new(id.clone(), Arc::new(image.image), LabelMap::imported(truth.class), true))
}

impl Doubts {
    fn print(&self, json: bool) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if json {
            serde_json::to_writer_pretty(&mut out, self)?;
            return writeln!(out);
        }
        let Calibration { voxels, temperature, shown, checks, signs, .. } = &self.calibration;
        writeln!(out, "{voxels} voxels near the surfaces of {} cases; temperature {temperature:.2}", self.cases)?;
        if !self.fitted_on_reserved {
            writeln!(out, "The run kept no labels for calibration: temperature and pair were fitted on these cases.")?;
        }
        writeln!(out, "\nprobability        ECE    Brier      NLL")?;
        for check in checks {
            let mark = if check.kind == *shown { "  displayed" } else { "" };
            let name = check.kind.name();
            writeln!(out, "{name:12} {:>9.4} {:>8.4} {:>8.4}{mark}", check.ece, check.brier, check.nll)?;
        }
        writeln!(out, "\nsign of doubt     AUROC of \"this voxel is wrong\"")?;
        for sign in signs {
            writeln!(out, "{:16} {:>6.4}", sign.name, sign.auroc)?;
        }
        let Corrected { corrected, wrong_before, wrong_after, near_before, near_after } = self.corrections;
        writeln!(out, "\n{corrected} wrong voxels corrected; of the other voxels")?;
        writeln!(
            out,
            "wrong before {wrong_before}, after {wrong_after}; within 5 mm of a correction {near_before}, {near_after}"
        )
    }
}

//! What can go wrong in training and prediction.

use std::path::PathBuf;

use thiserror::Error;

use crate::volume::CaseId;

#[derive(Debug, Error)]
pub enum LearnError {
    #[error("There is nothing to learn from yet: label some voxels of a case that is not held out.")]
    NothingLabelled,
    #[error("The study has only the background class: add a class before training.")]
    NoForegroundClass,
    #[error("Case {case} uses class {class}, which is not in the class table: add it or relabel the voxels.")]
    UnknownClass { case: CaseId, class: u8 },
    #[error("No GPU whose name contains '{wanted}' was found; available: {available}.")]
    NoSuchDevice { wanted: String, available: String },
    #[error("No GPU was found; use the CPU instead.")]
    NoGpu,
    #[error("The device '{device}' could not be started: {reason}")]
    DeviceStart { device: String, reason: String },
    #[error("The plan cannot be changed by '{change}': {reason}.")]
    PlanChange { change: String, reason: String },
    #[error(
        "A volume with voxels of {native_mm:?} mm has too many on the study's grid of {grid_mm:?} mm; check the units of its header."
    )]
    TooFine { native_mm: [f64; 3], grid_mm: [f64; 3] },
    #[error("The training device failed at step {step}: {reason}")]
    DeviceLost { step: u64, reason: String },
    #[error("The loss at step {step} is not a number; training was stopped before it could harm the networks.")]
    NotFinite { step: u64 },
    #[error("The plan {path} cannot be used: {reason}.")]
    Plan { path: PathBuf, reason: String },
    #[error("The checkpoint {path} could not be {action}: {reason}")]
    Checkpoint { path: PathBuf, action: &'static str, reason: String },
    #[error("There is no checkpoint in {dir}; train first, without resuming.")]
    NoCheckpoint { dir: PathBuf },
    #[error("The checkpoint {path} was written by a newer Chiaro (format {found}, this one reads up to {known}).")]
    NewerCheckpoint { path: PathBuf, found: u32, known: u32 },
    #[error("The checkpoint {path} belongs to other classes or another network shape; start a new run.")]
    OtherStudy { path: PathBuf },
}

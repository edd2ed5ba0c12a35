//! The study that steps and predictions are measured on.

use std::error::Error;
use std::sync::Arc;

use crate::label::LabelMap;
use crate::learn::data::TrainCase;
use crate::learn::{DeviceChoice, Fingerprint, Method, Plan, TrainSettings, Trainer, choose_device};
use crate::volume::phantom::{CLASS_NAMES, PhantomSettings, phantom_case};

/// Four phantom cases, two of them labelled.
pub fn phantom_study(is_gpu: bool) -> (Vec<TrainCase>, Fingerprint) {
    let settings = PhantomSettings::default();
    let cases: Vec<TrainCase> = (0..4)
        .map(|i| {
            let case = phantom_case(&settings, i);
            let labels = if i < 2 { LabelMap::imported(case.truth) } else { LabelMap::unknown(case.image.extent()) };
            TrainCase::new(case.name.as_str().into(), Arc::new(case.image), labels, false)
        })
        .collect();
    let classes = (0..=CLASS_NAMES.len()).map(|c| c as u8).collect();
    let fingerprint = Fingerprint::of(&cases, classes, is_gpu);
    (cases, fingerprint)
}

pub fn phantom_trainer(method: Method, device: &DeviceChoice) -> Result<Trainer, Box<dyn Error>> {
    let (device, report) = choose_device(device)?;
    let (cases, fingerprint) = phantom_study(report.is_gpu);
    let plan = Plan::new(&fingerprint, &TrainSettings { method, ..TrainSettings::default() });
    Ok(Trainer::new(plan, cases, &device)?)
}

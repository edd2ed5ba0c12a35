//! Whole cases through both networks.

use std::time::{Duration, Instant};

use serde_json::json;

use super::phantom::phantom_trainer;
use super::{Outcome, median, print, rounded, times_ms};
use crate::label::Provenance;
use crate::learn::{DeviceChoice, Method, Subject};
use crate::volume::phantom::{PhantomSettings, phantom_case};

pub fn predict(device: &DeviceChoice, as_json: bool) -> Outcome {
    let trainer = phantom_trainer(Method::Supervised, device)?;
    let predictor = trainer.predictor();
    let case = phantom_case(&PhantomSettings::default(), 5);
    let subject = Subject::of(&case.image);
    let mut longest_deaf = Duration::ZERO;
    let times = times_ms(5, || {
        let provenance = Provenance { case: "bench".into(), label_revision: 0, model: "bench".into(), step: 0 };
        let mut asked = Instant::now();
        let mut interrupted = || {
            longest_deaf = longest_deaf.max(asked.elapsed());
            asked = Instant::now();
            false
        };
        predictor.predict(&subject, provenance, &mut interrupted)?;
        Ok(())
    })?;
    let voxels = case.image.extent().voxel_count() as f64;
    let value = json!({
        "predict_case_p50_ms": rounded(median(&times)),
        "ms_per_megavoxel": rounded(median(&times) / voxels * 1e6),
        "longest_wait_for_cancel_ms": rounded(longest_deaf.as_secs_f64() * 1e3),
        "voxels": case.image.extent().to_array(),
        "patch": trainer.plan().patch,
    });
    print(&value, as_json)
}

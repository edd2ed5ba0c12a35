//! Dice of the labelled held-out cases: the sign by which a clinician sees that the networks get better.

use crate::label::{ClassId, LabelMap, Prediction, Provenance};
use crate::learn::data::TrainCase;
use crate::learn::{LearnError, Predictor};
use crate::metrics::Overlap;

/// Cases measured each time, the first by id: a fixed set, so that the curve compares like with like.
const LARGEST_SET: usize = 4;

/// Mean Dice over cases and foreground classes on known voxels; `None` without such cases or if interrupted.
pub fn held_out_dice(
    cases: &[TrainCase],
    classes: &[ClassId],
    predictor: &Predictor,
    interrupted: &mut dyn FnMut() -> bool,
) -> Result<Option<f32>, LearnError> {
    let (mut sum, mut count) = (0.0, 0u16);
    for case in cases.iter().filter(|c| c.held_out && c.is_labelled()).take(LARGEST_SET) {
        let provenance = Provenance {
            case: case.id.clone(),
            label_revision: case.labels().revision(),
            model: String::new(),
            step: 0,
        };
        let Some(prediction) = predictor.predict_case(case, provenance, interrupted)? else {
            return Ok(None);
        };
        for dice in dice_on_known(&prediction, case.labels(), classes) {
            sum += dice;
            count += 1;
        }
    }
    Ok((count > 0).then(|| (sum / f64::from(count)) as f32))
}

/// Dice of each foreground class that occurs, counting known voxels only.
fn dice_on_known(prediction: &Prediction, labels: &LabelMap, classes: &[ClassId]) -> Vec<f64> {
    let known = |plane: &[ClassId]| -> Vec<ClassId> {
        let pairs = plane.iter().zip(labels.origin().as_slice());
        pairs.filter(|(_, origin)| origin.is_known()).map(|(class, _)| *class).collect()
    };
    let (p, t) = (known(prediction.class.as_slice()), known(labels.class().as_slice()));
    let occurring = classes.iter().filter(|c| **c != 0 && t.contains(c));
    occurring.map(|&class| Overlap::of_class(&p, &t, class).dice()).collect()
}

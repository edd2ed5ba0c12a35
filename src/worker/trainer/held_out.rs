//! Dice of the labelled held-out cases: the sign by which a clinician sees that the networks get better.

use crate::label::{ClassId, LabelMap, Prediction, Provenance};
use crate::learn::data::TrainCase;
use crate::learn::{LearnError, Predictor};
use crate::metrics::Overlap;

/// Mean Dice over cases and foreground classes on known voxels; `None` without such cases or if interrupted.
/// At most so many cases are measured, the first by id: a fixed set, so that the curve compares like with like.
pub fn held_out_dice(
    cases: &[TrainCase],
    most: usize,
    classes: &[ClassId],
    predictor: &Predictor,
    interrupted: &mut dyn FnMut() -> bool,
) -> Result<Option<f32>, LearnError> {
    let (mut sum, mut count) = (0.0, 0u16);
    for case in cases.iter().filter(|c| c.held_out && c.is_labelled()).take(most) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Extent;
    use crate::label::{Origin, Probabilities};
    use crate::volume::Grid;

    #[test]
    fn voxels_nobody_labelled_are_not_scored() {
        let extent = Extent::new(4, 1, 1).unwrap();
        let grid = |values: [u8; 4]| Grid::from_vec(extent, values.to_vec()).unwrap();
        let prediction = |class: [u8; 4]| Prediction {
            provenance: Provenance { case: "c".into(), label_revision: 0, model: String::new(), step: 0 },
            class: grid(class),
            confidence_a: grid([0; 4]),
            confidence_b: grid([0; 4]),
            class_a: grid([0; 4]),
            class_b: grid([0; 4]),
            dual_confidence: grid([0; 4]),
            probabilities: Probabilities::default(),
        };
        let origin = Grid::from_fn(extent, |v| if v.x < 3 { Origin::Manual } else { Origin::Unknown });
        let labels = LabelMap::from_planes(grid([1, 1, 0, 0]), origin).unwrap();
        // Class 2 occurs nowhere; the last voxel is unknown.
        let score = |class| dice_on_known(&prediction(class), &labels, &[0, 1, 2]);
        assert_eq!(score([1, 1, 0, 0]), [1.0]);
        assert_eq!(score([1, 1, 0, 2]), score([1, 1, 0, 1]));
        assert!(score([1, 0, 0, 1])[0] < 1.0);
    }
}

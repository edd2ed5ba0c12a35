//! Dice of the labelled held-out cases: the sign by which a clinician sees that the networks get better.

use crate::label::{ClassId, Prediction, Provenance};
use crate::learn::data::TrainCase;
use crate::learn::{LearnError, Predictor};
use crate::metrics::Overlap;
use crate::volume::CaseId;

/// How good the networks are on cases they never saw.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldOut {
    pub dice: f32,
    /// Mean over the foreground classes of each case that has something to measure on, by id.
    pub by_case: Vec<(CaseId, f32)>,
}

impl HeldOut {
    /// The measured cases: scores of different sets do not compare.
    pub fn cases(&self) -> Vec<CaseId> {
        self.by_case.iter().map(|(case, _)| case.clone()).collect()
    }
}

/// Mean Dice over cases and foreground classes on slices without an unknown or accepted voxel; `None` without such cases or if interrupted.
/// At most so many cases are measured, the first by id: a fixed set, so that the curve compares like with like.
pub fn held_out_dice(
    cases: &[TrainCase],
    most: usize,
    classes: &[ClassId],
    predictor: &Predictor,
    interrupted: &mut dyn FnMut() -> bool,
) -> Result<Option<HeldOut>, LearnError> {
    let (mut sum, mut count) = (0.0, 0u32);
    let mut by_case = Vec::new();
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
        let of_classes = dice_where_complete(&prediction, case, classes);
        for dice in &of_classes {
            sum += dice;
            count += 1;
        }
        by_case.extend(mean(&of_classes).map(|dice| (case.id.clone(), dice)));
    }
    Ok((count > 0).then(|| HeldOut { dice: (sum / f64::from(count)) as f32, by_case }))
}

/// Dice of each case on the voxels that somebody drew or brought along, predicted as if nobody had: what the networks know
/// of them. `None` if interrupted.
pub fn known_dice(
    cases: &[&TrainCase],
    classes: &[ClassId],
    predictor: &Predictor,
    interrupted: &mut dyn FnMut() -> bool,
) -> Result<Option<Vec<(CaseId, f32)>>, LearnError> {
    let mut known = Vec::new();
    for case in cases {
        let provenance = Provenance { case: case.id.clone(), label_revision: 0, model: String::new(), step: 0 };
        let subject = predictor.subject_without_labels(case);
        let Some(prediction) = predictor.predict(&subject, provenance, interrupted)? else { return Ok(None) };
        let gold = |i: usize| case.labels().value_at(i).origin.is_gold();
        known.extend(mean(&dice_where(&prediction, case, classes, gold)).map(|dice| (case.id.clone(), dice)));
    }
    Ok(Some(known))
}

fn mean(of_classes: &[f64]) -> Option<f32> {
    (!of_classes.is_empty()).then(|| (of_classes.iter().sum::<f64>() / of_classes.len() as f64) as f32)
}

/// Dice of each foreground class that occurs, counting complete volumes or slices only: a scribble is put where its class
/// is plain to see, and would flatter; so would accepted pseudo-labels, which are the networks' own.
fn dice_where_complete(prediction: &Prediction, case: &TrainCase, classes: &[ClassId]) -> Vec<f64> {
    let extent = case.image.extent();
    let whole: [Vec<bool>; 3] =
        std::array::from_fn(|axis| (0..extent.to_array()[axis]).map(|i| case.is_slice_gold(axis, i)).collect());
    let counts = |i: usize| extent.voxel(i).to_array().iter().zip(&whole).any(|(&at, whole)| whole[at]);
    dice_where(prediction, case, classes, counts)
}

fn dice_where(
    prediction: &Prediction,
    case: &TrainCase,
    classes: &[ClassId],
    counts: impl Fn(usize) -> bool,
) -> Vec<f64> {
    let extent = case.image.extent();
    let counted: Vec<usize> = (0..extent.voxel_count()).filter(|&i| counts(i)).collect();
    let of = |plane: &[ClassId]| -> Vec<ClassId> { counted.iter().map(|&i| plane[i]).collect() };
    let (p, t) = (of(prediction.class.as_slice()), of(case.labels().class().as_slice()));
    let occurring = classes.iter().filter(|c| **c != 0 && t.contains(c));
    occurring.map(|&class| Overlap::of_class(&p, &t, class).dice()).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::geometry::{Affine, Extent, Voxel};
    use crate::label::{LabelMap, Origin, Probabilities};
    use crate::volume::{Grid, Image, Voxels};

    fn blank(extent: Extent) -> Prediction {
        let plane = || Grid::filled(extent, 0);
        Prediction {
            provenance: Provenance { case: "c".into(), label_revision: 0, model: String::new(), step: 0 },
            class: plane(),
            confidence_a: plane(),
            confidence_b: plane(),
            class_a: plane(),
            class_b: plane(),
            dual_confidence: plane(),
            probabilities: Probabilities::default(),
        }
    }

    #[test]
    fn voxels_nobody_labelled_are_not_scored() {
        let extent = Extent::new(4, 1, 1).unwrap();
        let grid = |values: [u8; 4]| Grid::from_vec(extent, values.to_vec()).unwrap();
        let prediction = |class: [u8; 4]| Prediction { class: grid(class), ..blank(extent) };
        let origin = Grid::from_fn(extent, |v| if v.x < 3 { Origin::Manual } else { Origin::Unknown });
        let labels = LabelMap::from_planes(grid([1, 1, 0, 0]), origin).unwrap();
        let image = Image::new(Voxels::U8(grid([0; 4])), 1.0, 0.0, Affine::identity());
        let case = TrainCase::new("c".into(), Arc::new(image), labels, true);
        // Class 2 occurs nowhere; the last voxel is unknown.
        let score = |class| dice_where_complete(&prediction(class), &case, &[0, 1, 2]);
        assert_eq!(score([1, 1, 0, 0]), [1.0]);
        assert_eq!(score([1, 1, 0, 2]), score([1, 1, 0, 1]));
        assert!(score([1, 0, 0, 1])[0] < 1.0);
    }

    #[test]
    fn a_slice_with_an_accepted_voxel_is_not_scored() {
        let extent = Extent::new(4, 4, 2).unwrap();
        let class = Grid::from_fn(extent, |v| u8::from(v.x < 2));
        let image = Arc::new(Image::new(Voxels::U8(class.clone()), 1.0, 0.0, Affine::identity()));
        let score = |accepted: Voxel| {
            let origin = Grid::from_fn(extent, |v| if v == accepted { Origin::Accepted } else { Origin::Manual });
            let origin = Grid::from_fn(extent, |v| if v.z == 1 { Origin::Accepted } else { origin.at(v) });
            let labels = LabelMap::from_planes(class.clone(), origin).unwrap();
            let case = TrainCase::new("c".into(), image.clone(), labels, true);
            dice_where_complete(&Prediction { class: class.clone(), ..blank(extent) }, &case, &[0, 1])
        };
        assert_eq!(score(Voxel::new(3, 3, 1)), [1.0], "the other slice is drawn");
        assert!(score(Voxel::new(3, 3, 0)).is_empty());
    }

    #[test]
    fn a_scribble_is_not_scored_and_a_completed_slice_is() {
        let extent = Extent::new(4, 4, 2).unwrap();
        let class = Grid::from_fn(extent, |v| u8::from(v.x < 2));
        let known = |v: Voxel| v.z == 0 || (v.x, v.y) == (0, 0);
        let origin = Grid::from_fn(extent, |v| if known(v) { Origin::Manual } else { Origin::Unknown });
        let image = Image::new(Voxels::U8(class.clone()), 1.0, 0.0, Affine::identity());
        let labels = LabelMap::from_planes(Grid::from_fn(extent, |v| u8::from(known(v) && v.x < 2)), origin).unwrap();
        let case = TrainCase::new("c".into(), Arc::new(image), labels, true);
        // Right on the completed slice; wrong on the scribble, where nothing is said.
        let said = Prediction { class: Grid::from_fn(extent, |v| u8::from(v.z == 0 && v.x < 2)), ..blank(extent) };
        assert_eq!(dice_where_complete(&said, &case, &[0, 1]), [1.0]);
    }
}

//! The scores of one predicted case against its truth.

use serde::Serialize;
use thiserror::Error;

use super::{Overlap, SurfaceDistances};
use crate::geometry::{Extent, VoxelBox};
use crate::label::ClassId;
use crate::volume::Grid;

/// One class of one case. Distances are absent where the prediction or the truth has no voxel of the class.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassScores {
    pub class: ClassId,
    /// 1 if neither the prediction nor the truth has the class.
    pub dice: f64,
    pub jaccard: f64,
    pub distances_mm: Option<SurfaceDistances>,
    pub distances_voxels: Option<SurfaceDistances>,
    pub prediction_voxels: usize,
    pub truth_voxels: usize,
    pub prediction_ml: f64,
    pub truth_ml: f64,
}

/// Scores in the order of the classes asked for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CaseScores {
    pub classes: Vec<ClassScores>,
}

#[derive(Debug, Error, PartialEq, Eq)]
pub enum MetricsError {
    #[error("the prediction has {prediction:?} voxels, but the truth has {truth:?}: they cannot be compared")]
    ExtentsDiffer { prediction: [usize; 3], truth: [usize; 3] },
}

/// Scores every class of `classes`. Both grids must have the same extent.
pub fn evaluate_case(
    prediction: &Grid<ClassId>,
    truth: &Grid<ClassId>,
    spacing_mm: [f64; 3],
    classes: &[ClassId],
) -> Result<CaseScores, MetricsError> {
    if prediction.extent() != truth.extent() {
        let (prediction, truth) = (prediction.extent().to_array(), truth.extent().to_array());
        return Err(MetricsError::ExtentsDiffer { prediction, truth });
    }
    let score = |&class: &ClassId| ClassScores::of(prediction, truth, spacing_mm, class);
    Ok(CaseScores { classes: classes.iter().map(score).collect() })
}

impl CaseScores {
    /// Mean Dice of the foreground classes; `None` if none was asked for.
    pub fn mean_dice(&self) -> Option<f64> {
        let dice: Vec<f64> = self.classes.iter().filter(|c| c.class != 0).map(|c| c.dice).collect();
        (!dice.is_empty()).then(|| dice.iter().sum::<f64>() / dice.len() as f64)
    }
}

impl ClassScores {
    fn of(prediction: &Grid<ClassId>, truth: &Grid<ClassId>, spacing_mm: [f64; 3], class: ClassId) -> Self {
        let counts = Overlap::of_class(prediction.as_slice(), truth.as_slice(), class);
        let masks = cropped_masks(prediction, truth, class);
        let distances = |spacing| masks.as_ref().and_then(|(p, t)| SurfaceDistances::between(p, t, spacing));
        let voxel_ml = spacing_mm.iter().product::<f64>() / 1000.0;
        Self {
            class,
            dice: counts.dice(),
            jaccard: counts.jaccard(),
            distances_mm: distances(spacing_mm),
            distances_voxels: distances([1.0; 3]),
            prediction_voxels: counts.prediction,
            truth_voxels: counts.truth,
            prediction_ml: counts.prediction as f64 * voxel_ml,
            truth_ml: counts.truth as f64 * voxel_ml,
        }
    }
}

/// The class in both grids, cut to the box that holds it: distances between surfaces are the same there, and far
/// cheaper. `None` if neither grid has the class.
pub(super) fn cropped_masks(
    prediction: &Grid<ClassId>,
    truth: &Grid<ClassId>,
    class: ClassId,
) -> Option<(Grid<bool>, Grid<bool>)> {
    let bounds = match (bounds_of(prediction, class), bounds_of(truth, class)) {
        (Some(p), Some(t)) => p.union(&t),
        (one, other) => one.or(other)?,
    };
    let extent = Extent::from_array(bounds.size())?;
    let cut = |g: &Grid<ClassId>| Grid::from_vec(extent, g.copy_box(&bounds).into_iter().map(|c| c == class).collect());
    Some((cut(prediction)?, cut(truth)?))
}

fn bounds_of(classes: &Grid<ClassId>, class: ClassId) -> Option<VoxelBox> {
    let extent = classes.extent();
    let mut bounds: Option<VoxelBox> = None;
    for (row, values) in classes.as_slice().chunks_exact(extent.x()).enumerate() {
        let first = values.iter().position(|&c| c == class);
        let last = values.iter().rposition(|&c| c == class);
        if let (Some(first), Some(last)) = (first, last) {
            let at = |x| VoxelBox::of_voxel(extent.voxel(row * extent.x() + x));
            let in_row = at(first).union(&at(last));
            bounds = Some(bounds.map_or(in_row, |b| b.union(&in_row)));
        }
    }
    bounds
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn boxes(extent: Extent, parts: &[(ClassId, [usize; 3], [usize; 3])]) -> Grid<ClassId> {
        let inside = |v, lo: [usize; 3], hi: [usize; 3]| VoxelBox { lo: lo.into(), hi: hi.into() }.contains(v);
        Grid::from_fn(extent, |v| parts.iter().find(|(_, lo, hi)| inside(v, *lo, *hi)).map_or(0, |(c, ..)| *c))
    }

    #[test]
    fn two_cubes_with_hand_computed_scores() {
        let e = Extent::new(12, 12, 12).unwrap();
        // 4x4x4 and the same moved by one along x: 48 voxels in common, 80 in either.
        let truth = boxes(e, &[(1, [2, 2, 2], [6, 6, 6])]);
        let prediction = boxes(e, &[(1, [3, 2, 2], [7, 6, 6])]);
        let scores = evaluate_case(&prediction, &truth, [1.0, 1.0, 2.5], &[1]).unwrap();
        let c = &scores.classes[0];
        assert_eq!((c.dice, c.jaccard), (0.75, 0.6));
        assert_eq!((c.truth_voxels, c.truth_ml), (64, 0.16));
        // Predicted surface: 56 voxels. The 16 at x = 6 are 1 mm from the true face x = 5, the inner 4 at x = 3 are
        // 1 mm from the true face x = 2, and all others lie on the true surface: 20 / 56.
        let mm = c.distances_mm.unwrap();
        assert!((mm.asd - 20.0 / 56.0).abs() < 1e-6, "{mm:?}");
        assert!((mm.hd95 - 1.0).abs() < 1e-6);
    }

    #[test]
    fn millimetres_scale_with_the_spacing_and_voxels_do_not() {
        let e = Extent::new(6, 6, 9).unwrap();
        let truth = boxes(e, &[(2, [1, 1, 1], [5, 5, 4])]);
        let prediction = boxes(e, &[(2, [1, 1, 3], [5, 5, 6])]);
        let scores = evaluate_case(&prediction, &truth, [3.0; 3], &[2]).unwrap();
        let (mm, voxels) = (scores.classes[0].distances_mm.unwrap(), scores.classes[0].distances_voxels.unwrap());
        assert!((mm.hd95 - 3.0 * voxels.hd95).abs() < 1e-5 && voxels.hd95 > 0.0);
        assert!((mm.assd - 3.0 * voxels.assd).abs() < 1e-5);
    }

    #[test]
    fn a_class_missing_on_one_side_has_dice_zero_and_no_distance() {
        let e = Extent::new(4, 4, 4).unwrap();
        let truth = boxes(e, &[(1, [0, 0, 0], [2, 2, 2])]);
        let scores = evaluate_case(&Grid::filled(e, 0), &truth, [1.0; 3], &[1, 3]).unwrap();
        assert_eq!((scores.classes[0].dice, scores.classes[0].distances_mm), (0.0, None));
        assert_eq!((scores.classes[1].dice, scores.classes[1].distances_mm), (1.0, None));
        assert_eq!(scores.mean_dice(), Some(0.5));
    }

    #[test]
    fn different_extents_are_refused() {
        let (a, b) = (Extent::new(2, 2, 2).unwrap(), Extent::new(2, 2, 3).unwrap());
        let result = evaluate_case(&Grid::filled(a, 0), &Grid::filled(b, 0), [1.0; 3], &[1]);
        assert_eq!(result, Err(MetricsError::ExtentsDiffer { prediction: [2, 2, 2], truth: [2, 2, 3] }));
    }

    proptest! {
        #[test]
        fn cropping_changes_no_distance(values in prop::collection::vec((0u8..9, 0u8..9), 7 * 6 * 5)) {
            let e = Extent::new(7, 6, 5).unwrap();
            let p = Grid::from_vec(e, values.iter().map(|v| u8::from(v.0 == 0)).collect()).unwrap();
            let t = Grid::from_vec(e, values.iter().map(|v| u8::from(v.1 == 0)).collect()).unwrap();
            let spacing = [0.7, 1.1, 3.0];
            let scores = evaluate_case(&p, &t, spacing, &[1]).unwrap();
            let uncropped = SurfaceDistances::between(&p.map(|&c| c == 1), &t.map(|&c| c == 1), spacing);
            prop_assert_eq!(scores.classes[0].distances_mm, uncropped);
        }
    }
}

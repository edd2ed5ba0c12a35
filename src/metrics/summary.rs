//! Mean and spread of scores over cases.

use serde::Serialize;

use super::{CaseScores, ClassScores, SurfaceDistances};
use crate::label::ClassId;

/// Mean and sample standard deviation (n - 1) of `count` values.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Statistic {
    pub mean: f64,
    /// Absent for a single value.
    pub sd: Option<f64>,
    pub count: usize,
}

/// One class over all cases. Cases without a distance are left out of the distance means and counted instead.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassSummary {
    pub class: ClassId,
    pub case_count: usize,
    /// Cases with the class in the truth but not in the prediction.
    pub empty_prediction_count: usize,
    /// Cases with the class in the prediction but not in the truth.
    pub empty_truth_count: usize,
    /// Cases with the class in neither; their Dice is 1.
    pub both_empty_count: usize,
    pub dice: Option<Statistic>,
    pub jaccard: Option<Statistic>,
    pub hd95_mm: Option<Statistic>,
    pub asd_mm: Option<Statistic>,
    pub assd_mm: Option<Statistic>,
    pub hd95_voxels: Option<Statistic>,
    pub asd_voxels: Option<Statistic>,
    pub assd_voxels: Option<Statistic>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Over all foreground classes of all cases; absent if there is none.
    pub mean_dice: Option<f64>,
    /// In ascending class number.
    pub per_class: Vec<ClassSummary>,
}

impl Statistic {
    /// `None` for no values.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let values: Vec<f64> = values.into_iter().collect();
        let count = values.len();
        if count == 0 {
            return None;
        }
        let mean = values.iter().sum::<f64>() / count as f64;
        let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
        let sd = (count > 1).then(|| (squares / (count - 1) as f64).sqrt());
        Some(Self { mean, sd, count })
    }
}

impl ClassSummary {
    fn of(class: ClassId, scores: &[&ClassScores]) -> Self {
        let over = |value: fn(&ClassScores) -> f64| Statistic::of(scores.iter().map(|s| value(s)));
        let mm = |value: fn(&SurfaceDistances) -> f64| {
            Statistic::of(scores.iter().filter_map(|s| s.distances_mm.as_ref().map(value)))
        };
        let voxels = |value: fn(&SurfaceDistances) -> f64| {
            Statistic::of(scores.iter().filter_map(|s| s.distances_voxels.as_ref().map(value)))
        };
        let count = |no_prediction: bool, no_truth: bool| {
            let fits = |s: &&&ClassScores| (s.prediction_voxels == 0, s.truth_voxels == 0) == (no_prediction, no_truth);
            scores.iter().filter(fits).count()
        };
        Self {
            class,
            case_count: scores.len(),
            empty_prediction_count: count(true, false),
            empty_truth_count: count(false, true),
            both_empty_count: count(true, true),
            dice: over(|s| s.dice),
            jaccard: over(|s| s.jaccard),
            hd95_mm: mm(|d| d.hd95),
            asd_mm: mm(|d| d.asd),
            assd_mm: mm(|d| d.assd),
            hd95_voxels: voxels(|d| d.hd95),
            asd_voxels: voxels(|d| d.asd),
            assd_voxels: voxels(|d| d.assd),
        }
    }
}

impl Summary {
    pub fn of<'a>(cases: impl IntoIterator<Item = &'a CaseScores>) -> Self {
        let scores: Vec<&ClassScores> = cases.into_iter().flat_map(|c| &c.classes).collect();
        let mut classes: Vec<ClassId> = scores.iter().map(|s| s.class).collect();
        classes.sort_unstable();
        classes.dedup();
        let of_class = |class| scores.iter().copied().filter(|s| s.class == class).collect::<Vec<_>>();
        let foreground = scores.iter().filter(|s| s.class != 0).map(|s| s.dice);
        Self {
            mean_dice: Statistic::of(foreground).map(|s| s.mean),
            per_class: classes.into_iter().map(|c| ClassSummary::of(c, &of_class(c))).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Extent;
    use crate::metrics::evaluate_case;
    use crate::volume::Grid;

    #[test]
    fn mean_and_sample_standard_deviation() {
        let s = Statistic::of([2.0, 4.0, 9.0]).unwrap();
        assert_eq!((s.mean, s.sd, s.count), (5.0, Some(13.0f64.sqrt()), 3));
        assert_eq!(Statistic::of([3.0]).unwrap().sd, None);
        assert_eq!(Statistic::of([]), None);
    }

    #[test]
    fn empty_cases_are_counted_and_left_out_of_distances_only() {
        let e = Extent::new(3, 1, 1).unwrap();
        let grid = |v: [u8; 3]| Grid::from_vec(e, v.to_vec()).unwrap();
        let case = |p, t| evaluate_case(&grid(p), &grid(t), [1.0; 3], &[1, 2]).unwrap();
        let cases = [case([1, 0, 0], [1, 0, 0]), case([0, 0, 0], [1, 2, 0]), case([0, 0, 2], [0, 0, 0])];
        let summary = Summary::of(&cases);
        let (one, two) = (&summary.per_class[0], &summary.per_class[1]);
        assert_eq!((one.empty_prediction_count, one.empty_truth_count, one.both_empty_count), (1, 0, 1));
        assert_eq!((two.empty_prediction_count, two.empty_truth_count, two.both_empty_count), (1, 1, 1));
        assert_eq!(one.hd95_mm.map(|s| s.count), Some(1));
        assert_eq!(two.hd95_mm, None);
        // Class 1: 1, 0, 1; class 2: 1, 0, 0.
        assert_eq!(summary.mean_dice, Some(0.5));
    }
}

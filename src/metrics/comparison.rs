//! Two label maps of one case side by side: two readers, labels and pseudo-labels, before and after.

use serde::Serialize;

use super::case_scores::cropped_masks;
use super::class_statistics::volume_ml;
use super::{MeasureError, Overlap, SurfaceDistances};
use crate::geometry::Affine;
use crate::label::ClassId;
use crate::volume::Grid;

/// One class in a first and a second map.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassComparison {
    pub class: ClassId,
    /// 1 if neither map has the class.
    pub dice: f64,
    pub jaccard: f64,
    /// Absent where one of the maps has no voxel of the class. `asd` leads from the first map's surface to the second's.
    pub distances_mm: Option<SurfaceDistances>,
    pub first_voxels: usize,
    pub second_voxels: usize,
    pub first_ml: f64,
    pub second_ml: f64,
}

/// The classes in the order asked for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LabelComparison {
    pub classes: Vec<ClassComparison>,
}

impl LabelComparison {
    /// Compares every class of `classes`; voxels that nobody labelled count as background, as they are stored.
    ///
    /// Distances are along the voxel axes times their spacing, exact unless the affine shears. `cancelled` is asked
    /// before every class.
    pub fn between(
        first: &Grid<ClassId>,
        second: &Grid<ClassId>,
        affine: &Affine,
        classes: &[ClassId],
        cancelled: impl Fn() -> bool,
    ) -> Result<Self, MeasureError> {
        MeasureError::unless_equal(first.extent(), second.extent())?;
        let compare = |&class: &ClassId| {
            if cancelled() {
                return Err(MeasureError::Cancelled);
            }
            Ok(ClassComparison::of(first, second, affine, class))
        };
        Ok(Self { classes: classes.iter().map(compare).collect::<Result<_, _>>()? })
    }

    /// The classes other than background that either map holds, in ascending number.
    pub fn foreground_of(first: &Grid<ClassId>, second: &Grid<ClassId>) -> Vec<ClassId> {
        let mut present = [false; 256];
        for &class in first.as_slice().iter().chain(second.as_slice()) {
            present[usize::from(class)] = true;
        }
        (1..=ClassId::MAX).filter(|&class| present[usize::from(class)]).collect()
    }

    /// Over all classes; `None` without any.
    pub fn mean_dice(&self) -> Option<f64> {
        mean(self.classes.iter().map(|class| class.dice))
    }

    /// Over the classes that both maps hold; `None` without any.
    pub fn mean_distances_mm(&self) -> Option<SurfaceDistances> {
        let of = |part: fn(&SurfaceDistances) -> f64| {
            mean(self.classes.iter().filter_map(|class| class.distances_mm.as_ref()).map(part))
        };
        Some(SurfaceDistances { hd95: of(|d| d.hd95)?, asd: of(|d| d.asd)?, assd: of(|d| d.assd)? })
    }
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0usize), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / count as f64)
}

impl ClassComparison {
    fn of(first: &Grid<ClassId>, second: &Grid<ClassId>, affine: &Affine, class: ClassId) -> Self {
        let overlap = Overlap::of_class(first.as_slice(), second.as_slice(), class);
        let masks = cropped_masks(first, second, class);
        Self {
            class,
            dice: overlap.dice(),
            jaccard: overlap.jaccard(),
            distances_mm: masks.and_then(|(a, b)| SurfaceDistances::between(&a, &b, affine.spacing_mm())),
            first_voxels: overlap.prediction,
            second_voxels: overlap.truth,
            first_ml: volume_ml(overlap.prediction, affine),
            second_ml: volume_ml(overlap.truth, affine),
        }
    }

    /// How much larger the second volume is, ml.
    pub fn difference_ml(&self) -> f64 {
        self.second_ml - self.first_ml
    }

    /// How much larger the second volume is, percent of the first; `None` where the first map lacks the class.
    pub fn difference_percent(&self) -> Option<f64> {
        let (first, second) = (self.first_voxels as f64, self.second_voxels as f64);
        (self.first_voxels > 0).then(|| 100.0 * (second - first) / first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Extent, VoxelBox};
    use crate::metrics::evaluate_case;
    use proptest::prelude::*;

    fn cube(extent: Extent, class: ClassId, lo: [usize; 3], hi: [usize; 3]) -> Grid<ClassId> {
        let inside = VoxelBox { lo: lo.into(), hi: hi.into() };
        Grid::from_fn(extent, |v| if inside.contains(v) { class } else { 0 })
    }

    #[test]
    fn a_mask_that_grew_by_half_is_fifty_percent_and_so_many_millilitres_larger() {
        let e = Extent::new(9, 9, 9).unwrap();
        let (first, second) = (cube(e, 3, [1, 1, 1], [5, 5, 5]), cube(e, 3, [1, 1, 1], [7, 5, 5]));
        let classes = LabelComparison::foreground_of(&first, &second);
        assert_eq!(classes, [3]);
        let affine = Affine::from_spacing([2.0, 1.0, -5.0]);
        let comparison = LabelComparison::between(&first, &second, &affine, &classes, || false).unwrap();
        let c = &comparison.classes[0];
        assert_eq!((c.first_voxels, c.second_voxels, c.difference_percent()), (64, 96, Some(50.0)));
        assert!((c.first_ml - 0.64).abs() < 1e-12 && (c.difference_ml() - 0.32).abs() < 1e-12);
        assert_eq!((c.dice, c.jaccard), (128.0 / 160.0, 64.0 / 96.0));
        assert!((c.distances_mm.unwrap().hd95 - 4.0).abs() < 1e-6);
    }

    #[test]
    fn a_class_that_only_the_second_map_has_has_neither_distance_nor_percent() {
        let e = Extent::new(4, 4, 4).unwrap();
        let (none, some) = (Grid::filled(e, 0), cube(e, 1, [0, 0, 0], [2, 2, 2]));
        let compare = |a, b| LabelComparison::between(a, b, &Affine::identity(), &[1], || false).unwrap();
        let c = &compare(&none, &some).classes[0];
        assert_eq!((c.dice, c.distances_mm, c.difference_percent()), (0.0, None, None));
        assert_eq!(compare(&some, &none).classes[0].difference_percent(), Some(-100.0));
    }

    #[test]
    fn means_of_distances_leave_out_what_one_map_lacks() {
        let e = Extent::new(6, 2, 2).unwrap();
        let first = cube(e, 1, [0, 0, 0], [2, 2, 2]);
        let second = Grid::from_fn(e, |v| if v.x < 2 { 1 } else { 2 * u8::from(v.x == 5) });
        let both = LabelComparison::between(&first, &second, &Affine::identity(), &[1, 2], || false).unwrap();
        assert_eq!(both.mean_dice(), Some(0.5));
        assert_eq!(both.mean_distances_mm().unwrap().hd95, 0.0);
        let none = LabelComparison { classes: Vec::new() };
        assert_eq!((none.mean_dice(), none.mean_distances_mm()), (None, None));
    }

    #[test]
    fn other_extents_and_a_cancel_are_errors() {
        let (a, b) = (Extent::new(2, 2, 2).unwrap(), Extent::new(2, 2, 3).unwrap());
        let compare = |a, b, stop: bool| {
            LabelComparison::between(&Grid::filled(a, 1), &Grid::filled(b, 1), &Affine::identity(), &[1], || stop)
        };
        assert_eq!(compare(a, b, false), Err(MeasureError::ExtentsDiffer { first: [2, 2, 2], second: [2, 2, 3] }));
        assert_eq!(compare(a, a, true), Err(MeasureError::Cancelled));
    }

    proptest! {
        #[test]
        fn scores_are_those_of_an_evaluation(values in prop::collection::vec((0u8..3, 0u8..3), 6 * 5 * 4)) {
            let e = Extent::new(6, 5, 4).unwrap();
            let first = Grid::from_vec(e, values.iter().map(|v| v.0).collect()).unwrap();
            let second = Grid::from_vec(e, values.iter().map(|v| v.1).collect()).unwrap();
            let spacing = [0.6, 1.3, 2.0];
            let scores = evaluate_case(&first, &second, spacing, &[1, 2]).unwrap();
            let affine = Affine::from_spacing(spacing);
            let compared = LabelComparison::between(&first, &second, &affine, &[1, 2], || false).unwrap();
            for (c, s) in compared.classes.iter().zip(&scores.classes) {
                prop_assert_eq!((c.dice, c.jaccard, c.distances_mm), (s.dice, s.jaccard, s.distances_mm));
                prop_assert!((c.first_ml - s.prediction_ml).abs() < 1e-12 && (c.second_ml - s.truth_ml).abs() < 1e-12);
            }
        }
    }
}

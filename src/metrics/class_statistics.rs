//! Volume, intensities and place of every class of a case.

use serde::Serialize;

use super::class_medians::class_medians;
use super::{ClassPlanes, ClassTallies, ClassTally, MeasureError};
use crate::geometry::{Affine, VoxelBox};
use crate::label::ClassId;
use crate::volume::{Image, IntensityFigures};

/// Cubic millimetres of a millilitre.
const MM3_PER_ML: f64 = 1000.0;

/// One class that has at least one voxel.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassStatistics {
    pub class: ClassId,
    pub voxel_count: usize,
    pub volume_ml: f64,
    /// The smallest box that holds the class.
    pub bounds: VoxelBox,
    /// Over the voxels with a finite intensity; absent if there is none.
    pub intensity: Option<IntensityFigures>,
    /// Mean of the middle two where their number is even. Absent where only tallies were taken, as during a stroke.
    pub median: Option<f64>,
}

impl ClassStatistics {
    /// Every class of the case in ascending number, with its median. Reads the volume twice (three times where voxels
    /// are wider than 16 bits), on all cores; `cancelled` is asked all along.
    pub fn of_case<'a>(
        image: &Image,
        labels: impl Into<ClassPlanes<'a>>,
        cancelled: impl Fn() -> bool + Sync,
    ) -> Result<Vec<Self>, MeasureError> {
        let labels = labels.into();
        let tallies = ClassTallies::of(image, labels, &cancelled)?;
        let medians = class_medians(image, labels, &cancelled)?;
        let with_median = |s: Self| Self { median: medians.get(usize::from(s.class)).copied().flatten(), ..s };
        Ok(Self::of_tallies(&tallies, &image.affine).into_iter().map(with_median).collect())
    }

    /// Every class of the tallies in ascending number, without medians; reads no voxel.
    pub fn of_tallies(tallies: &ClassTallies, affine: &Affine) -> Vec<Self> {
        tallies.classes().iter().map(|tally| Self::of_tally(tally, affine)).collect()
    }

    fn of_tally(tally: &ClassTally, affine: &Affine) -> Self {
        Self {
            class: tally.class,
            voxel_count: tally.voxel_count,
            volume_ml: volume_ml(tally.voxel_count, affine),
            bounds: tally.bounds,
            intensity: tally.intensity.figures(),
            median: None,
        }
    }
}

/// Millilitres of so many voxels.
pub(super) fn volume_ml(voxel_count: usize, affine: &Affine) -> f64 {
    voxel_count as f64 * affine.voxel_volume_mm3() / MM3_PER_ML
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Extent, Voxel};
    use crate::label::LabelMap;
    use crate::volume::{Grid, Voxels};

    #[test]
    fn figures_of_a_class_by_hand_in_a_sheared_grid() {
        let extent = Extent::new(5, 2, 1).unwrap();
        let values = vec![1.0f32, 2.0, f32::NAN, 10.0, 3.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        let classes = Grid::from_fn(extent, |v| if v.y == 0 { 4u8 } else { 0 });
        // Rows shifted by half a voxel: the volume is still 2 x 3 x 4 mm3.
        let affine = Affine { rows: [[2.0, 1.0, 0.0, 9.0], [0.0, 3.0, 0.0, 9.0], [0.0, 0.0, -4.0, 9.0]] };
        let image = Image::new(Voxels::F32(Grid::from_vec(extent, values).unwrap()), 2.0, 1.0, affine);
        let all = ClassStatistics::of_case(&image, &classes, || false).unwrap();
        assert_eq!(all.iter().map(|s| s.class).collect::<Vec<_>>(), [0, 4]);
        let s = &all[1];
        assert_eq!((s.voxel_count, s.bounds), (5, VoxelBox { lo: Voxel::new(0, 0, 0), hi: Voxel::new(5, 1, 1) }));
        assert!((s.volume_ml - 0.12).abs() < 1e-12);
        // Intensities 3, 5, 7, 21: NaN is in the volume only.
        let f = s.intensity.unwrap();
        assert_eq!((f.count, f.mean, f.min, f.max, s.median), (4, 9.0, 3.0, 21.0, Some(6.0)));
        // Squared differences from 9: 36 + 16 + 4 + 144.
        assert!((f.standard_deviation - 50f64.sqrt()).abs() < 1e-12, "{f:?}");
    }

    #[test]
    fn labels_nobody_gave_are_no_class_and_tallies_say_the_same_without_medians() {
        let extent = Extent::new(3, 3, 3).unwrap();
        let image = Image::new(Voxels::U8(Grid::filled(extent, 7)), 1.0, 0.0, Affine::identity());
        assert_eq!(ClassStatistics::of_case(&image, &LabelMap::unknown(extent), || false), Ok(vec![]));
        let labels = LabelMap::imported(Grid::filled(extent, 2));
        let full = ClassStatistics::of_case(&image, &labels, || false).unwrap();
        let tallies = ClassTallies::of(&image, &labels, || false).unwrap();
        let quick = ClassStatistics::of_tallies(&tallies, &image.affine);
        assert_eq!(full[0].median, Some(7.0));
        assert_eq!(vec![ClassStatistics { median: None, ..full[0].clone() }], quick);
        assert_eq!(ClassStatistics::of_case(&image, &labels, || true), Err(MeasureError::Cancelled));
    }
}

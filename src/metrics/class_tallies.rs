//! Voxel counts, intensities and boxes of all classes, kept brick by brick so that an edit costs only what it touched.

use rayon::prelude::*;

use super::{ClassPlanes, MeasureError};
use crate::geometry::{Extent, Voxel, VoxelBox};
use crate::label::ClassId;
use crate::volume::{Image, IntensityMoments};
use crate::with_voxels;

/// Voxels along each side of a brick: a stroke reads few bricks, and the bricks of a large volume are few thousand.
const BRICK: usize = 32;

/// What one class holds.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassTally {
    pub class: ClassId,
    /// All voxels of the class, also those whose intensity is not finite.
    pub voxel_count: usize,
    /// The smallest box that holds the class.
    pub bounds: VoxelBox,
    pub intensity: IntensityMoments,
}

/// The tallies of one case. They belong to one image; labels that change are told by [`Self::update`].
#[derive(Clone, Debug, PartialEq)]
pub struct ClassTallies {
    extent: Extent,
    /// Number of bricks along each axis.
    bricks: Extent,
    /// Per brick the classes it holds.
    tallies: Vec<Vec<ClassTally>>,
}

impl ClassTallies {
    /// One parallel pass over labels and image. `cancelled` is asked before every brick of 32 x 32 x 32 voxels.
    pub fn of<'a>(
        image: &Image,
        labels: impl Into<ClassPlanes<'a>>,
        cancelled: impl Fn() -> bool + Sync,
    ) -> Result<Self, MeasureError> {
        let (labels, extent) = (labels.into(), image.extent());
        MeasureError::unless_equal(extent, labels.extent())?;
        let counts = extent.to_array().map(|n| n.div_ceil(BRICK));
        let bricks = Extent::from_array(counts).unwrap_or(extent);
        let tally = |i| (!cancelled()).then(|| tally_box(image, labels, &brick_box(bricks.voxel(i), extent)));
        let tallies: Option<Vec<_>> = (0..bricks.voxel_count()).into_par_iter().map(tally).collect();
        Ok(Self { extent, bricks, tallies: tallies.ok_or(MeasureError::Cancelled)? })
    }

    /// Tallies again where labels may have changed; reads the bricks that `dirty` touches and nothing else.
    pub fn update<'a>(
        &mut self,
        image: &Image,
        labels: impl Into<ClassPlanes<'a>>,
        dirty: &VoxelBox,
    ) -> Result<(), MeasureError> {
        let (labels, extent, bricks) = (labels.into(), self.extent, self.bricks);
        MeasureError::unless_equal(extent, labels.extent())?;
        MeasureError::unless_equal(extent, image.extent())?;
        let dirty = dirty.intersect(&extent.full_box());
        if dirty.is_empty() {
            return Ok(());
        }
        let (lo, hi) = (dirty.lo.to_array().map(|c| c / BRICK), dirty.hi.to_array().map(|c| c.div_ceil(BRICK)));
        let touched: Vec<Voxel> = VoxelBox { lo: lo.into(), hi: hi.into() }.voxels().collect();
        let tally = |&brick: &Voxel| (bricks.index(brick), tally_box(image, labels, &brick_box(brick, extent)));
        for (index, tallies) in touched.par_iter().map(tally).collect::<Vec<_>>() {
            self.tallies[index] = tallies;
        }
        Ok(())
    }

    /// All classes that have voxels, in ascending number.
    pub fn classes(&self) -> Vec<ClassTally> {
        let mut all: [Option<ClassTally>; 256] = std::array::from_fn(|_| None);
        for tally in self.tallies.iter().flatten() {
            match &mut all[usize::from(tally.class)] {
                Some(sum) => sum.merge(tally),
                empty => *empty = Some(tally.clone()),
            }
        }
        all.into_iter().flatten().collect()
    }
}

impl ClassTally {
    fn merge(&mut self, other: &Self) {
        self.voxel_count += other.voxel_count;
        self.bounds = self.bounds.union(&other.bounds);
        self.intensity.merge(&other.intensity);
    }
}

fn brick_box(brick: Voxel, extent: Extent) -> VoxelBox {
    let lo = brick.to_array().map(|c| c * BRICK);
    VoxelBox { lo: lo.into(), hi: lo.map(|c| c + BRICK).into() }.intersect(&extent.full_box())
}

#[expect(clippy::unnecessary_cast, reason = "the macro repeats the line for f64 too")]
fn tally_box(image: &Image, labels: ClassPlanes<'_>, bounds: &VoxelBox) -> Vec<ClassTally> {
    let (slope, intercept) = (image.slope, image.intercept);
    with_voxels!(&image.voxels, grid => {
        let stored = grid.as_slice();
        tally_rows(labels, bounds, |i| slope * stored[i] as f64 + intercept)
    })
}

fn tally_rows(labels: ClassPlanes<'_>, bounds: &VoxelBox, intensity: impl Fn(usize) -> f64) -> Vec<ClassTally> {
    let extent = labels.extent();
    let mut tallies: Vec<ClassTally> = Vec::new();
    for (y, z) in (bounds.lo.z..bounds.hi.z).flat_map(|z| (bounds.lo.y..bounds.hi.y).map(move |y| (y, z))) {
        let start = extent.index(Voxel::new(bounds.lo.x, y, z));
        for (class, run) in labels.runs(start..start + bounds.size()[0]) {
            let first = extent.voxel(run.start);
            let place = VoxelBox { lo: first, hi: Voxel::new(first.x + run.len(), y + 1, z + 1) };
            let known = tallies.iter().position(|t| t.class == class).unwrap_or(tallies.len());
            if known == tallies.len() {
                tallies.push(ClassTally {
                    class,
                    voxel_count: 0,
                    bounds: place,
                    intensity: IntensityMoments::default(),
                });
            }
            let tally = &mut tallies[known];
            tally.voxel_count += run.len();
            tally.bounds = tally.bounds.union(&place);
            tally.intensity.extend(run.map(&intensity));
        }
    }
    tallies
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Affine;
    use crate::label::{LabelMap, LabelValue, Origin};
    use crate::volume::{Grid, Voxels};
    use proptest::prelude::*;

    /// Values that any order of summing adds up to exactly.
    fn image(extent: Extent) -> Image {
        let values = Grid::from_fn(extent, |v| i16::try_from((v.x * 7 + v.y * 3 + v.z) % 50).unwrap() - 20);
        Image::new(Voxels::I16(values), 0.5, 3.0, Affine::identity())
    }

    proptest! {
        #[test]
        fn tallies_equal_a_walk_over_all_voxels_and_stay_so_under_edits(
            size in (1usize..70, 1usize..40, 1usize..36),
            edits in prop::collection::vec((0usize..99_999, 1usize..400, 0u8..4, 0usize..3), 1..6),
        ) {
            let extent = Extent::new(size.0, size.1, size.2).unwrap();
            let image = image(extent);
            let mut labels = LabelMap::unknown(extent);
            let mut tallies = ClassTallies::of(&image, &labels, || false).unwrap();
            for (start, len, class, origin) in edits {
                let start = start % extent.voxel_count();
                let len = len.min(extent.voxel_count() - start);
                let origin = [Origin::Unknown, Origin::Manual, Origin::Accepted][origin];
                let value = if origin.is_known() { LabelValue::new(class, origin) } else { LabelValue::UNKNOWN };
                labels.write_run(start, len, value);
                let dirty = (start..start + len).map(|i| VoxelBox::of_voxel(extent.voxel(i)));
                tallies.update(&image, &labels, &dirty.reduce(|a, b| a.union(&b)).unwrap()).unwrap();
            }
            prop_assert_eq!(&tallies, &ClassTallies::of(&image, &labels, || false).unwrap());
            let found = tallies.classes();
            prop_assert!(found.windows(2).all(|w| w[0].class < w[1].class));
            for class in 0..4u8 {
                let of_class = |v: &Voxel| labels.value(*v).class == class && labels.value(*v).origin.is_known();
                let voxels: Vec<Voxel> = extent.full_box().voxels().filter(of_class).collect();
                let tally = found.iter().find(|t| t.class == class);
                prop_assert_eq!(tally.map_or(0, |t| t.voxel_count), voxels.len());
                let Some(tally) = tally else { continue };
                let bounds = voxels.iter().map(|&v| VoxelBox::of_voxel(v)).reduce(|a, b| a.union(&b));
                prop_assert_eq!(Some(tally.bounds), bounds);
                let walked: IntensityMoments = voxels.iter().map(|&v| image.intensity(v)).collect();
                let (a, b) = (tally.intensity.figures().unwrap(), walked.figures().unwrap());
                prop_assert!((a.mean - b.mean).abs() < 1e-9 && (a.standard_deviation - b.standard_deviation).abs() < 1e-9);
                prop_assert_eq!((a.count, a.min, a.max), (b.count, b.min, b.max));
            }
        }
    }

    #[test]
    fn other_extents_and_a_cancel_are_errors_and_a_box_beyond_the_volume_is_clipped() {
        let (extent, other) = (Extent::new(4, 3, 2).unwrap(), Extent::new(4, 3, 3).unwrap());
        let (image, labels) = (image(extent), Grid::filled(extent, 1u8));
        let refused = ClassTallies::of(&image, &Grid::filled(other, 1u8), || false);
        assert_eq!(refused, Err(MeasureError::ExtentsDiffer { first: [4, 3, 2], second: [4, 3, 3] }));
        assert_eq!(ClassTallies::of(&image, &labels, || true), Err(MeasureError::Cancelled));
        let mut tallies = ClassTallies::of(&image, &Grid::filled(extent, 0u8), || false).unwrap();
        let beyond = VoxelBox { lo: Voxel::new(2, 0, 0), hi: Voxel::new(usize::MAX, 9, 9) };
        tallies.update(&image, &labels, &beyond).unwrap();
        assert_eq!(tallies.classes().iter().map(|t| (t.class, t.voxel_count)).collect::<Vec<_>>(), [(1, 24)]);
        assert!(tallies.update(&image, &Grid::filled(other, 1u8), &beyond).is_err());
    }
}

//! What a click selects by intensity, as plain data.

use super::{ConfidenceSettings, GrowthBounds, GrowthError, fill_similar, grow_region};
use crate::edit::{FillScope, VoxelSet, Watch};
use crate::geometry::Voxel;
use crate::volume::Image;

/// A region that grows from a clicked voxel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Selection {
    pub seed: Voxel,
    pub scope: FillScope,
    pub likeness: Likeness,
}

/// What belongs to the clicked voxel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Likeness {
    /// Connected intensities at most this far from the clicked one.
    Within { tolerance: f64 },
    /// Connected intensities of the same tissue, judged by the region itself.
    SameTissue(ConfidenceSettings),
}

impl Selection {
    /// The voxels of a region that grows beyond this share of a volume were hardly meant: a click into the air.
    const LARGEST_SHARE: f64 = 0.5;

    /// # Errors
    /// The region is larger than half the volume, or the watch was cancelled.
    pub fn voxels(&self, image: &Image, watch: &Watch) -> Result<VoxelSet, GrowthError> {
        let goes_on = || !watch.is_cancelled();
        // A share of a count of voxels: the cast is exact enough.
        let max_voxels = (image.extent().voxel_count() as f64 * Self::LARGEST_SHARE).ceil() as usize;
        let bounds = GrowthBounds { scope: self.scope, within: None, max_voxels, watch: &goes_on };
        match &self.likeness {
            Likeness::Within { tolerance } => fill_similar(image, self.seed, *tolerance, &bounds),
            Likeness::SameTissue(settings) => grow_region(image, self.seed, settings, &bounds),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Affine, Extent};
    use crate::volume::{Grid, Voxels};

    /// Dark in the left half, bright in the right fifth, something between the two.
    fn image() -> Image {
        let extent = Extent::new(10, 4, 4).unwrap();
        let voxels = Grid::from_fn(extent, |v| {
            if v.x < 6 {
                10u8
            } else if v.x < 8 {
                100
            } else {
                200
            }
        });
        Image::new(Voxels::U8(voxels), 1.0, 0.0, Affine::identity())
    }

    fn count(seed: Voxel, scope: FillScope, likeness: Likeness) -> Result<usize, GrowthError> {
        Selection { seed, scope, likeness }.voxels(&image(), &Watch::default()).map(|set| set.voxel_count())
    }

    #[test]
    fn a_click_takes_what_is_alike_in_its_slice_or_in_the_volume() {
        let bright = Voxel::new(9, 1, 1);
        let within = |tolerance| Likeness::Within { tolerance };
        assert_eq!(count(bright, FillScope::Volume, within(5.0)), Ok(32));
        assert_eq!(count(bright, FillScope::Slice { axis: 2 }, within(5.0)), Ok(8));
        assert_eq!(count(bright, FillScope::Slice { axis: 2 }, within(100.0)), Ok(16));
        assert_eq!(
            count(
                bright,
                FillScope::Slice { axis: 2 },
                Likeness::SameTissue(ConfidenceSettings { radius: 0, ..ConfidenceSettings::default() })
            ),
            Ok(8)
        );
    }

    #[test]
    fn a_click_into_the_air_is_refused_and_a_cancelled_one_stops() {
        let air = Voxel::new(0, 0, 0);
        let likeness = Likeness::Within { tolerance: 5.0 };
        assert_eq!(count(air, FillScope::Volume, likeness), Err(GrowthError::TooLarge { max_voxels: 80 }));
        let watch = Watch::default();
        watch.cancel();
        let cancelled = Selection { seed: air, scope: FillScope::Volume, likeness }.voxels(&image(), &watch);
        assert_eq!(cancelled, Err(GrowthError::Stopped));
    }
}

//! The band of voxels around the predicted surfaces, outside which doubt only distracts.

use rayon::prelude::*;

use crate::geometry::Extent;
use crate::label::{Prediction, dilate_mm, surface};
use crate::review::{Beliefs, ReviewError};
use crate::volume::Grid;

const WORD: usize = 64;

/// Voxels at most some voxels (straight, whatever their size in mm) from a surface of a foreground class in the fused map,
/// A's or B's: what `label::boundary_band` gives, one bit per voxel, each row from a word of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct SurfaceBand {
    extent: Extent,
    words_per_row: usize,
    words: Vec<u64>,
}

impl SurfaceBand {
    /// Width of the band in which calibration is checked too.
    pub const VOXELS: f64 = 5.0;

    /// A width that is not above 0 leaves the surfaces themselves.
    ///
    /// # Errors
    /// When the planes lie on different grids.
    pub fn of(prediction: &Prediction, width_voxels: f64) -> Result<Self, ReviewError> {
        let extent = Beliefs::of(prediction)?.extent;
        let [fused, a, b] = [&prediction.class, &prediction.class_a, &prediction.class_b];
        let mut surfaces = surface(fused);
        // Maps that are equal have one surface.
        if a != fused {
            add(&mut surfaces, &surface(a));
        }
        if b != fused && b != a {
            add(&mut surfaces, &surface(b));
        }
        Ok(Self::packed(extent, &dilate_mm(&surfaces, width_voxels, [1.0; 3])))
    }

    fn packed(extent: Extent, mask: &Grid<bool>) -> Self {
        let nx = extent.x();
        let words_per_row = nx.div_ceil(WORD);
        let mut words = vec![0; words_per_row * extent.y() * extent.z()];
        let rows = words.par_chunks_mut(words_per_row).zip(mask.as_slice().par_chunks(nx));
        rows.for_each(|(words, row)| {
            for (word, voxels) in words.iter_mut().zip(row.chunks(WORD)) {
                if voxels.contains(&true) {
                    *word = voxels.iter().zip(0..).fold(0, |word, (inside, place)| word | u64::from(*inside) << place);
                }
            }
        });
        Self { extent, words_per_row, words }
    }

    pub fn extent(&self) -> Extent {
        self.extent
    }

    /// 64 voxels to a word, lowest bit first, of the row `y + ny * z`; empty if there is no such row.
    pub(super) fn row(&self, row: usize) -> &[u64] {
        self.words.chunks(self.words_per_row).nth(row).unwrap_or(&[])
    }

    /// False beyond the extent.
    pub fn holds(&self, index: usize) -> bool {
        let (row, x) = (index / self.extent.x(), index % self.extent.x());
        self.row(row).get(x / WORD).is_some_and(|word| word >> (x % WORD) & 1 == 1)
    }
}

fn add(all: &mut Grid<bool>, more: &Grid<bool>) {
    let slice = (all.extent().x() * all.extent().y()).max(1);
    let slices = all.as_mut_slice().par_chunks_mut(slice).zip(more.as_slice().par_chunks(slice));
    slices.for_each(|(all, more)| all.iter_mut().zip(more).for_each(|(all, more)| *all |= more));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::label::boundary_band;
    use crate::review::fixture::any_scene;

    proptest::proptest! {
        #[test]
        fn the_band_is_that_of_calibration_around_all_three_maps(scene in any_scene(), width in 0u8..7) {
            let p = &scene.prediction;
            let band = SurfaceBand::of(p, f64::from(width)).unwrap();
            let expected = boundary_band(&[&p.class, &p.class_a, &p.class_b], p.extent(), f32::from(width));
            let found: Vec<bool> = (0..p.extent().voxel_count()).map(|i| band.holds(i)).collect();
            proptest::prop_assert_eq!(found, expected.into_vec());
            proptest::prop_assert!(!band.holds(p.extent().voxel_count()));
        }
    }
}

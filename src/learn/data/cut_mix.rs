//! CutMix (Yun et al. 2019; for segmentation French et al. 2020): two crops swap a box of voxels.
//!
//! The networks label the crops as they were and learn on the crops as they are after the swap. A label then has to
//! be found again next to surroundings it was not made with, and under other intensities.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::crop::Crop;

/// Smallest and largest edge of the box as a share of the patch; 0.8 is half of its voxels.
const EDGE_SHARE: [f64; 2] = [0.4, 0.8];

/// A half-open box of patch voxels, (x, y, z).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CutBox {
    lo: [usize; 3],
    hi: [usize; 3],
}

impl CutBox {
    pub fn draw(patch: [usize; 3], rng: &mut ChaCha8Rng) -> Self {
        let (mut lo, mut hi) = ([0; 3], patch);
        for axis in 0..3 {
            let share = EDGE_SHARE[0] + (EDGE_SHARE[1] - EDGE_SHARE[0]) * rng.random::<f64>();
            let edge = ((patch[axis] as f64 * share).round() as usize).clamp(1, patch[axis]);
            lo[axis] = rng.random_range(0..=patch[axis] - edge);
            hi[axis] = lo[axis] + edge;
        }
        Self { lo, hi }
    }

    /// Everything but the plain images changes sides inside the box. The crops have one size.
    pub fn swap(&self, a: &mut Crop, b: &mut Crop) {
        // Each crop now holds known voxels of both.
        a.annotated = a.annotated.common(&b.annotated);
        b.annotated.clone_from(&a.annotated);
        self.swap_listed(&mut a.accepted, &mut b.accepted, a.size, |at| *at);
        self.swap_listed(&mut a.rejected, &mut b.rejected, a.size, |(at, _)| *at);
        for row in self.rows(a.size) {
            a.image[row.clone()].swap_with_slice(&mut b.image[row.clone()]);
            a.class[row.clone()].swap_with_slice(&mut b.class[row.clone()]);
            a.status[row.clone()].swap_with_slice(&mut b.status[row]);
        }
    }

    /// What is listed of the voxels inside the box changes sides.
    fn swap_listed<T>(&self, a: &mut Vec<T>, b: &mut Vec<T>, patch: [usize; 3], at: impl Fn(&T) -> usize) {
        let take =
            |list: &mut Vec<T>| -> Vec<T> { list.extract_if(.., |item| self.contains(at(item), patch)).collect() };
        let (of_a, of_b) = (take(a), take(b));
        a.extend(of_b);
        b.extend(of_a);
    }

    fn contains(&self, at: usize, patch: [usize; 3]) -> bool {
        let voxel = [at % patch[0], at / patch[0] % patch[1], at / (patch[0] * patch[1])];
        (0..3).all(|axis| (self.lo[axis]..self.hi[axis]).contains(&voxel[axis]))
    }

    /// Sets the voxels of the box, x fastest.
    pub fn fill(&self, plane: &mut [f32], patch: [usize; 3], value: f32) {
        for row in self.rows(patch) {
            plane[row].fill(value);
        }
    }

    fn rows(&self, patch: [usize; 3]) -> impl Iterator<Item = std::ops::Range<usize>> + use<> {
        let Self { lo, hi } = *self;
        (lo[2]..hi[2]).flat_map(move |z| {
            (lo[1]..hi[1]).map(move |y| {
                let row = (z * patch[1] + y) * patch[0];
                row + lo[0]..row + hi[0]
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;
    use crate::learn::data::annotated::Annotated;
    use crate::learn::data::crop::VoxelStatus;

    fn crop(value: u8) -> Crop {
        let n = 6 * 5 * 4;
        Crop {
            size: [6, 5, 4],
            image: vec![f32::from(value); n],
            plain: None,
            class: vec![value; n],
            status: vec![if value == 1 { VoxelStatus::Unknown } else { VoxelStatus::Dense }; n],
            ..Crop::default()
        }
    }

    #[test]
    fn image_class_status_and_hints_change_sides_together_and_nowhere_else() {
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let n = 6 * 5 * 4;
        for _ in 0..20 {
            let (mut a, mut b) = (crop(1), crop(2));
            let cut = CutBox::draw(a.size, &mut rng);
            (a.rejected, b.accepted) = ((0..n).map(|i| (i, 7)).collect(), (0..n).collect());
            cut.swap(&mut a, &mut b);
            let mut plane = vec![0.0; a.image.len()];
            cut.fill(&mut plane, a.size, 1.0);
            let swapped = plane.iter().filter(|v| **v == 1.0).count();
            assert_eq!((b.rejected.len(), a.accepted.len()), (swapped, swapped));
            assert!((2 * 2 * 2..=5 * 4 * 3).contains(&swapped), "{swapped} voxels");
            for (i, inside) in plane.iter().enumerate() {
                let (here, there) = if *inside == 1.0 { (2, 1) } else { (1, 2) };
                assert_eq!((a.image[i], a.class[i]), (f32::from(here), here));
                assert_eq!((b.image[i], b.class[i]), (f32::from(there), there));
                assert_eq!(a.status[i] == VoxelStatus::Dense, here == 2);
                assert_eq!(a.rejected.contains(&(i, 7)), here == 1);
                assert_eq!(a.accepted.contains(&i), here == 2);
            }
        }
    }

    #[test]
    fn crops_that_have_swapped_voxels_rely_on_the_classes_both_were_annotated_for() {
        let (mut a, mut b) = (crop(1), Crop { annotated: Annotated::only(&[2]), ..crop(2) });
        CutBox::draw(a.size, &mut ChaCha8Rng::seed_from_u64(1)).swap(&mut a, &mut b);
        assert!([a, b].iter().all(|c| c.annotated == Annotated::only(&[2])));
    }

    #[test]
    fn a_patch_of_one_voxel_is_swapped_whole() {
        let cut = CutBox::draw([1; 3], &mut ChaCha8Rng::seed_from_u64(1));
        assert_eq!(cut, CutBox { lo: [0; 3], hi: [1; 3] });
    }
}

//! Cutting a (possibly turned and scaled) box of voxels out of a case, and changing its intensities.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::case::TrainCase;
use super::cut_mix::CutBox;
use super::source::Source;
use crate::learn::plan::Augmentation;
use crate::learn::random::normal;

/// Where a crop lies in its volume: `voxel = centre + linear * offset_from_patch_centre`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CropPose {
    /// Continuous voxel position of the patch centre.
    pub centre: [f64; 3],
    pub linear: [[f64; 3]; 3],
}

/// Values of a crop, x fastest.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Crop {
    pub size: [usize; 3],
    /// Normalised intensity; 0 outside the volume.
    pub image: Vec<f32>,
    /// What pseudo-labels are made from, if not from `image`.
    pub plain: Option<PlainImage>,
    pub class: Vec<u8>,
    pub status: Vec<VoxelStatus>,
    /// The part of the volume that the image was interpolated from; kept for its memory.
    pub(in crate::learn) source: Source,
}

/// A crop before its intensities were changed and a box of it swapped.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlainImage {
    pub image: Vec<f32>,
    /// Where the crop now holds its partner's voxels.
    pub swapped: Option<CutBox>,
}

/// What the trainer may do with a voxel of a crop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VoxelStatus {
    /// Outside the volume: takes no part.
    Outside,
    /// Nobody said: pseudo-labels only.
    Unknown,
    /// Known, but its neighbours may not be (scribble): cross-entropy only.
    Sparse,
    /// In a completely known slice: cross-entropy and Dice.
    Dense,
}

impl CropPose {
    /// The patch as it lies in the volume.
    pub fn plain(centre: [f64; 3]) -> Self {
        Self { centre, linear: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]] }
    }

    /// A random rotation, scale and mirror image, applied in millimetres.
    pub fn random(centre: [f64; 3], spacing_mm: [f64; 3], how: &Augmentation, rng: &mut ChaCha8Rng) -> Self {
        let mut symmetric = |largest: f64| (2.0 * rng.random::<f64>() - 1.0) * largest;
        let angles: [f64; 3] = std::array::from_fn(|_| symmetric(how.rotation_deg).to_radians());
        let scale = 1.0 + symmetric(how.scale);
        let mirror: [f64; 3] = how.mirror.map(|on| if on && rng.random_bool(0.5) { -1.0 } else { 1.0 });
        let rotation = rotation_matrix(angles);
        let linear = std::array::from_fn(|row| {
            std::array::from_fn(|col| rotation[row][col] * scale * mirror[col] * spacing_mm[col] / spacing_mm[row])
        });
        Self { centre, linear }
    }

    pub(super) fn volume_position(&self, offset: [f64; 3]) -> [f64; 3] {
        std::array::from_fn(|row| {
            let l = &self.linear[row];
            self.centre[row] + l[0] * offset[0] + l[1] * offset[1] + l[2] * offset[2]
        })
    }
}

/// Rotation about x, then y, then z.
fn rotation_matrix([a, b, c]: [f64; 3]) -> [[f64; 3]; 3] {
    let ((sa, ca), (sb, cb), (sc, cc)) = (a.sin_cos(), b.sin_cos(), c.sin_cos());
    [
        [cc * cb, cc * sb * sa - sc * ca, cc * sb * ca + sc * sa],
        [sc * cb, sc * sb * sa + cc * ca, sc * sb * ca - cc * sa],
        [-sb, cb * sa, cb * ca],
    ]
}

impl Crop {
    /// Cuts the box anew, into the memory of what was here before. Image by trilinear interpolation, labels by nearest
    /// neighbour.
    pub fn cut(&mut self, case: &TrainCase, pose: &CropPose, size: [usize; 3]) {
        self.size = size;
        self.image.clear();
        self.class.clear();
        self.status.clear();
        let half = size.map(|s| (s as f64 - 1.0) / 2.0);
        self.source.copy(case, pose, half);
        for z in 0..size[2] {
            for y in 0..size[1] {
                for x in 0..size[0] {
                    let offset = [x as f64 - half[0], y as f64 - half[1], z as f64 - half[2]];
                    self.push(case, pose.volume_position(offset));
                }
            }
        }
    }

    fn push(&mut self, case: &TrainCase, position: [f64; 3]) {
        let Some(nearest) = case.image.extent().nearest_voxel(position) else {
            self.image.push(0.0);
            self.class.push(0);
            self.status.push(VoxelStatus::Outside);
            return;
        };
        self.image.push(self.source.interpolated(position));
        let value = case.labels().value(nearest);
        self.class.push(value.class);
        self.status.push(match (value.origin.is_known(), case.is_dense(nearest)) {
            (false, _) => VoxelStatus::Unknown,
            (true, false) => VoxelStatus::Sparse,
            (true, true) => VoxelStatus::Dense,
        });
    }

    /// Remembers the image as it is now for the pseudo-labels.
    pub fn keep_plain(&mut self) {
        let PlainImage { image, swapped } = self.plain.get_or_insert_default();
        image.clone_from(&self.image);
        *swapped = None;
    }

    /// Random contrast, brightness, gamma and noise inside the volume.
    pub fn change_intensities(&mut self, how: &Augmentation, rng: &mut ChaCha8Rng) {
        let mut symmetric = |largest: f64| ((2.0 * rng.random::<f64>() - 1.0) * largest) as f32;
        let contrast = 1.0 + symmetric(how.contrast);
        let brightness = symmetric(how.brightness);
        let gamma = symmetric(how.gamma).exp();
        let noise = (rng.random::<f64>() * how.noise) as f32;
        let inside = |i: usize, status: &[VoxelStatus]| status[i] != VoxelStatus::Outside;
        let (mut lo, mut hi) = (f32::INFINITY, f32::NEG_INFINITY);
        for i in (0..self.image.len()).filter(|&i| inside(i, &self.status)) {
            lo = lo.min(self.image[i]);
            hi = hi.max(self.image[i]);
        }
        // A constant crop has no shades to bend.
        let range = if hi > lo { hi - lo } else { return };
        for i in 0..self.image.len() {
            if inside(i, &self.status) {
                let bent = ((self.image[i] - lo) / range).powf(gamma) * range + lo;
                self.image[i] = bent * contrast + brightness + noise * normal(rng) as f32;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rand::SeedableRng;

    use super::*;
    use crate::geometry::{Affine, Extent, Voxel};
    use crate::label::{LabelMap, LabelValue, Origin};
    use crate::volume::{Grid, Image, Voxels};

    fn case(n: usize, labels: impl FnOnce(&mut LabelMap)) -> TrainCase {
        let e = Extent::new(n, n, n).unwrap();
        let voxels = Voxels::F32(Grid::from_fn(e, |v| (v.x + 10 * v.y + 100 * v.z) as f32));
        let image = Image::new(voxels, 1.0, 0.0, Affine::identity());
        let mut map = LabelMap::unknown(e);
        labels(&mut map);
        TrainCase::new("c".into(), Arc::new(image), map, false)
    }

    fn cut(case: &TrainCase, pose: &CropPose, size: [usize; 3]) -> Crop {
        let mut crop = Crop::default();
        crop.cut(case, pose, size);
        crop
    }

    #[test]
    fn a_crop_cut_into_used_memory_is_the_same_crop() {
        let (case, other) = (case(8, |_| {}), case(11, |_| {}));
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let [first, second] =
            [[3.5; 3], [4.0; 3]].map(|centre| CropPose::random(centre, [1.0; 3], &Augmentation::default(), &mut rng));
        let mut used = cut(&other, &first, [9, 4, 6]);
        used.cut(&case, &second, [4, 4, 8]);
        assert_eq!(used, cut(&case, &second, [4, 4, 8]));
    }

    #[test]
    fn a_plain_crop_copies_the_voxels_of_its_box() {
        let case = case(8, |_| {});
        let crop = cut(&case, &CropPose::plain([3.5, 3.5, 3.5]), [4, 4, 4]);
        let expected = |v: Voxel| case.normaliser().apply(case.image.intensity(v));
        assert_eq!(crop.image[0], expected(Voxel::new(2, 2, 2)));
        assert_eq!(crop.image[1], expected(Voxel::new(3, 2, 2)));
        assert_eq!(crop.image[63], expected(Voxel::new(5, 5, 5)));
        assert!(crop.status.iter().all(|s| *s == VoxelStatus::Unknown));
    }

    #[test]
    fn voxels_beyond_the_volume_are_outside_and_zero() {
        let case = case(4, |_| {});
        let crop = cut(&case, &CropPose::plain([1.5, 1.5, 1.5]), [8, 4, 4]);
        let outside = crop.status.iter().filter(|s| **s == VoxelStatus::Outside).count();
        assert_eq!(outside, 4 * 4 * 4);
        assert_eq!(crop.image[0], 0.0);
    }

    #[test]
    fn a_complete_slice_is_dense_and_a_scribble_is_sparse() {
        let n = 6;
        let case = case(n, |map| {
            let e = map.extent();
            map.write_run(e.index(Voxel::new(0, 0, 2)), n * n, LabelValue::new(0, Origin::Manual));
            map.write_run(e.index(Voxel::new(3, 3, 4)), 1, LabelValue::new(1, Origin::Manual));
        });
        let crop = cut(&case, &CropPose::plain([2.5; 3]), [n; 3]);
        let e = case.image.extent();
        assert_eq!(crop.status[e.index(Voxel::new(5, 1, 2))], VoxelStatus::Dense);
        assert_eq!(crop.status[e.index(Voxel::new(3, 3, 4))], VoxelStatus::Sparse);
        assert_eq!(crop.status[e.index(Voxel::new(3, 3, 3))], VoxelStatus::Unknown);
    }

    #[test]
    fn rotation_keeps_lengths_in_millimetres_for_anisotropic_voxels() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let spacing = [1.0, 1.0, 5.0];
        let how = Augmentation { scale: 0.0, rotation_deg: 30.0, ..Augmentation::default() };
        for _ in 0..20 {
            let pose = CropPose::random([0.0; 3], spacing, &how, &mut rng);
            for offset in [[3.0, 0.0, 0.0], [0.0, 0.0, 2.0], [1.0, 2.0, -1.0]] {
                let length = |p: [f64; 3]| p.iter().zip(spacing).map(|(c, s)| (c * s).powi(2)).sum::<f64>().sqrt();
                assert!((length(pose.volume_position(offset)) - length(offset)).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn intensity_changes_leave_the_outside_at_zero_and_everything_finite() {
        let case = case(4, |_| {});
        let mut crop = cut(&case, &CropPose::plain([1.5; 3]), [8, 8, 8]);
        crop.change_intensities(&Augmentation::default(), &mut ChaCha8Rng::seed_from_u64(1));
        for (v, s) in crop.image.iter().zip(&crop.status) {
            assert!(v.is_finite());
            assert!(*s != VoxelStatus::Outside || *v == 0.0);
        }
    }
}

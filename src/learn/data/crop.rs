//! Cutting a (possibly turned and scaled) box of voxels out of a case.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::annotated::Annotated;
use super::case::TrainCase;
use super::cut_mix::CutBox;
use super::source::Source;
use crate::label::{ClassId, Origin};
use crate::learn::plan::Augmentation;
use crate::volume::Image;

/// Where a crop lies in its volume: `voxel = centre + linear * offset_from_patch_centre`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CropPose {
    /// Continuous voxel position of the patch centre.
    pub centre: [f64; 3],
    pub linear: Matrix,
}

/// Rows of a linear map.
type Matrix = [[f64; 3]; 3];

const IDENTITY: Matrix = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

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
    /// Voxels whose label is an accepted pseudo-label.
    pub accepted: Vec<usize>,
    /// Voxels that nobody labelled, and a class that each was said not to be.
    pub rejected: Vec<(usize, ClassId)>,
    /// Classes that known voxels can be of; others may hide in their background.
    pub annotated: Annotated,
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
    /// Nobody said, or set aside for calibration: pseudo-labels only.
    Unknown,
    /// Known, but its neighbours may not be (scribble): cross-entropy only.
    Sparse,
    /// In a completely known slice: cross-entropy and Dice.
    Dense,
}

impl VoxelStatus {
    /// Whether training has its label.
    pub fn is_known(self) -> bool {
        matches!(self, Self::Sparse | Self::Dense)
    }
}

impl CropPose {
    /// The patch as it lies in the volume.
    pub fn plain(centre: [f64; 3]) -> Self {
        Self { centre, linear: IDENTITY }
    }

    /// A random rotation, scale and mirror image, applied in millimetres. The patch's voxels are `grid_mm` apart.
    pub fn random(
        centre: [f64; 3],
        image: &Image,
        grid_mm: [f64; 3],
        how: &Augmentation,
        rng: &mut ChaCha8Rng,
    ) -> Self {
        let mut symmetric = |largest: f64| (2.0 * rng.random::<f64>() - 1.0) * largest;
        let angles: [f64; 3] = std::array::from_fn(|_| symmetric(how.rotation_deg).to_radians());
        let angles = in_plane(angles, grid_mm);
        let scale = 1.0 + symmetric(how.scale);
        let may_mirror = how.mirror_axes.of_voxels(&image.orientation());
        let mirror: [f64; 3] = may_mirror.map(|on| if on && rng.random_bool(0.5) { -1.0 } else { 1.0 });
        let quarter = if how.quarter_turns { quarter_turn(rng) } else { IDENTITY };
        let (rotation, spacing_mm) = (product(rotation_matrix(angles), quarter), image.spacing_mm());
        let linear = std::array::from_fn(|row| {
            std::array::from_fn(|col| rotation[row][col] * scale * mirror[col] * grid_mm[col] / spacing_mm[row])
        });
        Self { centre, linear }
    }

    /// How many known voxels a crop of this pose shows; counting ends at `enough`.
    pub fn known_voxels(&self, case: &TrainCase, size: [usize; 3], enough: usize) -> usize {
        let (half, extent) = (half_size(size), case.image.extent());
        let voxels = (0..size[2]).flat_map(|z| (0..size[1]).flat_map(move |y| (0..size[0]).map(move |x| [x, y, z])));
        let is_known = |[x, y, z]: &[usize; 3]| {
            let offset = [*x as f64 - half[0], *y as f64 - half[1], *z as f64 - half[2]];
            extent.nearest_voxel(self.volume_position(offset)).is_some_and(|v| case.status(v).is_known())
        };
        voxels.filter(is_known).take(enough).count()
    }

    pub(super) fn volume_position(&self, offset: [f64; 3]) -> [f64; 3] {
        std::array::from_fn(|row| {
            let l = &self.linear[row];
            self.centre[row] + l[0] * offset[0] + l[1] * offset[1] + l[2] * offset[2]
        })
    }
}

/// From a patch's centre to the centre of its last voxel.
fn half_size(size: [usize; 3]) -> [f64; 3] {
    size.map(|s| (s as f64 - 1.0) / 2.0)
}

/// `k` quarter turns in the x-y plane, then always a flip along x or y: what UA-MT and SSL4MIS do to LA and BraTS. All
/// elements are whole numbers, so that voxels stay voxels.
fn quarter_turn(rng: &mut ChaCha8Rng) -> Matrix {
    let (cos, sin) = [(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0)][rng.random_range(0..4)];
    let (x, y) = if rng.random_bool(0.5) { (-1.0, 1.0) } else { (1.0, -1.0) };
    [[x * cos, -x * sin, 0.0], [y * sin, y * cos, 0.0], [0.0, 0.0, 1.0]]
}

fn product(a: Matrix, b: Matrix) -> Matrix {
    std::array::from_fn(|row| std::array::from_fn(|col| (0..3).map(|k| a[row][k] * b[k][col]).sum()))
}

/// A turn about an axis mixes the two others; where one of them is that much coarser, voxels would jump by whole slices.
const THICK: f64 = 3.0;

/// The angles about the axes whose plane has voxels of similar length, 0 about the others (nnU-Net's rule and ratio).
fn in_plane(angles: [f64; 3], grid_mm: [f64; 3]) -> [f64; 3] {
    std::array::from_fn(|a| {
        let (one, other) = (grid_mm[(a + 1) % 3], grid_mm[(a + 2) % 3]);
        if one.max(other) > THICK * one.min(other) { 0.0 } else { angles[a] }
    })
}

/// Rotation about x, then y, then z.
fn rotation_matrix([a, b, c]: [f64; 3]) -> Matrix {
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
        self.annotated = case.annotated().clone();
        self.image.clear();
        self.class.clear();
        self.status.clear();
        self.accepted.clear();
        self.rejected.clear();
        let half = half_size(size);
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
        let (at, value, status) = (self.status.len(), case.labels().value(nearest), case.status(nearest));
        self.class.push(value.class);
        self.status.push(status);
        if status.is_known() && value.origin == Origin::Accepted {
            self.accepted.push(at);
        }
        self.rejected.extend(case.rejected_classes(nearest).map(|class| (at, class)));
    }

    /// Remembers the image as it is now for the pseudo-labels.
    pub fn keep_plain(&mut self) {
        let PlainImage { image, swapped } = self.plain.get_or_insert_default();
        image.clone_from(&self.image);
        *swapped = None;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rand::SeedableRng;

    use super::*;
    use crate::geometry::{Affine, Extent, Voxel};
    use crate::label::{LabelMap, LabelValue, Origin, Rejections};
    use crate::learn::plan::PatientAxis;
    use crate::volume::{Grid, Voxels};

    fn case(n: usize, labels: impl FnOnce(&mut LabelMap)) -> TrainCase {
        let e = Extent::new(n, n, n).unwrap();
        let voxels = Voxels::F32(Grid::from_fn(e, |v| (v.x + 10 * v.y + 100 * v.z) as f32));
        let image = Image::new(voxels, 1.0, 0.0, Affine::identity());
        let mut map = LabelMap::unknown(e);
        labels(&mut map);
        TrainCase::new("c".into(), Arc::new(image), map, false)
    }

    fn blank(affine: Affine) -> Image {
        Image::new(Voxels::U8(Grid::filled(Extent::new(4, 4, 4).unwrap(), 0)), 1.0, 0.0, affine)
    }

    fn cut(case: &TrainCase, pose: &CropPose, size: [usize; 3]) -> Crop {
        let mut crop = Crop::default();
        crop.cut(case, pose, size);
        crop
    }

    #[test]
    fn thick_slices_are_turned_in_their_plane_only() {
        let angles = [0.1, 0.2, 0.3];
        assert_eq!(in_plane(angles, [1.0, 1.0, 2.9]), angles);
        assert_eq!(in_plane(angles, [1.5, 1.5, 10.0]), [0.0, 0.0, 0.3]);
        assert_eq!(in_plane(angles, [3.3, 1.0, 1.0]), [0.1, 0.0, 0.0]);
    }

    #[test]
    fn a_crop_cut_into_used_memory_is_the_same_crop() {
        let (case, other) = (case(8, |_| {}), case(11, |_| {}));
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let [first, second] = [[3.5; 3], [4.0; 3]]
            .map(|centre| CropPose::random(centre, &case.image, [1.0; 3], &Augmentation::default(), &mut rng));
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
    fn a_hint_is_carried_by_voxels_nobody_labelled_and_by_no_other() {
        let n = 6;
        let mut case = case(n, |map| {
            map.write_run(0, n * n, LabelValue::new(0, Origin::Manual));
            map.write_run(n * n, 2, LabelValue::new(1, Origin::Accepted));
        });
        let e = case.image.extent();
        let whole = |case: &TrainCase| cut(case, &CropPose::plain([2.5; 3]), [n; 3]);
        let plain = whole(&case);
        assert!(plain.rejected.is_empty());
        assert_eq!(plain.accepted, [n * n, n * n + 1]);
        let mut rejections = Rejections::default();
        // Known voxels, accepted ones, and three that nobody labelled; one of those is rejected once more.
        rejections.reject(std::slice::from_ref(&(n * n - 3..n * n + 5)), 1, &Grid::filled(e, 1));
        rejections.reject(std::slice::from_ref(&(n * n + 4..n * n + 5)), 0, &Grid::filled(e, 0));
        case.reject(Arc::new(rejections));
        let hinted = whole(&case);
        let mut found = hinted.rejected.clone();
        found.sort_unstable();
        let at = n * n + 2;
        assert_eq!(found, [(at, 1), (at + 1, 1), (at + 2, 0), (at + 2, 1)]);
        assert_eq!(Crop { rejected: Vec::new(), ..hinted }, plain, "nothing else changes");
        let slab = crate::geometry::VoxelBox { lo: Voxel::new(0, 0, 1), hi: Voxel::new(n, n, 2) };
        case.reserve(Some(crate::learn::data::Reserved::Slab(slab)));
        assert!(whole(&case).rejected.is_empty(), "what is set aside says nothing");
    }

    #[test]
    fn rotation_keeps_lengths_in_millimetres_for_anisotropic_voxels() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let spacing = [1.0, 1.0, 5.0];
        let how = Augmentation { scale: 0.0, rotation_deg: 30.0, ..Augmentation::default() };
        let image = blank(Affine::from_spacing(spacing));
        for grid in [spacing, [2.0, 1.5, 3.0]] {
            let pose = CropPose::random([0.0; 3], &image, grid, &how, &mut rng);
            for offset in [[3.0, 0.0, 0.0], [0.0, 0.0, 2.0], [1.0, 2.0, -1.0]] {
                let length =
                    |p: [f64; 3], of: [f64; 3]| p.iter().zip(of).map(|(c, s)| (c * s).powi(2)).sum::<f64>().sqrt();
                assert!((length(pose.volume_position(offset), spacing) - length(offset, grid)).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn quarter_turns_reach_every_mirrored_pose_in_the_plane_and_no_other() {
        let still = Augmentation { scale: 0.0, rotation_deg: 0.0, ..Augmentation::default() };
        let how = Augmentation { quarter_turns: true, ..still };
        let image = blank(Affine::identity());
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let mut seen: Vec<[f64; 3]> = (0..100)
            .map(|_| CropPose::random([0.0; 3], &image, [1.0; 3], &how, &mut rng).volume_position([1.0, 2.0, 3.0]))
            .collect();
        seen.sort_by(|a, b| a.partial_cmp(b).unwrap());
        seen.dedup();
        // Always flipped: the four turned images of a mirror image.
        assert_eq!(seen, [[-2.0, -1.0, 3.0], [-1.0, 2.0, 3.0], [1.0, -2.0, 3.0], [2.0, 1.0, 3.0]]);
    }

    #[test]
    fn a_crop_of_a_volume_with_permuted_axes_is_mirrored_along_the_patients_axis() {
        // Voxel y runs to the left.
        let image = blank(Affine { rows: [[0.0, -1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.0, 0.0]] });
        let still = Augmentation { scale: 0.0, rotation_deg: 0.0, ..Augmentation::default() };
        let how = Augmentation { mirror_axes: vec![PatientAxis::LeftRight].into(), ..still };
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let turned: Vec<[f64; 3]> = (0..20)
            .map(|_| CropPose::random([0.0; 3], &image, [1.0; 3], &how, &mut rng).volume_position([1.0, 2.0, 3.0]))
            .collect();
        assert!(turned.contains(&[1.0, -2.0, 3.0]) && turned.contains(&[1.0, 2.0, 3.0]));
        assert!(turned.iter().all(|p| p[0] == 1.0 && p[2] == 3.0), "{turned:?}");
    }
}

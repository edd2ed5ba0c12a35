//! What the reviewer has said of the volume that is predicted: it joins the context and shifts the beliefs around it, without
//! any training.
//!
//! A corrected voxel is evidence for voxels that are near *and* look alike: with prior probabilities `p` worth one
//! observation, `p' = (p + sum_j w_j y_j) / (1 + sum_j w_j)`, the mean of a Dirichlet posterior with kernel-weighted counts.

use burn::tensor::{Device, Tensor, TensorData};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::label::LabelMap;
use crate::learn::np::{NO_CHANNEL, VoxelSample};
use crate::volume::Image;

/// Voxels per class that are asked: a completed slice says little more than its outline.
const PER_CLASS: usize = 64;
/// Reach of a correction and how alike features must be (length 1, so that opposite ones are 2 apart). Of the values tried on
/// 21 hippocampus cases with 20 corrected voxels each the best (docs/results.md).
const REACH_MM: f64 = 2.5;
const LIKENESS: f64 = 0.3;
/// Weight of a correction at its own voxel, in observations.
const WEIGHT: f64 = 1.0;
/// Random draws must not depend on when a case is predicted.
const SEED: u64 = 0;

/// Known voxels of a volume that has unknown ones.
#[derive(Clone, Debug, Default)]
pub struct Corrections {
    /// RAS mm.
    world_mm: Vec<[f64; 3]>,
    channels: Vec<u8>,
}

impl Corrections {
    /// Some of the known voxels, as many of every class, half of them near a boundary; none of a complete volume.
    pub fn of(labels: &LabelMap, image: &Image, classes: &[u8]) -> Self {
        let mut channels = vec![NO_CHANNEL; labels.extent().voxel_count()];
        for (i, channel) in channels.iter_mut().enumerate() {
            let value = labels.value_at(i);
            if value.origin.is_known() {
                *channel =
                    (0..NO_CHANNEL).zip(classes).find(|(_, c)| **c == value.class).map_or(NO_CHANNEL, |(c, _)| c);
            }
        }
        let known = channels.iter().filter(|c| **c != NO_CHANNEL).count();
        if known == 0 || known == channels.len() {
            return Self::default();
        }
        let size = labels.extent().to_array();
        let sample = VoxelSample::draw(&channels, size, classes.len(), PER_CLASS, &mut ChaCha8Rng::seed_from_u64(SEED));
        let world = |&i: &usize| image.affine.world_from_voxel(labels.extent().voxel(i).to_array().map(|c| c as f64));
        Self { world_mm: sample.index.iter().map(world).collect(), channels: sample.channel }
    }

    pub fn is_empty(&self) -> bool {
        self.channels.is_empty()
    }

    pub fn world_mm(&self) -> &[[f64; 3]] {
        &self.world_mm
    }
}

/// Corrections with the features of their voxels.
pub struct Evidence {
    world_mm: Vec<[f64; 3]>,
    /// Of length 1, `[m, c]`.
    features: Tensor<2>,
    /// One-hot classes, `[m, k]`.
    classes: Tensor<2>,
}

/// What corrections say of some voxels.
pub struct Shift {
    /// `sum_j w_j y_j`, `[n, k]`.
    counts: Tensor<2>,
    /// `1 + sum_j w_j`, `[n, 1]`.
    total: Tensor<2>,
}

impl Evidence {
    /// `features` `[m, c]` of the corrections, in their order.
    pub fn new(corrections: &Corrections, features: Tensor<2>, classes: usize) -> Self {
        let mut hot = vec![0.0f32; corrections.channels.len() * classes];
        for (row, &channel) in hot.chunks_exact_mut(classes).zip(&corrections.channels) {
            row[usize::from(channel)] = 1.0;
        }
        let classes =
            Tensor::from_data(TensorData::new(hot, [corrections.channels.len(), classes]), &features.device());
        Self { world_mm: corrections.world_mm.clone(), features: of_length_one(features), classes }
    }

    /// For voxels at `world_mm` with features `[n, c]`.
    pub fn shift(&self, world_mm: &[[f64; 3]], features: Tensor<2>) -> Shift {
        let likeness = of_length_one(features).matmul(self.features.clone().transpose());
        // Of vectors of length 1, |a - b|^2 = 2 - 2 a.b.
        let unlike = (likeness.neg() + 1.0).div_scalar(LIKENESS * LIKENESS);
        let weight = (self.far(world_mm, &unlike.device()) + unlike).neg().exp().mul_scalar(WEIGHT);
        Shift { total: weight.clone().sum_dim(1) + 1.0, counts: weight.matmul(self.classes.clone()) }
    }

    /// `d^2 / (2 reach^2)` between voxels and corrections, `[n, m]`.
    fn far(&self, world_mm: &[[f64; 3]], device: &Device) -> Tensor<2> {
        let squared = |a: &[f64; 3], b: &[f64; 3]| a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
        let scale = 1.0 / (2.0 * REACH_MM * REACH_MM);
        let pairs = world_mm.iter().flat_map(|a| self.world_mm.iter().map(move |b| (squared(a, b) * scale) as f32));
        Tensor::from_data(TensorData::new(pairs.collect::<Vec<f32>>(), [world_mm.len(), self.world_mm.len()]), device)
    }
}

impl Shift {
    /// Probabilities `[n, k]` after the corrections.
    pub fn applied(&self, p: Tensor<2>) -> Tensor<2> {
        (p + self.counts.clone()) / self.total.clone()
    }
}

fn of_length_one(features: Tensor<2>) -> Tensor<2> {
    let length = features.clone().square().sum_dim(1).add_scalar(1e-12).sqrt();
    features / length
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::geometry::{Affine, Extent};
    use crate::volume::{Grid, Voxels};

    fn rows(values: &[[f32; 2]]) -> Tensor<2> {
        let data = TensorData::new(values.concat(), [values.len(), 2]);
        Tensor::from_data(data, &Device::flex())
    }

    #[test]
    fn a_correction_shifts_near_and_alike_voxels_only() {
        let corrections = Corrections { world_mm: vec![[0.0; 3]], channels: vec![1] };
        let evidence = Evidence::new(&corrections, rows(&[[2.0, 0.0]]), 2);
        let places = [[0.0; 3], [20.0, 0.0, 0.0], [0.0; 3]];
        let shift = evidence.shift(&places, rows(&[[5.0, 0.0], [5.0, 0.0], [0.0, 5.0]]));
        let p: Vec<f32> = shift.applied(rows(&[[0.8, 0.2]; 3])).into_data().try_to_vec().unwrap();
        // At its own voxel the correction is worth as much as the belief before.
        assert!((p[0] - 0.4).abs() < 1e-4 && (p[1] - 0.6).abs() < 1e-4, "{p:?}");
        assert!(p[2..].iter().zip([0.8, 0.2, 0.8, 0.2]).all(|(a, b)| (a - b).abs() < 1e-4), "{p:?}");
    }

    #[test]
    fn only_known_voxels_of_incomplete_volumes_are_corrections() {
        let extent = Extent::new(4, 1, 1).unwrap();
        let image = Image::new(Voxels::F32(Grid::filled(extent, 0.0)), 1.0, 0.0, Affine::from_spacing([2.0, 1.0, 1.0]));
        assert!(Corrections::of(&LabelMap::unknown(extent), &image, &[0, 7]).is_empty());
        let complete = LabelMap::imported(Grid::from_vec(extent, vec![0, 7, 7, 0]).unwrap());
        assert!(Corrections::of(&complete, &image, &[0, 7]).is_empty());
    }
}

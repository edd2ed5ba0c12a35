//! The pseudo-labelled voxels of a volume as a set: how unlike the labelled ones is it?

use burn::tensor::Tensor;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::judged::WindowBeliefs;
use crate::learn::np::{Conditioned, VoxelSample, feature_rows, rows_of};

/// Voxels per class and window.
const PER_CLASS: usize = 32;

/// Sums of latent encodings by predicted class, `[1, WIDTH]` each, and how many voxels they are of.
pub struct PseudoSet {
    sums: Vec<Option<(Tensor<2>, usize)>>,
}

impl PseudoSet {
    pub fn new(classes: usize) -> Self {
        Self { sums: vec![None; classes] }
    }

    /// Adds a window with its predicted channels, none in the padding. Voxels are drawn by its `place`.
    pub fn add(&mut self, np: &Conditioned, beliefs: &WindowBeliefs, channels: &[u8], place: usize) {
        let [_, _, z, y, x] = beliefs.probabilities[0].dims();
        let mut rng = ChaCha8Rng::seed_from_u64(place as u64);
        let sample = VoxelSample::draw(channels, [x, y, z], self.sums.len(), PER_CLASS, &mut rng);
        if sample.is_empty() {
            return;
        }
        let [f_a, f_b] = &beliefs.features;
        let [p_a, p_b] = beliefs.probabilities.each_ref().map(|p| rows_of(p, &sample.index));
        let encoded = np.encoded(feature_rows([f_a, f_b], &sample.index), (p_a + p_b).mul_scalar(0.5));
        let mut from = 0;
        for (channel, slot) in (0..).zip(&mut self.sums) {
            // The sample is sorted by class.
            let count = sample.channel.iter().filter(|c| **c == channel).count();
            if count == 0 {
                continue;
            }
            let sum = encoded.clone().narrow(0, from, count).sum_dim(0);
            from += count;
            *slot = Some(match slot.take() {
                Some((old, before)) => (old + sum, before + count),
                None => (sum, count),
            });
        }
    }

    /// Nats; `None` without a voxel.
    pub fn divergence(self, np: &Conditioned) -> Option<f32> {
        if self.sums.iter().all(Option::is_none) {
            return None;
        }
        let mean = |sum: Option<(Tensor<2>, usize)>| sum.map(|(sum, count)| sum.div_scalar(count as f64));
        let means: Vec<Option<Tensor<2>>> = self.sums.into_iter().map(mean).collect();
        np.divergence(&means)?.try_into_scalar::<f32>().ok().filter(|d| d.is_finite())
    }
}

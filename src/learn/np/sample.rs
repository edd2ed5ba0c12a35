//! Which voxels stand for a crop in the neural process: as many of every class, half of them near a boundary (methods 4.4).

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::boundary::near_boundary;

/// Channel of a voxel that takes no part.
pub const NO_CHANNEL: u8 = u8::MAX;

/// Face steps within which a voxel is near a boundary (methods 4.4).
const NEAR_STEPS: usize = 3;

/// Some voxels of a batch of crops.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VoxelSample {
    /// `item * voxels_per_crop + voxel`, x fastest; sorted by class.
    pub index: Vec<usize>,
    /// Class channel of each.
    pub channel: Vec<u8>,
    /// How many voxels each one stands for (size of its stratum / voxels drawn from it), mean 1: sums over the sample
    /// then estimate means over the crops, and rare classes are not thought to be frequent.
    pub weight: Vec<f32>,
}

/// Voxels of one class that are alike: near a boundary, or not.
#[derive(Clone, Debug, Default)]
struct Stratum {
    voxels: Vec<usize>,
}

impl VoxelSample {
    /// Draws up to `per_class` voxels of each of `classes` channels from crops of `size` (x, y, z), one after the other in
    /// `channels`.
    pub fn draw(channels: &[u8], size: [usize; 3], classes: usize, per_class: usize, rng: &mut ChaCha8Rng) -> Self {
        let mut sample = Self::default();
        let near = near_boundary(channels, size, NEAR_STEPS);
        let mut strata = vec![[Stratum::default(), Stratum::default()]; classes];
        for (voxel, (&channel, &near)) in channels.iter().zip(&near).enumerate() {
            if let Some(of_class) = strata.get_mut(usize::from(channel)) {
                of_class[usize::from(near)].voxels.push(voxel);
            }
        }
        for (channel, of_class) in (0..NO_CHANNEL).zip(strata) {
            sample.draw_class(channel, of_class, per_class, rng);
        }
        let mean = sample.weight.iter().sum::<f32>() / sample.weight.len().max(1) as f32;
        sample.weight.iter_mut().for_each(|w| *w /= mean);
        sample
    }

    /// Half from each stratum; what one of them lacks comes from the other.
    fn draw_class(&mut self, channel: u8, strata: [Stratum; 2], wanted: usize, rng: &mut ChaCha8Rng) {
        let [far, near] = strata.each_ref().map(|s| s.voxels.len());
        let of_near = near.min((wanted / 2).max(wanted.saturating_sub(far)));
        let of_far = far.min(wanted - of_near);
        for (stratum, count) in strata.into_iter().zip([of_far, of_near]) {
            let weight = stratum.voxels.len() as f32 / count.max(1) as f32;
            self.index.extend(stratum.drawn(count, rng));
            self.channel.resize(self.index.len(), channel);
            self.weight.resize(self.index.len(), weight);
        }
    }

    pub fn len(&self) -> usize {
        self.index.len()
    }

    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }
}

impl Stratum {
    /// Without repetition: the first steps of a Fisher-Yates shuffle.
    fn drawn(mut self, count: usize, rng: &mut ChaCha8Rng) -> Vec<usize> {
        for i in 0..count {
            let j = rng.random_range(i..self.voxels.len());
            self.voxels.swap(i, j);
        }
        self.voxels.truncate(count);
        self.voxels
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand::SeedableRng;

    use super::*;

    /// Two crops of 16^3: a ball of class 1 in each, class 2 a single voxel of the second, a plane of unknown voxels.
    fn channels() -> Vec<u8> {
        let mut channels: Vec<u8> = (0..2 * 4096)
            .map(|i| {
                let c = [i % 16, i / 16 % 16, i / 256 % 16].map(|c| c as f64 - 7.5);
                u8::from(c.iter().map(|c| c * c).sum::<f64>() < 30.0)
            })
            .collect();
        channels[..256].fill(NO_CHANNEL);
        channels[4096 + 300] = 2;
        channels
    }

    fn draw(per_class: usize) -> VoxelSample {
        VoxelSample::draw(&channels(), [16; 3], 3, per_class, &mut ChaCha8Rng::seed_from_u64(3))
    }

    #[test]
    fn every_class_gives_as_many_voxels_of_its_own_or_all_it_has() {
        let (channels, sample) = (channels(), draw(128));
        assert!(sample.index.iter().zip(&sample.channel).all(|(&i, &c)| channels[i] == c));
        let count = |class| sample.channel.iter().filter(|c| **c == class).count();
        assert_eq!([count(0), count(1), count(2)], [128, 128, 1]);
        assert_eq!(sample.index.iter().collect::<BTreeSet<_>>().len(), sample.len(), "a voxel was drawn twice");
    }

    #[test]
    fn half_of_the_voxels_lie_near_a_boundary() {
        let (near, sample) = (near_boundary(&channels(), [16; 3], NEAR_STEPS), draw(128));
        let background = sample.index.iter().zip(&sample.channel).filter(|(_, c)| **c == 0);
        assert_eq!(background.filter(|(i, _)| near[**i]).count(), 64);
    }

    #[test]
    fn weights_have_mean_one_and_estimate_the_share_of_each_class() {
        let (channels, sample) = (channels(), draw(128));
        let mean = sample.weight.iter().sum::<f32>() / sample.len() as f32;
        assert!((mean - 1.0).abs() < 1e-4);
        let known = channels.iter().filter(|c| **c != NO_CHANNEL).count() as f32;
        for class in 0..3 {
            let truth = channels.iter().filter(|c| **c == class).count() as f32 / known;
            let of_class = sample.weight.iter().zip(&sample.channel).filter(|(_, c)| **c == class);
            let estimated = of_class.map(|(w, _)| w).sum::<f32>() / sample.len() as f32;
            assert!((truth - estimated).abs() < 1e-4, "class {class}: {truth} {estimated}");
        }
    }

    #[test]
    fn crops_without_a_known_voxel_give_an_empty_sample() {
        let nothing = vec![NO_CHANNEL; 64];
        let sample = VoxelSample::draw(&nothing, [4; 3], 2, 16, &mut ChaCha8Rng::seed_from_u64(3));
        assert!(sample.is_empty() && sample.weight.is_empty());
    }
}

//! Encoded voxels of known class, and their mean over classes.

use burn::tensor::{Tensor, TensorData};

use super::bank::selected;
use super::head::WIDTH;

/// Encoded voxels and their classes.
#[derive(Clone, Debug)]
pub struct EncodedSet {
    /// `[n, 2 WIDTH]`: latent and deterministic encoding.
    pub rows: Tensor<2>,
    /// Class channel of each row.
    pub channels: Vec<u8>,
}

impl EncodedSet {
    pub fn new(rows: Tensor<2>, channels: Vec<u8>) -> Self {
        Self { rows, channels }
    }

    /// Classes with a row, ascending.
    pub fn classes(&self) -> Vec<u8> {
        let mut classes = self.channels.clone();
        classes.sort_unstable();
        classes.dedup();
        classes
    }

    pub fn joined(self, other: Self) -> Self {
        Self { rows: Tensor::cat(vec![self.rows, other.rows], 0), channels: [self.channels, other.channels].concat() }
    }

    /// The two parts of a row: what the latent and what the deterministic path read.
    pub fn parts(rows: Tensor<2>) -> [Tensor<2>; 2] {
        [rows.clone().narrow(1, 0, WIDTH), rows.narrow(1, WIDTH, WIDTH)]
    }

    /// The mean over classes of the mean of each class's rows, `[1, 2 WIDTH]`; `None` without a row.
    pub fn class_mean(&self) -> Option<Tensor<2>> {
        let shares = self.class_shares()?;
        Some(Tensor::<2>::from_data(shares, &self.rows.device()).matmul(self.rows.clone()))
    }

    /// Weights that sum to 1, each class having the same share, `[1, n]`.
    fn class_shares(&self) -> Option<TensorData> {
        let mut of_class = [0usize; 256];
        self.channels.iter().for_each(|&channel| of_class[usize::from(channel)] += 1);
        let present = of_class.iter().filter(|&&count| count > 0).count();
        if present == 0 {
            return None;
        }
        let share = |&channel: &u8| 1.0 / (of_class[usize::from(channel)] * present) as f32;
        let shares: Vec<f32> = self.channels.iter().map(share).collect();
        Some(TensorData::new(shares, [1, self.channels.len()]))
    }

    /// The rows of the given classes.
    pub fn of_classes(&self, classes: &[u8]) -> Self {
        let numbers: Vec<usize> = (0..self.channels.len()).filter(|&i| classes.contains(&self.channels[i])).collect();
        self.part(&numbers)
    }

    /// The rows of the given numbers.
    pub fn part(&self, numbers: &[usize]) -> Self {
        Self { rows: selected(&self.rows, numbers), channels: numbers.iter().map(|&i| self.channels[i]).collect() }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    /// Rows that hold one number each.
    fn set(rows: &[(u8, f32)]) -> EncodedSet {
        let values: Vec<f32> = rows.iter().flat_map(|(_, v)| [*v; 2 * WIDTH]).collect();
        let rows_of = Tensor::from_data(TensorData::new(values, [rows.len(), 2 * WIDTH]), &Device::flex());
        EncodedSet::new(rows_of, rows.iter().map(|(c, _)| *c).collect())
    }

    fn first(t: Tensor<2>) -> f32 {
        t.into_data().try_to_vec::<f32>().unwrap()[0]
    }

    #[test]
    fn every_class_has_the_same_share_of_the_mean_however_many_voxels_it_has() {
        let set = set(&[(0, 1.0), (0, 1.0), (0, 4.0), (2, 6.0)]);
        assert!((first(set.class_mean().unwrap()) - 4.0).abs() < 1e-5);
        assert!((first(set.of_classes(&[0, 1]).class_mean().unwrap()) - 2.0).abs() < 1e-5);
        assert!(set.of_classes(&[1]).class_mean().is_none());
    }
}

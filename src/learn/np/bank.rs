//! The memory of encoded labelled voxels: what a prediction is conditioned on (methods 4.3, 4.4).

use burn::tensor::{Int, Tensor, TensorData};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::context::EncodedSet;

/// Rows kept per class; the oldest leave first (NP-Match, NP-SemiSeg).
pub const ROWS_PER_CLASS: usize = 2_560;
/// Rows that one step adds per class: a random part, so that the memory spans ten steps instead of one crop.
const ROWS_PER_STEP: usize = 256;

/// First in, first out, for each class by itself; without gradient.
#[derive(Clone, Debug, Default)]
pub struct Bank {
    /// By class channel; `[n, 2 WIDTH]`, oldest first. `None` before the class was seen.
    classes: Vec<Option<Tensor<2>>>,
}

impl Bank {
    pub fn new(classes: usize) -> Self {
        Self { classes: vec![None; classes] }
    }

    /// Takes in a random part of the set's rows.
    pub fn push(&mut self, set: &EncodedSet, rng: &mut ChaCha8Rng) {
        for (channel, slot) in (0..).zip(&mut self.classes) {
            let mut rows: Vec<usize> = (0..set.channels.len()).filter(|&i| set.channels[i] == channel).collect();
            while rows.len() > ROWS_PER_STEP {
                rows.swap_remove(rng.random_range(0..rows.len()));
            }
            if rows.is_empty() {
                continue;
            }
            let new = selected(&set.rows.clone().detach().inner(), &rows);
            let all = match slot.take() {
                Some(old) => Tensor::cat(vec![old, new], 0),
                None => new,
            };
            let count = all.dims()[0];
            let kept = count.min(ROWS_PER_CLASS);
            *slot = Some(all.narrow(0, count - kept, kept));
        }
    }

    /// Classes that something was pushed of, ascending.
    pub fn seen_classes(&self) -> impl Iterator<Item = u8> {
        (0..).zip(&self.classes).filter(|(_, rows)| rows.is_some()).map(|(class, _)| class)
    }

    /// Mean row of a class, `[1, 2 WIDTH]`.
    pub fn centre(&self, channel: u8) -> Option<Tensor<2>> {
        Some(self.classes.get(usize::from(channel))?.as_ref()?.clone().mean_dim(0))
    }

    /// Everything in it.
    pub fn all(&self) -> Option<EncodedSet> {
        let mut sets = (0..).zip(&self.classes).filter_map(|(channel, rows)| {
            let rows = rows.clone()?;
            let count = rows.dims()[0];
            Some(EncodedSet::new(rows, vec![channel; count]))
        });
        let first = sets.next()?;
        Some(sets.fold(first, EncodedSet::joined))
    }

    /// By class channel, for checkpoints.
    pub fn rows(&self) -> &[Option<Tensor<2>>] {
        &self.classes
    }

    pub fn set_rows(&mut self, channel: usize, rows: Tensor<2>) {
        if let Some(slot) = self.classes.get_mut(channel) {
            *slot = Some(rows);
        }
    }
}

/// Rows of a tensor by their numbers.
pub fn selected(rows: &Tensor<2>, numbers: &[usize]) -> Tensor<2> {
    rows.clone().select(0, indices(numbers, rows))
}

/// Numbers as a tensor on the device of `like`.
pub fn indices(numbers: &[usize], like: &Tensor<2>) -> Tensor<1, Int> {
    let values: Vec<i64> = numbers.iter().map(|&i| i as i64).collect();
    Tensor::from_data(TensorData::new(values, [numbers.len()]), &like.device())
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;
    use rand::SeedableRng;

    use super::*;

    fn set(value: f32, channels: Vec<u8>) -> EncodedSet {
        let rows = Tensor::<2>::ones([channels.len(), 8], &Device::flex()).mul_scalar(value);
        EncodedSet::new(rows, channels)
    }

    fn centre(bank: &Bank, channel: u8) -> Option<f32> {
        bank.centre(channel).map(|c| c.into_data().try_to_vec::<f32>().unwrap()[0])
    }

    #[test]
    fn a_frequent_class_fills_its_memory_over_ten_steps_and_never_a_rare_ones() {
        let (mut bank, mut rng) = (Bank::new(3), ChaCha8Rng::seed_from_u64(1));
        bank.push(&set(100.0, vec![2]), &mut rng);
        for step in 0..20 {
            bank.push(&set(step as f32, vec![0; 1000]), &mut rng);
        }
        let count = |c: usize| bank.rows()[c].as_ref().map(|r| r.dims()[0]);
        assert_eq!([count(0), count(1), count(2)], [Some(ROWS_PER_CLASS), None, Some(1)]);
        // The last ten steps: 10 to 19.
        assert_eq!((centre(&bank, 0), centre(&bank, 1), centre(&bank, 2)), (Some(14.5), None, Some(100.0)));
    }
}

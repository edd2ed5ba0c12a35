//! What the neural process and the reviewer's corrections make of a window, where there is doubt.

use burn::tensor::{IndexingUpdateOp, Tensor};

use super::corrections::{Evidence, Shift};
use crate::learn::loss::entropy;
use crate::learn::np::{Conditioned, NO_CHANNEL, feature_rows, indices, near_boundary, selected};

/// Face steps around a predicted surface in which voxels are judged (methods 4.4).
const BAND_STEPS: usize = 5;
/// Elsewhere only voxels whose mean belief has at least this entropy, nats (methods 4.4).
const DOUBT: f32 = 0.1;

/// Both networks' output for one window, `[1, c, z, y, x]` each.
pub struct WindowBeliefs {
    pub probabilities: [Tensor<5>; 2],
    pub features: [Tensor<5>; 2],
}

/// Who judges.
pub struct Judges<'a> {
    pub np: Option<&'a Conditioned>,
    pub evidence: Option<&'a Evidence>,
}

/// A judged window.
pub struct Judged {
    /// `[1, channels, z, y, x]`: probabilities of A and of B and, with a neural process, its probabilities, their standard
    /// deviations over the draws, and the mutual information over `ln K`.
    pub maps: Tensor<5>,
    /// Predicted class channel of each voxel, x fastest.
    pub channels: Vec<u8>,
}

/// Channels of [`Judged::maps`].
pub fn channel_count(classes: usize, has_np: bool) -> usize {
    if has_np { 4 * classes + 1 } else { 2 * classes }
}

impl WindowBeliefs {
    /// `touched` are voxels that a correction may reach, however sure the networks are of them; `world_mm` of a voxel of the
    /// window by its linear index.
    ///
    /// # Errors
    /// The device's reason if it is lost.
    pub fn judged(
        &self,
        judges: &Judges<'_>,
        touched: &[bool],
        world_mm: impl Fn(usize) -> [f64; 3],
    ) -> Result<Judged, String> {
        let [_, classes, z, y, x] = self.probabilities[0].dims();
        let voxels = z * y * x;
        let [a, b] = self.probabilities.each_ref().map(|p| p.clone().reshape([classes, voxels]));
        let mean = (a.clone() + b.clone()).mul_scalar(0.5);
        let (channels, entropy) = doubts(&mean)?;
        let near = near_boundary(&channels, [x, y, z], BAND_STEPS);
        let rows: Vec<usize> =
            (0..voxels).filter(|&i| near[i] || entropy[i] > DOUBT || touched.get(i) == Some(&true)).collect();
        let mut maps = vec![a, b];
        if judges.np.is_some() {
            // Where nobody doubts, the networks' probability stands, and all draws agree.
            maps.push(mean.clone());
            maps.push(Tensor::zeros([classes + 1, voxels], &mean.device()));
        }
        let mut maps = Tensor::cat(maps, 0);
        if !rows.is_empty() {
            let places: Vec<[f64; 3]> = rows.iter().map(|&i| world_mm(i)).collect();
            maps = self.judge(judges, maps, &rows, &places);
        }
        let channel_count = maps.dims()[0];
        Ok(Judged { maps: maps.reshape([1, channel_count, z, y, x]), channels })
    }

    /// Replaces the given voxels' columns of `[channels, voxels]`.
    fn judge(&self, judges: &Judges<'_>, maps: Tensor<2>, rows: &[usize], places: &[[f64; 3]]) -> Tensor<2> {
        let classes = self.probabilities[0].dims()[1];
        let [f_a, f_b] = &self.features;
        let features = feature_rows([f_a, f_b], rows);
        let numbers = indices(rows, &maps);
        let before = maps.clone().select(1, numbers.clone());
        let shift = judges.evidence.and_then(|e| reached_shift(e, places, &features));
        let shifted = |p: Tensor<2>| shift.as_ref().map_or(p.clone(), |s: &Shift| s.applied(p));
        let of = |from: usize| shifted(before.clone().narrow(0, from, classes).transpose());
        let mut after = vec![of(0), of(classes)];
        if let Some(np) = judges.np {
            let draws: Vec<Tensor<2>> = np.draws(features).into_iter().map(shifted).collect();
            after.extend(summed_up(draws));
        }
        let after = Tensor::cat(after, 1).transpose();
        maps.select_assign(1, numbers, after - before, IndexingUpdateOp::Add)
    }
}

/// The shift of all voxels, of which most are beyond the reach of any correction; `None` if all are.
fn reached_shift(evidence: &Evidence, places: &[[f64; 3]], features: &Tensor<2>) -> Option<Shift> {
    let reached = evidence.reached(places);
    if reached.is_empty() {
        return None;
    }
    let near: Vec<[f64; 3]> = reached.iter().map(|&i| places[i]).collect();
    let of_near = evidence.shift(&near, selected(features, &reached));
    Some(of_near.spread(places.len(), indices(&reached, features)))
}

/// Mean and standard deviation `[n, k]` over the draws, and the mutual information of class and latent over `ln K`, `[n, 1]`.
fn summed_up(draws: Vec<Tensor<2>>) -> [Tensor<2>; 3] {
    let own = draws.iter().map(|p| entropy(p, 1)).collect();
    let draws: Tensor<3> = Tensor::stack(draws, 0);
    let [_, n, classes] = draws.dims();
    let mean = draws.clone().mean_dim(0);
    let sd = (draws - mean.clone()).square().mean_dim(0).sqrt().reshape([n, classes]);
    let mean = mean.reshape([n, classes]);
    let expected = Tensor::cat(own, 1).mean_dim(1);
    let information = (entropy(&mean, 1) - expected).clamp_min(0.0).div_scalar((classes as f64).ln());
    [mean, sd, information]
}

/// Most probable channel and entropy of each voxel of `[k, voxels]`.
fn doubts(mean: &Tensor<2>) -> Result<(Vec<u8>, Vec<f32>), String> {
    let voxels = mean.dims()[1];
    let class = mean.clone().argmax(0).float();
    let values = Tensor::cat(vec![class, entropy(mean, 0)], 0).try_into_vec_as::<f32>().map_err(|e| e.to_string())?;
    let (class, entropy) = values.split_at(voxels);
    // Whole numbers; `as` saturates.
    Ok((class.iter().map(|c| (*c as u8).min(NO_CHANNEL - 1)).collect(), entropy.to_vec()))
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;

    fn draw(values: [f32; 4]) -> Tensor<2> {
        Tensor::from_data(TensorData::new(values.to_vec(), [2, 2]), &Device::flex())
    }

    fn values(t: &Tensor<2>) -> Vec<f32> {
        t.clone().into_data().try_to_vec().unwrap()
    }

    #[test]
    fn identical_draws_have_no_standard_deviation_and_no_information() {
        let same = || draw([0.3, 0.7, 0.5, 0.5]);
        let [mean, sd, information] = summed_up(vec![same(), same(), same()]);
        assert!(values(&mean).iter().zip([0.3, 0.7, 0.5, 0.5]).all(|(a, b)| (a - b).abs() < 1e-6));
        assert!(values(&sd).iter().chain(&values(&information)).all(|v| v.abs() < 1e-6));
    }

    #[test]
    fn draws_that_contradict_each_other_have_both() {
        let [mean, sd, information] = summed_up(vec![draw([1.0, 0.0, 0.5, 0.5]), draw([0.0, 1.0, 0.5, 0.5])]);
        assert_eq!(values(&mean), [0.5; 4]);
        assert_eq!(values(&sd), [0.5, 0.5, 0.0, 0.0]);
        let information = values(&information);
        assert!((information[0] - 1.0).abs() < 1e-4 && information[1].abs() < 1e-4);
    }
}

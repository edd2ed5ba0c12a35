//! Sliding-window prediction with both networks, and the planes a reviewer looks at.

use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor, TensorData};

use super::data::Normaliser;
use super::error::LearnError;
use super::nn::{DropoutDraw, DualNetwork, VNet};
use super::plan::Plan;
use crate::geometry::{Extent, Tile, Voxel, tiles};
use crate::label::{Prediction, Provenance, probability_to_u8};
use crate::volume::{Grid, Image};

/// Width of the Gaussian window as a share of the patch (nnU-Net's value). Gaussian rather than mean weighting,
/// because windows know least at their borders and plain means leave seams there.
const SIGMA_PER_PATCH: f64 = 0.125;

/// Both networks without gradients, frozen at one step.
pub struct Predictor {
    networks: DualNetwork,
    patch: [usize; 3],
    classes: Vec<u8>,
    device: Device,
}

/// Weighted sums of class probabilities over the windows: `[class][voxel]` per network.
struct Sums {
    extent: Extent,
    probabilities: [Vec<Vec<f32>>; 2],
    weight: Vec<f32>,
}

impl Predictor {
    pub(super) fn new(networks: DualNetwork, plan: &Plan, device: Device) -> Self {
        Self { networks, patch: plan.patch, classes: plan.classes.clone(), device }
    }

    /// Predicts a whole case. `interrupted` is asked before each window; if it says yes the result is `None`.
    pub fn predict(
        &self,
        image: &Image,
        provenance: Provenance,
        interrupted: &mut dyn FnMut() -> bool,
    ) -> Result<Option<Prediction>, LearnError> {
        let normaliser = Normaliser::of(image);
        let extent = image.extent();
        let stride = self.patch.map(|p| (p / 2).max(1));
        let window_weight = gaussian_window(self.patch);
        let mut sums = Sums::new(extent, self.classes.len());
        for tile in tiles(extent, self.patch, stride) {
            if interrupted() {
                return Ok(None);
            }
            let input = self.window(image, &normaliser, &tile);
            let maps = [
                self.run(&self.networks.a, input.clone(), provenance.step)?,
                self.run(&self.networks.b, input, provenance.step)?,
            ];
            sums.add(&tile, self.patch, &maps, &window_weight);
        }
        Ok(Some(sums.into_prediction(provenance, &self.classes)))
    }

    fn run(&self, network: &VNet, input: Tensor<5>, step: u64) -> Result<Vec<f32>, LearnError> {
        let p = softmax(network.forward(input, &DropoutDraw::default()).logits, 1);
        p.try_into_vec_as::<f32>().map_err(|e| LearnError::DeviceLost { step, reason: e.to_string() })
    }

    /// The normalised voxels of a window, zero where a short axis is padded on both sides.
    fn window(&self, image: &Image, normaliser: &Normaliser, tile: &Tile) -> Tensor<5> {
        let [px, py, pz] = self.patch;
        let extent = image.extent();
        let mut values = vec![0.0f32; px * py * pz];
        for_each_voxel(tile, self.patch, |in_window, v| {
            values[in_window] = normaliser.apply(image.intensity_at(extent.index(v)));
        });
        Tensor::from_data(TensorData::new(values, [1, 1, pz, py, px]), &self.device)
    }
}

/// Calls `f(index in the window, voxel of the volume)` for every voxel of a tile; short tiles lie in the window's middle.
fn for_each_voxel(tile: &Tile, patch: [usize; 3], mut f: impl FnMut(usize, Voxel)) {
    let pad: [usize; 3] = std::array::from_fn(|a| (patch[a] - tile.size[a]) / 2);
    let start = tile.start;
    for z in 0..tile.size[2] {
        for y in 0..tile.size[1] {
            let row = ((z + pad[2]) * patch[1] + y + pad[1]) * patch[0] + pad[0];
            for x in 0..tile.size[0] {
                f(row + x, Voxel::new(start.x + x, start.y + y, start.z + z));
            }
        }
    }
}

/// Product of Gaussians centred in the window, 1 in the middle, never 0.
fn gaussian_window(patch: [usize; 3]) -> Vec<f32> {
    let axis = |n: usize| -> Vec<f64> {
        let (centre, sigma) = ((n as f64 - 1.0) / 2.0, (n as f64 * SIGMA_PER_PATCH).max(0.5));
        (0..n).map(|i| (-0.5 * ((i as f64 - centre) / sigma).powi(2)).exp().max(1e-4)).collect()
    };
    let [gx, gy, gz] = patch.map(axis);
    let mut window = Vec::with_capacity(gx.len() * gy.len() * gz.len());
    for z in &gz {
        for y in &gy {
            window.extend(gx.iter().map(|x| (x * y * z) as f32));
        }
    }
    window
}

impl Sums {
    fn new(extent: Extent, classes: usize) -> Self {
        let n = extent.voxel_count();
        let planes = || vec![vec![0.0; n]; classes];
        Self { extent, probabilities: [planes(), planes()], weight: vec![0.0; n] }
    }

    fn add(&mut self, tile: &Tile, patch: [usize; 3], maps: &[Vec<f32>; 2], window: &[f32]) {
        let window_voxels = window.len();
        let extent = self.extent;
        for_each_voxel(tile, patch, |w, v| {
            let i = extent.index(v);
            self.weight[i] += window[w];
            for (sums, map) in self.probabilities.iter_mut().zip(maps) {
                for (class, sum) in sums.iter_mut().enumerate() {
                    sum[i] += window[w] * map[class * window_voxels + w];
                }
            }
        });
    }

    fn into_prediction(self, provenance: Provenance, classes: &[u8]) -> Prediction {
        let extent = self.extent;
        let n = extent.voxel_count();
        let mut planes: [Vec<u8>; 6] = std::array::from_fn(|_| Vec::with_capacity(n));
        let mut p = [vec![0.0f32; classes.len()], vec![0.0f32; classes.len()]];
        for i in 0..n {
            // Every voxel is covered, so the weight is positive.
            let per_weight = self.weight[i].recip();
            for (p, sums) in p.iter_mut().zip(&self.probabilities) {
                for (p, sum) in p.iter_mut().zip(sums) {
                    *p = sum[i] * per_weight;
                }
            }
            let voxel = VoxelBelief::of(&p[0], &p[1]);
            let values = [
                classes[voxel.fused],
                probability_to_u8(p[0][voxel.a]),
                probability_to_u8(p[1][voxel.b]),
                classes[voxel.a],
                classes[voxel.b],
                probability_to_u8(voxel.dual_confidence),
            ];
            for (plane, value) in planes.iter_mut().zip(values) {
                plane.push(value);
            }
        }
        // Each plane got one value per voxel, so `filled` is never taken.
        let [class, confidence_a, confidence_b, class_a, class_b, dual_confidence] =
            planes.map(|data| Grid::from_vec(extent, data).unwrap_or_else(|| Grid::filled(extent, 0)));
        Prediction {
            provenance,
            class,
            confidence_a,
            confidence_b,
            class_a,
            class_b,
            dual_confidence,
            np_probability: None,
            np_std: None,
        }
    }
}

/// Channels and dual confidence of one voxel.
struct VoxelBelief {
    fused: usize,
    a: usize,
    b: usize,
    dual_confidence: f32,
}

impl VoxelBelief {
    /// Dual confidence: mean over both directions of giver's confidence times learner's belief (methods 5.2, 12).
    fn of(p_a: &[f32], p_b: &[f32]) -> Self {
        let a = argmax(p_a.iter().copied());
        let b = argmax(p_b.iter().copied());
        let fused = argmax(p_a.iter().zip(p_b).map(|(a, b)| a + b));
        Self { fused, a, b, dual_confidence: 0.5 * (p_a[a] * p_b[a] + p_a[b] * p_b[b]) }
    }
}

/// Index of the largest value, the first of equals.
fn argmax(values: impl Iterator<Item = f32>) -> usize {
    let mut best = (0, f32::NEG_INFINITY);
    for (i, v) in values.enumerate() {
        if v > best.1 {
            best = (i, v);
        }
    }
    best.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dual_confidence_is_high_only_where_both_networks_believe_the_same_label() {
        let agree = VoxelBelief::of(&[0.1, 0.9], &[0.2, 0.8]);
        assert!((agree.dual_confidence - 0.72).abs() < 1e-6);
        let disagree = VoxelBelief::of(&[0.95, 0.05], &[0.05, 0.95]);
        assert!(disagree.dual_confidence < 0.05);
        assert_eq!((disagree.a, disagree.b), (0, 1));
    }

    #[test]
    fn the_window_weight_is_largest_in_the_middle_and_positive_everywhere() {
        let w = gaussian_window([8, 8, 4]);
        assert!(w.iter().all(|&v| v > 0.0));
        let centre = (2 * 8 + 4) * 8 + 4;
        assert!(w.iter().all(|&v| v <= w[centre] + 1e-6));
    }

    #[test]
    fn constant_window_maps_give_the_same_probabilities_everywhere() {
        let extent = Extent::new(9, 7, 3).unwrap();
        let patch = [4, 4, 8];
        let window = gaussian_window(patch);
        let mut sums = Sums::new(extent, 2);
        let map: Vec<f32> = [vec![0.25; 128], vec![0.75; 128]].concat();
        for tile in tiles(extent, patch, [2, 2, 4]) {
            sums.add(&tile, patch, &[map.clone(), map.clone()], &window);
        }
        let provenance = Provenance { case: "c".into(), label_revision: 0, model: "m".into(), step: 1 };
        let p = sums.into_prediction(provenance, &[0, 7]);
        assert!(p.class.as_slice().iter().all(|&c| c == 7));
        assert!(p.confidence_a.as_slice().iter().all(|&c| c == 191));
        assert!(p.dual_confidence.as_slice().iter().all(|&c| c == probability_to_u8(0.5625)));
    }
}

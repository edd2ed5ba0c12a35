//! From the maps of a volume to the planes a reviewer looks at.

use burn::tensor::{Device, Tensor, TensorData};

use super::indecision::Undecided;
use super::judged::channel_count;
use crate::geometry::Extent;
use crate::label::{ClassId, FINE_STEPS, Indecision, Prediction, Probabilities, ProbabilityKind, Provenance};
use crate::volume::Grid;

/// What a voxel of a packed plane holds: three numbers of 0 to 255 in one f32, which is exact up to 2^24.
const BYTE: f32 = 256.0;
/// Planes without a neural process: classes and confidences, mean and scaled probability, four of indecision.
const NETWORK_PLANES: usize = 12;
/// Those of a neural process: probability, standard deviation, information.
const NP_PLANES: usize = 3;

/// What the maps hold and how they are read.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    pub classes: usize,
    pub has_np: bool,
    /// Divides the logarithms of both networks' probabilities, if it was fitted.
    pub temperature: Option<f64>,
    /// Which probability is displayed.
    pub shown: ProbabilityKind,
}

impl Reading {
    pub fn plane_count(&self) -> usize {
        NETWORK_PLANES + if self.has_np { NP_PLANES } else { 0 }
    }

    /// Maps `[1, channel, z, y, x]` (see [`channel_count`]) to `[rows, voxels]` of packed bytes, on the device: fused class,
    /// confidence of A, of B; class of A, of B, dual confidence; probability of the fused class by the mean and the scaled
    /// mean, entropy; the other three of [`Indecision`]; probability of the fused class by the neural process, its standard
    /// deviation and information. Of equal classes the first wins.
    ///
    /// Dual confidence is the mean over both directions of the giver's confidence times the learner's belief
    /// (methods 5.2, 12): `(p_A[a] p_B[a] + p_A[b] p_B[b]) / 2` with `a`, `b` the classes of A and B.
    pub fn packed(&self, maps: Tensor<5>) -> Tensor<2> {
        let [_, _, z, y, x] = maps.dims();
        let k = self.classes;
        let of = |channel: usize| -> Tensor<1> { maps.clone().narrow(1, channel, 1).reshape([z * y * x]) };
        let scale = self.temperature.map(|t| [Scaled::new(&of, 0, k, t), Scaled::new(&of, k, k, t)]);
        let seen = |class: usize| -> [Tensor<1>; 2] { [of(class), of(k + class)] };
        let beside = |class: usize| -> Vec<Tensor<1>> {
            let [p_a, p_b] = seen(class);
            let scaled = scale.as_ref().map(|[a, b]| (a.of(p_a) + b.of(p_b)).mul_scalar(0.5));
            let np = self.has_np.then(|| [of(2 * k + class), of(3 * k + class)]);
            scaled.into_iter().chain(np.into_iter().flatten()).collect()
        };
        let [first_a, first_b] = seen(0);
        let mut a = Best::first(first_a.clone(), vec![first_b.clone()]);
        let mut b = Best::first(first_b.clone(), vec![first_a.clone()]);
        let mut undecided = Undecided::first(&first_a, &first_b);
        let mut fused = Best::first(first_a + first_b, beside(0));
        for class in 1..k {
            let [p_a, p_b] = seen(class);
            undecided.add(&p_a, &p_b);
            a.offer(class, p_a.clone(), vec![p_b.clone()]);
            b.offer(class, p_b.clone(), vec![p_a.clone()]);
            fused.offer(class, p_a + p_b, beside(class));
        }
        let dual = (a.agreed() + b.agreed()).mul_scalar(0.5);
        let mean = fused.p.mul_scalar(0.5);
        let mut beside = fused.beside.into_iter();
        let scaled = self.temperature.and_then(|_| beside.next()).unwrap_or_else(|| mean.clone());
        let [entropy, agreement, jensen_shannon, margin] = undecided.values(k).map(byte);
        let mut rows = vec![
            packed(fused.class, byte(a.p), byte(b.p)),
            packed(a.class, b.class, byte(dual)),
            packed(byte(mean), byte(scaled), entropy),
            packed(agreement, jensen_shannon, margin),
        ];
        // Present where there is a neural process.
        if let (Some(np), Some(sd)) = (beside.next(), beside.next()) {
            let fine = |t: Tensor<1>| byte(t.mul_scalar(FINE_STEPS / 255.0));
            rows.push(packed(byte(np), fine(sd), fine(of(4 * k))));
        }
        Tensor::stack(rows, 0)
    }

    /// What a window says that was left out because it lies far outside the body: background, for certain.
    /// `[1, channel, 1, 1, 1]`.
    pub fn background(&self, device: &Device) -> Tensor<5> {
        let count = channel_count(self.classes, self.has_np);
        // The standard deviations and the information after the third block of probabilities are 0.
        let certain = |channel: usize| channel.is_multiple_of(self.classes) && channel < 3 * self.classes;
        let p: Vec<f32> = (0..count).map(|channel| f32::from(u8::from(certain(channel)))).collect();
        Tensor::from_data(TensorData::new(p, [1, count, 1, 1, 1]), device)
    }
}

/// Probabilities of one network at a temperature: `p^(1/T) / sum_k p_k^(1/T)`.
struct Scaled {
    power: f64,
    total: Tensor<1>,
}

impl Scaled {
    fn new(of: &impl Fn(usize) -> Tensor<1>, first: usize, classes: usize, temperature: f64) -> Self {
        let power = temperature.recip();
        let all = (first + 1..first + classes).map(|channel| raised(of(channel), power));
        Self { power, total: all.fold(raised(of(first), power), |a, b| a + b) }
    }

    fn of(&self, p: Tensor<1>) -> Tensor<1> {
        raised(p, self.power) / self.total.clone()
    }
}

fn raised(p: Tensor<1>, power: f64) -> Tensor<1> {
    p.clamp_min(1e-12).powf_scalar(power)
}

fn packed(low: Tensor<1>, middle: Tensor<1>, high: Tensor<1>) -> Tensor<1> {
    low + (middle + high * BYTE) * BYTE
}

/// `round(255 p)`; sums of weights may be off 1 by the last digit.
fn byte(p: Tensor<1>) -> Tensor<1> {
    (p.clamp(0.0, 1.0) * 255.0).round()
}

/// The most probable class so far, its probability, and what others say of that class.
struct Best {
    class: Tensor<1>,
    p: Tensor<1>,
    beside: Vec<Tensor<1>>,
}

impl Best {
    fn first(p: Tensor<1>, beside: Vec<Tensor<1>>) -> Self {
        Self { class: p.zeros_like(), p, beside }
    }

    fn offer(&mut self, class: usize, p: Tensor<1>, beside: Vec<Tensor<1>>) {
        let better = p.clone().greater(self.p.clone());
        self.class.inplace(|c| c.mask_fill(better.clone(), class as f32));
        self.p.inplace(|best| best.mask_where(better.clone(), p));
        for (best, value) in self.beside.iter_mut().zip(beside) {
            best.inplace(|best| best.mask_where(better.clone(), value));
        }
    }

    /// The probability times what the other says.
    fn agreed(&self) -> Tensor<1> {
        self.beside.iter().fold(self.p.clone(), |product, other| product * other.clone())
    }
}

/// The planes of a prediction while they fill up, channel numbers in place of classes.
pub struct Planes {
    extent: Extent,
    planes: Vec<Vec<u8>>,
}

impl Planes {
    pub fn new(extent: Extent, reading: &Reading) -> Self {
        Self { extent, planes: (0..reading.plane_count()).map(|_| vec![0; extent.voxel_count()]).collect() }
    }

    /// Unpacks `[rows, voxels]` of a box of whole rows that begins at slice `z` and row `y`; `height` rows per slice.
    pub fn write(&mut self, packed: &[f32], z: usize, y: usize, height: usize) {
        let [width, rows, _] = self.extent.to_array();
        let of_each = self.planes.len().div_ceil(3);
        for (packed, planes) in packed.chunks_exact(packed.len() / of_each).zip(self.planes.chunks_mut(3)) {
            for (i, &packed) in packed.iter().enumerate() {
                let (column, row, slice) = (i % width, i / width % height, i / (width * height));
                let at = ((z + slice) * rows + y + row) * width + column;
                for (plane, value) in planes.iter_mut().zip(unpack(packed)) {
                    plane[at] = value;
                }
            }
        }
    }

    pub fn into_prediction(self, provenance: Provenance, classes: &[ClassId], reading: &Reading) -> Prediction {
        let extent = self.extent;
        let mut planes = self.planes.into_iter();
        // Each plane was made for the extent, so `filled` is never taken.
        let grid = |data: Vec<u8>| Grid::from_vec(extent, data).unwrap_or_else(|| Grid::filled(extent, 0));
        let named = |channels: Grid<u8>| channels.map(|c| classes.get(usize::from(*c)).copied().unwrap_or(0));
        let mut next = || grid(planes.next().unwrap_or_default());
        let [fused, confidence_a, confidence_b, a, b, dual_confidence, mean, scaled] = std::array::from_fn(|_| next());
        let [entropy, belief_agreement, jensen_shannon, margin] = std::array::from_fn(|_| next());
        let np = reading.has_np.then(|| [next(), next(), next()]);
        let [np, np_std, np_information] = np.map_or([None, None, None], |planes| planes.map(Some));
        Prediction {
            provenance,
            class: named(fused),
            confidence_a,
            confidence_b,
            class_a: named(a),
            class_b: named(b),
            dual_confidence,
            probabilities: Probabilities {
                mean: Some(mean),
                scaled: reading.temperature.map(|_| scaled),
                np,
                np_std,
                np_information,
                np_divergence: None,
                indecision: Some(Indecision { entropy, belief_agreement, jensen_shannon, margin }),
                shown: reading.shown,
            },
        }
    }
}

fn unpack(packed: f32) -> [u8; 3] {
    // A whole number below 2^24; `as` saturates.
    let [low, middle, high, _] = (packed as u32).to_le_bytes();
    [low, middle, high]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(classes: usize) -> Reading {
        Reading { classes, has_np: false, temperature: None, shown: ProbabilityKind::Mean }
    }

    fn planes_with(reading: &Reading, maps: &[f32]) -> Vec<u8> {
        let data = TensorData::new(maps.to_vec(), [1, maps.len(), 1, 1, 1]);
        let packed: Vec<f32> =
            reading.packed(Tensor::from_data(data, &Device::flex())).into_data().try_to_vec().unwrap();
        let mut planes = Planes::new(Extent::new(1, 1, 1).unwrap(), reading);
        planes.write(&packed, 0, 0, 1);
        planes.planes.iter().map(|p| p[0]).collect()
    }

    fn planes_of(p_a: &[f32], p_b: &[f32]) -> [u8; 6] {
        planes_with(&reading(p_a.len()), &[p_a, p_b].concat())[..6].try_into().unwrap()
    }

    fn share(p: f32) -> u8 {
        crate::label::probability_to_u8(p)
    }

    #[test]
    fn dual_confidence_is_high_only_where_both_networks_believe_the_same_label() {
        assert_eq!(planes_of(&[0.1, 0.9], &[0.2, 0.8]), [1, share(0.9), share(0.8), 1, 1, share(0.72)]);
        let [_, _, _, a, b, dual] = planes_of(&[0.95, 0.05], &[0.05, 0.95]);
        assert_eq!((a, b), (0, 1));
        assert!(dual < 13, "{dual}");
    }

    #[test]
    fn the_fused_class_is_that_of_the_mean_and_the_first_of_equals() {
        // Neither network's own choice.
        assert_eq!(planes_of(&[0.0, 0.5, 0.1, 0.4], &[0.0, 0.0, 0.6, 0.4])[0], 3);
        assert_eq!(planes_of(&[0.5, 0.5], &[0.5, 0.5])[..1], [0]);
    }

    #[test]
    fn all_255_channels_and_full_confidence_survive_the_packing() {
        let mut p = vec![0.0; 255];
        p[254] = 1.0;
        assert_eq!(planes_of(&p, &p), [254, 255, 255, 254, 254, 255]);
    }

    #[test]
    fn probabilities_are_those_of_the_fused_class_and_a_temperature_softens_each_network() {
        let reading = Reading { temperature: Some(2.0), ..reading(2) };
        let planes = planes_with(&reading, &[0.1, 0.9, 0.3, 0.7]);
        // sqrt(p) / sum sqrt(p): 3/4 of A; sqrt(0.7) / (sqrt(0.3) + sqrt(0.7)) = 0.6044 of B.
        assert_eq!(planes[6..8], [share(0.8), share((0.75 + 0.6044) / 2.0)]);
    }

    #[test]
    fn the_neural_process_speaks_of_the_fused_class_in_fine_steps() {
        let reading = Reading { has_np: true, ..reading(2) };
        // A, B, p_np, sd, information.
        let planes = planes_with(&reading, &[0.1, 0.9, 0.3, 0.7, 0.4, 0.6, 0.05, 0.02, 0.0101]);
        assert_eq!(planes[12..], [share(0.6), 51, 26]);
        assert_eq!(planes.len(), reading.plane_count());
        let background: Vec<f32> = reading.background(&Device::flex()).into_data().try_to_vec().unwrap();
        assert_eq!(background, [1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
    }
    #[test]
    fn indecision_is_that_of_the_formulas() {
        let (p_a, p_b) = ([0.2f32, 0.5, 0.3], [0.6f32, 0.3, 0.1]);
        let entropy = |p: &[f32]| -p.iter().map(|p| p * p.ln()).sum::<f32>();
        let mean: Vec<f32> = p_a.iter().zip(p_b).map(|(a, b)| (a + b) / 2.0).collect();
        let divergence: f32 = p_b.iter().zip(p_a).map(|(b, a)| b * (b / a).ln()).sum();
        let jensen_shannon = (entropy(&mean) - (entropy(&p_a) + entropy(&p_b)) / 2.0) / 2f32.ln();
        let expected = [entropy(&mean) / 3f32.ln(), (-divergence).exp(), jensen_shannon, 0.2];
        assert_eq!(planes_with(&reading(3), &[p_a, p_b].concat())[8..], expected.map(share));
    }

    #[test]
    fn sure_networks_are_decided_and_sure_of_different_classes_they_differ_as_far_as_can_be() {
        let indecision =
            |p_a: &[f32], p_b: &[f32]| planes_with(&reading(p_a.len()), &[p_a, p_b].concat())[8..].to_vec();
        assert_eq!(indecision(&[0.0, 1.0], &[0.0, 1.0]), [0, 255, 0, 255]);
        assert_eq!(indecision(&[1.0, 0.0], &[0.0, 1.0]), [255, 0, 255, 255]);
        assert_eq!(indecision(&[0.5, 0.5], &[0.0, 1.0])[3], 0);
    }
}

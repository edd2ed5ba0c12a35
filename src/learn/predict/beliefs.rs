//! From the probabilities of both networks to the six planes a reviewer looks at.

use burn::tensor::{Tensor, TensorData};

use crate::geometry::Extent;
use crate::label::{ClassId, Prediction, Provenance};
use crate::volume::Grid;

/// What a voxel of a packed plane holds: three numbers of 0 to 255 in one f32, which is exact up to 2^24.
const BYTE: f32 = 256.0;

/// `[2, class, z, y, x]` to `[2, voxels]` of packed bytes, on the device: fused class, confidence of A, of B; then class of
/// A, of B, dual confidence. Of equal classes the first wins.
///
/// Dual confidence is the mean over both directions of the giver's confidence times the learner's belief
/// (methods 5.2, 12): `(p_A[a] p_B[a] + p_A[b] p_B[b]) / 2` with `a`, `b` the classes of A and B.
pub fn packed_beliefs(probabilities: Tensor<5>) -> Tensor<2> {
    let [_, classes, z, y, x] = probabilities.dims();
    let voxels = z * y * x;
    let of = |network: usize, class: usize| -> Tensor<1> {
        probabilities.clone().slice([network..network + 1, class..class + 1]).reshape([voxels])
    };
    let (first_a, first_b) = (of(0, 0), of(1, 0));
    let mut a = Best::first(first_a.clone(), first_b.clone());
    let mut b = Best::first(first_b.clone(), first_a.clone());
    let mut fused = Best::first(first_a + first_b.clone(), first_b);
    for class in 1..classes {
        let (p_a, p_b) = (of(0, class), of(1, class));
        a.offer(class, p_a.clone(), p_b.clone());
        b.offer(class, p_b.clone(), p_a.clone());
        fused.offer(class, p_a + p_b.clone(), p_b);
    }
    let dual = (a.p.clone() * a.other + b.p.clone() * b.other).mul_scalar(0.5);
    let packed = |low: Tensor<1>, middle: Tensor<1>, high: Tensor<1>| low + (middle + high * BYTE) * BYTE;
    Tensor::stack(vec![packed(fused.class, byte(a.p), byte(b.p)), packed(a.class, b.class, byte(dual))], 0)
}

/// `round(255 p)`; sums of weights may be off 1 by the last digit.
fn byte(p: Tensor<1>) -> Tensor<1> {
    (p.clamp(0.0, 1.0) * 255.0).round()
}

/// The most probable class so far, its probability, and what the other network gives that class.
struct Best {
    class: Tensor<1>,
    p: Tensor<1>,
    other: Tensor<1>,
}

impl Best {
    fn first(p: Tensor<1>, other: Tensor<1>) -> Self {
        Self { class: p.zeros_like(), p, other }
    }

    fn offer(&mut self, class: usize, p: Tensor<1>, other: Tensor<1>) {
        let better = p.clone().greater(self.p.clone());
        self.class.inplace(|c| c.mask_fill(better.clone(), class as f32));
        self.p.inplace(|best| best.mask_where(better.clone(), p));
        self.other.inplace(|best| best.mask_where(better, other));
    }
}

/// The planes of a prediction while they fill up, channel numbers in place of classes.
pub struct Planes {
    extent: Extent,
    planes: [Vec<u8>; 6],
}

impl Planes {
    pub fn new(extent: Extent) -> Self {
        Self { extent, planes: std::array::from_fn(|_| vec![0; extent.voxel_count()]) }
    }

    /// Unpacks `[2, voxels]` of a box of whole rows that begins at slice `z` and row `y`; `height` rows per slice.
    pub fn write(&mut self, packed: &[f32], z: usize, y: usize, height: usize) {
        let [width, rows, _] = self.extent.to_array();
        let (first, second) = packed.split_at(packed.len() / 2);
        for (i, (&first, &second)) in first.iter().zip(second).enumerate() {
            let (column, row, slice) = (i % width, i / width % height, i / (width * height));
            let at = ((z + slice) * rows + y + row) * width + column;
            for (plane, value) in self.planes.iter_mut().zip(unpack(first).into_iter().chain(unpack(second))) {
                plane[at] = value;
            }
        }
    }

    pub fn into_prediction(self, provenance: Provenance, classes: &[ClassId]) -> Prediction {
        let extent = self.extent;
        let [fused, confidence_a, confidence_b, a, b, dual_confidence] = self.planes;
        // Each plane was made for the extent, so `filled` is never taken.
        let grid = |data: Vec<u8>| Grid::from_vec(extent, data).unwrap_or_else(|| Grid::filled(extent, 0));
        let named = |channels: Vec<u8>| {
            grid(channels.into_iter().map(|c| classes.get(usize::from(c)).copied().unwrap_or(0)).collect())
        };
        Prediction {
            provenance,
            class: named(fused),
            confidence_a: grid(confidence_a),
            confidence_b: grid(confidence_b),
            class_a: named(a),
            class_b: named(b),
            dual_confidence: grid(dual_confidence),
            np_probability: None,
            np_std: None,
        }
    }
}

fn unpack(packed: f32) -> [u8; 3] {
    // A whole number below 2^24; `as` saturates.
    let [low, middle, high, _] = (packed as u32).to_le_bytes();
    [low, middle, high]
}

/// What a window says that was left out because it lies far outside the body: background, for certain. `[2, class, 1, 1, 1]`.
pub fn background(classes: usize, device: &burn::tensor::Device) -> Tensor<5> {
    let p: Vec<f32> = (0..2 * classes).map(|i| if i % classes == 0 { 1.0 } else { 0.0 }).collect();
    Tensor::from_data(TensorData::new(p, [2, classes, 1, 1, 1]), device)
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    fn planes_of(p_a: &[f32], p_b: &[f32]) -> [u8; 6] {
        let classes = p_a.len();
        let data = TensorData::new([p_a, p_b].concat(), [2, classes, 1, 1, 1]);
        let packed: Vec<f32> =
            packed_beliefs(Tensor::from_data(data, &Device::flex())).into_data().try_to_vec().unwrap();
        let mut planes = Planes::new(Extent::new(1, 1, 1).unwrap());
        planes.write(&packed, 0, 0, 1);
        planes.planes.map(|p| p[0])
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
}

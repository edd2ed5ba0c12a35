//! What the reviewer has said of the volume that is predicted: it joins the context and shifts the beliefs around it, without
//! any training.
//!
//! A corrected voxel is evidence for voxels that are near *and* look alike: with prior probabilities `p` worth one
//! observation, `p' = (p + sum_j w_j y_j) / (1 + sum_j w_j)`, the mean of a Dirichlet posterior with kernel-weighted counts.

use burn::tensor::{Device, IndexingUpdateOp, Int, Tensor, TensorData};

use crate::geometry::Voxel;
use crate::label::{LabelMap, LabelValue};
use crate::learn::data::Annotated;
use crate::learn::np::one_hot;
use crate::volume::Image;

/// Voxels that are asked: every doubtful voxel near asks them all.
const MOST: usize = 512;
const MOST_PER_CLASS: usize = 64;
/// Known voxels looked at for each that is asked. Of a completed slice the networks know nearly all; what they had wrong,
/// and single strokes beside it, are the ones that correct something.
const CANDIDATES: usize = 4;
/// Reach of a correction and how alike features must be (length 1, so that opposite ones are 2 apart). Of the values tried on
/// 21 hippocampus cases with 20 corrected voxels each the best (docs/results.md).
const REACH_MM: f64 = 2.5;
const LIKENESS: f64 = 0.3;
/// Weight of a correction at its own voxel, in observations.
const WEIGHT: f64 = 1.0;
/// Beyond it a correction says nothing.
const FARTHEST_MM: f64 = 3.0 * REACH_MM;
/// Pairs of voxels and corrections at a time.
const PAIRS: usize = 1 << 22;

/// Known voxels of a volume that has unknown ones.
#[derive(Clone, Debug, Default)]
pub struct Corrections {
    /// RAS mm.
    world_mm: Vec<[f64; 3]>,
    channels: Vec<u8>,
}

impl Corrections {
    /// Known voxels, evenly spread, at most as many of every class; none of a complete volume, and none that `judges` the
    /// networks. Where classes may hide in the background, background is no correction.
    pub fn of(
        labels: &LabelMap,
        annotated: &Annotated,
        image: &Image,
        classes: &[u8],
        judges: impl Fn(Voxel) -> bool,
    ) -> Self {
        let extent = labels.extent();
        if labels.known_count() == extent.voxel_count() {
            return Self::default();
        }
        let hides = classes.iter().any(|&c| !annotated.contains(c));
        let channel = |i: usize| {
            let LabelValue { class, origin } = labels.value_at(i);
            let says = origin.is_known() && annotated.contains(class) && !(hides && class == 0);
            let says = says && !judges(extent.voxel(i));
            (0..u8::MAX).zip(classes).find(|(_, c)| says && **c == class).map(|(channel, _)| channel)
        };
        let mut counts = vec![0usize; classes.len()];
        for channel in (0..extent.voxel_count()).filter_map(channel) {
            counts[usize::from(channel)] += 1;
        }
        let most = CANDIDATES * most_per_class(classes.len());
        let mut seen = vec![0usize; classes.len()];
        let mut corrections = Self::default();
        for (i, channel) in (0..extent.voxel_count()).filter_map(|i| Some((i, channel(i)?))) {
            let class = usize::from(channel);
            if seen[class].is_multiple_of(counts[class].div_ceil(most)) {
                corrections.world_mm.push(image.affine.world_from_voxel(extent.voxel(i).to_f64()));
                corrections.channels.push(channel);
            }
            seen[class] += 1;
        }
        corrections
    }

    /// Of corrections given by number, with the probability that the networks give to what they say: the positions of the
    /// least expected ones, at most as many of every class.
    pub fn least_expected(&self, expected: &[(usize, f32)], classes: usize) -> Vec<usize> {
        let mut positions: Vec<usize> = (0..expected.len()).collect();
        positions.sort_by(|&a, &b| expected[a].1.total_cmp(&expected[b].1));
        let mut counts = vec![0usize; classes];
        positions.retain(|&i| {
            let count = &mut counts[usize::from(self.channels[expected[i].0])];
            *count += 1;
            *count <= most_per_class(classes)
        });
        positions.sort_unstable();
        positions
    }

    pub fn channel(&self, number: usize) -> usize {
        usize::from(self.channels[number])
    }

    /// Those of the given numbers, in their order.
    pub fn part(&self, numbers: &[usize]) -> Self {
        Self {
            world_mm: numbers.iter().map(|&i| self.world_mm[i]).collect(),
            channels: numbers.iter().map(|&i| self.channels[i]).collect(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.channels.is_empty()
    }

    pub fn world_mm(&self) -> &[[f64; 3]] {
        &self.world_mm
    }
}

fn most_per_class(classes: usize) -> usize {
    (MOST / classes.max(1)).clamp(1, MOST_PER_CLASS)
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
        let classes = one_hot(&corrections.channels, classes, &features);
        Self { world_mm: corrections.world_mm.clone(), features: of_length_one(features), classes }
    }

    /// Of the given voxels at `world_mm`, those that a correction may reach.
    pub fn reached(&self, world_mm: &[[f64; 3]]) -> Vec<usize> {
        let farthest = FARTHEST_MM * FARTHEST_MM;
        let near = |a: &[f64; 3]| self.world_mm.iter().any(|b| squared_distance(a, b) <= farthest);
        (0..world_mm.len()).filter(|&i| near(&world_mm[i])).collect()
    }

    pub fn world_mm(&self) -> &[[f64; 3]] {
        &self.world_mm
    }

    /// For voxels at `world_mm` with features `[n, c]`.
    pub fn shift(&self, world_mm: &[[f64; 3]], features: Tensor<2>) -> Shift {
        let rows = (PAIRS / self.world_mm.len().max(1)).max(1);
        let part = |(number, places): (usize, &[[f64; 3]])| {
            self.shift_of_part(places, features.clone().narrow(0, number * rows, places.len()))
        };
        let (totals, counts) = world_mm.chunks(rows).enumerate().map(part).unzip();
        Shift { total: Tensor::cat(totals, 0), counts: Tensor::cat(counts, 0) }
    }

    fn shift_of_part(&self, world_mm: &[[f64; 3]], features: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let likeness = of_length_one(features).matmul(self.features.clone().transpose());
        // Of vectors of length 1, |a - b|^2 = 2 - 2 a.b.
        let unlike = (likeness.neg() + 1.0).div_scalar(LIKENESS * LIKENESS);
        let weight = (self.far(world_mm, &unlike.device()) + unlike).neg().exp().mul_scalar(WEIGHT);
        (weight.clone().sum_dim(1) + 1.0, weight.matmul(self.classes.clone()))
    }

    /// `d^2 / (2 reach^2)` between voxels and corrections, `[n, m]`.
    fn far(&self, world_mm: &[[f64; 3]], device: &Device) -> Tensor<2> {
        let scale = 1.0 / (2.0 * REACH_MM * REACH_MM);
        let pairs =
            world_mm.iter().flat_map(|a| self.world_mm.iter().map(move |b| (squared_distance(a, b) * scale) as f32));
        Tensor::from_data(TensorData::new(pairs.collect::<Vec<f32>>(), [world_mm.len(), self.world_mm.len()]), device)
    }
}

fn squared_distance(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

impl Shift {
    /// For `count` voxels of which these are the ones with the given numbers; the others are not shifted.
    pub fn spread(self, count: usize, numbers: Tensor<1, Int>) -> Self {
        let device = self.total.device();
        let classes = self.counts.dims()[1];
        let total = Tensor::<2>::ones([count, 1], &device);
        let counts = Tensor::<2>::zeros([count, classes], &device);
        Self {
            total: total.select_assign(0, numbers.clone(), self.total - 1.0, IndexingUpdateOp::Add),
            counts: counts.select_assign(0, numbers, self.counts, IndexingUpdateOp::Add),
        }
    }

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
    use crate::label::Origin;
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

    fn labels(class: [u8; 4], known: [bool; 4]) -> (LabelMap, Image) {
        let extent = Extent::new(4, 1, 1).unwrap();
        let origin = known.map(|k| if k { Origin::Manual } else { Origin::Unknown });
        let grid = |v: [u8; 4]| Grid::from_vec(extent, v.to_vec()).unwrap();
        let labels = LabelMap::from_planes(grid(class), Grid::from_vec(extent, origin.to_vec()).unwrap()).unwrap();
        let affine = Affine::from_spacing([2.0, 1.0, 1.0]);
        (labels, Image::new(Voxels::F32(Grid::filled(extent, 0.0)), 1.0, 0.0, affine))
    }

    #[test]
    fn known_voxels_of_incomplete_volumes_are_corrections_where_they_lie_in_the_world() {
        let (some, image) = labels([0, 7, 7, 0], [true, false, true, false]);
        let corrections = Corrections::of(&some, &Annotated::default(), &image, &[0, 7], |_| false);
        assert_eq!(corrections.world_mm, [[0.0; 3], [4.0, 0.0, 0.0]]);
        assert_eq!(corrections.channels, [0, 1]);
        let (complete, image) = labels([0, 7, 7, 0], [true; 4]);
        assert!(Corrections::of(&complete, &Annotated::default(), &image, &[0, 7], |_| false).is_empty());
    }

    #[test]
    fn voxels_that_judge_the_networks_correct_nothing_and_the_others_of_their_case_do() {
        let (some, image) = labels([0, 7, 7, 0], [true, false, true, false]);
        let corrections = Corrections::of(&some, &Annotated::default(), &image, &[0, 7], |v| v.x == 0);
        assert_eq!(corrections.world_mm, [[4.0, 0.0, 0.0]]);
    }

    #[test]
    fn a_few_corrections_beside_a_completed_slice_are_asked_before_what_the_networks_knew() {
        let many = 300;
        let corrections = Corrections { world_mm: vec![[0.0; 3]; many], channels: vec![0; many] };
        let expected: Vec<(usize, f32)> = (0..many).map(|i| (i, if i % 50 == 7 { 0.1 } else { 0.99 })).collect();
        let asked = corrections.least_expected(&expected, 2);
        assert_eq!(asked.len(), MOST_PER_CLASS);
        assert!((0..many).filter(|i| i % 50 == 7).all(|i| asked.contains(&i)), "{asked:?}");
    }

    #[test]
    fn background_that_may_hide_classes_corrects_nothing() {
        let (some, image) = labels([0, 7, 7, 0], [true, false, true, false]);
        let corrections = Corrections::of(&some, &Annotated::only(&[7]), &image, &[0, 3, 7], |_| false);
        assert_eq!(corrections.channels, [2]);
    }

    #[test]
    fn voxels_beyond_the_reach_of_all_corrections_are_left_alone_and_parts_make_the_whole() {
        let corrections = Corrections { world_mm: vec![[0.0; 3], [1.0; 3]], channels: vec![1, 0] };
        let evidence = Evidence::new(&corrections, rows(&[[2.0, 0.0], [1.0, 1.0]]), 2);
        assert_eq!(evidence.reached(&[[0.0; 3], [9.0, 0.0, 0.0], [7.0, 0.0, 0.0]]), [0, 2]);
        let shift = evidence.shift(&[[0.0; 3]], rows(&[[2.0, 0.0]]));
        let numbers = Tensor::from_data(TensorData::new(vec![1i64], [1]), &Device::flex());
        let p: Vec<f32> = shift.spread(2, numbers).applied(rows(&[[0.8, 0.2]; 2])).into_data().try_to_vec().unwrap();
        assert_eq!(p[..2], [0.8, 0.2]);
        assert!(p[3] > 0.4, "{p:?}");
    }
}

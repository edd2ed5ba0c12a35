//! `1/2 (weighted cross-entropy + masked Dice)` of log-probabilities, in one pass forward and one backward.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::softmax::exp_below_one;
use super::vectors::{map, sum, sums};
use crate::learn::kernels::instructions::instructions;

/// Smoothing of the Dice quotient (UA-MT / SSL4MIS value).
const DICE_SMOOTHING: f64 = 1e-5;
/// The divisor of a cross-entropy without weighted voxels, so that the loss is 0 and not 0 / 0.
const LEAST_WEIGHT: f64 = 1e-6;
/// Positions per task: enough to make a task worth its start.
const CHUNK: usize = 1 << 13;

/// What the loss compares with, all constants. `target` is `[batch, classes, volume]`; `weight` (cross-entropy) and
/// `mask` (Dice) are `[batch, 1, volume]`.
#[derive(Clone, Copy)]
pub struct Region<'a> {
    pub classes: usize,
    pub volume: usize,
    pub target: &'a [f32],
    pub weight: &'a [f32],
    pub mask: &'a [f32],
}

/// The sums a region's loss is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct RegionSums {
    cross_entropy: f64,
    weight: f64,
    per_class: Vec<ClassSums>,
}

/// Sums over the masked voxels of one class.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct ClassSums {
    /// `sum p t`.
    intersection: f64,
    /// `sum p^2`.
    predicted: f64,
    /// `sum t`.
    target: f64,
}

impl Region<'_> {
    /// What belongs to row `item * classes + class` of `log_p`: log-probability, target, weight, mask.
    fn rows<'b>(&'b self, log_p: &'b [f32], row: usize) -> [&'b [f32]; 4] {
        let of_item = row / self.classes * self.volume;
        let of_row = row * self.volume;
        let cut = |array: &'b [f32], start: usize| &array[start..start + self.volume];
        [cut(log_p, of_row), cut(self.target, of_row), cut(self.weight, of_item), cut(self.mask, of_item)]
    }
}

impl ClassSums {
    fn is_present(&self) -> bool {
        self.target > 0.5
    }

    fn size(&self) -> f64 {
        self.predicted + self.target + DICE_SMOOTHING
    }

    fn dice(&self) -> f64 {
        (2.0 * self.intersection + DICE_SMOOTHING) / self.size()
    }
}

impl RegionSums {
    pub fn of(region: &Region<'_>, log_p: &[f32]) -> Self {
        let tasks: Vec<(usize, usize)> = (0..log_p.len() / region.volume.max(1))
            .flat_map(|row| (0..region.volume).step_by(CHUNK).map(move |start| (row, start)))
            .collect();
        let parts: Vec<[f32; 4]> = tasks
            .par_iter()
            .map(|&(row, start)| {
                let end = region.volume.min(start + CHUNK);
                instructions().dispatch(ChunkSums(region.rows(log_p, row).map(|r| &r[start..end])))
            })
            .collect();
        let mut total = Self {
            cross_entropy: 0.0,
            weight: f64::from(sum(region.weight)),
            per_class: vec![ClassSums::default(); region.classes],
        };
        // In the order of the tasks, whatever thread did them.
        for ((row, _), [cross_entropy, intersection, predicted, target]) in tasks.iter().zip(parts) {
            total.cross_entropy += f64::from(cross_entropy);
            let class = &mut total.per_class[row % region.classes];
            class.intersection += f64::from(intersection);
            class.predicted += f64::from(predicted);
            class.target += f64::from(target);
        }
        total
    }

    /// `1/2 (sum w (-ln p_y) / sum w + mean_k (1 - (2 I_k + s) / (P_k + T_k + s)))` over the classes with a masked
    /// target voxel; without any, the Dice part is 0.
    pub fn loss(&self) -> f32 {
        let dice: f64 = self.per_class.iter().filter(|c| c.is_present()).map(|c| 1.0 - c.dice()).sum();
        (0.5 * (self.cross_entropy / self.divisor() + dice / self.present())) as f32
    }

    fn divisor(&self) -> f64 {
        self.weight.max(LEAST_WEIGHT)
    }

    /// At least 1, so that no class gives no 0 / 0.
    fn present(&self) -> f64 {
        self.per_class.iter().filter(|c| c.is_present()).count().max(1) as f64
    }

    /// The gradient of `scale * loss` with respect to the log-probabilities.
    pub fn gradient(&self, region: &Region<'_>, log_p: &[f32], scale: f32) -> Vec<f32> {
        let scale = 0.5 * f64::from(scale);
        let of_weight = (-scale / self.divisor()) as f32;
        // The Dice part's d / dp is m (a t + b p); d / d ln p has another factor p.
        let of_class: Vec<[f32; 2]> = self
            .per_class
            .iter()
            .map(|c| match c.is_present() {
                true => [-2.0, 2.0 * c.dice()].map(|f| (f * scale / (c.size() * self.present())) as f32),
                false => [0.0; 2],
            })
            .collect();
        let mut gradient = vec![0.0f32; log_p.len()];
        gradient.par_chunks_mut(region.volume.max(1)).enumerate().for_each(|(row, gradient)| {
            let [of_target, of_p] = of_class[row % region.classes];
            instructions().dispatch(RowGradient {
                rows: region.rows(log_p, row),
                gradient,
                factors: [of_weight, of_target, of_p],
            });
        });
        gradient
    }
}

/// `sum w t (-ln p)`, `sum m p t`, `sum m p^2`, `sum m t`.
struct ChunkSums<'a>([&'a [f32]; 4]);

impl WithSimd for ChunkSums<'_> {
    type Output = [f32; 4];

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> [f32; 4] {
        sums(
            simd,
            self.0,
            #[inline(always)]
            |[log_p, target, weight, mask]| {
                let p = exp_below_one(simd, log_p);
                let inside = simd.mul_f32s(mask, target);
                let masked_p = simd.mul_f32s(mask, p);
                let surprise = simd.mul_f32s(simd.mul_f32s(weight, target), simd.neg_f32s(log_p));
                [surprise, simd.mul_f32s(inside, p), simd.mul_f32s(masked_p, p), inside]
            },
        )
    }
}

/// `w t of_weight + m p (t of_target + p of_p)`.
struct RowGradient<'a> {
    rows: [&'a [f32]; 4],
    gradient: &'a mut [f32],
    factors: [f32; 3],
}

impl WithSimd for RowGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let [of_weight, of_target, of_p] = self.factors.map(|f| simd.splat_f32s(f));
        map(
            simd,
            self.gradient,
            self.rows,
            #[inline(always)]
            |[log_p, target, weight, mask]| {
                let p = exp_below_one(simd, log_p);
                let dice = simd.mul_add_e_f32s(p, of_p, simd.mul_f32s(target, of_target));
                let entropy = simd.mul_f32s(simd.mul_f32s(weight, target), of_weight);
                simd.mul_add_e_f32s(simd.mul_f32s(mask, p), dice, entropy)
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::kernels::testing::{assert_close, assert_same_bits_for_any_thread_count, random};

    /// `(batch, classes, volume)`: less than a register, several chunks.
    const SHAPES: [(usize, usize, usize); 5] = [(1, 2, 1), (2, 3, 17), (1, 5, 100), (3, 2, 8193), (1, 4, 20_000)];

    /// Log-probabilities, target, weight and mask; the last class has no masked voxel unless there are only two.
    struct Case {
        shape: [usize; 3],
        arrays: [Vec<f32>; 4],
    }

    impl Case {
        fn all() -> impl Iterator<Item = Self> {
            SHAPES.into_iter().map(|(batch, classes, volume)| {
                let (count, voxels) = (batch * classes * volume, batch * volume);
                let log_p = random(count, 1).iter().map(|v| -3.0 * v * v).collect();
                let absent = |row: usize| classes > 2 && row % classes == classes - 1;
                let target = random(count, 2).into_iter().enumerate();
                let target = target.map(|(i, v)| if absent(i / volume) { 0.0 } else { 0.1 + v.abs() }).collect();
                let weight = random(voxels, 3).iter().map(|v| v.max(0.0)).collect();
                let mask = random(voxels, 4).iter().map(|v| if *v > -0.5 { 1.0 } else { 0.0 }).collect();
                Self { shape: [batch, classes, volume], arrays: [log_p, target, weight, mask] }
            })
        }

        fn region(&self) -> (Region<'_>, &[f32]) {
            let [log_p, target, weight, mask] = &self.arrays;
            (Region { classes: self.shape[1], volume: self.shape[2], target, weight, mask }, log_p)
        }

        /// The formula of [`RegionSums::loss`] with `log_p[at]` moved by `step`.
        fn exact(&self, at: usize, step: f64) -> f64 {
            let ([batch, classes, volume], [log_p, target, weight, mask]) = (self.shape, &self.arrays);
            let (mut entropy, mut dice, mut present) = (0.0, 0.0, 0.0);
            for class in 0..classes {
                let [mut intersection, mut predicted, mut of_target] = [0.0; 3];
                for voxel in 0..batch * volume {
                    let i = (voxel / volume * classes + class) * volume + voxel % volume;
                    let [t, w, m] = [target[i], weight[voxel], mask[voxel]].map(f64::from);
                    let log_p = f64::from(log_p[i]) + if i == at { step } else { 0.0 };
                    entropy -= w * t * log_p;
                    intersection += m * log_p.exp() * t;
                    predicted += m * (2.0 * log_p).exp();
                    of_target += m * t;
                }
                if of_target > 0.5 {
                    dice += 1.0 - (2.0 * intersection + 1e-5) / (predicted + of_target + 1e-5);
                    present += 1.0;
                }
            }
            let weight: f64 = weight.iter().map(|w| f64::from(*w)).sum();
            0.5 * (entropy / weight.max(1e-6) + dice / f64::max(present, 1.0))
        }
    }

    #[test]
    fn the_loss_equals_plain_sums() {
        for case in Case::all() {
            let (region, log_p) = case.region();
            assert_close(&[RegionSums::of(&region, log_p).loss()], &[case.exact(0, 0.0)], 2e-6);
        }
    }

    #[test]
    fn gradients_equal_differences_of_plain_sums() {
        for case in Case::all() {
            let (region, log_p) = case.region();
            // Scaled so that gradients of large volumes do not vanish next to the tolerance.
            let scale = region.volume as f32;
            let gradient = RegionSums::of(&region, log_p).gradient(&region, log_p, scale);
            let step = 1e-4;
            for at in (0..log_p.len()).step_by(log_p.len().div_ceil(12)).chain([log_p.len() - 1]) {
                let slope = (case.exact(at, step) - case.exact(at, -step)) / (2.0 * step);
                assert_close(&[gradient[at]], &[slope * f64::from(scale)], 1e-5);
            }
        }
    }

    #[test]
    fn nothing_weighted_or_masked_gives_no_loss_and_no_gradient() {
        let nothing = [0.0; 4];
        let region = Region { classes: 2, volume: 4, target: &[0.5; 8], weight: &nothing, mask: &nothing };
        let sums = RegionSums::of(&region, &[-0.7; 8]);
        assert_eq!(sums.loss(), 0.0);
        assert!(sums.gradient(&region, &[-0.7; 8], 1.0).iter().all(|g| *g == 0.0));
    }

    #[test]
    fn the_number_of_threads_changes_no_bit() {
        for case in Case::all() {
            let (region, log_p) = case.region();
            assert_same_bits_for_any_thread_count(|| {
                let sums = RegionSums::of(&region, log_p);
                [vec![sums.loss()], sums.gradient(&region, log_p, 1.0)].concat()
            });
        }
    }
}

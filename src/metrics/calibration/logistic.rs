//! Logistic regression on a few features: what they say together about a voxel being wrong.

use serde::{Deserialize, Serialize};

/// Dual confidence and neural-process probability of a voxel.
pub type LogisticPair = Logistic<2>;

/// `P(wrong) = 1 / (1 + exp(-(w z + b)))` with standardised features `z`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "LinearForm", try_from = "LinearForm")]
pub struct Logistic<const N: usize> {
    scales: [Scale; N],
    weights: [f64; N],
    bias: f64,
}

/// As files hold it: weights of the features as they are.
#[derive(Serialize, Deserialize)]
struct LinearForm {
    weights: Vec<f64>,
    bias: f64,
}

impl<const N: usize> From<Logistic<N>> for LinearForm {
    fn from(model: Logistic<N>) -> Self {
        let pairs = || model.weights.iter().zip(&model.scales);
        let shift: f64 = pairs().map(|(w, scale)| w * scale.mean * scale.inverse_sd).sum();
        Self { weights: pairs().map(|(w, scale)| w * scale.inverse_sd).collect(), bias: model.bias - shift }
    }
}

impl<const N: usize> TryFrom<LinearForm> for Logistic<N> {
    type Error = String;

    fn try_from(LinearForm { weights, bias }: LinearForm) -> Result<Self, String> {
        let count = weights.len();
        let weights = weights.try_into().map_err(|_| format!("{count} weights where {N} are needed"))?;
        Ok(Self { scales: [Scale { mean: 0.0, inverse_sd: 1.0 }; N], weights, bias })
    }
}

/// Mean and reciprocal spread of a feature; a constant one gets 0 and thus no say.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Scale {
    mean: f64,
    inverse_sd: f64,
}

/// Penalty `RIDGE / 2 |w|^2` on the mean NLL: keeps the weights finite where the classes part completely.
const RIDGE: f64 = 1e-4;
const MOST_STEPS: usize = 50;
const HALVINGS: usize = 20;
/// Largest gradient component that counts as none.
const FLAT: f64 = 1e-9;

impl<const N: usize> Logistic<N> {
    /// Maximum penalised likelihood by Newton steps (IRLS), halved where a whole one goes uphill. `None` if all voxels
    /// are right or all wrong, the lengths differ or a feature is not finite.
    pub fn fit(features: &[[f32; N]], is_wrong: &[bool]) -> Option<Self> {
        let wrong = is_wrong.iter().filter(|w| **w).count();
        let is_finite = features.iter().flatten().all(|f| f.is_finite());
        if features.len() != is_wrong.len() || wrong == 0 || wrong == is_wrong.len() || !is_finite {
            return None;
        }
        let scales = std::array::from_fn(|i| Scale::of(features.iter().map(|f| f64::from(f[i]))));
        let mut model = Self { scales, weights: [0.0; N], bias: 0.0 };
        let voxels: Vec<([f64; N], f64)> =
            features.iter().zip(is_wrong).map(|(f, &w)| (model.standardised(f), f64::from(u8::from(w)))).collect();
        for _ in 0..MOST_STEPS {
            let (gradient, hessian) = model.slopes(&voxels);
            if gradient.iter().all(|g| g.abs() < FLAT) {
                break;
            }
            let Some(better) = solve(hessian, gradient).and_then(|step| model.downhill(&step, &voxels)) else { break };
            model = better;
        }
        Some(model)
    }

    /// Probability that the voxel is wrong, 0 to 1.
    pub fn score(&self, features: &[f32; N]) -> f32 {
        // The error of the narrower type is harmless; scores are compared, not summed.
        sigmoid(self.margin(&self.standardised(features))) as f32
    }

    fn standardised(&self, features: &[f32; N]) -> [f64; N] {
        std::array::from_fn(|i| (f64::from(features[i]) - self.scales[i].mean) * self.scales[i].inverse_sd)
    }

    fn margin(&self, z: &[f64; N]) -> f64 {
        self.bias + self.weights.iter().zip(z).map(|(w, z)| w * z).sum::<f64>()
    }

    /// Mean of `ln(1 + exp(m)) - y m` plus the penalty.
    fn loss(&self, voxels: &[([f64; N], f64)]) -> f64 {
        let of = |(z, y): &([f64; N], f64)| {
            let m = self.margin(z);
            m.max(0.0) + (-m.abs()).exp().ln_1p() - y * m
        };
        let penalty = RIDGE / 2.0 * self.weights.iter().map(|w| w * w).sum::<f64>();
        voxels.iter().map(of).sum::<f64>() / voxels.len() as f64 + penalty
    }

    /// Gradient and Hessian of the loss; the bias comes last.
    fn slopes(&self, voxels: &[([f64; N], f64)]) -> (Vec<f64>, Vec<Vec<f64>>) {
        let (mut gradient, mut hessian) = (vec![0.0; N + 1], vec![vec![0.0; N + 1]; N + 1]);
        let share = 1.0 / voxels.len() as f64;
        for (z, y) in voxels {
            let p = sigmoid(self.margin(z));
            let with_one = |i: usize| z.get(i).copied().unwrap_or(1.0);
            for (i, (slope, row)) in gradient.iter_mut().zip(&mut hessian).enumerate() {
                *slope += share * (p - y) * with_one(i);
                for (j, curvature) in row.iter_mut().enumerate() {
                    *curvature += share * p * (1.0 - p) * with_one(i) * with_one(j);
                }
            }
        }
        for (i, weight) in self.weights.iter().enumerate() {
            gradient[i] += RIDGE * weight;
            hessian[i][i] += RIDGE;
        }
        (gradient, hessian)
    }

    /// The model one step against `step`, as long as that lowers the loss.
    fn downhill(&self, step: &[f64], voxels: &[([f64; N], f64)]) -> Option<Self> {
        let before = self.loss(voxels);
        let lengths = (0..HALVINGS).map(|i| 0.5f64.powf(i as f64));
        let moved = lengths.map(|length| {
            let weights = std::array::from_fn(|i| self.weights[i] - length * step[i]);
            Self { weights, bias: self.bias - length * step[N], ..self.clone() }
        });
        moved.into_iter().find(|model| model.loss(voxels) < before)
    }
}

impl Scale {
    fn of(values: impl ExactSizeIterator<Item = f64> + Clone) -> Self {
        let count = values.len() as f64;
        let mean = values.clone().sum::<f64>() / count;
        let sd = (values.map(|v| (v - mean).powi(2)).sum::<f64>() / count).sqrt();
        Self { mean, inverse_sd: if sd > 1e-9 { 1.0 / sd } else { 0.0 } }
    }
}

fn sigmoid(margin: f64) -> f64 {
    1.0 / (1.0 + (-margin).exp())
}

/// `matrix^-1 right` by elimination with the largest pivot; `None` if the matrix has no inverse.
fn solve(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Option<Vec<f64>> {
    let n = right.len();
    for column in 0..n {
        let pivot = (column..n).max_by(|&a, &b| matrix[a][column].abs().total_cmp(&matrix[b][column].abs()))?;
        if matrix[pivot][column].abs() < 1e-300 {
            return None;
        }
        matrix.swap(column, pivot);
        right.swap(column, pivot);
        let (pivot_row, pivot_right) = (matrix[column].clone(), right[column]);
        for row in (0..n).filter(|&row| row != column) {
            let factor = matrix[row][column] / pivot_row[column];
            matrix[row].iter_mut().zip(&pivot_row).for_each(|(m, p)| *m -= factor * p);
            right[row] -= factor * pivot_right;
        }
    }
    Some((0..n).map(|i| right[i] / matrix[i][i]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::calibration::auroc;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// Voxels with `P(wrong) = sigmoid(2 x - y - 1)`.
    fn drawn(count: usize, seed: u64) -> (Vec<[f32; 2]>, Vec<bool>) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut voxel = || {
            let f: [f32; 2] = [rng.random_range(-2.0..2.0), rng.random_range(-3.0..3.0)];
            let p = sigmoid(2.0 * f64::from(f[0]) - f64::from(f[1]) - 1.0);
            (f, rng.random_range(0.0..1.0) < p)
        };
        (0..count).map(|_| voxel()).unzip()
    }

    #[test]
    fn the_gradient_and_the_curvature_equal_finite_differences() {
        let (features, is_wrong) = drawn(50, 1);
        let mut model = LogisticPair::fit(&features, &is_wrong).unwrap();
        (model.weights, model.bias) = ([0.7, -0.2], 0.3);
        let voxels: Vec<_> =
            features.iter().zip(&is_wrong).map(|(f, &w)| (model.standardised(f), f64::from(u8::from(w)))).collect();
        let (gradient, hessian) = model.slopes(&voxels);
        let moved = |i: usize, by: f64| {
            let mut model = model.clone();
            *model.weights.get_mut(i).unwrap_or(&mut model.bias) += by;
            model
        };
        let h = 1e-5;
        for i in 0..3 {
            let (up, down) = (moved(i, h), moved(i, -h));
            let numeric = (up.loss(&voxels) - down.loss(&voxels)) / (2.0 * h);
            assert!((gradient[i] - numeric).abs() < 1e-8, "{i}: {} {numeric}", gradient[i]);
            let (up, down) = (up.slopes(&voxels).0, down.slopes(&voxels).0);
            for j in 0..3 {
                assert!((hessian[i][j] - (up[j] - down[j]) / (2.0 * h)).abs() < 1e-8);
            }
        }
    }

    #[test]
    fn drawn_probabilities_are_found_again() {
        let (features, is_wrong) = drawn(20_000, 2);
        let model = LogisticPair::fit(&features, &is_wrong).unwrap();
        for f in [[0.0, 0.0], [1.0, 0.5], [-1.0, 2.0], [1.5, -2.0]] {
            let p = sigmoid(2.0 * f64::from(f[0]) - f64::from(f[1]) - 1.0);
            assert!((f64::from(model.score(&f)) - p).abs() < 0.03, "{f:?}: {} {p}", model.score(&f));
        }
    }

    #[test]
    fn two_features_find_wrong_voxels_better_than_each_alone() {
        let (features, is_wrong) = drawn(3000, 3);
        let pair = LogisticPair::fit(&features, &is_wrong).unwrap();
        let area = |score: &dyn Fn(&[f32; 2]) -> f32| {
            auroc(&features.iter().map(score).collect::<Vec<_>>(), &is_wrong).unwrap()
        };
        let alone = area(&|f| f[0]).max(area(&|f| -f[1]));
        assert!(area(&|f| pair.score(f)) > alone + 0.02);
    }

    #[test]
    fn classes_that_part_completely_and_constant_features_give_finite_scores() {
        let features: Vec<[f32; 2]> = (0..40u8).map(|i| [f32::from(i), 5.0]).collect();
        let is_wrong: Vec<bool> = (0..40).map(|i| i >= 20).collect();
        let model = LogisticPair::fit(&features, &is_wrong).unwrap();
        assert!(model.score(&[0.0, 5.0]) < 0.01 && model.score(&[39.0, 5.0]) > 0.99);
        assert!(model.score(&[19.0, 5.0]) < model.score(&[20.0, 5.0]));
    }

    #[test]
    fn voxels_that_cannot_tell_give_no_model() {
        assert_eq!(LogisticPair::fit(&[[0.0; 2]; 3], &[true; 3]), None);
        assert_eq!(LogisticPair::fit(&[[0.0; 2]; 3], &[false; 3]), None);
        assert_eq!(LogisticPair::fit(&[[0.0; 2]; 3], &[true, false]), None);
        assert_eq!(LogisticPair::fit(&[[f32::NAN; 2], [0.0; 2]], &[true, false]), None);
    }

    #[test]
    fn a_saved_model_scores_as_before() {
        let features: Vec<[f32; 2]> = (0..40).map(|i| [i as f32 / 4.0, (i * 7 % 11) as f32]).collect();
        let wrong: Vec<bool> = (0..40).map(|i| i % 3 == 0 || i > 30).collect();
        let model = LogisticPair::fit(&features, &wrong).unwrap();
        let text = serde_json::to_string(&model).unwrap();
        let read: LogisticPair = serde_json::from_str(&text).unwrap();
        assert!(features.iter().all(|f| (model.score(f) - read.score(f)).abs() < 1e-6));
        assert!(serde_json::from_str::<Logistic<3>>(&text).is_err());
    }
}

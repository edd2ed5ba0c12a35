//! Updates of parameters in one pass each: SGD with momentum and Adam; and the norm of a gradient.

use burn::backend::Flex;
use burn::tensor::{Float, Tensor};
use rayon::prelude::*;

use super::{flex_tensor, plain, slice, values};
use crate::learn::kernels::instructions::instructions;

/// Values per task: a task is worth its start, and small parameters stay on one thread.
const CHUNK: usize = 1 << 14;
/// Values that are summed in `f32` before the sum is carried on in `f64`.
const BLOCK: usize = 1 << 10;
/// Independent sums, so that the compiler may use vector registers without changing the order of additions.
const LANES: usize = 16;

/// `v <- momentum v + clip g + weight_decay w`, `w <- w - learning_rate v` (PyTorch's form, dampening 0).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SgdStep {
    pub learning_rate: f32,
    pub momentum: f32,
    pub weight_decay: f32,
    /// What the gradient is multiplied with so that its norm stays below the limit.
    pub clip: f32,
}

/// PyTorch's Adam, with `g <- clip g + weight_decay w`:
/// `m <- beta1 m + (1 - beta1) g`, `v <- beta2 v + (1 - beta2) g^2`,
/// `w <- w - learning_rate / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamStep {
    pub learning_rate: f64,
    pub betas: [f64; 2],
    pub epsilon: f32,
    pub weight_decay: f32,
    pub clip: f32,
    /// Steps with this one: 1 for the first.
    pub step: u32,
}

/// The numbers of a CPU tensor without gradients, to change; `None` on other devices.
fn numbers(tensor: &Tensor<1>) -> Option<Vec<f32>> {
    Some(slice(&values(&plain(tensor)?)).to_vec())
}

fn tensor(numbers: Vec<f32>) -> Tensor<1> {
    let count = numbers.len();
    Tensor::<1, Float>::from_primitive::<Flex>(flex_tensor(numbers, &[count]))
}

/// `sum g^2` of a CPU tensor, `None` on other devices.
pub fn squared_norm_of<const D: usize>(gradient: &Tensor<D>) -> Option<f64> {
    Some(squared_norm(slice(&values(&plain(gradient)?))))
}

impl SgdStep {
    /// New weights and velocity on the CPU, `None` on other devices.
    pub fn on_tensors(
        &self,
        weights: &Tensor<1>,
        velocity: Option<&Tensor<1>>,
        gradient: &Tensor<1>,
    ) -> Option<[Tensor<1>; 2]> {
        let (mut w, g) = (numbers(weights)?, values(&plain(gradient)?));
        let mut v = match velocity {
            Some(velocity) => numbers(velocity)?,
            None => vec![0.0; w.len()],
        };
        self.apply(&mut w, &mut v, slice(&g));
        Some([tensor(w), tensor(v)])
    }

    pub fn apply(&self, weights: &mut [f32], velocity: &mut [f32], gradient: &[f32]) {
        let Self { learning_rate, momentum, weight_decay, clip } = *self;
        let chunks = weights.par_chunks_mut(CHUNK).zip(velocity.par_chunks_mut(CHUNK)).zip(gradient.par_chunks(CHUNK));
        chunks.for_each(|((weights, velocity), gradient)| {
            instructions().dispatch(
                #[inline(always)]
                || {
                    for ((w, v), g) in weights.iter_mut().zip(velocity).zip(gradient) {
                        *v = momentum * *v + clip * g + weight_decay * *w;
                        *w -= learning_rate * *v;
                    }
                },
            );
        });
    }
}

impl AdamStep {
    /// New weights and moments on the CPU, `None` on other devices.
    pub fn on_tensors(
        &self,
        weights: &Tensor<1>,
        moments: Option<&[Tensor<1>; 2]>,
        gradient: &Tensor<1>,
    ) -> Option<(Tensor<1>, [Tensor<1>; 2])> {
        let (mut w, g) = (numbers(weights)?, values(&plain(gradient)?));
        let [mut m, mut v] = match moments {
            Some([m, v]) => [numbers(m)?, numbers(v)?],
            None => [vec![0.0; w.len()], vec![0.0; w.len()]],
        };
        self.apply(&mut w, [&mut m, &mut v], slice(&g));
        Some((tensor(w), [tensor(m), tensor(v)]))
    }

    /// `moments` are `m` and `v`.
    pub fn apply(&self, weights: &mut [f32], moments: [&mut [f32]; 2], gradient: &[f32]) {
        let Self { learning_rate, betas, epsilon, weight_decay, clip, step } = *self;
        // In `f64`: `1 - beta2^t` cancels in the first steps.
        let corrections = betas.map(|beta| 1.0 - beta.powf(f64::from(step)));
        let step_size = (learning_rate / corrections[0]) as f32;
        let per_root = corrections[1].sqrt().recip() as f32;
        let [keep_m, keep_v] = betas.map(|beta| beta as f32);
        let [new_m, new_v] = betas.map(|beta| (1.0 - beta) as f32);
        let [m, v] = moments;
        let moments = m.par_chunks_mut(CHUNK).zip(v.par_chunks_mut(CHUNK));
        let chunks = weights.par_chunks_mut(CHUNK).zip(moments).zip(gradient.par_chunks(CHUNK));
        chunks.for_each(|((weights, (m, v)), gradient)| {
            instructions().dispatch(
                #[inline(always)]
                || {
                    for (((w, m), v), g) in weights.iter_mut().zip(m).zip(v).zip(gradient) {
                        let g = clip * g + weight_decay * *w;
                        *m = keep_m * *m + new_m * g;
                        *v = keep_v * *v + new_v * (g * g);
                        *w -= step_size * *m / (v.sqrt() * per_root + epsilon);
                    }
                },
            );
        });
    }
}

/// `sum v^2`, in a fixed order.
fn squared_norm(values: &[f32]) -> f64 {
    let of_chunk = |chunk: &[f32]| -> f64 {
        instructions().dispatch(
            #[inline(always)]
            || chunk.chunks(BLOCK).map(block_squares).sum(),
        )
    };
    let sums: Vec<f64> = values.par_chunks(CHUNK).map(of_chunk).collect();
    sums.iter().sum()
}

#[inline(always)]
fn block_squares(block: &[f32]) -> f64 {
    let (whole, rest) = block.as_chunks::<LANES>();
    let mut lanes = [0.0f32; LANES];
    for values in whole {
        for (lane, v) in lanes.iter_mut().zip(values) {
            *lane += v * v;
        }
    }
    lanes.iter().chain(&[rest.iter().map(|v| v * v).sum::<f32>()]).map(|v| f64::from(*v)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::kernels::testing::{assert_close, assert_same_bits_for_any_thread_count, dot, random};

    const LENGTHS: [usize; 4] = [1, 17, 1000, 40_001];

    fn wide(values: &[f32]) -> Vec<f64> {
        values.iter().map(|v| f64::from(*v)).collect()
    }

    #[test]
    fn two_sgd_steps_follow_the_pytorch_formula() {
        for length in LENGTHS {
            let mut weights = random(length, 1);
            let mut velocity = vec![0.0; length];
            let (mut w, mut v) = (wide(&weights), vec![0.0; length]);
            for seed in 2..4 {
                let gradient = random(length, seed);
                let step = SgdStep { learning_rate: 0.1, momentum: 0.9, weight_decay: 0.01, clip: 0.5 };
                step.apply(&mut weights, &mut velocity, &gradient);
                for i in 0..length {
                    v[i] = 0.9 * v[i] + 0.5 * f64::from(gradient[i]) + 0.01 * w[i];
                    w[i] -= 0.1 * v[i];
                }
            }
            assert_close(&weights, &w, 1e-6);
            assert_close(&velocity, &v, 1e-6);
        }
    }

    #[test]
    fn three_adam_steps_follow_the_pytorch_formula() {
        for length in LENGTHS {
            let mut weights = random(length, 1);
            let (mut first, mut second) = (vec![0.0; length], vec![0.0; length]);
            let (mut w, mut m, mut v) = (wide(&weights), vec![0.0; length], vec![0.0; length]);
            for step in 1..4 {
                let gradient = random(length, 1 + u64::from(step));
                let adam = AdamStep {
                    learning_rate: 1e-2,
                    betas: [0.9, 0.999],
                    epsilon: 1e-8,
                    weight_decay: 0.01,
                    clip: 0.5,
                    step,
                };
                adam.apply(&mut weights, [&mut first, &mut second], &gradient);
                let power = |beta: f64| 1.0 - beta.powf(f64::from(step));
                for i in 0..length {
                    let g = 0.5 * f64::from(gradient[i]) + 0.01 * w[i];
                    m[i] = 0.9 * m[i] + 0.1 * g;
                    v[i] = 0.999 * v[i] + 0.001 * g * g;
                    w[i] -= 1e-2 / power(0.9) * m[i] / ((v[i] / power(0.999)).sqrt() + 1e-8);
                }
            }
            assert_close(&weights, &w, 1e-5);
        }
    }

    #[test]
    fn the_squared_norm_is_precise_and_independent_of_threads() {
        for length in LENGTHS {
            let values = random(length, 1);
            assert!((squared_norm(&values) / dot(&values, &values) - 1.0).abs() < 1e-6);
            assert_same_bits_for_any_thread_count(|| vec![squared_norm(&values) as f32]);
        }
    }
}

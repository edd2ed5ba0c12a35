//! Adam, for the training step that `chiaro bench train` compares with other programs.

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

use super::{keep, updated};
use crate::learn::kernels::update::AdamStep;

/// PyTorch's Adam with its default constants, without weight decay.
#[derive(Clone, Debug)]
pub struct Adam {
    learning_rate: f64,
    step: u32,
    /// `m` and `v` in traversal order, flattened; empty before the first step.
    moments: Vec<[Tensor<1>; 2]>,
}

const BETAS: [f64; 2] = [0.9, 0.999];
const EPSILON: f64 = 1e-8;

impl Adam {
    pub fn new(learning_rate: f64) -> Self {
        Self { learning_rate, step: 0, moments: Vec::new() }
    }

    pub fn step<M: Module>(&mut self, module: M, gradients: GradientsParams) -> M {
        self.step += 1;
        updated(module, gradients, |index, weights, gradient| {
            let (weights, moments) = self.moved(weights, gradient, index);
            keep(&mut self.moments, index, moments);
            weights
        })
    }

    /// New weights and moments.
    fn moved(&self, weights: Tensor<1>, gradient: Tensor<1>, index: usize) -> (Tensor<1>, [Tensor<1>; 2]) {
        let step = AdamStep {
            learning_rate: self.learning_rate,
            betas: BETAS,
            epsilon: EPSILON as f32,
            weight_decay: 0.0,
            clip: 1.0,
            step: self.step,
        };
        let moments = self.moments.get(index);
        step.on_tensors(&weights, moments, &gradient).unwrap_or_else(|| {
            let corrections = BETAS.map(|beta| 1.0 - beta.powf(f64::from(self.step)));
            let moved = |old: Option<&Tensor<1>>, new: Tensor<1>, beta: f64| match old {
                Some(old) => old.clone().mul_scalar(beta) + new.mul_scalar(1.0 - beta),
                None => new.mul_scalar(1.0 - beta),
            };
            let m = moved(moments.map(|m| &m[0]), gradient.clone(), BETAS[0]);
            let v = moved(moments.map(|m| &m[1]), gradient.square(), BETAS[1]);
            let root = v.clone().div_scalar(corrections[1]).sqrt().add_scalar(EPSILON);
            (weights - m.clone().mul_scalar(self.learning_rate / corrections[0]) / root, [m, v])
        })
    }
}

#[cfg(test)]
mod tests {
    use burn::module::Param;
    use burn::nn::LinearConfig;
    use burn::tensor::{Device, TensorData};

    use super::*;
    use crate::learn::kernels::with_burn_operators;

    #[test]
    fn the_kernel_and_the_operators_follow_the_published_formula() {
        let run = || {
            let device = Device::flex().autodiff();
            let mut linear = LinearConfig::new(2, 1).with_bias(false).init(&device);
            linear.weight = Param::from_data(TensorData::new(vec![1.0f32, -2.0], [2, 1]), &device);
            let mut adam = Adam::new(0.1);
            for scale in [0.5, -2.0, 0.1] {
                let loss = linear.weight.val().mul_scalar(scale).sum();
                let gradients = GradientsParams::from_grads(loss.backward(), &linear);
                linear = adam.step(linear, gradients);
            }
            linear.weight.val().into_data().try_to_vec::<f32>().unwrap()
        };
        let (mut m, mut v, mut moved) = (0.0f64, 0.0f64, 0.0f64);
        for (t, g) in [0.5f64, -2.0, 0.1].into_iter().enumerate() {
            m = 0.9 * m + 0.1 * g;
            v = 0.999 * v + 0.001 * g * g;
            let t = t as i32 + 1;
            moved -= 0.1 * (m / (1.0 - 0.9f64.powi(t))) / ((v / (1.0 - 0.999f64.powi(t))).sqrt() + 1e-8);
        }
        for weights in [run(), with_burn_operators(run)] {
            assert!((f64::from(weights[0]) - 1.0 - moved).abs() < 1e-5, "{weights:?}");
            assert!((f64::from(weights[1]) + 2.0 - moved).abs() < 1e-5, "{weights:?}");
        }
    }
}

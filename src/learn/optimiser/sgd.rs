//! SGD with momentum, weight decay and a clipped global gradient norm.
//!
//! Our own, because the crate's optimiser clips each tensor by itself and restores its state on the default device,
//! which may be a GPU that the run does not use.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Bool, Tensor};

use super::{keep, updated};
use crate::learn::kernels::update::{SgdStep, squared_norm_of};

/// Velocities in traversal order, flattened; empty before the first step.
#[derive(Clone, Debug)]
pub struct Sgd {
    pub momentum: f64,
    pub weight_decay: f64,
    pub largest_norm: f64,
    /// What the gradients are divided by.
    loss_scale: f64,
    velocities: Vec<Tensor<1>>,
}

impl Sgd {
    pub fn new(momentum: f64, weight_decay: f64, largest_norm: f64) -> Self {
        Self { momentum, weight_decay, largest_norm, loss_scale: 1.0, velocities: Vec::new() }
    }

    /// For gradients of a loss that was multiplied with `loss_scale`, as f16 needs. Where any of them is not finite, the
    /// step changes nothing: the next batch brings smaller ones. On the CPU that holds for any loss.
    pub fn with_loss_scale(self, loss_scale: f64) -> Self {
        Self { loss_scale, ..self }
    }

    pub fn velocities(&self) -> &[Tensor<1>] {
        &self.velocities
    }

    pub fn set_velocities(&mut self, velocities: Vec<Tensor<1>>) {
        self.velocities = velocities;
    }

    /// `v <- momentum v + (clip g + weight_decay w)`, `w <- w - lr v` (PyTorch's form, dampening 0).
    pub fn step<M: Module>(&mut self, module: M, gradients: GradientsParams, learning_rate: f64) -> M {
        let mut norm = SquaredNorm { gradients: &gradients, sum: None };
        module.visit(&mut norm);
        let Some(squared) = norm.sum else { return module };
        if let Squared::Number(squared) = squared
            && (squared.is_nan() || squared >= LARGEST_SQUARE)
        {
            return module;
        }
        let clip = Clip::new(squared, self.largest_norm, self.loss_scale);
        updated(module, gradients, |index, weights, gradient| {
            let [weights, velocity] = self.moved(weights, index, gradient, &clip, learning_rate);
            keep(&mut self.velocities, index, velocity);
            weights
        })
    }
}

/// A squared norm: a number on the CPU, on other devices a tensor, because reading it would make a GPU wait.
enum Squared {
    Number(f64),
    Tensor(Box<Tensor<1>>),
}

/// What gradients are multiplied with.
enum Clip {
    Number(f64),
    Tensor {
        factor: Box<Tensor<1>>,
        /// With a loss scale: whether the step counts.
        finite: Option<Box<Tensor<1, Bool>>>,
    },
}

/// A squared norm from here on is an overflow; comparisons with NaN are false.
const LARGEST_SQUARE: f64 = 1e37;

impl Clip {
    fn new(squared: Squared, largest_norm: f64, loss_scale: f64) -> Self {
        match squared {
            Squared::Number(squared) => {
                Self::Number((largest_norm / (squared.sqrt() / loss_scale + 1e-6)).min(1.0) / loss_scale)
            }
            Squared::Tensor(squared) => {
                let scaled = loss_scale != 1.0;
                let finite = scaled.then(|| Box::new(squared.clone().lower_scalar(LARGEST_SQUARE)));
                let norm = if scaled { squared.sqrt().div_scalar(loss_scale) } else { squared.sqrt() };
                let clip = (norm + 1e-6).recip().mul_scalar(largest_norm).clamp_max(1.0);
                let factor = if scaled { clip.div_scalar(loss_scale) } else { clip };
                Self::Tensor { factor: Box::new(factor), finite }
            }
        }
    }

    /// `new` if the step counts, else `old`, or zeros where there was nothing.
    fn accepted(&self, old: Option<&Tensor<1>>, new: Tensor<1>) -> Tensor<1> {
        let Self::Tensor { finite: Some(finite), .. } = self else { return new };
        let old = old.map_or_else(|| new.zeros_like(), Tensor::clone);
        let finite = (**finite).clone().expand(new.shape());
        old.mask_where(finite, new)
    }
}

struct SquaredNorm<'a> {
    gradients: &'a GradientsParams,
    sum: Option<Squared>,
}

impl ModuleVisitor for SquaredNorm<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let Some(g) = self.gradients.get::<D>(param.id) else { return };
        // All parameters of a network are on one device: the sums do not mix.
        self.sum = Some(match (self.sum.take(), squared_norm_of(&g)) {
            (Some(Squared::Number(sum)), Some(squared)) => Squared::Number(sum + squared),
            (_, Some(squared)) => Squared::Number(squared),
            (Some(Squared::Tensor(sum)), None) => Squared::Tensor(Box::new(*sum + g.square().sum())),
            (_, None) => Squared::Tensor(Box::new(g.square().sum())),
        });
    }
}

impl Sgd {
    /// New weights and velocity.
    fn moved(
        &self,
        weights: Tensor<1>,
        index: usize,
        gradient: Tensor<1>,
        clip: &Clip,
        learning_rate: f64,
    ) -> [Tensor<1>; 2] {
        let velocity = self.velocities.get(index);
        self.fused(&weights, velocity, &gradient, clip, learning_rate).unwrap_or_else(|| {
            let gradient = match clip {
                Clip::Number(clip) => gradient.mul_scalar(*clip),
                Clip::Tensor { factor, .. } => gradient * (**factor).clone(),
            };
            let force = gradient + weights.clone().mul_scalar(self.weight_decay);
            let moving = match velocity {
                Some(old) => old.clone().mul_scalar(self.momentum) + force,
                None => force,
            };
            let moved = weights.clone() - moving.clone().mul_scalar(learning_rate);
            [clip.accepted(Some(&weights), moved), clip.accepted(velocity, moving)]
        })
    }

    fn fused(
        &self,
        weights: &Tensor<1>,
        velocity: Option<&Tensor<1>>,
        gradient: &Tensor<1>,
        clip: &Clip,
        learning_rate: f64,
    ) -> Option<[Tensor<1>; 2]> {
        let Clip::Number(clip) = clip else { return None };
        let step = SgdStep {
            learning_rate: learning_rate as f32,
            momentum: self.momentum as f32,
            weight_decay: self.weight_decay as f32,
            clip: *clip as f32,
        };
        step.on_tensors(weights, velocity, gradient)
    }
}

#[cfg(test)]
mod tests {
    use burn::nn::LinearConfig;
    use burn::tensor::{Device, TensorData};

    use super::*;
    use crate::learn::kernels::gpu_device;

    fn weights(device: &Device, values: [f32; 2]) -> burn::nn::Linear {
        let mut linear = LinearConfig::new(2, 1).with_bias(false).init(device);
        linear.weight = Param::from_data(TensorData::new(values.to_vec(), [2, 1]), device);
        linear
    }

    fn gradients(module: &burn::nn::Linear, scale: f64) -> GradientsParams {
        // d/dw sum(scale * w) = scale.
        let loss = module.weight.val().mul_scalar(scale).sum();
        GradientsParams::from_grads(loss.backward(), module)
    }

    fn read(module: &burn::nn::Linear) -> Vec<f32> {
        module.weight.val().into_data().try_to_vec().unwrap()
    }

    #[test]
    fn two_steps_follow_the_pytorch_formula() {
        let device = Device::flex().autodiff();
        let mut sgd = Sgd::new(0.9, 0.1, 1e9);
        let mut w = [1.0f64, -2.0];
        let mut v = [0.0f64; 2];
        let mut module = weights(&device, [1.0, -2.0]);
        for _ in 0..2 {
            let g = gradients(&module, 0.5);
            module = sgd.step(module, g, 0.1);
            for i in 0..2 {
                v[i] = 0.9 * v[i] + 0.5 + 0.1 * w[i];
                w[i] -= 0.1 * v[i];
            }
        }
        for (a, b) in read(&module).iter().zip(w) {
            assert!((f64::from(*a) - b).abs() < 1e-6, "{a} {b}");
        }
    }

    #[test]
    fn a_gradient_longer_than_the_limit_is_shortened_to_it() {
        let device = Device::flex().autodiff();
        let module = weights(&device, [0.0, 0.0]);
        let g = gradients(&module, 30.0);
        let moved = Sgd::new(0.0, 0.0, 5.0).step(module, g, 1.0);
        let length = read(&moved).iter().map(|w| w * w).sum::<f32>().sqrt();
        assert!((length - 5.0).abs() < 1e-3, "{length}");
    }

    #[test]
    fn a_loss_scale_is_taken_out_again_and_a_step_that_is_not_finite_changes_nothing() {
        let Some(gpu) = gpu_device() else { return };
        for device in [Device::flex(), gpu].map(Device::autodiff) {
            let mut plain = Sgd::new(0.9, 0.1, 5.0);
            let mut scaled = plain.clone().with_loss_scale(4096.0);
            let (mut expected, mut module) = (weights(&device, [1.0, -2.0]), weights(&device, [1.0, -2.0]));
            for scale in [0.5, 30.0] {
                let g = gradients(&expected, scale);
                expected = plain.step(expected, g, 0.1);
                let g = gradients(&module, 4096.0 * scale);
                module = scaled.step(module, g, 0.1);
            }
            for (a, b) in read(&module).iter().zip(read(&expected)) {
                assert!((a - b).abs() < 1e-5, "{a} {b}");
            }
            for overflow in [f64::INFINITY, f64::NAN] {
                let before = read(&module);
                let g = gradients(&module, overflow);
                module = scaled.step(module, g, 0.1);
                assert_eq!(read(&module), before);
            }
        }
    }
}

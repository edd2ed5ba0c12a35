//! SGD with momentum, weight decay and a clipped global gradient norm.
//!
//! Our own, because the crate's optimiser clips each tensor by itself and restores its state on the default device,
//! which may be a GPU that the run does not use.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

/// Velocities in traversal order, flattened; empty before the first step.
#[derive(Clone, Debug)]
pub struct Sgd {
    pub momentum: f64,
    pub weight_decay: f64,
    pub largest_norm: f64,
    velocities: Vec<Tensor<1>>,
}

impl Sgd {
    pub fn new(momentum: f64, weight_decay: f64, largest_norm: f64) -> Self {
        Self { momentum, weight_decay, largest_norm, velocities: Vec::new() }
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
        // Stays on the device: reading it would make the GPU wait.
        let clip = (squared.sqrt() + 1e-6).recip().mul_scalar(self.largest_norm).clamp_max(1.0);
        let mut update = Update { optimiser: self, gradients, clip, learning_rate, index: 0 };
        module.map(&mut update)
    }
}

struct SquaredNorm<'a> {
    gradients: &'a GradientsParams,
    sum: Option<Tensor<1>>,
}

impl ModuleVisitor for SquaredNorm<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(g) = self.gradients.get::<D>(param.id) {
            let squared = g.square().sum();
            self.sum = Some(match self.sum.take() {
                Some(sum) => sum + squared,
                None => squared,
            });
        }
    }
}

struct Update<'a> {
    optimiser: &'a mut Sgd,
    gradients: GradientsParams,
    clip: Tensor<1>,
    learning_rate: f64,
    index: usize,
}

impl Update<'_> {
    fn velocity(&mut self, gradient: Tensor<1>, weights: Tensor<1>) -> Tensor<1> {
        let force = gradient * self.clip.clone() + weights.mul_scalar(self.optimiser.weight_decay);
        let index = self.index;
        self.index += 1;
        let velocity = match self.optimiser.velocities.get(index) {
            Some(old) => old.clone().mul_scalar(self.optimiser.momentum) + force,
            None => force,
        };
        match self.optimiser.velocities.get_mut(index) {
            Some(slot) => *slot = velocity.clone(),
            None => self.optimiser.velocities.push(velocity.clone()),
        }
        velocity
    }
}

impl ModuleMapper for Update<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, tensor, mapper) = param.consume();
        let Some(gradient) = self.gradients.remove::<D>(id) else {
            return Param::from_mapped_value(id, tensor, mapper);
        };
        let requires_grad = tensor.is_require_grad();
        let weights = tensor.inner();
        let shape = weights.shape();
        let count = shape.num_elements();
        let velocity = self.velocity(gradient.reshape([count]), weights.clone().reshape([count]));
        let moved = Tensor::from_inner(weights - velocity.mul_scalar(self.learning_rate).reshape(shape));
        let moved = if requires_grad { moved.require_grad() } else { moved };
        Param::from_mapped_value(id, moved, mapper)
    }
}

#[cfg(test)]
mod tests {
    use burn::nn::LinearConfig;
    use burn::tensor::{Device, TensorData};

    use super::*;

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
}

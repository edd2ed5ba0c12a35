//! Optimisers, each one pass over the parameters on the CPU.

mod adam;
mod sgd;

use burn::module::{Module, ModuleMapper, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

use super::kernels::Part;

pub use adam::Adam;
pub use sgd::Sgd;

/// The module with every parameter that has a gradient replaced by `f(index, weights, gradient)`, all as one row; indices
/// count those parameters in traversal order.
fn updated<M: Module>(
    module: M,
    gradients: GradientsParams,
    f: impl FnMut(usize, Tensor<1>, Tensor<1>) -> Tensor<1>,
) -> M {
    Part::Update.timed(|| module.map(&mut Update { gradients, f, index: 0 }))
}

struct Update<F> {
    gradients: GradientsParams,
    f: F,
    index: usize,
}

impl<F: FnMut(usize, Tensor<1>, Tensor<1>) -> Tensor<1>> ModuleMapper for Update<F> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, tensor, mapper) = param.consume();
        let Some(gradient) = self.gradients.remove::<D>(id) else {
            return Param::from_mapped_value(id, tensor, mapper);
        };
        let requires_grad = tensor.is_require_grad();
        let weights = tensor.inner();
        let shape = weights.shape();
        let count = shape.num_elements();
        let moved = (self.f)(self.index, weights.reshape([count]), gradient.reshape([count]));
        self.index += 1;
        let moved = Tensor::from_inner(moved.reshape(shape));
        let moved = if requires_grad { moved.require_grad() } else { moved };
        Param::from_mapped_value(id, moved, mapper)
    }
}

/// Keeps what belongs to a parameter; parameters come in order.
fn keep<T>(all: &mut Vec<T>, index: usize, value: T) {
    match all.get_mut(index) {
        Some(slot) => *slot = value,
        None => all.push(value),
    }
}

//! Optimisers, each one pass over the parameters on the CPU.

mod adam;
mod sgd;

use burn::tensor::Tensor;

pub use adam::Adam;
pub use sgd::Sgd;

/// A parameter with its numbers, as one row, replaced by those that `f` makes of them.
fn replaced<const D: usize>(tensor: Tensor<D>, f: impl FnOnce(Tensor<1>) -> Tensor<1>) -> Tensor<D> {
    let requires_grad = tensor.is_require_grad();
    let weights = tensor.inner();
    let shape = weights.shape();
    let count = shape.num_elements();
    let moved = Tensor::from_inner(f(weights.reshape([count])).reshape(shape));
    if requires_grad { moved.require_grad() } else { moved }
}

//! The operations that training spends its time in, written for the CPU: 3x3x3 convolution and InstanceNorm with
//! residual sum and ReLU in one pass. On other devices the same functions are burn's own operators.
//!
//! `pulp` compiles the loops for AVX-512, AVX2 + FMA and NEON and picks one at run time; there is no unsafe code.

mod compare;
mod conv3;
mod norm;
mod norm_act;
mod padded;

pub use compare::{KernelTiming, compare_kernels};
pub use conv3::conv3;
pub use norm_act::norm_act;

use burn::backend::Flex;
use burn::backend::autodiff::Autodiff;
use burn::backend::flex::FlexTensor;
use burn::tensor::{Shape, TensorData};

/// Training on Flex.
type AutodiffFlex = Autodiff<Flex>;

/// The values of a Flex tensor, x fastest.
fn values(tensor: &FlexTensor) -> FlexTensor {
    if tensor.is_contiguous() && tensor.layout().start_offset() == 0 { tensor.clone() } else { tensor.to_contiguous() }
}

/// The numbers of a tensor that [`values`] returned.
fn slice(tensor: &FlexTensor) -> &[f32] {
    tensor.as_slice::<f32>().unwrap_or(&[])
}

/// `[b, c, z, y, x]`, or a weight's `[out, in, z, y, x]`.
fn dims_of(tensor: &FlexTensor) -> [usize; 5] {
    let shape = tensor.layout().shape();
    std::array::from_fn(|i| shape[i])
}

fn flex_tensor(values: Vec<f32>, dims: &[usize]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, Shape::from(dims.to_vec())))
}

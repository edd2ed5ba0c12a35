//! The operations that training spends its time in, written for the CPU: convolution + InstanceNorm + skip + ReLU as one
//! operation, convolutions alone, log-softmax, the loss, the optimiser's update. The first two have kernels for GPUs too (`gpu`);
//! elsewhere the same functions are burn's operators.
//!
//! `pulp` compiles the loops for AVX-512, AVX2 + FMA and NEON and picks one at run time; there is no unsafe code.
//! Results do not depend on the number of threads.
//!
//! `conv3`, `direct`, `matrix`, `norm`, `softmax`, `region_loss` and `update` work on slices; `normed`, `convolution` and `losses` make them
//! operations of burn with a gradient, the first two for every device that is `Kernels`.

mod backend;
mod compare;
mod conv3;
mod convolution;
mod cpu;
mod direct;
mod gpu;
mod instructions;
mod losses;
mod matrix;
mod moments;
mod norm;
mod normed;
mod peak;
mod region_loss;
mod scratch;
mod softmax;
mod spatial;
mod stopwatch;
#[cfg(test)]
mod testing;
mod unfused;
pub mod update;
mod vectors;

pub use backend::Skip;
pub use compare::{KernelKind, KernelTiming, compare_kernels};
pub use convolution::{conv3d, convolve, pointwise, same_size};
pub use losses::{log_softmax, region_loss};
pub use normed::{norm_act, normed};
pub use peak::peak_gflops;
pub use spatial::Spatial;
pub use stopwatch::Part;
#[cfg(test)]
pub use testing::gpu_device;
pub use unfused::{depth_to_space, instance_norm, rectified, space_to_depth};

use std::cell::Cell;
use std::thread::LocalKey;

use burn::backend::autodiff::Autodiff;
use burn::backend::flex::FlexTensor;
use burn::backend::{Cube, Flex};
use burn::tensor::{BackendPrimitive, Float, Shape, Tensor, TensorData};

/// Training on Flex.
type AutodiffFlex = Autodiff<Flex>;
type TrackedTensor = <Float as BackendPrimitive<AutodiffFlex>>::Primitive;

thread_local! {
    static BURN_ONLY: Cell<bool> = const { Cell::new(false) };
    static RECOMPUTING: Cell<bool> = const { Cell::new(false) };
}

/// Runs `f` so that convolutions made in it are computed again for their gradient instead of being kept: about half of the
/// memory of a step for a third more arithmetic (gradient checkpointing, Chen et al. 2016). Same results.
pub fn recomputing<T>(recompute: bool, f: impl FnOnce() -> T) -> T {
    with_flag(&RECOMPUTING, recompute, f)
}

/// Sets a flag of this thread while `f` runs, also if it panics: a run goes on after running out of memory.
fn with_flag<T>(flag: &'static LocalKey<Cell<bool>>, value: bool, f: impl FnOnce() -> T) -> T {
    struct Restore(&'static LocalKey<Cell<bool>>, bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            self.0.set(self.1);
        }
    }
    let _restore = Restore(flag, flag.replace(value));
    f()
}

fn is_recomputing() -> bool {
    RECOMPUTING.get()
}

/// Runs `f` with burn's own operators in place of our kernels: the reference of tests and benches.
pub fn with_burn_operators<T>(f: impl FnOnce() -> T) -> T {
    with_flag(&BURN_ONLY, true, f)
}

/// A tensor that records gradients on the CPU, for our kernels; `None` for others and where burn's operators are asked for.
fn tracked<const D: usize>(tensor: &Tensor<D>) -> Option<TrackedTensor> {
    backend::tracked::<Flex, D>(tensor)
}

/// A tensor without gradients on the CPU, likewise.
fn plain<const D: usize>(tensor: &Tensor<D>) -> Option<FlexTensor> {
    backend::plain::<Flex, D>(tensor)
}

/// Whether operations on this tensor run on our GPU kernels.
pub fn runs_gpu_kernels(tensor: &Tensor<5>) -> bool {
    backend::tracked::<Cube, 5>(tensor).is_some() || backend::plain::<Cube, 5>(tensor).is_some()
}

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

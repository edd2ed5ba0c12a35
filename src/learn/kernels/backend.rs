//! What a device must bring along so that the networks' operations run on kernels of ours there: the CPU (`cpu`) and GPUs
//! (`gpu`).

use burn::backend::autodiff::Autodiff;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, DispatchKindConversion, DispatchTensor};
use burn::tensor::{BackendPrimitive, DType, Float, Tensor};

use super::convolution::Convolution;
use super::{BURN_ONLY, Spatial};

/// What is added to the normalised values: nothing, or something of the output's shape.
#[derive(Clone, Debug)]
pub enum Skip<T> {
    None,
    /// `relu(norm(..) + skip)`: a residual stage.
    BeforeRelu(T),
    /// `relu(norm(..)) + skip`: the encoder's features in the decoder.
    AfterRelu(T),
}

/// Where a skip is added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    Nowhere,
    BeforeRelu,
    AfterRelu,
}

impl<T> Skip<T> {
    pub fn place(&self) -> Place {
        match self {
            Self::None => Place::Nowhere,
            Self::BeforeRelu(_) => Place::BeforeRelu,
            Self::AfterRelu(_) => Place::AfterRelu,
        }
    }

    pub fn tensor(&self) -> Option<&T> {
        match self {
            Self::None => None,
            Self::BeforeRelu(tensor) | Self::AfterRelu(tensor) => Some(tensor),
        }
    }

    /// The same with another tensor; `None` if `f` fails.
    pub fn try_map<'a, U>(&'a self, f: impl FnOnce(&'a T) -> Option<U>) -> Option<Skip<U>> {
        Some(match self {
            Self::None => Skip::None,
            Self::BeforeRelu(tensor) => Skip::BeforeRelu(f(tensor)?),
            Self::AfterRelu(tensor) => Skip::AfterRelu(f(tensor)?),
        })
    }
}

/// Gradients of the operands of `normed`; those that nobody asked for may be missing.
pub struct NormedGradients<T> {
    pub x: Option<T>,
    pub weight: Option<T>,
    pub gamma: T,
    pub beta: T,
    pub skip: Option<T>,
}

/// A backend with kernels of ours. Shapes are those of the functions with the same names.
pub trait Kernels: Backend {
    /// Whether activations may be f16.
    const HAS_F16: bool;

    /// Whether the kernels can read the tensor: parameters (rank 1) are f32 in any case.
    fn takes<const D: usize>(tensor: &Tensor<D>) -> bool {
        match tensor.dtype() {
            DType::F32 => true,
            DType::F16 => Self::HAS_F16 && D == 5,
            _ => false,
        }
    }

    /// What the backward pass of `normed` needs.
    type Saved: Clone + std::fmt::Debug + Send + 'static;

    /// Of `x`, weight, `gamma` and `beta`. Without a convolution the weight is not read.
    fn normed(
        spatial: Option<Spatial>,
        inputs: [&FloatTensor<Self>; 4],
        skip: Skip<&FloatTensor<Self>>,
    ) -> (FloatTensor<Self>, Self::Saved);

    /// `wanted`: whether the gradients of `x` and of the weight are.
    fn normed_gradients(
        spatial: Option<Spatial>,
        place: Place,
        saved: Self::Saved,
        dy: FloatTensor<Self>,
        wanted: [bool; 2],
    ) -> NormedGradients<FloatTensor<Self>>;

    /// `None` where there is no kernel for it.
    fn convolved(
        convolution: Convolution,
        x: &FloatTensor<Self>,
        weight: &FloatTensor<Self>,
        bias: Option<&FloatTensor<Self>>,
    ) -> Option<FloatTensor<Self>>;

    /// Gradients of `x`, of the weight and of the bias, where wanted.
    fn convolved_gradients(
        convolution: Convolution,
        x: &FloatTensor<Self>,
        weight: &FloatTensor<Self>,
        dy: FloatTensor<Self>,
        wanted: [bool; 3],
    ) -> [Option<FloatTensor<Self>>; 3];
}

/// A tensor of backend `B` that records gradients, for our kernels; `None` for others and where burn's operators are asked
/// for.
pub fn tracked<B: Kernels, const D: usize>(tensor: &Tensor<D>) -> Option<FloatTensor<Autodiff<B>>>
where
    DispatchTensor: DispatchKindConversion<Autodiff<B>>,
{
    B::takes(tensor).then(|| primitive::<Autodiff<B>, D>(tensor)).flatten()
}

/// A tensor without gradients, likewise.
pub fn plain<B: Kernels, const D: usize>(tensor: &Tensor<D>) -> Option<FloatTensor<B>>
where
    DispatchTensor: DispatchKindConversion<B>,
{
    B::takes(tensor).then(|| primitive::<B, D>(tensor)).flatten()
}

fn primitive<B: Backend, const D: usize>(tensor: &Tensor<D>) -> Option<FloatTensor<B>>
where
    Float: BackendPrimitive<B, Primitive = FloatTensor<B>>,
    DispatchTensor: DispatchKindConversion<B>,
{
    if BURN_ONLY.get() {
        return None;
    }
    tensor.clone().try_into_primitive::<B>().ok()
}

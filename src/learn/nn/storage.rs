//! How activations are kept between the operations of a network.

use burn::tensor::{DType, FloatDType, Tensor};
use serde::{Deserialize, Serialize};

use crate::learn::kernels::runs_gpu_kernels;

/// Weights, statistics, sums and the optimiser are f32 in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Storage {
    #[default]
    F32,
    /// Half the memory and half the traffic. Where our kernels do not run on a GPU, or it has no f16: f32.
    F16,
}

impl Storage {
    /// What the loss is multiplied with before the backward pass, and its gradients are divided by after it.
    ///
    /// The gradient of a mean over 10^6 voxels is about 10^-6 per voxel, below f16's smallest normal number of 6 10^-5.
    /// 2^12 lifts it above; the largest ones at the logits, of Dice over a small structure (10^-3), stay far below f16's end of 65,504. A norm over a
    /// nearly constant channel can lift them by up to 300; a step that overflows is left out.
    pub fn loss_scale(self) -> f64 {
        match self {
            Self::F32 => 1.0,
            Self::F16 => 4096.0,
        }
    }

    /// A network's input as its layers keep it.
    pub fn stored(self, x: Tensor<5>) -> Tensor<5> {
        let half = self == Self::F16 && runs_gpu_kernels(&x) && x.device().supports_dtype(FloatDType::F16);
        if half { x.cast(FloatDType::F16) } else { x }
    }

    /// A network's output as losses want it.
    pub fn restored(x: Tensor<5>) -> Tensor<5> {
        if x.dtype() == DType::F32 { x } else { x.cast(FloatDType::F32) }
    }
}

/// What has no f16, done in f32.
pub fn in_f32(x: Tensor<5>, f: impl FnOnce(Tensor<5>) -> Tensor<5>) -> Tensor<5> {
    match x.dtype() {
        DType::F32 => f(x),
        stored => f(x.cast(FloatDType::F32)).cast(FloatDType::from(stored)),
    }
}

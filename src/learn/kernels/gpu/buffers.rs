//! Tensors as the kernels want them: contiguous, x fastest.

use burn::backend::TensorMetadata;
use burn::backend::cubecl::dtype_to_elem_type;
use burn::tensor::{DType, Shape};
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::ir::ElemType;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::tensor::CubeTensor;

/// Units of a cube that works through memory element by element.
pub const UNITS: usize = 256;
/// Vulkan's and WebGPU's smallest shared memory is 16 KiB; in numbers of 4 bytes.
pub const SHARED_NUMBERS: usize = 4096;

/// `[batch, channels, z, y, x]`.
#[derive(CubeType, CubeLaunch, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dims {
    pub batch: usize,
    pub channels: usize,
    pub z: usize,
    pub y: usize,
    pub x: usize,
}

impl Dims {
    pub fn of(tensor: &CubeTensor) -> Self {
        let [batch, channels, z, y, x] = tensor.shape().dims();
        Self { batch, channels, z, y, x }
    }

    pub fn volume(&self) -> usize {
        self.z * self.y * self.x
    }

    pub fn argument(&self) -> DimsLaunch {
        DimsLaunch::new(self.batch, self.channels, self.z, self.y, self.x)
    }
}

pub fn contiguous(tensor: CubeTensor) -> CubeTensor {
    into_contiguous(tensor)
}

/// A tensor with unset values on the device of `like`.
pub fn empty<const D: usize>(like: &CubeTensor, dims: [usize; D], dtype: DType) -> CubeTensor {
    empty_device_contiguous_dtype(like.client.clone(), like.device.clone(), Shape::new(dims), dtype)
}

pub fn elem(tensor: &CubeTensor) -> ElemType {
    dtype_to_elem_type(tensor.dtype)
}

pub fn cubes(x: usize, y: usize, z: usize) -> CubeCount {
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    CubeCount::Static(count(x), count(y), count(z))
}

pub fn units(count: usize) -> CubeDim {
    CubeDim::new_1d(u32::try_from(count).unwrap_or(1))
}

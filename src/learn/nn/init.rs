//! Starting weights from our own seeded random numbers, so that a run is a function of its seed on every device.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Tensor, TensorData};
use rand_chacha::ChaCha8Rng;

use crate::learn::random::normal;

/// How convolution weights start. A and B start differently, so that they make different mistakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InitScheme {
    /// `N(0, 2 / fan_in)` (He et al. 2015), network A.
    KaimingNormal,
    /// `N(0, 2 / (fan_in + fan_out))` (Glorot & Bengio 2010), network B.
    XavierNormal,
}

struct Initialiser<'a> {
    scheme: InitScheme,
    rng: &'a mut ChaCha8Rng,
}

impl ModuleMapper for Initialiser<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, tensor, mapper) = param.consume();
        let dims = tensor.dims();
        let tensor = if let [out, channels_in, kernel @ ..] = dims.as_slice()
            && !kernel.is_empty()
        {
            let taps: usize = kernel.iter().product();
            let fan_in = (channels_in * taps) as f64;
            let fan_out = (out * taps) as f64;
            let variance = match self.scheme {
                InitScheme::KaimingNormal => 2.0 / fan_in,
                InitScheme::XavierNormal => 2.0 / (fan_in + fan_out),
            };
            let values: Vec<f32> =
                (0..out * channels_in * taps).map(|_| (normal(self.rng) * variance.sqrt()) as f32).collect();
            replace(tensor, TensorData::new(values, dims))
        } else {
            tensor
        };
        Param::from_mapped_value(id, tensor, mapper)
    }
}

fn replace<const D: usize>(old: Tensor<D>, data: TensorData) -> Tensor<D> {
    let requires_grad = old.is_require_grad();
    let new = Tensor::from_data(data, &old.device());
    if requires_grad { new.require_grad() } else { new }
}

/// The module with every convolution weight drawn by `scheme`; all other parameters keep their constants.
pub fn initialised<M: Module>(module: M, scheme: InitScheme, rng: &mut ChaCha8Rng) -> M {
    module.map(&mut Initialiser { scheme, rng })
}

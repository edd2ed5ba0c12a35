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

#[cfg(test)]
mod tests {
    use burn::tensor::Device;
    use rand::SeedableRng;

    use super::*;
    use crate::learn::nn::block::unset_conv;

    #[test]
    fn convolutions_have_mean_zero_and_the_variance_of_their_scheme_and_biases_stay_zero() {
        // 3x3x3 from 16 to 32 channels.
        let (fan_in, fan_out) = (432.0f64, 864.0f64);
        for (scheme, variance) in
            [(InitScheme::KaimingNormal, 2.0 / fan_in), (InitScheme::XavierNormal, 2.0 / (fan_in + fan_out))]
        {
            let conv = unset_conv([16, 32], [3; 3], true, &Device::flex());
            let conv = initialised(conv, scheme, &mut ChaCha8Rng::seed_from_u64(3));
            let weights: Vec<f32> = conv.weight.val().into_data().try_to_vec().unwrap();
            let mean_of =
                |f: &dyn Fn(f64) -> f64| weights.iter().map(|w| f(f64::from(*w))).sum::<f64>() / weights.len() as f64;
            let mean = mean_of(&|w| w);
            let found = mean_of(&|w| (w - mean).powi(2));
            assert!((found / variance - 1.0).abs() < 0.1, "{scheme:?}: {found} instead of {variance}");
            assert!(mean.abs() < 0.05 * variance.sqrt(), "{scheme:?}: {mean}");
            assert_eq!(conv.bias.unwrap().val().abs().max().into_scalar::<f32>(), 0.0);
        }
    }
}

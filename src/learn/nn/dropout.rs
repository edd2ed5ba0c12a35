//! Whole-channel dropout with a mask drawn from the trainer's own random numbers.

use burn::tensor::{Device, FloatDType, Tensor, TensorData};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Channel dropout of one forward pass: after the bottleneck and before the last convolution.
#[derive(Clone, Debug, Default)]
pub struct DropoutDraw {
    pub(super) bottleneck: Option<ChannelDropout>,
    pub(super) output: Option<ChannelDropout>,
}

/// Which channels of one layer stay, per batch item; drawn anew for every forward pass.
#[derive(Clone, Debug)]
pub struct ChannelDropout {
    mask: Tensor<5>,
}

impl ChannelDropout {
    /// `None` if nothing is to be dropped. burn's own dropout is element-wise and its random state cannot be saved.
    pub fn draw(p: f64, batch: usize, channels: usize, rng: &mut ChaCha8Rng, device: &Device) -> Option<Self> {
        if p <= 0.0 {
            return None;
        }
        let keep = 1.0 - p;
        let values: Vec<f32> =
            (0..batch * channels).map(|_| if rng.random_bool(keep) { (1.0 / keep) as f32 } else { 0.0 }).collect();
        Some(Self { mask: Tensor::from_data(TensorData::new(values, [batch, channels, 1, 1, 1]), device) })
    }

    pub fn apply(&self, x: Tensor<5>) -> Tensor<5> {
        let mask = self.mask.clone().cast(FloatDType::from(x.dtype()));
        x * mask
    }
}

/// `x` without the channels of a draw, if there is one.
pub fn dropped(x: Tensor<5>, dropout: Option<&ChannelDropout>) -> Tensor<5> {
    match dropout {
        Some(dropout) => dropout.apply(x),
        None => x,
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn whole_channels_are_dropped_and_the_rest_is_scaled_up() {
        let device = Device::flex();
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let dropout = ChannelDropout::draw(0.5, 4, 16, &mut rng, &device).unwrap();
        let y = dropout.apply(Tensor::<5>::ones([4, 16, 2, 2, 2], &device));
        let v: Vec<f32> = y.into_data().try_to_vec().unwrap();
        let channels: Vec<&[f32]> = v.chunks(8).collect();
        assert!(channels.iter().all(|c| c.iter().all(|&x| x == c[0])));
        let kept = channels.iter().filter(|c| c[0] == 2.0).count();
        let dropped = channels.iter().filter(|c| c[0] == 0.0).count();
        assert_eq!(kept + dropped, 64);
        assert!(kept > 15 && dropped > 15, "{kept} kept");
    }

    #[test]
    fn probability_zero_draws_nothing() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let before = rng.clone();
        assert!(ChannelDropout::draw(0.0, 1, 1, &mut rng, &Device::flex()).is_none());
        assert_eq!(rng, before);
    }
}

//! V-Net and ResV-Net (Milletari et al. 2016 in the form of the UA-MT / MC-Net code family), and the pair that is trained.

use burn::module::Module;
use burn::nn::conv::Conv3d;
use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::block::{Down, Stage, Up, unset_conv};
use super::dropout::ChannelDropout;
use super::init::{InitScheme, initialised};
use super::storage::Storage;
use crate::learn::kernels::pointwise;

/// Convolutions per encoder level of the published network; the decoder mirrors it.
pub(super) const CONVS_PER_LEVEL: [usize; 5] = [1, 2, 3, 3, 3];

/// Shape of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VNetConfig {
    /// Number of classes, background included.
    pub classes: usize,
    /// Channels at full resolution; every level doubles them.
    pub base_width: usize,
    /// Resolution levels, 2 to 5; every patch axis must be divisible by `2^(levels - 1)`.
    pub levels: usize,
    /// Add each stage's input before its last ReLU (ResV-Net).
    pub residual: bool,
    #[serde(default)]
    pub storage: Storage,
}

/// Encoder-decoder with additive skip connections.
#[derive(Module, Debug)]
pub struct VNet {
    encoder: Vec<Stage>,
    downs: Vec<Down>,
    ups: Vec<Up>,
    decoder: Vec<Stage>,
    head: Conv3d,
    classes: usize,
    #[module(skip)]
    storage: Storage,
}

/// What a forward pass returns.
#[derive(Clone, Debug)]
pub struct VNetOutput {
    /// `[batch, classes, z, y, x]`.
    pub logits: Tensor<5>,
    /// Decoder features before the last convolution, as stored, `[batch, base_width, z, y, x]`.
    pub features: Tensor<5>,
}

/// Network A (V-Net, Kaiming) and network B (ResV-Net, Xavier).
#[derive(Module, Debug)]
pub struct DualNetwork {
    pub a: VNet,
    pub b: VNet,
}

/// Channel dropout of one forward pass: after the bottleneck and before the last convolution.
#[derive(Clone, Debug, Default)]
pub struct DropoutDraw {
    bottleneck: Option<ChannelDropout>,
    output: Option<ChannelDropout>,
}

impl VNetConfig {
    /// Channels of a level (0 = full resolution).
    fn width(&self, level: usize) -> usize {
        self.base_width << level
    }

    pub fn init(&self, device: &Device) -> VNet {
        let levels = self.levels.clamp(2, CONVS_PER_LEVEL.len());
        let stage = |level: usize, channels_in: usize| {
            Stage::new(channels_in, self.width(level), CONVS_PER_LEVEL[level], self.residual, device)
        };
        VNet {
            encoder: (0..levels).map(|l| stage(l, if l == 0 { 1 } else { self.width(l) })).collect(),
            downs: (1..levels).map(|l| Down::new(self.width(l - 1), self.width(l), device)).collect(),
            ups: (1..levels).map(|l| Up::new(self.width(l), self.width(l - 1), device)).collect(),
            decoder: (0..levels - 1).map(|l| stage(l, self.width(l))).collect(),
            head: unset_conv([self.base_width, self.classes], 1, true, device),
            classes: self.classes,
            storage: self.storage,
        }
    }

    /// Dropout masks for one pass over `batch` crops; `p = 0` draws none.
    pub fn draw_dropout(&self, p: f64, batch: usize, rng: &mut ChaCha8Rng, device: &Device) -> DropoutDraw {
        let deepest = self.width(self.levels - 1);
        DropoutDraw {
            bottleneck: ChannelDropout::draw(p, batch, deepest, rng, device),
            output: ChannelDropout::draw(p, batch, self.base_width, rng, device),
        }
    }
}

impl VNet {
    /// `[batch, 1, z, y, x]` in; dropout only where a draw is given (training).
    pub fn forward(&self, x: Tensor<5>, dropout: &DropoutDraw) -> VNetOutput {
        let mut skips = Vec::with_capacity(self.downs.len());
        let mut x = self.storage.stored(x);
        for (level, stage) in self.encoder.iter().enumerate() {
            x = stage.forward(x);
            if let Some(down) = self.downs.get(level) {
                skips.push(x.clone());
                x = down.forward(x);
            }
        }
        x = dropped(x, dropout.bottleneck.as_ref());
        for (up, stage) in self.ups.iter().zip(&self.decoder).rev() {
            let Some(features) = skips.pop() else { break };
            x = stage.forward(up.forward(x, features));
        }
        let features = dropped(x.clone(), dropout.output.as_ref());
        let bias = match &self.head.bias {
            Some(bias) => bias.val(),
            None => Tensor::zeros([self.classes], &x.device()),
        };
        let logits = pointwise(features, self.head.weight.val(), bias);
        VNetOutput { logits: Storage::restored(logits), features: x }
    }
}

impl VNet {
    /// One number of the weights, to wait until a device has updated them.
    pub fn first_weight(&self) -> Tensor<1> {
        self.head.weight.val().inner().reshape([-1]).narrow(0, 0, 1)
    }
}

fn dropped(x: Tensor<5>, dropout: Option<&ChannelDropout>) -> Tensor<5> {
    dropout.map_or(x.clone(), |d| d.apply(x))
}

impl DualNetwork {
    /// Fresh networks from the run's random numbers. `config.residual` is ignored: A is plain, B residual.
    pub fn new(config: VNetConfig, rng: &mut ChaCha8Rng, device: &Device) -> Self {
        let plain = VNetConfig { residual: false, ..config };
        let residual = VNetConfig { residual: true, ..config };
        Self {
            a: initialised(plain.init(device), InitScheme::KaimingNormal, rng),
            b: initialised(residual.init(device), InitScheme::XavierNormal, rng),
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    const SMALL: VNetConfig =
        VNetConfig { classes: 3, base_width: 4, levels: 3, residual: false, storage: Storage::F32 };

    #[test]
    fn the_published_network_has_its_published_number_of_parameters() {
        let published = VNetConfig { classes: 2, base_width: 16, levels: 5, residual: false, storage: Storage::F32 };
        assert_eq!(published.init(&Device::flex()).num_params(), 9_448_866);
    }

    #[test]
    fn output_has_one_logit_per_class_and_voxel_and_base_width_features() {
        let device = Device::flex();
        let out = SMALL.init(&device).forward(Tensor::zeros([2, 1, 4, 8, 12], &device), &DropoutDraw::default());
        assert_eq!(out.logits.dims(), [2, 3, 4, 8, 12]);
        assert_eq!(out.features.dims(), [2, 4, 4, 8, 12]);
    }

    #[test]
    fn the_two_networks_start_different_and_the_same_seed_gives_the_same_pair() {
        let device = Device::flex();
        let pair = |seed| DualNetwork::new(SMALL, &mut ChaCha8Rng::seed_from_u64(seed), &device);
        let x = Tensor::<5>::ones([1, 1, 4, 4, 4], &device) * 0.3;
        let noise = Tensor::<5>::from_data(
            burn::tensor::TensorData::new((0..64).map(|i| (i % 7) as f32).collect(), [1, 1, 4, 4, 4]),
            &device,
        );
        let run = |net: &VNet| net.forward(x.clone() + noise.clone(), &DropoutDraw::default()).logits.into_data();
        let (p, q) = (pair(5), pair(5));
        assert_eq!(run(&p.a), run(&q.a));
        assert_ne!(run(&p.a), run(&p.b));
    }
}

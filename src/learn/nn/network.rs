//! V-Net, ResV-Net and ResNet34-V: encoder-decoders with additive skip connections.

use burn::module::Module;
use burn::nn::conv::Conv3d;
use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha8Rng;

use super::block::{Common, Stage, unset_conv};
use super::config::{Architecture, LARGEST_LEVELS, NetworkConfig};
use super::dropout::{DropoutDraw, dropped};
use super::init::{InitScheme, initialised};
use super::residual::ResidualBlock;
use super::sampling::{Down, Up};
use super::storage::Storage;
use crate::learn::kernels::pointwise;

/// Convolutions per encoder level of V-Net; every decoder mirrors it.
pub(super) const CONVS_PER_LEVEL: [usize; LARGEST_LEVELS] = [1, 2, 3, 3, 3];
/// Blocks per level of a ResNet-34 below its stem.
pub(super) const BLOCKS_PER_LEVEL: [usize; LARGEST_LEVELS] = [0, 3, 4, 6, 3];
/// Edge of the stem's kernel.
pub(super) const STEM_KERNEL: usize = 7;

#[derive(Module, Debug)]
pub struct Network {
    encoder: Vec<Level>,
    /// Between the levels of the encoder. A ResNet's layers have strides of their own.
    downs: Vec<Down>,
    ups: Vec<Up>,
    decoder: Vec<Stage>,
    head: Conv3d,
    classes: usize,
    #[module(skip)]
    storage: Storage,
}

/// The encoder at one resolution.
#[derive(Module, Debug)]
enum Level {
    Stage(Stage),
    Residual(Vec<ResidualBlock>),
}

/// What a forward pass returns.
#[derive(Clone, Debug)]
pub struct NetworkOutput {
    /// `[batch, classes, z, y, x]`.
    pub logits: Tensor<5>,
    /// Decoder features before the last convolution, as stored, `[batch, base_width, z, y, x]`.
    pub features: Tensor<5>,
}

/// Network A (Kaiming) and network B (Xavier).
#[derive(Module, Debug)]
pub struct DualNetwork {
    pub a: Network,
    pub b: Network,
}

impl NetworkConfig {
    /// With random weights.
    pub fn init(&self, scheme: InitScheme, rng: &mut ChaCha8Rng, device: &Device) -> Network {
        initialised(self.unset(device), scheme, rng)
    }

    /// All convolutions 0.
    pub(super) fn unset(&self, device: &Device) -> Network {
        let common = Common { normalisation: self.normalisation, device };
        let levels = self.depth();
        let width = |level: usize| self.width(level);
        let residual = self.architecture == Architecture::ResVNet;
        let stage = |l: usize| Stage::new(width(l), width(l), CONVS_PER_LEVEL[l], residual, common);
        let (encoder, downs) = match self.architecture {
            Architecture::ResNet34V => ((0..levels).map(|l| self.residual_level(l, common)).collect(), Vec::new()),
            Architecture::VNet | Architecture::ResVNet => {
                let first = Stage::new(1, width(0), CONVS_PER_LEVEL[0], residual, common);
                let encoder = std::iter::once(first).chain((1..levels).map(stage)).map(Level::Stage).collect();
                let down = |l: usize| Down::new(width(l - 1), width(l), self.stride_zyx(l), common);
                (encoder, (1..levels).map(down).collect())
            }
        };
        Network {
            encoder,
            downs,
            ups: (1..levels).map(|l| Up::new(width(l), width(l - 1), self.stride_zyx(l), common)).collect(),
            decoder: (0..levels - 1).map(stage).collect(),
            head: unset_conv([self.base_width, self.classes], [1; 3], true, device),
            classes: self.classes,
            storage: self.storage,
        }
    }

    /// The stem, or a layer whose first block goes down.
    fn residual_level(&self, level: usize, common: Common) -> Level {
        let width = self.width(level);
        if level == 0 {
            return Level::Stage(Stage::stem(width, STEM_KERNEL, common));
        }
        let first = ResidualBlock::strided(self.width(level - 1), width, self.stride_zyx(level), common);
        let others = (1..BLOCKS_PER_LEVEL[level]).map(|_| ResidualBlock::new(width, common));
        Level::Residual(std::iter::once(first).chain(others).collect())
    }
}

impl Level {
    fn forward(&self, x: Tensor<5>) -> Tensor<5> {
        match self {
            Self::Stage(stage) => stage.forward(x),
            Self::Residual(blocks) => blocks.iter().fold(x, |x, block| block.forward(x)),
        }
    }
}

impl Network {
    /// `[batch, 1, z, y, x]` in; dropout only where a draw is given (training).
    pub fn forward(&self, x: Tensor<5>, dropout: &DropoutDraw) -> NetworkOutput {
        let mut skips = Vec::with_capacity(self.ups.len());
        let mut x = self.storage.stored(x);
        for (i, level) in self.encoder.iter().enumerate() {
            if i > 0 {
                skips.push(x.clone());
                x = self.downs.get(i - 1).map_or(x.clone(), |down| down.forward(x));
            }
            x = level.forward(x);
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
        NetworkOutput { logits: Storage::restored(logits), features: x }
    }

    /// One number of the weights, to wait until a device has updated them.
    pub fn first_weight(&self) -> Tensor<1> {
        self.head.weight.val().inner().reshape([-1]).narrow(0, 0, 1)
    }
}

impl DualNetwork {
    /// Fresh networks from the run's random numbers.
    pub fn new([a, b]: &[NetworkConfig; 2], rng: &mut ChaCha8Rng, device: &Device) -> Self {
        Self { a: a.init(InitScheme::KaimingNormal, rng, device), b: b.init(InitScheme::XavierNormal, rng, device) }
    }
}

#[cfg(test)]
mod tests;

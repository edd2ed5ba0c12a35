//! How many numbers a network has and holds, from its shape alone.

use super::config::{Architecture, NetworkConfig};
use super::network::{BLOCKS_PER_LEVEL, CONVS_PER_LEVEL, STEM_KERNEL};
use super::norm::Normalisation;

/// Counts of f32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Footprint {
    /// As burn counts them: with running statistics.
    pub parameters: usize,
    /// Outputs of all norms, which are kept for the backward pass, per crop.
    pub outputs: usize,
    /// What is kept besides where nothing is computed again: outputs of convolutions with a fused norm, per crop.
    pub recomputable: usize,
    /// What is kept besides in any case: what other norms and convolutions read, per crop.
    pub unfused: usize,
    /// The largest output of a convolution, per crop.
    pub largest_output: usize,
}

impl Footprint {
    /// Of a network and a crop of so many voxels.
    pub fn of(config: &NetworkConfig, voxels: usize) -> Self {
        let mut count = Count::new(config, voxels);
        for level in 0..config.depth() {
            match config.architecture {
                Architecture::VNet | Architecture::ResVNet => count.plain_level(level),
                Architecture::ResNet34V => count.residual_level(level),
            }
            if level > 0 {
                count.decoder_level(level);
            }
        }
        // The head: its logits belong to the loss.
        count.sum.parameters += (config.base_width + 1) * config.classes;
        count.sum
    }
}

/// Adds up the layers of one network.
struct Count<'a> {
    config: &'a NetworkConfig,
    /// Of every level.
    voxels: Vec<usize>,
    sum: Footprint,
}

/// A convolution and the norm behind it.
#[derive(Clone, Copy)]
struct Layer {
    /// Weights per output channel.
    fan_in: usize,
    bias: bool,
    channels: usize,
    voxels: usize,
    /// Whether there is a kernel that does both, where the norm is InstanceNorm.
    fused: bool,
}

impl<'a> Count<'a> {
    fn new(config: &'a NetworkConfig, voxels: usize) -> Self {
        let coarser = |finer: &mut usize, level: usize| {
            *finer /= config.block(level);
            Some(*finer)
        };
        let voxels = std::iter::once(voxels).chain((1..config.depth()).scan(voxels, coarser)).collect();
        Self { config, voxels, sum: Footprint::default() }
    }

    /// A layer with a cubic kernel on its level.
    fn layer(&self, level: usize, channels_in: usize, kernel: usize) -> Layer {
        Layer {
            fan_in: channels_in * kernel.pow(3),
            bias: true,
            channels: self.config.width(level),
            voxels: self.voxels[level],
            fused: kernel == 3,
        }
    }

    fn add(&mut self, layer: Layer) {
        let Layer { fan_in, bias, channels, voxels, fused } = layer;
        let (fused, numbers_of_norm) = match self.config.normalisation {
            Normalisation::Instance => (fused, 2),
            Normalisation::Batch => (false, 4),
        };
        self.sum.parameters += (fan_in + usize::from(bias) + numbers_of_norm) * channels;
        let output = channels * voxels;
        self.sum.outputs += output;
        *(if fused { &mut self.sum.recomputable } else { &mut self.sum.unfused }) += output;
        self.sum.largest_output = self.sum.largest_output.max(output);
    }

    fn stage(&mut self, level: usize, channels_in: usize) {
        for i in 0..CONVS_PER_LEVEL[level] {
            self.add(self.layer(level, if i == 0 { channels_in } else { self.config.width(level) }, 3));
        }
    }

    /// The way down to a level of V-Net, and its stage.
    fn plain_level(&mut self, level: usize) {
        let width = self.config.width(level);
        if level == 0 {
            return self.stage(0, 1);
        }
        let (above, block) = (self.config.width(level - 1), self.config.block(level));
        let halved = block == HALVED;
        self.add(Layer { fan_in: above * block, fused: halved, ..self.layer(level, above, 1) });
        if !halved {
            // Its input in blocks.
            self.sum.unfused += above * self.voxels[level - 1];
        }
        self.stage(level, width);
    }

    /// The way up from a level, and the stage above.
    fn decoder_level(&mut self, level: usize) {
        let (width, block) = (self.config.width(level), self.config.block(level));
        self.add(Layer { fan_in: width * block, fused: block == HALVED, ..self.layer(level - 1, width, 1) });
        self.stage(level - 1, self.config.width(level - 1));
    }

    /// The stem of a ResNet or one of its layers.
    fn residual_level(&mut self, level: usize) {
        let width = self.config.width(level);
        if level == 0 {
            return self.add(Layer { bias: false, ..self.layer(0, 1, STEM_KERNEL) });
        }
        let above = self.config.width(level - 1);
        for block in 0..BLOCKS_PER_LEVEL[level] {
            let is_first = block == 0;
            let first = self.layer(level, if is_first { above } else { width }, 3);
            self.add(Layer { bias: false, fused: !is_first, ..first });
            self.add(Layer { bias: false, ..self.layer(level, width, 3) });
        }
        self.add(Layer { bias: false, ..self.layer(level, above, 1) });
        // The projection's thinned input, and what its norm without ReLU keeps.
        self.sum.unfused += (above + width) * self.voxels[level];
    }
}

/// Voxels in a block where every axis is halved.
const HALVED: usize = 8;

#[cfg(test)]
mod tests {
    use burn::module::Module;
    use burn::tensor::Device;

    use super::*;
    use crate::learn::nn::testing::{ARCHITECTURES, config, variants};

    #[test]
    fn parameters_are_those_of_the_network_that_is_made() {
        let mut configs = variants();
        for architecture in ARCHITECTURES {
            for (base_width, levels, classes) in [(16, 5, 2), (8, 4, 3), (4, 3, 5), (2, 2, 2)] {
                configs.push(NetworkConfig { classes, base_width, ..config(architecture, levels) });
            }
        }
        for config in configs {
            let made = config.unset(&Device::flex()).num_params();
            assert_eq!(Footprint::of(&config, 4096).parameters, made, "{config:?}");
        }
    }

    #[test]
    fn outputs_of_a_small_network_are_counted_by_hand() {
        // Level 0: one convolution down, one up path, one after; level 1: two convolutions and the strided one.
        let mut config = config(Architecture::VNet, 2);
        let footprint = Footprint::of(&config, 64);
        assert_eq!((footprint.outputs, footprint.largest_output), (3 * 4 * 64 + 3 * 8 * 8, 4 * 64));
        assert_eq!((footprint.recomputable, footprint.unfused), (footprint.outputs, 0));
        // Level 1 has twice the voxels; the ways down and up are not fused, and the input of the first is reordered.
        config.strides = vec![[2, 2, 1]];
        let footprint = Footprint::of(&config, 64);
        assert_eq!(footprint.outputs, 3 * 4 * 64 + 3 * 8 * 16);
        assert_eq!(footprint.unfused, 4 * 64 + 8 * 16 + 4 * 64);
        assert_eq!(footprint.recomputable, 2 * 4 * 64 + 2 * 8 * 16);
        config.normalisation = Normalisation::Batch;
        assert_eq!(Footprint::of(&config, 64).recomputable, 0);
    }

    #[test]
    fn outputs_of_a_small_resnet_are_counted_by_hand() {
        // Level 0: stem, way up, one convolution after; level 1: three blocks of two and the projection.
        let footprint = Footprint::of(&config(Architecture::ResNet34V, 2), 64);
        assert_eq!(footprint.outputs, 3 * 4 * 64 + 7 * 8 * 8);
        assert_eq!(footprint.unfused, 4 * 64 + 8 * 8 + (8 + 4 + 8) * 8);
        assert_eq!(footprint.largest_output, 4 * 64);
    }
}

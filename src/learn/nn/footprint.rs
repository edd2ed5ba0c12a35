//! How many numbers a network has and holds, from its shape alone.

use super::vnet::{CONVS_PER_LEVEL, VNetConfig};

/// Counts of f32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Footprint {
    pub parameters: usize,
    /// Outputs of all convolutions (and as many of all norms), per crop.
    pub outputs: usize,
    /// The largest of them.
    pub largest_output: usize,
}

impl Footprint {
    /// Of a network and a crop of so many voxels.
    pub fn of(config: &VNetConfig, voxels: usize) -> Self {
        let mut sum = Self::default();
        let width = |level: usize| config.base_width << level;
        let at = |level: usize| voxels >> (3 * level);
        for level in 0..config.levels {
            let first = if level == 0 { 1 } else { width(level) };
            sum.stage(CONVS_PER_LEVEL[level], first, width(level), at(level));
            if level > 0 {
                sum.convolution(width(level - 1) * 8, true, width(level), at(level));
                sum.convolution(width(level) * 8, true, width(level - 1), at(level - 1));
                sum.stage(CONVS_PER_LEVEL[level - 1], width(level - 1), width(level - 1), at(level - 1));
            }
        }
        // The head: its logits belong to the loss.
        sum.parameters += (config.base_width + 1) * config.classes;
        sum
    }

    fn stage(&mut self, count: usize, channels_in: usize, channels: usize, voxels: usize) {
        for i in 0..count {
            self.convolution(if i == 0 { channels_in } else { channels } * 27, true, channels, voxels);
        }
    }

    /// `fan_in` weights per output channel, perhaps a bias, and the norm's two numbers.
    fn convolution(&mut self, fan_in: usize, bias: bool, channels: usize, voxels: usize) {
        self.parameters += (fan_in + usize::from(bias) + 2) * channels;
        self.outputs += channels * voxels;
        self.largest_output = self.largest_output.max(channels * voxels);
    }
}

#[cfg(test)]
mod tests {
    use burn::module::Module;
    use burn::tensor::Device;

    use super::*;
    use crate::learn::nn::Storage;

    #[test]
    fn parameters_are_those_of_the_network_that_is_made() {
        for (base_width, levels, classes) in [(16, 5, 2), (8, 4, 3), (4, 3, 5), (2, 2, 2)] {
            let config = VNetConfig { classes, base_width, levels, residual: false, storage: Storage::F32 };
            let made = config.init(&Device::flex()).num_params();
            assert_eq!(Footprint::of(&config, 4096).parameters, made, "{config:?}");
        }
    }

    #[test]
    fn outputs_of_a_small_network_are_counted_by_hand() {
        // Level 0: one convolution down, one up path, one after; level 1: two convolutions and the strided one.
        let config = VNetConfig { classes: 2, base_width: 4, levels: 2, residual: false, storage: Storage::F32 };
        let footprint = Footprint::of(&config, 64);
        assert_eq!((footprint.outputs, footprint.largest_output), (3 * 4 * 64 + 3 * 8 * 8, 4 * 64));
    }
}

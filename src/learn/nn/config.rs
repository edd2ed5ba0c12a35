//! Shape of a network: which one, how wide, how deep, how its grid shrinks.

use std::fmt;

use burn::tensor::Device;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::dropout::{ChannelDropout, DropoutDraw};
use super::norm::Normalisation;
use super::storage::Storage;

/// Which encoder; the decoders are the same but for ResV-Net's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Architecture {
    /// Milletari et al. 2016 in the form of the UA-MT / MC-Net code family.
    #[default]
    #[serde(rename = "v-net")]
    VNet,
    /// V-Net whose stages add their input before their last ReLU.
    #[serde(rename = "resv-net")]
    ResVNet,
    /// A ResNet-34 (He et al. 2016) without pooling in place of V-Net's encoder.
    #[serde(rename = "resnet34-v")]
    ResNet34V,
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::VNet => "V-Net",
            Self::ResVNet => "ResV-Net",
            Self::ResNet34V => "ResNet34-V",
        })
    }
}

/// Levels of the published networks, and the most there can be.
pub(super) const LARGEST_LEVELS: usize = 5;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkConfig {
    pub architecture: Architecture,
    /// Number of classes, background included.
    pub classes: usize,
    /// Channels at full resolution; every level doubles them.
    pub base_width: usize,
    /// Resolution levels, 2 to 5.
    pub levels: usize,
    /// What each step to the next level divides the grid by along (x, y, z), 1 or 2; 2 where none is given.
    pub strides: Vec<[usize; 3]>,
    pub normalisation: Normalisation,
    pub storage: Storage,
}

impl NetworkConfig {
    /// Levels that are made.
    pub(super) fn depth(&self) -> usize {
        self.levels.clamp(2, LARGEST_LEVELS)
    }

    /// Channels of a level (0 = full resolution).
    pub(super) fn width(&self, level: usize) -> usize {
        self.base_width << level
    }

    /// From the level above to `level`, along (x, y, z).
    fn stride(&self, level: usize) -> [usize; 3] {
        self.strides.get(level - 1).map_or([2; 3], |stride| stride.map(|n| n.clamp(1, 2)))
    }

    /// The same along a tensor's (z, y, x).
    pub(super) fn stride_zyx(&self, level: usize) -> [usize; 3] {
        let [x, y, z] = self.stride(level);
        [z, y, x]
    }

    /// Voxels of the level above that become one of `level`.
    pub(super) fn block(&self, level: usize) -> usize {
        self.stride(level).iter().product()
    }

    /// What every patch must be divisible by along (x, y, z).
    pub fn patch_step(&self) -> [usize; 3] {
        let product = |axis: usize| (1..self.depth()).map(|level| self.stride(level)[axis]).product();
        std::array::from_fn(product)
    }

    /// Dropout masks for one pass over `batch` crops; `p = 0` draws none.
    pub fn draw_dropout(&self, p: f64, batch: usize, rng: &mut ChaCha8Rng, device: &Device) -> DropoutDraw {
        let deepest = self.width(self.depth() - 1);
        DropoutDraw {
            bottleneck: ChannelDropout::draw(p, batch, deepest, rng, device),
            output: ChannelDropout::draw(p, batch, self.base_width, rng, device),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::nn::testing::config;

    #[test]
    fn patches_are_divisible_by_the_product_of_the_strides_of_their_axis() {
        let mut config = config(Architecture::VNet, 4);
        assert_eq!(config.patch_step(), [8; 3]);
        config.strides = vec![[2, 2, 1], [2, 1, 2]];
        assert_eq!(config.patch_step(), [8, 4, 4], "the third step is not given: all axes are halved");
    }

    #[test]
    fn architectures_are_named_in_files_as_their_papers_name_them() {
        let names = [Architecture::VNet, Architecture::ResVNet, Architecture::ResNet34V]
            .map(|architecture| serde_json::to_string(&architecture).unwrap());
        assert_eq!(names, ["\"v-net\"", "\"resv-net\"", "\"resnet34-v\""]);
    }
}

//! Small networks of every kind, for tests.

use burn::tensor::Device;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::{Architecture, InitScheme, Network, NetworkConfig, Normalisation, Storage};

pub const ARCHITECTURES: [Architecture; 3] = [Architecture::VNet, Architecture::ResVNet, Architecture::ResNet34V];

/// 3 classes, 4 channels, every axis halved, InstanceNorm.
pub fn config(architecture: Architecture, levels: usize) -> NetworkConfig {
    NetworkConfig {
        architecture,
        classes: 3,
        base_width: 4,
        levels,
        strides: Vec::new(),
        normalisation: Normalisation::Instance,
        storage: Storage::F32,
    }
}

/// Every architecture with every norm, halved and in steps that differ by axis, of two and three levels; patches of 8^3 do.
pub fn variants() -> Vec<NetworkConfig> {
    let mut all = Vec::new();
    for architecture in ARCHITECTURES {
        for normalisation in [Normalisation::Instance, Normalisation::Batch] {
            for (levels, strides) in [(2, vec![]), (3, vec![[2, 2, 1], [1, 2, 2]])] {
                all.push(NetworkConfig { strides, normalisation, ..config(architecture, levels) });
            }
        }
    }
    all
}

/// With random weights.
pub fn network(config: &NetworkConfig, device: &Device) -> Network {
    config.init(InitScheme::KaimingNormal, &mut ChaCha8Rng::seed_from_u64(7), device)
}

//! The networks, how their weights start and how one follows another.

mod block;
mod config;
mod dropout;
mod ema;
mod footprint;
mod init;
mod network;
mod norm;
mod residual;
mod sampling;
mod storage;
#[cfg(test)]
pub mod testing;

pub use config::{Architecture, NetworkConfig};
pub use dropout::DropoutDraw;
pub use ema::{averaged, teacher_decay};
pub use footprint::Footprint;
pub use init::InitScheme;
pub use network::{DualNetwork, Network};
pub use norm::Normalisation;
pub use storage::Storage;

//! The networks: V-Net and ResV-Net, and how their weights start.

mod block;
mod dropout;
mod footprint;
mod init;
mod storage;
mod vnet;

pub use footprint::Footprint;
pub use storage::Storage;
pub use vnet::{DropoutDraw, DualNetwork, VNet, VNetConfig};

//! The subcommands; the same engine as the window.

mod args;
pub mod bench;
mod benchmark;
mod calibration;
pub mod demo;
pub mod doubts;
pub mod evaluate;
pub mod export;
mod headless;
pub mod info;
pub mod init;
mod mask_folder;
pub mod plan;
pub mod plot;
pub mod predict;
pub mod simulate;
pub mod train;

pub use args::{Arguments, Command, run};

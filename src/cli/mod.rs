//! The subcommands; the same engine as the window.

mod args;
pub mod bench;
pub mod bench_paint;
pub mod bench_render;
pub mod demo;
pub mod evaluate;
pub mod export;
mod headless;
pub mod info;
pub mod init;
mod peak_memory;
pub mod predict;
pub mod train;

pub use args::{Arguments, Command, run};

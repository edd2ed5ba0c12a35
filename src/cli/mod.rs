//! The subcommands; the same engine as the window.

pub mod bench_render;
pub mod export;
pub mod info;
pub mod init;

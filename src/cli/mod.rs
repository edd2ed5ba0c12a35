//! The subcommands; the same engine as the window.

pub mod bench_render;

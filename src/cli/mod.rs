//! The subcommands; the same engine as the window.

pub mod export;
pub mod init;

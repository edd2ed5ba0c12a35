//! The subcommands; the same engine as the window.

pub mod export;
pub mod info;
pub mod init;

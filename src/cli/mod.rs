//! The subcommands; the same engine as the window.

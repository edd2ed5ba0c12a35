//! Slice cameras, window/level, colour maps, keymaps: what a viewer shows, without drawing it.

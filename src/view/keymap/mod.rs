//! Keys and mouse as plain data: which chord does what, the presets of the programs users come from, and their changes.

mod chord;
mod key;
mod key_action;
mod key_change;
mod key_group;
mod key_help;
mod key_text_error;
#[expect(clippy::module_inception)]
mod keymap;
mod keymap_file;
#[cfg(test)]
mod keymap_file_tests;
mod keymap_warning;
mod mouse_preset;
mod preset;
#[cfg(test)]
mod preset_tests;
mod presets;
mod tool_key;

pub use chord::Chord;
pub use key::Key;
pub use key_action::KeyAction;
pub use key_change::KeyChange;
pub use key_group::KeyGroup;
pub use key_help::KeyHelp;
pub use key_text_error::KeyTextError;
pub use keymap::Keymap;
pub use keymap_warning::KeymapWarning;
pub use mouse_preset::{DragAction, MousePreset, WheelAction};
pub use preset::KeymapPreset;
pub use tool_key::ToolKey;

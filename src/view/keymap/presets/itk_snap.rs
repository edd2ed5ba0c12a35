//! ITK-SNAP's keys where they are not Chiaro's already.

use crate::view::keymap::KeyAction::{self, *};
use crate::view::keymap::{Chord, Key, ToolKey};

pub const ITK_SNAP: &[(Chord, KeyAction)] = &[
    // The snake: what it has to grow a region from a seed. Filling takes the key of Chiaro's own.
    (Chord::char('5'), Tool(ToolKey::GrowRegion)),
    (Chord::char('G').shift(), Tool(ToolKey::Fill)),
    (Chord::new(Key::PageUp).shift(), StepSlice(5)),
    (Chord::new(Key::PageDown).shift(), StepSlice(-5)),
];

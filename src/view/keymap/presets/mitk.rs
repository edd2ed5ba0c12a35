//! MITK's keys. Its sequences Ctrl+L, Ctrl+A and Ctrl+L, Ctrl+N work because Ctrl+L alone does nothing here.

use crate::view::keymap::KeyAction::{self, *};
use crate::view::keymap::{Chord, Key, ToolKey};

const fn c(printed: char) -> Chord {
    Chord::char(printed)
}

pub const MITK: &[(Chord, KeyAction)] = &[
    // Tools by the first letter of their name: paint, wipe, lasso, fill, region growing.
    (c('P'), Tool(ToolKey::Brush)),
    (c('W'), Tool(ToolKey::Eraser)),
    (c('L'), Tool(ToolKey::Lasso)),
    (c('F'), Tool(ToolKey::Fill)),
    (c('R'), Tool(ToolKey::GrowRegion)),
    (c('H').ctrl(), ToggleLabels),
    (c('A').ctrl(), NewClass),
    (c('N').ctrl(), NextClass),
    (Chord::new(Key::Right), NextFrame),
    (Chord::new(Key::Left), PreviousFrame),
    (c('N').ctrl().alt(), NextCase),
    (c('N').ctrl().shift(), NextCase),
    (c('A').ctrl().alt(), AcceptCase),
    (c('P').ctrl(), ShowSettings),
];

//! napari's keys with a labels layer.

use crate::view::keymap::KeyAction::{self, *};
use crate::view::keymap::{Chord, Key, ToolKey};

const fn c(printed: char) -> Chord {
    Chord::char(printed)
}

pub const NAPARI: &[(Chord, KeyAction)] = &[
    (c('1'), Tool(ToolKey::Eraser)),
    (c('2'), Tool(ToolKey::Brush)),
    (c('P'), Tool(ToolKey::Brush)),
    (c('3'), Tool(ToolKey::Polygon)),
    (c('4'), Tool(ToolKey::Fill)),
    (c('F'), Tool(ToolKey::Fill)),
    (c('5'), Tool(ToolKey::Pick)),
    (c('L'), Tool(ToolKey::Pick)),
    (c('6'), Tool(ToolKey::PanZoom)),
    (c('Z'), Tool(ToolKey::PanZoom)),
    (c('-'), PreviousClass),
    (c('='), NextClass),
    // The same key with Shift, and the partner of minus where plus has a key of its own.
    (c('+'), NextClass),
    (c('M'), NewClass),
    (c('V'), ToggleLabels),
    (Chord::new(Key::Left), StepSlice(-1)),
    (Chord::new(Key::Right), StepSlice(1)),
    (c('R').ctrl(), FitView),
    (c('C'), WindowAuto),
    (c('/').ctrl().alt(), ShowKeys),
    // Two or three dimensions.
    (c('Y').ctrl(), ToggleVolumeRendering),
    // Chiaro's actions that made room, where Alt with a digit is a window preset.
    (c('C').shift(), Tool(ToolKey::Cursor)),
    (c('I').ctrl(), ToggleIntensityLimit),
];

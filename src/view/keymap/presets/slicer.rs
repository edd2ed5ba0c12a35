//! 3D Slicer's keys: its slice views and its Segment Editor, whose digits stand for the effects in their order.

use crate::view::keymap::KeyAction::{self, *};
use crate::view::keymap::{Chord, Key, ToolKey};

const fn c(printed: char) -> Chord {
    Chord::char(printed)
}

pub const SLICER: &[(Chord, KeyAction)] = &[
    (c('Z'), Undo),
    (c('Y'), Redo),
    (c('Q'), PreviousClass),
    (c('W'), NextClass),
    (c('G'), ToggleLabels),
    (Chord::new(Key::Left), StepSlice(-1)),
    (Chord::new(Key::Right), StepSlice(1)),
    (c('B'), StepSlice(-1)),
    (c('F'), StepSlice(1)),
    (c('R'), FitView),
    (c('I'), ToggleIntensityLimit),
    (c('A'), ApplyPreview),
    (c('F').ctrl(), FindAction),
    // Threshold (1) and Hollow (9) have no equal.
    (c('2'), Tool(ToolKey::Brush)),
    (c('3'), Tool(ToolKey::Polygon)),
    (c('4'), Tool(ToolKey::Eraser)),
    (c('5'), Tool(ToolKey::LevelTrace)),
    (c('6'), Tool(ToolKey::GrowRegion)),
    (c('7'), InterpolateSlices),
    (c('8'), GrowMargin),
    (c('0'), SmoothClass),
    // Many layouts type an exclamation mark with Shift and 1.
    (c('1').shift(), Tool(ToolKey::Scissors)),
    (c('!'), Tool(ToolKey::Scissors)),
    (c('2').shift(), Tool(ToolKey::Island)),
    // Chiaro's tools that made room: Z for zoom, K as on a paint bucket elsewhere.
    (c('Z').shift(), Tool(ToolKey::PanZoom)),
    (c('K'), Tool(ToolKey::Fill)),
    // Beside Alt+A, where the other half of the pair goes.
    (c('D').alt(), LabelOpacityUp),
];

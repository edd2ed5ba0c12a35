//! Chiaro's own keys. They join what ITK-SNAP, Slicer, MITK and ilastik users press without thinking.
//!
//! Shift with a digit is avoided because layouts type different characters with it, and so is Ctrl with C, V, X, H, M,
//! Q or W alone, which the system keeps for itself.

use crate::view::WindowPreset as Window;
use crate::view::keymap::KeyAction::{self, *};
use crate::view::keymap::{Chord, Key, ToolKey};

const fn c(printed: char) -> Chord {
    Chord::char(printed)
}

const fn k(key: Key) -> Chord {
    Chord::new(key)
}

const BINDINGS: &[(Chord, KeyAction)] = &[
    (c('Z').ctrl(), Undo),
    (c('Z').ctrl().shift(), Redo),
    (c('Y').ctrl(), Redo),
    (c('U').shift(), UndoList),
    (c('S').ctrl(), Save),
    (c('E').ctrl(), Export),
    (c('O').ctrl(), OpenStudy),
    (c('N').ctrl(), NextCase),
    (c('N').alt(), PreviousCase),
    // ITK-SNAP's numbers as far as they go.
    (c('1'), Tool(ToolKey::Cursor)),
    (c('2'), Tool(ToolKey::PanZoom)),
    (c('3'), Tool(ToolKey::Polygon)),
    (c('4'), Tool(ToolKey::Brush)),
    (c('5'), Tool(ToolKey::Fill)),
    (c('6'), ToggleIntensityLimit),
    (c('7'), Tool(ToolKey::Island)),
    (c('8'), Tool(ToolKey::Scissors)),
    (c('9'), Tool(ToolKey::Livewire)),
    (c('0'), Tool(ToolKey::LevelTrace)),
    (c('E'), Tool(ToolKey::Eraser)),
    (c('Q'), Tool(ToolKey::AcceptBrush)),
    (c('T'), Tool(ToolKey::AcceptComponent)),
    (c('W'), Tool(ToolKey::Window)),
    (c('O'), Tool(ToolKey::Pick)),
    (c('L').shift(), Tool(ToolKey::Lasso)),
    (c('F').shift(), Tool(ToolKey::FillSimilar)),
    (c('G').shift(), Tool(ToolKey::GrowRegion)),
    (c('D').shift(), Tool(ToolKey::MeasureDistance)),
    (c('A').shift(), Tool(ToolKey::MeasureAngle)),
    (c('R').shift(), Tool(ToolKey::MeasureRectangle)),
    (c('E').shift(), Tool(ToolKey::MeasureEllipse)),
    (c('-'), BrushSmaller),
    (c('['), BrushSmaller),
    (c('+'), BrushLarger),
    (c('='), BrushLarger),
    (c(']'), BrushLarger),
    (c('B'), ToggleBrushShape),
    (c('B').shift(), ToggleAdaptiveBrush),
    (c('I').shift(), InterpolateSlices),
    (c('H'), FillHoles),
    (c('S').shift(), SmoothClass),
    (c('K').shift(), KeepLargestIsland),
    (c('+').alt(), GrowMargin),
    (c('=').alt(), GrowMargin),
    (c('-').alt(), ShrinkMargin),
    (c('D').ctrl(), CopySliceToNext),
    (c('R').ctrl(), ReplaceClass),
    (k(Key::Enter).ctrl(), ApplyPreview),
    (k(Key::Backspace).ctrl(), CancelPreview),
    (c(','), PreviousClass),
    (c('.'), NextClass),
    (c('N').ctrl().shift(), NewClass),
    (c('S'), ToggleLabels),
    (c('G'), ToggleLabels),
    (c('F'), ToggleLabelStyle),
    (c('A'), LabelOpacityDown),
    (c('D'), LabelOpacityUp),
    (c('J'), CompleteSlice),
    (c('J').shift(), CompleteCase),
    (k(Key::PageUp), StepSlice(1)),
    (k(Key::Up), StepSlice(1)),
    (k(Key::PageDown), StepSlice(-1)),
    (k(Key::Down), StepSlice(-1)),
    (k(Key::Up).shift(), StepSlice(5)),
    (k(Key::Down).shift(), StepSlice(-5)),
    (k(Key::Home), FirstSlice),
    (k(Key::End), LastSlice),
    (k(Key::Right), NextFrame),
    (k(Key::Left), PreviousFrame),
    (c('F').ctrl(), FitView),
    (c('R'), FitView),
    (c('C'), CentreOnCursor),
    (k(Key::Right).shift(), TurnClockwise),
    (k(Key::Left).shift(), TurnAnticlockwise),
    (c('O').shift(), Straighten),
    (c('M'), MaximiseView),
    (c('M').shift(), NextLayout),
    (c('X').shift(), ToggleCrosshair),
    (c('X'), ToggleMeasurements),
    (c('I'), ToggleInterpolation),
    (c('V'), ToggleVolumeRendering),
    (c('V').shift(), ToggleSlab),
    (c('C').ctrl().shift(), CopyScreenshot),
    (c('S').ctrl().shift(), SaveScreenshot),
    (c('J').ctrl(), WindowAuto),
    (c('P'), TogglePseudoLabels),
    (c('U'), ToggleDoubt),
    (c('P').shift(), ToggleNetworkContours),
    (c('L'), ToggleTraining),
    (c('W').shift(), ToggleSwipe),
    (c('H').shift(), ToggleSideBySide),
    (k(Key::Left).ctrl(), DividerLeft),
    (k(Key::Right).ctrl(), DividerRight),
    (c('T').shift(), ShowTrust),
    (c('N'), NextRegion),
    (c('N').shift(), PreviousRegion),
    (k(Key::Enter), AcceptComponent),
    (k(Key::Enter).alt(), AcceptTrusted),
    (k(Key::Backspace), RejectRegion),
    (k(Key::Enter).shift(), AcceptSlice),
    (k(Key::Enter).ctrl().shift(), AcceptCase),
    (c('K').ctrl(), FindAction),
    (c('?'), ShowKeys),
    (c(',').ctrl(), ShowSettings),
    (c('?').ctrl(), ToggleTour),
    (k(Key::Escape), Cancel),
    (c('T').ctrl().shift(), ToggleTheme),
    (c('+').ctrl(), UiLarger),
    (c('=').ctrl(), UiLarger),
    (c('-').ctrl(), UiSmaller),
    // Ctrl with digits selects classes.
    (c('0').alt(), UiReset),
];

/// The table, the window presets on Alt with their number and the classes on Ctrl with theirs.
pub fn chiaro() -> Vec<(Chord, KeyAction)> {
    let windows = ('1'..='9').zip(0u8..).take(Window::ALL.len());
    let windows = windows.map(|(digit, index)| (c(digit).alt(), WindowPreset(index)));
    let classes = ('0'..='9').zip(0u8..).map(|(digit, class)| (c(digit).ctrl(), SelectClass(class)));
    BINDINGS.iter().copied().chain(windows).chain(classes).collect()
}

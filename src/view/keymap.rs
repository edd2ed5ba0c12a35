//! Key bindings as plain data. They join what ITK-SNAP, Slicer, MITK and ilastik users press without thinking.

use std::fmt;

use super::WindowPreset;

/// A key by what is printed on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// Upper-case letter, digit or punctuation.
    Char(char),
    Enter,
    Backspace,
    Escape,
    Space,
    PageUp,
    PageDown,
    Home,
    End,
    Up,
    Down,
    Left,
    Right,
}

/// A key with its modifiers. `ctrl` is Command on a Mac.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Chord {
    pub key: Key,
    pub ctrl: bool,
    pub shift: bool,
    pub alt: bool,
}

/// Tools a key selects. The numbers are ITK-SNAP's; 3, 6 and 7 stay free for polygon, threshold and islands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ToolKey {
    Cursor,
    PanZoom,
    Brush,
    Eraser,
    Fill,
    AcceptBrush,
    AcceptComponent,
    /// Left drag changes window and level.
    Window,
}

/// What a chord does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyAction {
    Undo,
    Redo,
    Save,
    Export,
    OpenStudy,
    FindAction,
    ShowKeys,
    Cancel,
    Tool(ToolKey),
    BrushSmaller,
    BrushLarger,
    ToggleBrushShape,
    /// Paint with the class of this number.
    SelectClass(u8),
    PreviousClass,
    NextClass,
    ToggleLabels,
    ToggleLabelStyle,
    LabelOpacityDown,
    LabelOpacityUp,
    TogglePseudoLabels,
    ToggleDoubt,
    ToggleNetworkContours,
    ToggleCrosshair,
    ToggleInterpolation,
    ToggleTraining,
    ShowTrust,
    /// Steps towards superior, anterior or right (negative: the other way).
    StepSlice(i8),
    FirstSlice,
    LastSlice,
    FitView,
    CentreOnCursor,
    MaximiseView,
    WindowAuto,
    /// Index into [`WindowPreset::ALL`].
    WindowPreset(u8),
    AcceptComponent,
    AcceptSlice,
    AcceptCase,
    CompleteSlice,
    CompleteCase,
    NextCase,
    PreviousCase,
}

/// Headings of the help page, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyGroup {
    Study,
    Tools,
    Labels,
    Viewer,
    PseudoLabels,
}

/// One line of the help page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyHelp {
    pub group: KeyGroup,
    pub action: KeyAction,
    pub description: String,
    /// All chords of the action, e.g. `Ctrl+Shift+Z  Ctrl+Y`.
    pub chords: String,
}

/// Which chord does what; no chord is bound twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keymap {
    bindings: Vec<(Chord, KeyAction)>,
}

impl Chord {
    pub const fn new(key: Key) -> Self {
        Self { key, ctrl: false, shift: false, alt: false }
    }

    pub const fn char(c: char) -> Self {
        Self::new(Key::Char(c))
    }

    pub const fn ctrl(self) -> Self {
        Self { ctrl: true, ..self }
    }

    pub const fn shift(self) -> Self {
        Self { shift: true, ..self }
    }

    pub const fn alt(self) -> Self {
        Self { alt: true, ..self }
    }

    /// Letters in upper case; Shift is dropped from punctuation because some layouts need it to type the character.
    fn normalised(self) -> Self {
        match self.key {
            Key::Char(c) if c.is_ascii_alphanumeric() => Self { key: Key::Char(c.to_ascii_uppercase()), ..self },
            Key::Char(_) => Self { shift: false, ..self },
            _ => self,
        }
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (held, name) in [(self.ctrl, "Ctrl+"), (self.alt, "Alt+"), (self.shift, "Shift+")] {
            if held {
                f.write_str(name)?;
            }
        }
        match self.key {
            Key::Char(c) => write!(f, "{c}"),
            Key::PageUp => f.write_str("Page up"),
            Key::PageDown => f.write_str("Page down"),
            other => write!(f, "{other:?}"),
        }
    }
}

impl KeyAction {
    pub fn group(self) -> KeyGroup {
        use KeyAction::*;
        match self {
            Undo | Redo | Save | Export | OpenStudy | FindAction | ShowKeys | Cancel | NextCase | PreviousCase => {
                KeyGroup::Study
            }
            Tool(_) | BrushSmaller | BrushLarger | ToggleBrushShape => KeyGroup::Tools,
            SelectClass(_) | PreviousClass | NextClass | ToggleLabels | ToggleLabelStyle | LabelOpacityDown
            | LabelOpacityUp | CompleteSlice | CompleteCase => KeyGroup::Labels,
            StepSlice(_) | FirstSlice | LastSlice | FitView | CentreOnCursor | MaximiseView | WindowAuto
            | WindowPreset(_) | ToggleCrosshair | ToggleInterpolation => KeyGroup::Viewer,
            TogglePseudoLabels
            | ToggleDoubt
            | ToggleNetworkContours
            | ToggleTraining
            | ShowTrust
            | AcceptComponent
            | AcceptSlice
            | AcceptCase => KeyGroup::PseudoLabels,
        }
    }

    pub fn description(self) -> String {
        use KeyAction::*;
        let text = match self {
            StepSlice(steps) => return step_description(steps),
            SelectClass(0) => "Paint background",
            SelectClass(class) => return format!("Paint class {class}"),
            WindowPreset(index) => {
                let name = self::WindowPreset::ALL.get(usize::from(index)).map_or("not set", |p| p.name);
                return format!("Window: {name}");
            }
            Undo => "Undo",
            Redo => "Redo",
            Save => "Save",
            Export => "Export masks",
            OpenStudy => "Open a study",
            FindAction => "Find any action",
            ShowKeys => "Show this list",
            Cancel => "Close or cancel",
            Tool(ToolKey::Cursor) => "Cursor",
            Tool(ToolKey::PanZoom) => "Pan and zoom",
            Tool(ToolKey::Brush) => "Brush",
            Tool(ToolKey::Eraser) => "Eraser",
            Tool(ToolKey::Fill) => "Fill",
            Tool(ToolKey::AcceptBrush) => "Accept with the brush",
            Tool(ToolKey::AcceptComponent) => "Accept a region",
            Tool(ToolKey::Window) => "Brightness and contrast",
            BrushSmaller => "Smaller brush",
            BrushLarger => "Larger brush",
            ToggleBrushShape => "Brush: disc or ball",
            PreviousClass => "Previous class",
            NextClass => "Next class",
            ToggleLabels => "Labels on or off",
            ToggleLabelStyle => "Labels filled or as outlines",
            LabelOpacityDown => "Labels more transparent",
            LabelOpacityUp => "Labels less transparent",
            TogglePseudoLabels => "Pseudo-labels on or off",
            ToggleDoubt => "Doubt colours on or off",
            ToggleNetworkContours => "Outlines of both networks on or off",
            ToggleCrosshair => "Crosshair on or off",
            ToggleInterpolation => "Smooth picture on or off",
            ToggleTraining => "Learning on or off",
            ShowTrust => "Can these numbers be trusted?",
            FirstSlice => "First slice",
            LastSlice => "Last slice",
            FitView => "Fit the picture to the view",
            CentreOnCursor => "Centre the views on the crosshair",
            MaximiseView => "One view or all views",
            WindowAuto => "Window: automatic",
            AcceptComponent => "Accept the region under the pointer",
            AcceptSlice => "Accept this slice",
            AcceptCase => "Accept the whole case",
            CompleteSlice => "The rest of this slice is background",
            CompleteCase => "The rest of this case is background",
            NextCase => "Next suggested case",
            PreviousCase => "Previous case",
        };
        text.to_owned()
    }
}

fn step_description(steps: i8) -> String {
    let way = if steps < 0 { "Previous" } else { "Next" };
    match steps.unsigned_abs() {
        1 => format!("{way} slice"),
        n => format!("{way} slice, {n} at once"),
    }
}

impl KeyGroup {
    pub fn name(self) -> &'static str {
        match self {
            Self::Study => "Study",
            Self::Tools => "Tools",
            Self::Labels => "Labels",
            Self::Viewer => "Viewer",
            Self::PseudoLabels => "Pseudo-labels",
        }
    }
}

impl Default for Keymap {
    fn default() -> Self {
        use KeyAction::*;
        let c = Chord::char;
        let k = Chord::new;
        let mut bindings = vec![
            (c('Z').ctrl(), Undo),
            (c('Z').ctrl().shift(), Redo),
            (c('Y').ctrl(), Redo),
            (c('S').ctrl(), Save),
            (c('E').ctrl(), Export),
            (c('O').ctrl(), OpenStudy),
            (c('K').ctrl(), FindAction),
            (c('?'), ShowKeys),
            (k(Key::Escape), Cancel),
            (c('N'), NextCase),
            (c('N').shift(), PreviousCase),
            (c('1'), Tool(ToolKey::Cursor)),
            (c('2'), Tool(ToolKey::PanZoom)),
            (c('4'), Tool(ToolKey::Brush)),
            (c('5'), Tool(ToolKey::Fill)),
            (c('E'), Tool(ToolKey::Eraser)),
            (c('Q'), Tool(ToolKey::AcceptBrush)),
            (c('T'), Tool(ToolKey::AcceptComponent)),
            (c('W'), Tool(ToolKey::Window)),
            (c('-'), BrushSmaller),
            (c('['), BrushSmaller),
            (c('+'), BrushLarger),
            (c('='), BrushLarger),
            (c(']'), BrushLarger),
            (c('B'), ToggleBrushShape),
            (c(','), PreviousClass),
            (c('.'), NextClass),
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
            (c('F').ctrl(), FitView),
            (c('R'), FitView),
            (c('C'), CentreOnCursor),
            (c('M'), MaximiseView),
            (c('X').shift(), ToggleCrosshair),
            (c('I'), ToggleInterpolation),
            (c('J').ctrl(), WindowAuto),
            (c('P'), TogglePseudoLabels),
            (c('U'), ToggleDoubt),
            (c('P').shift(), ToggleNetworkContours),
            (c('L'), ToggleTraining),
            (c('T').shift(), ShowTrust),
            (k(Key::Enter), AcceptComponent),
            (k(Key::Enter).shift(), AcceptSlice),
            (k(Key::Enter).ctrl().shift(), AcceptCase),
        ];
        let presets = ('1'..='9').zip(0u8..).take(self::WindowPreset::ALL.len());
        bindings.extend(presets.map(|(digit, index)| (c(digit).alt(), WindowPreset(index))));
        bindings.extend(('0'..='9').zip(0u8..).map(|(digit, class)| (c(digit).ctrl(), SelectClass(class))));
        Self { bindings }
    }
}

impl Keymap {
    /// What a chord does, if anything.
    pub fn action(&self, chord: Chord) -> Option<KeyAction> {
        let chord = chord.normalised();
        self.bindings.iter().find(|(bound, _)| bound.normalised() == chord).map(|(_, action)| *action)
    }

    /// Every chord with its action.
    pub fn bindings(&self) -> &[(Chord, KeyAction)] {
        &self.bindings
    }

    /// All chords of an action in one text, empty if it has none.
    pub fn chords(&self, action: KeyAction) -> String {
        let of_action = self.bindings.iter().filter(|(_, a)| *a == action);
        of_action.map(|(chord, _)| chord.to_string()).collect::<Vec<_>>().join("  ")
    }

    /// One line per bound action, grouped for the help page.
    pub fn help(&self) -> Vec<KeyHelp> {
        let mut lines: Vec<KeyHelp> = Vec::new();
        for &(_, action) in &self.bindings {
            if !lines.iter().any(|l| l.action == action) {
                let (description, chords) = (action.description(), self.chords(action));
                lines.push(KeyHelp { group: action.group(), action, description, chords });
            }
        }
        lines.sort_by_key(|l| l.group);
        lines
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_actions_share_a_chord() {
        let keymap = Keymap::default();
        let chords: HashSet<Chord> = keymap.bindings().iter().map(|(c, _)| c.normalised()).collect();
        assert_eq!(chords.len(), keymap.bindings().len());
        for (chord, action) in keymap.bindings() {
            assert_eq!(keymap.action(*chord), Some(*action), "{chord}");
        }
    }

    #[test]
    fn typed_case_and_the_shift_of_punctuation_do_not_matter() {
        let keymap = Keymap::default();
        assert_eq!(keymap.action(Chord::char('z').ctrl()), Some(KeyAction::Undo));
        assert_eq!(keymap.action(Chord::char('?').shift()), Some(KeyAction::ShowKeys));
        assert_eq!(keymap.action(Chord::char('Z')), None);
        assert_eq!(keymap.action(Chord::char('Z').ctrl().alt()), None);
    }

    #[test]
    fn help_lists_every_action_once_with_all_its_chords_in_groups() {
        let help = Keymap::default().help();
        let redo: Vec<_> = help.iter().filter(|l| l.action == KeyAction::Redo).collect();
        assert_eq!(redo.len(), 1);
        assert_eq!(redo[0].chords, "Ctrl+Shift+Z  Ctrl+Y");
        assert!(help.windows(2).all(|w| w[0].group <= w[1].group));
        let descriptions: HashSet<_> = help.iter().map(|l| &l.description).collect();
        assert_eq!(descriptions.len(), help.len());
    }

    #[test]
    fn window_presets_are_on_alt_and_their_number() {
        let soft = Keymap::default().action(Chord::char('1').alt());
        assert_eq!(soft, Some(KeyAction::WindowPreset(0)));
        assert_eq!(KeyAction::WindowPreset(0).description(), "Window: Soft tissue");
    }
}

//! What mouse gestures over a slice mean.

use super::ToolKey;

/// What one notch of the wheel does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WheelAction {
    StepSlice,
    StepTenSlices,
    /// Of a volume with time.
    StepFrame,
    /// At the pointer.
    Zoom,
    BrushSize,
}

/// What a drag does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DragAction {
    /// What the tool does.
    Tool,
    Crosshair,
    Pan,
    /// Up and down.
    Zoom,
    /// Brightness and contrast.
    Window,
}

/// What mouse gestures over a slice mean. A gesture that the other program leaves free means what it does in Chiaro.
/// The same everywhere: a plain left drag is the tool's, a middle drag pans, a double click shows one view or all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MousePreset {
    pub wheel: WheelAction,
    pub ctrl_wheel: WheelAction,
    pub shift_wheel: WheelAction,
    pub alt_wheel: WheelAction,
    /// This and the two with a key: with tools that do not paint, and with all if not [`Self::right_erases`].
    pub right_drag: DragAction,
    pub ctrl_right_drag: DragAction,
    pub shift_right_drag: DragAction,
    pub shift_left_drag: DragAction,
    /// With tools that do not paint, and with all if not [`Self::ctrl_inverts`].
    pub ctrl_left_drag: DragAction,
    pub alt_left_drag: DragAction,
    /// The right button of a painting tool erases.
    pub right_erases: bool,
    /// Ctrl held, the left button of a painting tool erases, and that of the eraser paints.
    pub ctrl_inverts: bool,
    /// Moving the pointer with Shift held moves the crosshair in all views.
    pub shift_move_moves_crosshair: bool,
    /// The tool that is chosen when the program starts, hence what a left drag does first.
    pub first_tool: ToolKey,
}

impl MousePreset {
    /// Joins ITK-SNAP, Slicer, MITK and ilastik where they do not clash.
    pub const CHIARO: Self = Self {
        wheel: WheelAction::StepSlice,
        ctrl_wheel: WheelAction::Zoom,
        shift_wheel: WheelAction::BrushSize,
        alt_wheel: WheelAction::StepTenSlices,
        right_drag: DragAction::Zoom,
        ctrl_right_drag: DragAction::Zoom,
        shift_right_drag: DragAction::Zoom,
        shift_left_drag: DragAction::Crosshair,
        ctrl_left_drag: DragAction::Tool,
        alt_left_drag: DragAction::Tool,
        right_erases: true,
        ctrl_inverts: true,
        shift_move_moves_crosshair: true,
        first_tool: ToolKey::Cursor,
    };

    /// Ctrl stands for the right button, Alt for the middle one.
    pub const ITK_SNAP: Self = Self {
        shift_wheel: WheelAction::StepFrame,
        ctrl_left_drag: DragAction::Zoom,
        alt_left_drag: DragAction::Pan,
        ..Self::CHIARO
    };

    /// Erasing is a tool of its own, so that the right button always zooms.
    pub const SLICER: Self =
        Self { shift_left_drag: DragAction::Pan, right_erases: false, ctrl_inverts: false, ..Self::CHIARO };

    /// The right button sets the window, pans with Shift and zooms with Ctrl. Shift must not move the crosshair on the
    /// way to a pan.
    pub const MITK_PACS: Self = Self {
        right_drag: DragAction::Window,
        ctrl_right_drag: DragAction::Zoom,
        shift_right_drag: DragAction::Pan,
        right_erases: false,
        shift_move_moves_crosshair: false,
        ..Self::CHIARO
    };

    /// The wheel zooms and scrolls with Ctrl; a left drag pans until a tool is chosen. Its right button does not erase.
    pub const NAPARI: Self = Self {
        wheel: WheelAction::Zoom,
        ctrl_wheel: WheelAction::StepSlice,
        right_erases: false,
        first_tool: ToolKey::PanZoom,
        ..Self::CHIARO
    };

    /// Gestures with what they do, for the help page; those that do only what the tool does are left out.
    pub fn help(&self) -> Vec<(&'static str, String)> {
        let wheels = [
            ("Wheel", self.wheel),
            ("Ctrl + wheel", self.ctrl_wheel),
            ("Shift + wheel", self.shift_wheel),
            ("Alt + wheel", self.alt_wheel),
        ];
        let mut lines: Vec<_> = wheels.map(|(gesture, wheel)| (gesture, wheel.description().to_owned())).into();
        if self.shift_move_moves_crosshair {
            lines.push(("Shift + move", DragAction::Crosshair.description().to_owned()));
        }
        // With a key held a right drag is told only where it differs.
        let with_key = |drag| if drag == self.right_drag { DragAction::Tool } else { drag };
        let drags = [
            ("Right drag", self.right_drag, self.right_erases),
            ("Ctrl + right drag", with_key(self.ctrl_right_drag), false),
            ("Shift + right drag", with_key(self.shift_right_drag), false),
            ("Shift + left drag", self.shift_left_drag, false),
            ("Ctrl + left drag", self.ctrl_left_drag, self.ctrl_inverts),
            ("Alt + left drag", self.alt_left_drag, false),
        ];
        let told = |(gesture, drag, erases): (&'static str, DragAction, bool)| {
            let text = match (drag, erases) {
                (DragAction::Tool, false) => return None,
                (DragAction::Tool, true) => "With a brush: erase".to_owned(),
                (drag, false) => drag.description().to_owned(),
                (drag, true) => format!("{}; with a brush: erase", drag.description()),
            };
            Some((gesture, text))
        };
        lines.extend(drags.into_iter().filter_map(told));
        lines
    }
}

impl WheelAction {
    pub fn description(self) -> &'static str {
        match self {
            Self::StepSlice => "Next or previous slice",
            Self::StepTenSlices => "Ten slices at once",
            Self::StepFrame => "Next or previous time frame",
            Self::Zoom => "Zoom at the pointer",
            Self::BrushSize => "Brush size",
        }
    }
}

impl DragAction {
    pub fn description(self) -> &'static str {
        match self {
            Self::Tool => "What the tool does",
            Self::Crosshair => "Move the crosshair in all views",
            Self::Pan => "Move the picture",
            Self::Zoom => "Zoom",
            Self::Window => "Brightness and contrast",
        }
    }
}

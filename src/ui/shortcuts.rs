//! From keys to actions, through the keymap.

use eframe::egui::{self, Event, Modifiers};

use super::actions::Actions;
use crate::edit::BrushShape;
use crate::project::Source;
use crate::view::{Chord, Key, KeyAction, Keymap, LabelStyle, LayerSettings, ToolKey, WindowPreset};
use crate::workspace::{
    Action, CaseAction, ClassAction, EditAction, FileAction, FolderPurpose, PseudoAction, Tool, ToolAction,
    TrainAction, ViewAction, Workspace,
};

/// What a key asks of the window itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowRequest {
    ShowKeys,
    ShowTrust,
    FindAction,
    /// Accept what is under the pointer, once the views have said in this frame where that is.
    AcceptUnderPointer,
}

/// The keys pressed in this frame. Silent while a text field has the focus.
pub fn pressed(
    ctx: &egui::Context,
    workspace: &Workspace,
    keymap: &Keymap,
    actions: &mut Actions,
) -> Vec<WindowRequest> {
    let chords: Vec<Chord> = ctx.input(|input| input.events.iter().filter_map(chord).collect());
    if ctx.text_edit_focused() {
        return Vec::new();
    }
    // A focused button or slider keeps the keys that work it.
    let focused = ctx.egui_wants_keyboard_input();
    let free = |chord: &Chord| matches!(chord.key, Key::Char(_) | Key::Escape) || !focused;
    let mut requests = Vec::new();
    for action in chords.into_iter().filter(free).filter_map(|chord| keymap.action(chord)) {
        match action {
            KeyAction::ShowKeys => requests.push(WindowRequest::ShowKeys),
            KeyAction::ShowTrust => requests.push(WindowRequest::ShowTrust),
            KeyAction::FindAction => requests.push(WindowRequest::FindAction),
            KeyAction::AcceptComponent => requests.push(WindowRequest::AcceptUnderPointer),
            other => actions.extend(action_of(other, workspace)),
        }
    }
    requests
}

/// The chord of a key press; `None` for other events and for keys no keymap can name.
fn chord(event: &Event) -> Option<Chord> {
    let Event::Key { key, pressed: true, modifiers, .. } = event else { return None };
    let Modifiers { alt, shift, command, .. } = *modifiers;
    Some(Chord { key: named(*key)?, ctrl: command, shift, alt })
}

fn named(key: egui::Key) -> Option<Key> {
    Some(match key {
        egui::Key::Enter => Key::Enter,
        egui::Key::Backspace => Key::Backspace,
        egui::Key::Escape => Key::Escape,
        egui::Key::Space => Key::Space,
        egui::Key::PageUp => Key::PageUp,
        egui::Key::PageDown => Key::PageDown,
        egui::Key::Home => Key::Home,
        egui::Key::End => Key::End,
        egui::Key::ArrowUp => Key::Up,
        egui::Key::ArrowDown => Key::Down,
        egui::Key::ArrowLeft => Key::Left,
        egui::Key::ArrowRight => Key::Right,
        other => {
            let mut letters = other.symbol_or_name().chars();
            match (letters.next(), letters.next()) {
                // egui writes minus with its typographic sign.
                (Some('−'), None) => Key::Char('-'),
                (Some(letter), None) => Key::Char(letter),
                _ => return None,
            }
        }
    })
}

/// What a key asks of the workspace; `None` where it has nothing to act on, and for the window's own keys.
pub fn action_of(key: KeyAction, workspace: &Workspace) -> Option<Action> {
    let view = workspace.views().active;
    use KeyAction as K;
    Some(match key {
        K::Undo => EditAction::Undo.into(),
        K::Redo => EditAction::Redo.into(),
        K::Save => FileAction::Save.into(),
        K::Export => FileAction::PickFolder(FolderPurpose::Export(Source::Labels)).into(),
        K::OpenStudy => FileAction::PickFolder(FolderPurpose::OpenProject).into(),
        K::Tool(tool) => ToolAction::Select(tool_of(tool)).into(),
        K::BrushSmaller => ToolAction::GrowBrush(-1).into(),
        K::BrushLarger => ToolAction::GrowBrush(1).into(),
        K::ToggleBrushShape => ToolAction::SetBrushShape(other_shape(workspace)).into(),
        K::SelectClass(class) => ClassAction::Select(class).into(),
        K::PreviousClass => ClassAction::SelectNext(-1).into(),
        K::NextClass => ClassAction::SelectNext(1).into(),
        K::ToggleTraining => TrainAction::Toggle.into(),
        K::StepSlice(steps) => ViewAction::StepSlice { view, steps: steps.into() }.into(),
        K::FirstSlice => ViewAction::StepSlice { view, steps: i64::MIN }.into(),
        K::LastSlice => ViewAction::StepSlice { view, steps: i64::MAX }.into(),
        K::FitView => ViewAction::FitAll.into(),
        K::CentreOnCursor => ViewAction::CentreOnCursor.into(),
        K::MaximiseView => ViewAction::ToggleMaximised(view).into(),
        K::WindowAuto => ViewAction::AutoWindow.into(),
        K::WindowPreset(index) => ViewAction::SetWindow(WindowPreset::ALL.get(usize::from(index))?.window).into(),
        K::AcceptComponent => accept_under_pointer(workspace)?,
        K::AcceptSlice => PseudoAction::AcceptSlice(view).into(),
        K::AcceptCase => PseudoAction::AcceptCase.into(),
        K::CompleteSlice => EditAction::CompleteSlice(view).into(),
        K::CompleteCase => EditAction::CompleteCase.into(),
        K::NextCase => CaseAction::NextOpen.into(),
        K::PreviousCase => CaseAction::Previous.into(),
        K::ShowKeys | K::ShowTrust | K::FindAction | K::Cancel => return None,
        layer_switch => ViewAction::SetLayers(changed_layers(layer_switch, workspace.views().layers)?).into(),
    })
}

fn changed_layers(key: KeyAction, mut layers: LayerSettings) -> Option<LayerSettings> {
    match key {
        KeyAction::ToggleLabels => layers.labels ^= true,
        KeyAction::ToggleLabelStyle => {
            layers.label_style = match layers.label_style {
                LabelStyle::Fill => LabelStyle::Contour,
                LabelStyle::Contour => LabelStyle::Fill,
            }
        }
        KeyAction::LabelOpacityDown => layers.nudge_label_opacity(-LayerSettings::OPACITY_STEP),
        KeyAction::LabelOpacityUp => layers.nudge_label_opacity(LayerSettings::OPACITY_STEP),
        KeyAction::TogglePseudoLabels => layers.pseudo ^= true,
        KeyAction::ToggleDoubt => layers.doubt ^= true,
        KeyAction::ToggleNetworkContours => layers.network_contours ^= true,
        KeyAction::ToggleCrosshair => layers.crosshair ^= true,
        KeyAction::ToggleInterpolation => layers.interpolation ^= true,
        _ => return None,
    }
    Some(layers)
}

fn tool_of(key: ToolKey) -> Tool {
    match key {
        ToolKey::Cursor => Tool::Cursor,
        ToolKey::PanZoom => Tool::PanZoom,
        ToolKey::Brush => Tool::Brush,
        ToolKey::Eraser => Tool::Eraser,
        ToolKey::Fill => Tool::Fill,
        ToolKey::AcceptBrush => Tool::AcceptBrush,
        ToolKey::AcceptComponent => Tool::AcceptComponent,
        ToolKey::Window => Tool::WindowLevel,
    }
}

fn other_shape(workspace: &Workspace) -> BrushShape {
    match workspace.tools().brush.shape {
        BrushShape::Disc => BrushShape::Ball,
        BrushShape::Ball => BrushShape::Disc,
    }
}

/// Accepts the pseudo-label's region under the pointer; `None` if there is no voxel.
pub fn accept_under_pointer(workspace: &Workspace) -> Option<Action> {
    Some(PseudoAction::AcceptComponent(under_pointer(workspace)?).into())
}

/// The voxel under the pointer, else the one under the crosshair.
fn under_pointer(workspace: &Workspace) -> Option<crate::geometry::Voxel> {
    let case = workspace.case()?;
    match workspace.views().hover {
        Some(hover) => case.extent().nearest_voxel(hover.position),
        None => Some(case.cursor),
    }
}

//! From keys to actions, through the keymap.

use eframe::egui::{self, Event, Modifiers};

use super::actions::Actions;
use super::operations::OperationKind;
use super::screenshot::ScreenshotTarget;
use super::viewer::KEY_DEGREES;
use crate::edit::{BrushShape, IntensityRange};
use crate::project::Source;
use crate::view::{
    Chord, ClipBox, Key, KeyAction, Keymap, LabelStyle, LayerSettings, Slab, SlabProjection, ToolKey, TransferPreset,
    WindowPreset,
};
use crate::workspace::{
    Action, AppAction, CaseAction, ClassAction, CompareAction, ComparedWith, EditAction, FileAction, FilePurpose,
    FolderPurpose, OutlineAction, PseudoAction, ReviewAction, Ruler, Settings, Split, SplitAction, SplitForm,
    ThemeChoice, Tool, ToolAction, TourAction, TrainAction, ViewAction, Workspace,
};

/// What a key asks of the window itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowRequest {
    ShowKeys,
    ShowTrust,
    ShowRounds,
    FindAction,
    ShowSettings,
    /// Every pane where the layout has it.
    ResetPanes,
    /// The list of edits to go back to.
    UndoList,
    /// The name of a new class is asked for.
    NewClass,
    /// The window of operations on labels, with this one chosen.
    Operation(OperationKind),
    Screenshot(ScreenshotTarget),
    /// Pictures of the slices of the active view.
    SliceSeries,
    /// Accept what is under the pointer, once the views have said in this frame where that is.
    AcceptUnderPointer,
}

/// The keys pressed in this frame. Silent while a text field has the focus.
pub fn pressed(
    ctx: &egui::Context,
    workspace: &Workspace,
    was_typing: bool,
    actions: &mut Actions,
) -> Vec<WindowRequest> {
    let keymap = &workspace.preferences().keymap;
    let chords: Vec<Chord> = ctx.input(|input| input.events.iter().filter_map(chord_of).collect());
    if ctx.text_edit_focused() {
        return Vec::new();
    }
    // A focused button or slider keeps the keys that work it.
    let focused = ctx.egui_wants_keyboard_input();
    // Escape first closes a menu or leaves a field; only then does it give up an outline.
    let closes_other = was_typing || egui::Popup::is_any_open(ctx);
    let free = |chord: &Chord| match chord.key {
        Key::Escape => !closes_other,
        Key::Char(_) => true,
        _ => !focused,
    };
    let mut requests = Vec::new();
    for chord in chords.into_iter().filter(free) {
        if let Some(action) = unfinished(chord.key, workspace) {
            actions.push(action);
            continue;
        }
        let Some(action) = keymap.action(chord) else { continue };
        match request_of(action) {
            Some(request) => requests.push(request),
            None => actions.extend(action_of(action, workspace)),
        }
    }
    requests
}

/// Files and folders let go over the window become cases of the study.
pub fn dropped(ctx: &egui::Context) -> Option<Action> {
    let paths: Vec<_> = ctx.input(|input| input.raw.dropped_files.iter().map(|file| file.path().to_owned()).collect());
    (!paths.is_empty()).then(|| FileAction::AddVolumes { paths, held_out: false }.into())
}

/// Escape was pressed, and no menu, text field or outline takes it.
pub fn escapes(ctx: &egui::Context, workspace: &Workspace, was_typing: bool) -> bool {
    let is_taken = was_typing || egui::Popup::is_any_open(ctx) || workspace.drawing().is_some();
    let is_taken = is_taken || workspace.known_questions().open().is_some();
    !is_taken && ctx.input(|input| input.key_pressed(egui::Key::Escape))
}

/// While an outline, a proposal or a known question is open, these keys belong to it, whatever else they do.
fn unfinished(key: Key, workspace: &Workspace) -> Option<Action> {
    let outline = workspace.drawing().is_some();
    let proposal = workspace.pending().is_some();
    let question = workspace.known_questions().open().is_some();
    Some(match key {
        Key::Enter if outline => EditAction::Outline(OutlineAction::Apply).into(),
        Key::Escape if outline => EditAction::Outline(OutlineAction::Cancel).into(),
        Key::Backspace if outline => EditAction::Outline(OutlineAction::Back).into(),
        Key::Enter if proposal => EditAction::ApplyProposal.into(),
        Key::Escape if proposal => EditAction::CancelProposal.into(),
        Key::Escape if question => ReviewAction::Next.into(),
        _ => return None,
    })
}

/// What an action asks of the window itself, if anything.
pub fn request_of(action: KeyAction) -> Option<WindowRequest> {
    use KeyAction as K;
    Some(match action {
        K::ShowKeys => WindowRequest::ShowKeys,
        K::ShowTrust => WindowRequest::ShowTrust,
        K::ShowRounds => WindowRequest::ShowRounds,
        K::FindAction => WindowRequest::FindAction,
        K::ShowSettings => WindowRequest::ShowSettings,
        K::UndoList => WindowRequest::UndoList,
        K::NewClass => WindowRequest::NewClass,
        K::InterpolateSlices => WindowRequest::Operation(OperationKind::Interpolate),
        K::FillHoles => WindowRequest::Operation(OperationKind::FillHoles),
        K::SmoothClass => WindowRequest::Operation(OperationKind::Smooth),
        K::KeepLargestIsland => WindowRequest::Operation(OperationKind::Islands),
        K::GrowMargin | K::ShrinkMargin => WindowRequest::Operation(OperationKind::Margin),
        K::ReplaceClass => WindowRequest::Operation(OperationKind::Replace),
        K::CopyScreenshot => WindowRequest::Screenshot(ScreenshotTarget::Clipboard),
        K::SaveScreenshot => WindowRequest::Screenshot(ScreenshotTarget::File),
        K::SaveSliceSeries => WindowRequest::SliceSeries,
        K::AcceptComponent => WindowRequest::AcceptUnderPointer,
        _ => return None,
    })
}

/// The key of the window tool is held: it works as a modifier of the left button.
pub fn window_key_is_down(ui: &egui::Ui, keymap: &Keymap) -> bool {
    let chords: Vec<Chord> = keymap.chords_of(KeyAction::Tool(ToolKey::Window)).collect();
    ui.input(|input| {
        let plain = !input.modifiers.command && !input.modifiers.alt;
        plain && input.keys_down.iter().any(|key| named(*key).is_some_and(|key| chords.contains(&Chord::new(key))))
    })
}

/// The chord of a key press; `None` for other events and for keys no keymap can name.
pub fn chord_of(event: &Event) -> Option<Chord> {
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
        K::ExportPseudoLabels => {
            workspace.study()?;
            FileAction::PickFolder(FolderPurpose::Export(Source::Pseudo)).into()
        }
        K::NewStudy => FileAction::BeginNewProject.into(),
        K::CloseStudy => {
            workspace.study()?;
            FileAction::CloseProject.into()
        }
        K::AddVolumes | K::AddHeldOutVolumes => {
            workspace.study()?;
            let held_out = key == K::AddHeldOutVolumes;
            FileAction::PickFolder(FolderPurpose::AddVolumes { held_out }).into()
        }
        K::OverlayImage => {
            workspace.case()?;
            FileAction::PickFile(FilePurpose::SecondImage).into()
        }
        K::Quit => AppAction::CloseRequested.into(),
        K::OpenStudy => FileAction::PickFolder(FolderPurpose::OpenProject).into(),
        K::CompareLabels => {
            workspace.case()?;
            FileAction::PickFile(FilePurpose::OtherLabels).into()
        }
        K::ComparePseudoLabels => {
            workspace.case()?.prediction.as_ref()?;
            CompareAction::With(ComparedWith::PseudoLabels).into()
        }
        K::Tool(tool) => ToolAction::Select(tool_of(tool)).into(),
        K::BrushSmaller => ToolAction::GrowBrush(-1).into(),
        K::BrushLarger => ToolAction::GrowBrush(1).into(),
        K::ToggleBrushShape => ToolAction::SetBrushShape(other_shape(workspace)).into(),
        K::SelectClass(class) => ClassAction::Select(class).into(),
        K::PreviousClass => ClassAction::SelectNext(-1).into(),
        K::NextClass => ClassAction::SelectNext(1).into(),
        K::ToggleTraining => TrainAction::Toggle.into(),
        K::FreezeOverlay => TrainAction::FreezeOverlay.into(),
        K::StepSlice(steps) => ViewAction::StepSlice { view, steps: steps.into() }.into(),
        K::FirstSlice => ViewAction::StepSlice { view, steps: i64::MIN }.into(),
        K::LastSlice => ViewAction::StepSlice { view, steps: i64::MAX }.into(),
        K::FitView => ViewAction::FitAll.into(),
        K::CentreOnCursor => ViewAction::CentreOnCursor.into(),
        K::TurnClockwise => ViewAction::Turn { view, degrees: KEY_DEGREES }.into(),
        K::TurnAnticlockwise => ViewAction::Turn { view, degrees: -KEY_DEGREES }.into(),
        K::Straighten => ViewAction::Straighten.into(),
        K::MaximiseView => ViewAction::ToggleMaximised(view).into(),
        K::WindowAuto => ViewAction::AutoWindow.into(),
        K::WindowPreset(index) => ViewAction::SetWindow(WindowPreset::ALL.get(usize::from(index))?.window).into(),
        K::ToggleSwipe => other_split(SplitForm::Swipe, workspace)?,
        K::ToggleSideBySide => other_split(SplitForm::SideBySide, workspace)?,
        K::DividerLeft => moved_divider(-Split::DIVIDER_STEP, workspace)?,
        K::DividerRight => moved_divider(Split::DIVIDER_STEP, workspace)?,
        K::NextRegion => ReviewAction::Next.into(),
        K::PreviousRegion => ReviewAction::Previous.into(),
        K::AcceptComponent => accept_under_pointer(workspace)?,
        K::AcceptTrusted => ReviewAction::Accept { trusted_only: true }.into(),
        K::RejectRegion => ReviewAction::Reject.into(),
        K::AcceptSlice => PseudoAction::AcceptSlice(view).into(),
        K::AcceptCase => PseudoAction::AcceptCase.into(),
        K::AcceptClass => PseudoAction::AcceptClass(workspace.tools().class).into(),
        K::CompleteSlice => EditAction::CompleteSlice(view).into(),
        K::CompleteCase => EditAction::CompleteCase.into(),
        K::NextCase => CaseAction::NextSuggested.into(),
        K::PreviousCase => CaseAction::Previous.into(),
        K::ToggleTheme | K::ToggleNames | K::ToggleKnownQuestions | K::UiLarger | K::UiSmaller | K::UiReset => {
            changed_settings(key, workspace)
        }
        K::ToggleTour if workspace.tour().is_some() => AppAction::Tour(TourAction::End).into(),
        K::ToggleTour => AppAction::Tour(TourAction::Begin).into(),
        K::NextFrame => ViewAction::StepFrame(1).into(),
        K::PreviousFrame => ViewAction::StepFrame(-1).into(),
        K::ToggleVolumeRendering => {
            let volume = if workspace.views().volume.is_some() { None } else { Some(TransferPreset::default()) };
            ViewAction::SetVolume(volume).into()
        }
        K::ToggleClippingBox => {
            let case = workspace.case()?;
            ViewAction::SetClip(case.clip.is_none().then(|| ClipBox::whole(case.extent()))).into()
        }
        K::NextLayout => ViewAction::SetLayout(workspace.views().layout.next()).into(),
        K::ToggleMeasurements => ViewAction::ShowMeasurements(!workspace.views().measurements).into(),
        K::ToggleAdaptiveBrush => ToolAction::SetAdaptive(!workspace.tools().adaptive).into(),
        K::ToggleIntensityLimit => ToolAction::SetIntensityLimit(other_limit(workspace)?).into(),
        K::ApplyPreview => EditAction::ApplyProposal.into(),
        K::CancelPreview => EditAction::CancelProposal.into(),
        K::CopySliceToNext => EditAction::CopySliceToNext(view).into(),
        layer_switch => ViewAction::SetLayers(changed_layers(layer_switch, workspace.views().layers)?).into(),
    })
}

/// On in this form, or off if it is on in it.
fn other_split(form: SplitForm, workspace: &Workspace) -> Option<Action> {
    workspace.case()?;
    let is_on = workspace.split().is_some_and(|split| split.form == form);
    Some(SplitAction::Show((!is_on).then_some(form)).into())
}

fn moved_divider(by: f32, workspace: &Workspace) -> Option<Action> {
    let split = workspace.split().filter(|split| split.form == SplitForm::Swipe)?;
    Some(SplitAction::MoveDivider(split.divider() + by).into())
}

/// What a radiologist looks for vessels and nodules with.
const USUAL_SLAB: Slab = Slab { thickness_mm: 10.0, projection: SlabProjection::Max };

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
        KeyAction::ToggleSlab => layers.slab = if layers.slab.is_some() { None } else { Some(USUAL_SLAB) },
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
        ToolKey::Polygon => Tool::Polygon,
        ToolKey::Lasso => Tool::Lasso,
        ToolKey::Livewire => Tool::LiveWire,
        ToolKey::Scissors => Tool::Scissors,
        ToolKey::FillSimilar => Tool::FillSimilar,
        ToolKey::GrowRegion => Tool::GrowRegion,
        ToolKey::LevelTrace => Tool::LevelTrace,
        ToolKey::Pick => Tool::Pick,
        ToolKey::Island => Tool::Island,
        ToolKey::MeasureDistance => Tool::Measure(Ruler::Distance),
        ToolKey::MeasureAngle => Tool::Measure(Ruler::Angle),
        ToolKey::MeasureRectangle => Tool::Measure(Ruler::Rectangle),
        ToolKey::MeasureEllipse => Tool::Measure(Ruler::Ellipse),
    }
}

fn changed_settings(key: KeyAction, workspace: &Workspace) -> Action {
    let mut preferences = workspace.preferences().clone();
    let settings = &mut preferences.settings;
    let zoomed = |steps: f32| {
        (settings.zoom + steps * Settings::ZOOM_STEP).clamp(*Settings::ZOOM.start(), *Settings::ZOOM.end())
    };
    match key {
        KeyAction::UiLarger => settings.zoom = zoomed(1.0),
        KeyAction::UiSmaller => settings.zoom = zoomed(-1.0),
        KeyAction::UiReset => settings.zoom = 1.0,
        KeyAction::ToggleNames => settings.hides_names ^= true,
        KeyAction::ToggleKnownQuestions => settings.asks_known ^= true,
        _ => {
            settings.theme = match settings.theme {
                ThemeChoice::Dark => ThemeChoice::Light,
                ThemeChoice::Light => ThemeChoice::Dark,
            }
        }
    }
    AppAction::SetPreferences(Box::new(preferences)).into()
}

/// Without limits, those of the window: what is neither black nor white is painted.
fn other_limit(workspace: &Workspace) -> Option<Option<IntensityRange>> {
    if workspace.tools().intensity_limit.is_some() {
        return Some(None);
    }
    let window = workspace.case()?.window;
    Some(Some(IntensityRange { low: window.low(), high: window.high() }))
}

fn other_shape(workspace: &Workspace) -> BrushShape {
    match workspace.tools().brush.shape {
        BrushShape::Disc => BrushShape::Ball,
        BrushShape::Ball => BrushShape::Square,
        BrushShape::Square => BrushShape::Disc,
    }
}

/// Accepts the region under review, else the pseudo-label's region under the pointer; `None` if there is no voxel.
pub fn accept_under_pointer(workspace: &Workspace) -> Option<Action> {
    if workspace.known_questions().open().is_some() {
        return Some(ReviewAction::Accept { trusted_only: false }.into());
    }
    let under_review = workspace.case().and_then(|case| case.review.current());
    if under_review.is_some_and(|queued| !queued.state.is_settled()) {
        return Some(ReviewAction::Accept { trusted_only: false }.into());
    }
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

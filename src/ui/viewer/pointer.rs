//! What the pointer does over a slice view: a small machine from egui events to actions.

use eframe::egui::{Event, Modifiers, MouseWheelUnit, PointerButton, Pos2, Rect, TouchPhase, Vec2};

use crate::geometry::Plane;
use crate::view::{DragAction, HandleHit, MousePreset, ViewCamera, WheelAction};
use crate::workspace::{
    Action, EditAction, MeasureAction, OutlineAction, PseudoAction, Ruler, SplitAction, SplitSide, Tool, ToolAction,
    ViewAction,
};

/// Points of a touch pad's scroll that count as one notch of a wheel.
pub const POINTS_PER_NOTCH: f32 = 40.0;
/// Zoom of one notch, and of a hundred points of a right drag.
pub const ZOOM_PER_NOTCH: f64 = 1.15;
const ZOOM_PER_POINT: f64 = 1.007;
/// How near to a corner or handle a press must be to take it, points.
const HANDLE_REACH: f32 = 8.0;

/// The view under the pointer, or a part of it, as this frame shows it.
pub struct Surface<'a> {
    pub camera: &'a ViewCamera,
    pub view: Plane,
    /// Of the picture, in window points.
    pub rect: Rect,
    /// What of it is drawn and takes the pointer.
    pub clip: Rect,
    /// 0, or 1 for the right one of two parts.
    pub place: usize,
    /// What it shows, if it is one of two parts.
    pub side: Option<SplitSide>,
    /// What would be painted here is seen nowhere in the view.
    pub hides_labels: bool,
    pub tool: Tool,
    /// Held, every left drag sets the window and level.
    pub window_key_down: bool,
    pub mouse: MousePreset,
    /// Corners of the outline drawn in this slice that can be clicked, in window points.
    pub anchors: Vec<Pos2>,
    /// The file holds more than one volume.
    pub has_frames: bool,
    /// An outline is being drawn, here or elsewhere.
    pub has_drawing: bool,
    /// Handles of the measurements in this slice.
    pub handles: Vec<(Pos2, HandleHit)>,
}

/// Where the pointer was last, whether Shift is down, a drag in progress and the part of a wheel notch not used yet. One for all views.
#[derive(Debug, Default)]
pub struct Pointer {
    at: Pos2,
    shift_down: bool,
    drag: Option<Drag>,
    notches: f32,
    /// Where the last two presses were, the newer one last.
    presses: [Pos2; 2],
}

#[derive(Clone, Copy, Debug)]
struct Drag {
    view: Plane,
    kind: DragKind,
    button: PointerButton,
    origin: Pos2,
    last: Pos2,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DragKind {
    Cross,
    Pan,
    Zoom,
    Window,
    Stroke,
    /// Of an outline: the corner that is held, if it was there before.
    Outline(Option<usize>),
    Measure(Ruler),
    /// A rectangle whose intensities set the window.
    WindowRegion,
}

/// What a press of a button is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Press {
    Drag(DragKind),
    /// A click of the tool.
    Click,
    FinishOutline,
    TakeBack,
    Nothing,
}

impl Pointer {
    /// A drag in any view is still going on.
    pub fn is_busy(&self) -> bool {
        self.drag.is_some()
    }

    /// A drag that began in `view` is still going on.
    pub fn is_dragging(&self, view: Plane) -> bool {
        self.drag.is_some_and(|d| d.view == view)
    }

    /// The last two presses were in one place. Two quick corners of an outline are no double click.
    pub fn pressed_twice_in_place(&self) -> bool {
        self.presses[0].distance(self.presses[1]) <= HANDLE_REACH
    }

    /// Two corners of the rectangle that sets the window, while it is drawn in `view`.
    pub fn window_region(&self, view: Plane) -> Option<Rect> {
        let drag = self.drag.filter(|d| d.view == view && d.kind == DragKind::WindowRegion)?;
        Some(Rect::from_two_pos(drag.origin, drag.last))
    }

    /// The part of a view that an event is for.
    pub fn surface_of<'s, 'a>(&self, event: &Event, surfaces: &'s [Surface<'a>]) -> Option<&'s Surface<'a>> {
        let at = match *event {
            Event::PointerButton { pos, .. } | Event::PointerMoved(pos) => pos,
            _ => self.at,
        };
        self.surface_at(at, surfaces)
    }

    /// The part of a view that holds a position; while something is dragged, the one where that began.
    pub fn surface_at<'s, 'a>(&self, at: Pos2, surfaces: &'s [Surface<'a>]) -> Option<&'s Surface<'a>> {
        let at = self.drag.map_or(at, |drag| drag.origin);
        surfaces.iter().find(|surface| surface.clip.contains(at)).or_else(|| surfaces.first())
    }

    /// Feeds one event to the view. `over` says that the view is what lies under the pointer.
    pub fn handle(&mut self, event: &Event, over: bool, surface: &Surface<'_>, actions: &mut Vec<Action>) {
        match *event {
            Event::PointerButton { pos, button, pressed: true, modifiers }
                if over && surface.rect.contains(pos) && self.drag.is_none() =>
            {
                actions.push(ViewAction::Activate(surface.view).into());
                self.presses = [self.presses[1], pos];
                self.press(pos, button, modifiers, surface, actions);
            }
            Event::PointerButton { button, pressed: false, .. } => self.release(button, surface.view, actions),
            Event::PointerMoved(pos) if self.is_dragging(surface.view) => self.drag_to(pos, surface, actions),
            Event::PointerMoved(pos) if over && self.drag.is_none() => {
                self.at = pos;
                if self.shift_down && surface.mouse.shift_move_moves_crosshair && surface.rect.contains(pos) {
                    actions.push(ViewAction::MoveCursor(surface.voxel(pos)).into());
                }
                if !surface.anchors.is_empty() && surface.tool == Tool::LiveWire {
                    outline(actions, OutlineAction::Hover(surface.voxel(pos)));
                }
            }
            // A pen's pressure comes before the movement that it belongs to.
            Event::Touch { phase: TouchPhase::End | TouchPhase::Cancel, .. } if over => {
                actions.push(ToolAction::PressPen(None).into());
            }
            Event::Touch { force: Some(force), .. } if over => actions.push(ToolAction::PressPen(Some(force)).into()),
            Event::ModifiersChanged(modifiers) => self.shift_down = modifiers.shift,
            Event::MouseWheel { unit, delta, modifiers, .. } if over => {
                let notches = match unit {
                    MouseWheelUnit::Point => delta / POINTS_PER_NOTCH,
                    MouseWheelUnit::Line | MouseWheelUnit::Page => delta,
                };
                self.wheel(notches, modifiers, surface, actions);
            }
            _ => {}
        }
    }

    /// Ends a drag whose button came up outside the window, or whose window lost the focus.
    pub fn cancel(&mut self, actions: &mut Vec<Action>) {
        match self.drag.take().map(|drag| drag.kind) {
            Some(DragKind::Stroke) => actions.push(EditAction::StrokeEnd.into()),
            Some(DragKind::Outline(_)) => outline(actions, OutlineAction::Release),
            Some(DragKind::Measure(_)) => actions.push(MeasureAction::Release.into()),
            _ => {}
        }
    }

    fn press(
        &mut self,
        pos: Pos2,
        button: PointerButton,
        modifiers: Modifiers,
        surface: &Surface<'_>,
        actions: &mut Vec<Action>,
    ) {
        let by_button = button == PointerButton::Secondary && surface.mouse.right_erases;
        let inverted = by_button || (modifiers.command && surface.mouse.ctrl_inverts);
        let (view, position) = (surface.view, surface.voxel(pos));
        let kind = surface.kind_of_press(pos, button, modifiers);
        if surface.hides_labels && kind.writes(surface.tool, inverted) {
            actions.push(SplitAction::ExplainUnseenLabels.into());
            return;
        }
        match kind {
            Press::Drag(kind) => {
                self.drag = Some(Drag { view, kind, button, origin: pos, last: pos });
                match kind {
                    DragKind::Stroke => actions.push(EditAction::StrokeBegin { view, position, inverted }.into()),
                    DragKind::Cross => actions.push(ViewAction::MoveCursor(position).into()),
                    DragKind::Outline(None) => outline(actions, OutlineAction::Press { view, position, inverted }),
                    DragKind::Outline(Some(anchor)) => outline(actions, OutlineAction::Hold(anchor)),
                    DragKind::Measure(ruler) => actions.push(surface.begin_measure(pos, ruler).into()),
                    DragKind::Pan | DragKind::Zoom | DragKind::Window | DragKind::WindowRegion => {}
                }
            }
            Press::Click => match surface.tool {
                Tool::Fill => actions.push(EditAction::Fill { view, position, inverted }.into()),
                Tool::AcceptComponent => {
                    if let Some(voxel) = surface.camera.extent().nearest_voxel(position) {
                        actions.push(PseudoAction::AcceptComponent(voxel).into());
                    }
                }
                _ => actions.push(EditAction::Click { view, position, inverted }.into()),
            },
            Press::FinishOutline => outline(actions, OutlineAction::Apply),
            Press::TakeBack => outline(actions, OutlineAction::Back),
            Press::Nothing => {}
        }
    }

    fn release(&mut self, button: PointerButton, view: Plane, actions: &mut Vec<Action>) {
        if self.drag.is_some_and(|d| d.button == button && d.view == view) {
            self.cancel(actions);
        }
    }

    fn drag_to(&mut self, pos: Pos2, surface: &Surface<'_>, actions: &mut Vec<Action>) {
        let Some(drag) = &mut self.drag else { return };
        let by = pos - drag.last;
        drag.last = pos;
        self.at = pos;
        let view = surface.view;
        actions.push(match drag.kind {
            DragKind::Stroke => EditAction::StrokeMove { position: surface.voxel(pos) }.into(),
            DragKind::Cross => ViewAction::MoveCursor(surface.voxel(pos)).into(),
            DragKind::Pan => ViewAction::Pan { view, by: wide(by) }.into(),
            DragKind::Window => ViewAction::DragWindow(wide(by)).into(),
            DragKind::Outline(_) => EditAction::Outline(OutlineAction::Move(surface.voxel(pos))).into(),
            DragKind::Measure(_) => MeasureAction::Move(surface.voxel(pos)).into(),
            DragKind::WindowRegion => {
                ViewAction::WindowOfRegion([surface.voxel(drag.origin), surface.voxel(pos)]).into()
            }
            DragKind::Zoom => {
                let factor = ZOOM_PER_POINT.powf(-f64::from(by.y));
                surface.zoom(factor, drag.origin)
            }
        });
    }

    fn wheel(&mut self, notches: Vec2, modifiers: Modifiers, surface: &Surface<'_>, actions: &mut Vec<Action>) {
        // Some systems turn the wheel sideways while Shift is held.
        let turned = if notches.y == 0.0 { notches.x } else { notches.y };
        let does = match modifiers {
            m if m.command => surface.mouse.ctrl_wheel,
            m if m.shift => surface.mouse.shift_wheel,
            m if m.alt => surface.mouse.alt_wheel,
            _ => surface.mouse.wheel,
        };
        if does == WheelAction::Zoom {
            actions.push(surface.zoom(ZOOM_PER_NOTCH.powf(f64::from(turned)), self.at));
            return;
        }
        self.notches += turned;
        let whole = self.notches.trunc().clamp(-100.0, 100.0);
        if whole == 0.0 {
            return;
        }
        self.notches -= whole;
        // A whole number of at most 100.
        let steps = whole as i32;
        let slices = |steps: i32| ViewAction::StepSlice { view: surface.view, steps: steps.into() }.into();
        actions.push(match does {
            WheelAction::BrushSize => ToolAction::GrowBrush(steps).into(),
            WheelAction::StepTenSlices => slices(10 * steps),
            WheelAction::StepFrame if surface.has_frames => {
                // A number of at most 100.
                ViewAction::StepFrame(steps as isize).into()
            }
            // Without further frames the wheel goes on through the slices.
            WheelAction::StepFrame | WheelAction::StepSlice | WheelAction::Zoom => slices(steps),
        });
    }
}

fn outline(actions: &mut Vec<Action>, action: OutlineAction) {
    actions.push(EditAction::Outline(action).into());
}

impl Surface<'_> {
    /// The continuous voxel position under a window position.
    pub fn voxel(&self, pos: Pos2) -> [f64; 3] {
        self.camera.voxel_from_screen(wide(pos - self.rect.min), self.size())
    }

    pub fn size(&self) -> [f64; 2] {
        wide(self.rect.size())
    }

    fn zoom(&self, factor: f64, pointer: Pos2) -> Action {
        let pointer = wide(pointer - self.rect.min);
        ViewAction::Zoom { view: self.view, factor, pointer, size: self.size() }.into()
    }

    fn kind_of_press(&self, pos: Pos2, button: PointerButton, modifiers: Modifiers) -> Press {
        let mouse = self.mouse;
        match button {
            PointerButton::Middle => Press::Drag(DragKind::Pan),
            PointerButton::Primary => {
                let paints = self.paints();
                let by_key = match modifiers {
                    m if m.shift => mouse.shift_left_drag,
                    m if m.command && !(paints && mouse.ctrl_inverts) => mouse.ctrl_left_drag,
                    m if m.alt => mouse.alt_left_drag,
                    _ => DragAction::Tool,
                };
                let takes_window = self.window_key_down || self.tool == Tool::WindowLevel;
                if takes_window && modifiers.command {
                    return Press::Drag(DragKind::WindowRegion);
                }
                match DragKind::of(by_key) {
                    _ if self.window_key_down => Press::Drag(DragKind::Window),
                    Some(kind) => Press::Drag(kind),
                    None => self.tool_press(pos),
                }
            }
            PointerButton::Secondary => self.right_press(modifiers),
            _ => Press::Nothing,
        }
    }

    /// The right button takes a corner back, erases with painting tools, else drags.
    fn right_press(&self, modifiers: Modifiers) -> Press {
        let mouse = self.mouse;
        if self.has_drawing {
            return Press::TakeBack;
        }
        if mouse.right_erases && self.paints() {
            return match self.tool {
                Tool::Brush | Tool::Eraser | Tool::AcceptBrush => Press::Drag(DragKind::Stroke),
                Tool::Polygon | Tool::Lasso | Tool::LiveWire | Tool::Scissors => Press::Drag(DragKind::Outline(None)),
                _ => Press::Click,
            };
        }
        let drag = match modifiers {
            m if m.command => mouse.ctrl_right_drag,
            m if m.shift => mouse.shift_right_drag,
            _ => mouse.right_drag,
        };
        DragKind::of(drag).map_or(Press::Nothing, Press::Drag)
    }

    fn tool_press(&self, pos: Pos2) -> Press {
        Press::Drag(match self.tool {
            Tool::Cursor => DragKind::Cross,
            Tool::PanZoom => DragKind::Pan,
            Tool::WindowLevel => DragKind::Window,
            Tool::Brush | Tool::Eraser | Tool::AcceptBrush => DragKind::Stroke,
            Tool::Polygon | Tool::Lasso | Tool::LiveWire | Tool::Scissors => return self.outline_press(pos),
            Tool::Measure(ruler) => DragKind::Measure(ruler),
            Tool::Fill
            | Tool::AcceptComponent
            | Tool::FillSimilar
            | Tool::GrowRegion
            | Tool::LevelTrace
            | Tool::Pick
            | Tool::Island => return Press::Click,
        })
    }

    /// The first corner closes the line, any other one is taken along, elsewhere a new one begins. A closed lasso is
    /// filled by a click inside it.
    fn outline_press(&self, pos: Pos2) -> Press {
        let near = |at: &Pos2| at.distance(pos) <= HANDLE_REACH;
        let hit = self.anchors.iter().position(near);
        match hit {
            Some(0) if self.tool != Tool::Lasso && self.anchors.len() >= 3 => Press::FinishOutline,
            Some(anchor) if self.tool != Tool::LiveWire => Press::Drag(DragKind::Outline(Some(anchor))),
            None if self.tool == Tool::Lasso && self.has_drawing => Press::FinishOutline,
            _ => Press::Drag(DragKind::Outline(None)),
        }
    }

    fn begin_measure(&self, pos: Pos2, ruler: Ruler) -> MeasureAction {
        let near = |(at, hit): &(Pos2, HandleHit)| (at.distance(pos) <= HANDLE_REACH).then_some(*hit);
        match self.handles.iter().rev().find_map(near) {
            Some(hit) => MeasureAction::Grab(hit),
            None => MeasureAction::Begin { view: self.view, position: self.voxel(pos), ruler },
        }
    }

    /// The tool writes labels: the right button and Ctrl turn it round.
    fn paints(&self) -> bool {
        !matches!(
            self.tool,
            Tool::Cursor | Tool::PanZoom | Tool::WindowLevel | Tool::AcceptComponent | Tool::Pick | Tool::Measure(_)
        )
    }
}

impl Press {
    /// Labels would be written by hand; what is accepted is seen where the pseudo-labels are.
    fn writes(self, tool: Tool, inverted: bool) -> bool {
        match self {
            Self::Drag(DragKind::Stroke) => tool != Tool::AcceptBrush || inverted,
            Self::Drag(DragKind::Outline(None)) => true,
            Self::Click => !matches!(tool, Tool::AcceptComponent | Tool::Pick),
            _ => false,
        }
    }
}

impl DragKind {
    fn of(action: DragAction) -> Option<Self> {
        match action {
            DragAction::Tool => None,
            DragAction::Crosshair => Some(Self::Cross),
            DragAction::Pan => Some(Self::Pan),
            DragAction::Zoom => Some(Self::Zoom),
            DragAction::Window => Some(Self::Window),
        }
    }
}

/// Positions and distances on the screen as cameras take them.
pub fn wide(v: Vec2) -> [f64; 2] {
    [f64::from(v.x), f64::from(v.y)]
}

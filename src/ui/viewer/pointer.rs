//! What the pointer does over a slice view: a small machine from egui events to actions.

use eframe::egui::{Event, Modifiers, MouseWheelUnit, PointerButton, Pos2, Rect, Vec2};

use crate::geometry::Plane;
use crate::view::SliceCamera;
use crate::workspace::{Action, EditAction, PseudoAction, Tool, ToolAction, ViewAction};

/// Points of a touch pad's scroll that count as one notch of a wheel.
const POINTS_PER_NOTCH: f32 = 40.0;
/// Zoom of one notch, and of a hundred points of a right drag.
const ZOOM_PER_NOTCH: f64 = 1.15;
const ZOOM_PER_POINT: f64 = 1.007;

/// The view under the pointer, as this frame shows it.
pub struct Surface<'a> {
    pub camera: &'a SliceCamera,
    pub view: Plane,
    /// In window points.
    pub rect: Rect,
    pub tool: Tool,
    /// Held, every left drag sets the window and level.
    pub window_key_down: bool,
}

/// Where the pointer was last, whether Shift is down, a drag in progress and the part of a wheel notch not used yet. One for all views.
#[derive(Debug, Default)]
pub struct Pointer {
    at: Pos2,
    shift_down: bool,
    drag: Option<Drag>,
    notches: f32,
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
}

impl Pointer {
    /// A drag that began in `view` is still going on.
    pub fn is_dragging(&self, view: Plane) -> bool {
        self.drag.is_some_and(|d| d.view == view)
    }

    /// Feeds one event to the view. `over` says that the view is what lies under the pointer.
    pub fn handle(&mut self, event: &Event, over: bool, surface: &Surface<'_>, actions: &mut Vec<Action>) {
        match *event {
            Event::PointerButton { pos, button, pressed: true, modifiers }
                if over && surface.rect.contains(pos) && self.drag.is_none() =>
            {
                actions.push(ViewAction::Activate(surface.view).into());
                self.press(pos, button, modifiers, surface, actions);
            }
            Event::PointerButton { button, pressed: false, .. } => self.release(button, surface.view, actions),
            Event::PointerMoved(pos) if self.is_dragging(surface.view) => self.drag_to(pos, surface, actions),
            Event::PointerMoved(pos) if over && self.drag.is_none() => {
                self.at = pos;
                if self.shift_down && surface.rect.contains(pos) {
                    actions.push(ViewAction::MoveCursor(surface.voxel(pos)).into());
                }
            }
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
        if let Some(drag) = self.drag.take()
            && drag.kind == DragKind::Stroke
        {
            actions.push(EditAction::StrokeEnd.into());
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
        let inverted = button == PointerButton::Secondary || modifiers.command;
        let (view, position) = (surface.view, surface.voxel(pos));
        match (surface.kind_of_drag(button, modifiers), surface.tool) {
            (Some(kind), _) => {
                self.drag = Some(Drag { view, kind, button, origin: pos, last: pos });
                match kind {
                    DragKind::Stroke => actions.push(EditAction::StrokeBegin { view, position, inverted }.into()),
                    DragKind::Cross => actions.push(ViewAction::MoveCursor(position).into()),
                    DragKind::Pan | DragKind::Zoom | DragKind::Window => {}
                }
            }
            (None, Tool::Fill) => actions.push(EditAction::Fill { view, position, inverted }.into()),
            (None, Tool::AcceptComponent) => {
                if let Some(voxel) = surface.camera.extent().nearest_voxel(position) {
                    actions.push(PseudoAction::AcceptComponent(voxel).into());
                }
            }
            (None, _) => {}
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
            DragKind::Zoom => {
                let factor = ZOOM_PER_POINT.powf(-f64::from(by.y));
                surface.zoom(factor, drag.origin)
            }
        });
    }

    fn wheel(&mut self, notches: Vec2, modifiers: Modifiers, surface: &Surface<'_>, actions: &mut Vec<Action>) {
        // Some systems turn the wheel sideways while Shift is held.
        let turned = if notches.y == 0.0 { notches.x } else { notches.y };
        if modifiers.command {
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
        actions.push(if modifiers.shift {
            ToolAction::GrowBrush(steps).into()
        } else {
            ViewAction::StepSlice { view: surface.view, steps: steps.into() }.into()
        });
    }
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

    /// `None`: the press is a click of the tool, not a drag.
    fn kind_of_drag(&self, button: PointerButton, modifiers: Modifiers) -> Option<DragKind> {
        use Tool::*;
        match (button, self.tool) {
            (PointerButton::Middle, _) => Some(DragKind::Pan),
            (PointerButton::Primary, _) if self.window_key_down => Some(DragKind::Window),
            (PointerButton::Primary, _) if modifiers.shift => Some(DragKind::Cross),
            (PointerButton::Primary, Cursor) => Some(DragKind::Cross),
            (PointerButton::Primary, PanZoom) => Some(DragKind::Pan),
            (PointerButton::Primary, WindowLevel) => Some(DragKind::Window),
            (PointerButton::Primary, Brush | Eraser | AcceptBrush) => Some(DragKind::Stroke),
            (PointerButton::Secondary, Brush | Eraser | AcceptBrush) => Some(DragKind::Stroke),
            (PointerButton::Primary | PointerButton::Secondary, Fill) | (PointerButton::Primary, AcceptComponent) => {
                None
            }
            (PointerButton::Secondary, _) => Some(DragKind::Zoom),
            _ => None,
        }
    }
}

fn wide(v: Vec2) -> [f64; 2] {
    [f64::from(v.x), f64::from(v.y)]
}

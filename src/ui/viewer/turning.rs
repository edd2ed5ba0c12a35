//! Turning the planes about the cross: handles near the ends of the lines, and the way back.

use eframe::egui::{
    Align2, Button, Color32, CursorIcon, FontFamily, FontId, Painter, Pos2, Rect, Response, RichText, Role, Sense,
    Stroke, Ui, WidgetInfo, vec2,
};
use egui_material_icons::icons::ICON_CACHED;
use egui_material_icons::{FONT_FAMILY, MaterialIcon};

use super::cross_lines::{CrossLine, cross_lines};
use super::decoration::{MARGIN, shadowed_text};
use super::pointer::Surface;
use crate::ui::actions::Actions;
use crate::ui::theme;
use crate::view::{KeyAction, Keymap};
use crate::workspace::{OpenCase, Tool, ViewAction};

const RADIUS: f32 = 5.0;
/// Side of the square in which a press takes the handle.
const SENSITIVE: f32 = 18.0;
/// From the end of a line to its handle.
const INSET: f32 = 14.0;
/// A handle nearer to the cross would be in its way.
const LEAST_FROM_CROSS: f32 = 40.0;
/// So near to a line, beyond so much of the way to its end, the pointer makes the handles appear.
const NEAR_LINE: f32 = 26.0;
const OUTER_SHARE: f32 = 0.5;
const ROTATION: MaterialIcon = ICON_CACHED;
/// How far below the top of a view the button stands.
const BELOW_TITLE: f32 = 28.0;

/// A turn of a line by a key.
pub const KEY_DEGREES: f64 = 5.0;

/// Handles of both lines, with tools for looking around: where something is painted or drawn, they would be in the way.
pub fn handles_ui(
    ui: &Ui,
    surface: &Surface<'_>,
    case: &OpenCase,
    (keymap, is_busy): (&Keymap, bool),
    actions: &mut Actions,
) {
    let looks_around = matches!(surface.tool, Tool::Cursor | Tool::PanZoom | Tool::WindowLevel);
    if !looks_around || is_busy || surface.has_drawing {
        return;
    }
    for line in cross_lines(surface, case).into_iter().flatten() {
        let handles = [-1.0f32, 1.0].into_iter().zip(line.ends());
        let handles: Vec<_> =
            handles.filter_map(|(side, end)| Some((side, handle_at(surface, &line, side, end)?))).collect();
        let responses: Vec<_> =
            handles.iter().map(|(side, at)| handle_ui(ui, surface, &line, (*side, *at), keymap)).collect();
        let dragged = responses.iter().find(|response| response.dragged());
        if responses.iter().any(Response::drag_started) {
            actions.push(ViewAction::Activate(surface.view).into());
        }
        let pointer = ui.input(|i| i.pointer.hover_pos());
        if let Some(pos) = dragged.and_then(Response::interact_pointer_pos) {
            let [right, down] = super::pointer::wide(pos - line.cross);
            let (view, direction) = (surface.view, [right, down]);
            actions.push(ViewAction::TurnTo { view, line: line.other, direction }.into());
        }
        let painter = ui.painter_at(surface.rect);
        let held = responses.iter().any(Response::hovered) || dragged.is_some();
        if held || pointer.is_some_and(|pos| surface.rect.contains(pos) && is_near(&line, pos)) {
            handles.iter().for_each(|(_, at)| paint_handle(&painter, *at, held));
        }
        if let Some(pos) = pointer.filter(|_| held) {
            ui.ctx().set_cursor_icon(CursorIcon::None);
            paint_cursor(&painter, pos, dragged.map(|_| case.turned_degrees(line.other)));
        }
    }
}

/// The way back, below the title while the views are turned.
pub fn straighten_ui(ui: &mut Ui, surface: &Surface<'_>, case: &OpenCase, keymap: &Keymap, actions: &mut Actions) {
    if !case.is_turned() {
        return;
    }
    let place = Rect::from_min_size(surface.rect.min + vec2(MARGIN, BELOW_TITLE), vec2(74.0, 20.0));
    // It takes drags too: a press that only clicks would go through to the brush.
    let button = Button::new(RichText::new("Straighten").size(11.0)).small().sense(Sense::click_and_drag());
    let response = ui.put(place, button);
    let name = format!("Straighten the views, in the {} view", surface.view.name().to_lowercase());
    let tooltip = keymap.with_keys("Back to slices along the voxel axes", KeyAction::Straighten);
    if response.on_hover_text(tooltip).accessible_name(&name).clicked() {
        actions.push(ViewAction::Straighten.into());
    }
}

/// `None` where the line is too short for a handle on this side. The strip of slices stays free.
fn handle_at(surface: &Surface<'_>, line: &CrossLine, side: f32, end: f32) -> Option<Pos2> {
    let along = side * (side * end - INSET);
    let at = line.at(along);
    let is_free = at.x < surface.rect.right() - super::slice_strip::WIDTH - SENSITIVE / 2.0;
    (side * along >= LEAST_FROM_CROSS && is_free).then_some(at)
}

fn handle_ui(ui: &Ui, surface: &Surface<'_>, line: &CrossLine, (side, at): (f32, Pos2), keymap: &Keymap) -> Response {
    let (view, other) = (surface.view.name(), line.other.name());
    let which = if side < 0.0 { "first" } else { "second" };
    let id = ui.scope_id().with(("turn", view, other, which));
    let response = ui.interact(Rect::from_center_size(at, vec2(SENSITIVE, SENSITIVE)), id, Sense::drag());
    let name = format!("{which} handle of the {} line in the {} view", other.to_lowercase(), view.to_lowercase());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
    let tooltip = keymap.with_keys("Drag to turn the planes about the crosshair", KeyAction::TurnClockwise);
    response.on_hover_text(keymap.with_keys(&tooltip, KeyAction::TurnAnticlockwise))
}

/// In the outer part of a line.
fn is_near(line: &CrossLine, pos: Pos2) -> bool {
    let away = pos - line.cross;
    let (along, aside) = (away.dot(line.direction), away.dot(line.direction.rot90()).abs());
    let [begin, end] = line.ends();
    let outer = if along < 0.0 { along < OUTER_SHARE * begin } else { along > OUTER_SHARE * end };
    aside <= NEAR_LINE && outer
}

fn paint_handle(painter: &Painter, at: Pos2, held: bool) {
    let fill = if held { Color32::WHITE } else { theme::CROSSHAIR };
    painter.circle(at, RADIUS, fill, Stroke::new(1.5, Color32::from_black_alpha(200)));
}

/// The sign of turning instead of the pointer, and the angle beside it.
fn paint_cursor(painter: &Painter, pos: Pos2, degrees: Option<f64>) {
    for (size, colour) in [(22.0, Color32::BLACK), (20.0, Color32::WHITE)] {
        let font = FontId::new(size, FontFamily::Name(FONT_FAMILY.into()));
        painter.text(pos, Align2::CENTER_CENTER, ROTATION.codepoint, font, colour);
    }
    if let Some(degrees) = degrees {
        let text = format!("turned {:.0}°", degrees);
        shadowed_text(painter, pos + vec2(16.0, -10.0), Align2::LEFT_BOTTOM, &text, 12.0, theme::OVER_PICTURE);
    }
}

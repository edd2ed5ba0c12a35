//! One slice view: picture, decoration, pointer.

use eframe::egui::{
    Color32, CursorIcon, Painter, PointerButton, Rect, Response, Role, Sense, StrokeKind, Ui, Vec2, WidgetInfo,
};

use super::decoration::{self, Decoration};
use super::picture::Pictures;
use super::pointer::{Pointer, Surface};
use super::sides::{self, Part};
use super::{divider, overlay, slice_strip, turning};
use crate::geometry::Plane;
use crate::ui::actions::Actions;
use crate::ui::{shortcuts, theme, widgets};
use crate::view::Keymap;
use crate::workspace::{EditAction, Hover, OpenCase, OutlineAction, Tool, ViewAction, Workspace};

/// Draws the view into `rect` and turns what the pointer does over it into actions.
pub fn ui(
    ui: &mut Ui,
    rect: Rect,
    view: Plane,
    (workspace, case, keymap): (&Workspace, &OpenCase, &Keymap),
    (pointer, pictures): (&mut Pointer, &mut Pictures),
    actions: &mut Actions,
) {
    let response = ui.interact(rect, ui.scope_id().with(view.name()), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, format!("{} view", view.name())));
    let surfaces = surfaces(ui, rect, view, (workspace, case, keymap));
    let Some(first) = surfaces.first() else { return };
    if !case.is_fitted(view) {
        actions.push(ViewAction::Fit { view, size: first.size() }.into());
    }
    feed(ui, &response, &surfaces, pointer, actions);
    if pointer.pressed_twice_in_place() {
        double_click(&response, &surfaces, actions);
    }
    let hovered = hover(&response, view, (&surfaces, pointer), workspace, actions);

    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, 0.0, theme::VIEWER_BACKGROUND);
    for surface in &surfaces {
        paint(&ui.painter_at(surface.clip), surface, hovered, (workspace, case), pictures);
    }
    if let Some(region) = pointer.window_region(view) {
        painter.rect_stroke(region, 0.0, (1.0, theme::OVER_PICTURE), StrokeKind::Middle);
    }
    if let Some(split) = workspace.split() {
        sides::paint(ui, &surfaces, workspace, hovered);
        divider::ui(ui, rect, view, (split, keymap), actions);
    }
    slice_strip::ui(ui, rect, view, case, actions);
    turning::straighten_ui(ui, first, case, keymap, actions);
    if workspace.views().layers.crosshair {
        turning::handles_ui(ui, first, case, (keymap, pointer.is_busy()), actions);
    }
    if response.hovered() {
        ui.ctx().set_cursor_icon(cursor(first, pointer));
    }
}

/// The parts of the view: one, or two that show two results.
fn surfaces<'a>(
    ui: &Ui,
    rect: Rect,
    view: Plane,
    (workspace, case, keymap): (&'a Workspace, &'a OpenCase, &Keymap),
) -> Vec<Surface<'a>> {
    let split = workspace.split();
    let window_key_down = !ui.ctx().egui_wants_keyboard_input() && shortcuts::window_key_is_down(ui, keymap);
    let surface = |(place, part): (usize, Part)| {
        let hides_labels = split.zip(part.side).is_some_and(|(split, side)| !split.shows_labels_for(side));
        let surface = Surface {
            camera: case.camera(view),
            view,
            rect: part.rect,
            clip: part.clip,
            place,
            side: part.side,
            hides_labels,
            tool: workspace.tools().tool,
            window_key_down,
            mouse: keymap.mouse(),
            anchors: Vec::new(),
            has_frames: case.geometry.frame_count() > 1,
            has_drawing: workspace.drawing().is_some(),
            handles: Vec::new(),
        };
        Surface {
            anchors: overlay::anchors(&surface, workspace),
            handles: overlay::handles(&surface, workspace, case),
            ..surface
        }
    };
    sides::parts(rect, split).into_iter().enumerate().map(surface).collect()
}

/// Picture, marks and drawings of one part. `pointer` counts from the upper left corner of the part it is in.
fn paint(
    painter: &Painter,
    surface: &Surface<'_>,
    pointer: Option<Vec2>,
    (workspace, case): (&Workspace, &OpenCase),
    pictures: &mut Pictures,
) {
    // Until the camera is fitted, the picture would jump.
    if case.is_fitted(surface.view) {
        pictures.paint(painter, surface, workspace, case);
    }
    let class = workspace.study().and_then(|study| study.classes.get(workspace.tools().class));
    let class_colour = class.map_or(Color32::WHITE, |c| widgets::rgb(c.colour));
    let pointer = pointer.map(|pointer| surface.rect.min + pointer);
    let decoration =
        Decoration { surface, case, views: workspace.views(), tools: workspace.tools(), class_colour, pointer };
    decoration.paint(painter);
    overlay::Overlay { surface, workspace, case, colour: class_colour, pointer }.paint(painter);
}

/// Events in the order they came: a quick click and a fast stroke lose nothing to the frame rate.
fn feed(ui: &Ui, response: &Response, surfaces: &[Surface<'_>], pointer: &mut Pointer, actions: &mut Actions) {
    let over = response.hovered() || response.is_pointer_button_down_on();
    ui.input(|input| {
        for event in &input.events {
            if let Some(surface) = pointer.surface_of(event, surfaces) {
                pointer.handle(event, over, surface, actions);
            }
        }
        // The button came up where the window did not see it.
        if !input.pointer.any_down() && surfaces.first().is_some_and(|surface| pointer.is_dragging(surface.view)) {
            pointer.cancel(actions);
        }
    });
}

/// A double click with a tool that paints would leave two dabs; there the view's title takes it. It closes an outline.
fn double_click(response: &Response, surfaces: &[Surface<'_>], actions: &mut Actions) {
    let Some(surface) = surfaces.first() else { return };
    let harmless = matches!(surface.tool, Tool::Cursor | Tool::PanZoom | Tool::WindowLevel);
    let on_title = response
        .interact_pointer_pos()
        .is_some_and(|pos| surfaces.iter().any(|surface| decoration::title_rect(surface.rect).contains(pos)));
    let draws = matches!(surface.tool, Tool::Polygon | Tool::Lasso | Tool::LiveWire);
    // A quick corner just before makes a third click of the second one.
    let twice =
        response.double_clicked_by(PointerButton::Primary) || response.triple_clicked_by(PointerButton::Primary);
    if twice && surface.has_drawing && draws && !on_title {
        actions.push(EditAction::Outline(OutlineAction::Apply).into());
    } else if response.double_clicked_by(PointerButton::Primary) && (harmless || on_title) {
        actions.push(ViewAction::ToggleMaximised(surface.view).into());
    }
}

/// Tells the workspace what lies under the pointer, when that changes. Returns where the pointer is, from the upper left
/// corner of the part it is in.
fn hover(
    response: &Response,
    view: Plane,
    (surfaces, pointer): (&[Surface<'_>], &Pointer),
    workspace: &Workspace,
    actions: &mut Actions,
) -> Option<Vec2> {
    let at = response.hover_pos().or_else(|| response.interact_pointer_pos().filter(|_| pointer.is_dragging(view)));
    let known = workspace.views().hover;
    let at = at.and_then(|pos| Some((pos, pointer.surface_at(pos, surfaces)?)));
    match at {
        Some((pos, surface)) => {
            let hover = Hover { view, position: surface.voxel(pos), side: surface.side };
            if known != Some(hover) {
                actions.push(ViewAction::Hover(Some(hover)).into());
            }
        }
        None if known.is_some_and(|h| h.view == view) => actions.push(ViewAction::Hover(None).into()),
        None => {}
    }
    at.map(|(pos, surface)| pos - surface.rect.min)
}

fn cursor(surface: &Surface<'_>, pointer: &Pointer) -> CursorIcon {
    match surface.tool {
        _ if surface.window_key_down => CursorIcon::Move,
        Tool::Cursor
        | Tool::Fill
        | Tool::AcceptComponent
        | Tool::Polygon
        | Tool::Lasso
        | Tool::LiveWire
        | Tool::Scissors
        | Tool::FillSimilar
        | Tool::GrowRegion
        | Tool::LevelTrace
        | Tool::Pick
        | Tool::Island
        | Tool::Measure(_) => CursorIcon::Crosshair,
        Tool::PanZoom if pointer.is_dragging(surface.view) => CursorIcon::Grabbing,
        Tool::PanZoom => CursorIcon::Grab,
        // The outline of the brush is the cursor.
        Tool::Brush | Tool::Eraser | Tool::AcceptBrush => CursorIcon::None,
        Tool::WindowLevel => CursorIcon::Move,
    }
}

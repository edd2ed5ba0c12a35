//! One slice view: picture, decoration, pointer.

use eframe::egui::{self, CursorIcon, Key, PointerButton, Pos2, Rect, Response, Role, Sense, Ui, WidgetInfo};

use super::decoration::{self, Decoration};
use super::picture::Pictures;
use super::pointer::{Pointer, Surface};
use super::slice_strip;
use crate::geometry::Plane;
use crate::ui::actions::Actions;
use crate::ui::{theme, widgets};
use crate::workspace::{Hover, OpenCase, Tool, ViewAction, Workspace};

/// Draws the view into `rect` and turns what the pointer does over it into actions.
pub fn ui(
    ui: &mut Ui,
    rect: Rect,
    view: Plane,
    (workspace, case): (&Workspace, &OpenCase),
    pointer: &mut Pointer,
    pictures: &mut Pictures,
    actions: &mut Actions,
) {
    let response = ui.interact(rect, ui.scope_id().with(view.name()), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, format!("{} view", view.name())));
    let camera = case.camera(view);
    let surface = Surface {
        camera,
        view,
        rect,
        tool: workspace.tools().tool,
        window_key_down: !ui.ctx().egui_wants_keyboard_input() && ui.input(|i| i.key_down(Key::W)),
    };
    if !case.is_fitted(view) {
        actions.push(ViewAction::Fit { view, size: surface.size() }.into());
    }
    feed(ui, &response, &surface, pointer, actions);
    maximise(&response, &surface, actions);
    let hovered = hover(&response, &surface, pointer, workspace, actions);

    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, 0.0, theme::VIEWER_BACKGROUND);
    // Until the camera is fitted, the picture would jump.
    if case.is_fitted(view) {
        pictures.paint(&painter, &surface, workspace, case);
    }
    let class = workspace.study().and_then(|study| study.classes.get(workspace.tools().class));
    let class_colour = class.map_or(egui::Color32::WHITE, |c| widgets::rgb(c.colour));
    let decoration = Decoration {
        surface: &surface,
        case,
        views: workspace.views(),
        tools: workspace.tools(),
        class_colour,
        pointer: hovered,
    };
    decoration.paint(&painter);
    slice_strip::ui(ui, rect, camera, actions);
    if response.hovered() {
        ui.ctx().set_cursor_icon(cursor(&surface, pointer));
    }
}

/// Events in the order they came: a quick click and a fast stroke lose nothing to the frame rate.
fn feed(ui: &Ui, response: &Response, surface: &Surface<'_>, pointer: &mut Pointer, actions: &mut Actions) {
    let over = response.hovered() || response.is_pointer_button_down_on();
    ui.input(|input| {
        for event in &input.events {
            pointer.handle(event, over, surface, actions);
        }
        // The button came up where the window did not see it.
        if !input.pointer.any_down() && pointer.is_dragging(surface.view) {
            pointer.cancel(actions);
        }
    });
}

/// A double click with a tool that paints would leave two dabs; there the view's title takes it.
fn maximise(response: &Response, surface: &Surface<'_>, actions: &mut Actions) {
    let harmless = matches!(surface.tool, Tool::Cursor | Tool::PanZoom | Tool::WindowLevel);
    let on_title =
        response.interact_pointer_pos().is_some_and(|pos| decoration::title_rect(surface.rect).contains(pos));
    if response.double_clicked_by(PointerButton::Primary) && (harmless || on_title) {
        actions.push(ViewAction::ToggleMaximised(surface.view).into());
    }
}

/// Tells the workspace what lies under the pointer, when that changes.
fn hover(
    response: &Response,
    surface: &Surface<'_>,
    pointer: &Pointer,
    workspace: &Workspace,
    actions: &mut Actions,
) -> Option<Pos2> {
    let view = surface.view;
    let at = response.hover_pos().or_else(|| response.interact_pointer_pos().filter(|_| pointer.is_dragging(view)));
    let known = workspace.views().hover;
    match at {
        Some(pos) => {
            let hover = Hover { view, position: surface.voxel(pos) };
            if known != Some(hover) {
                actions.push(ViewAction::Hover(Some(hover)).into());
            }
        }
        None if known.is_some_and(|h| h.view == view) => actions.push(ViewAction::Hover(None).into()),
        None => {}
    }
    at
}

fn cursor(surface: &Surface<'_>, pointer: &Pointer) -> CursorIcon {
    match surface.tool {
        _ if surface.window_key_down => CursorIcon::Move,
        Tool::Cursor | Tool::Fill | Tool::AcceptComponent => CursorIcon::Crosshair,
        Tool::PanZoom if pointer.is_dragging(surface.view) => CursorIcon::Grabbing,
        Tool::PanZoom => CursorIcon::Grab,
        // The outline of the brush is the cursor.
        Tool::Brush | Tool::Eraser | Tool::AcceptBrush => CursorIcon::None,
        Tool::WindowLevel => CursorIcon::Move,
    }
}

//! One slice view: picture, decoration, pointer.

use eframe::egui::{self, CursorIcon, PointerButton, Pos2, Rect, Response, Role, Sense, StrokeKind, Ui, WidgetInfo};

use super::decoration::{self, Decoration};
use super::picture::Pictures;
use super::pointer::{Pointer, Surface};
use super::{overlay, slice_strip, turning};
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
    let camera = case.camera(view);
    let surface = Surface {
        camera,
        view,
        rect,
        tool: workspace.tools().tool,
        window_key_down: !ui.ctx().egui_wants_keyboard_input() && shortcuts::window_key_is_down(ui, keymap),
        mouse: keymap.mouse(),
        anchors: Vec::new(),
        has_frames: case.geometry.frame_count() > 1,
        has_drawing: workspace.drawing().is_some(),
        handles: Vec::new(),
    };
    let surface = Surface {
        anchors: overlay::anchors(&surface, workspace),
        handles: overlay::handles(&surface, workspace, case),
        ..surface
    };
    if !case.is_fitted(view) {
        actions.push(ViewAction::Fit { view, size: surface.size() }.into());
    }
    feed(ui, &response, &surface, pointer, actions);
    if pointer.pressed_twice_in_place() {
        double_click(&response, &surface, actions);
    }
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
    overlay::Overlay { surface: &surface, workspace, case, colour: class_colour, pointer: hovered }.paint(&painter);
    if let Some(region) = pointer.window_region(view) {
        painter.rect_stroke(region, 0.0, (1.0, theme::OVER_PICTURE), StrokeKind::Middle);
    }
    slice_strip::ui(ui, rect, view, case, actions);
    turning::straighten_ui(ui, &surface, case, keymap, actions);
    if workspace.views().layers.crosshair {
        turning::handles_ui(ui, &surface, case, (keymap, pointer.is_busy()), actions);
    }
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

/// A double click with a tool that paints would leave two dabs; there the view's title takes it. It closes an outline.
fn double_click(response: &Response, surface: &Surface<'_>, actions: &mut Actions) {
    let harmless = matches!(surface.tool, Tool::Cursor | Tool::PanZoom | Tool::WindowLevel);
    let on_title =
        response.interact_pointer_pos().is_some_and(|pos| decoration::title_rect(surface.rect).contains(pos));
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

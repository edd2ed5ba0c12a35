//! The strip at the right edge of a view: where the slice is in the volume; click or drag to go elsewhere.

use eframe::egui::{Color32, CursorIcon, Rect, Sense, Ui, WidgetInfo, pos2, vec2};

use crate::geometry::Plane;
use crate::ui::actions::Actions;
use crate::ui::theme;
use crate::workspace::{OpenCase, ViewAction};

/// Width of the sensitive strip, points.
pub const WIDTH: f32 = 18.0;
const RAIL: f32 = 5.0;
const HANDLE_HEIGHT: f32 = 9.0;
/// Free room above and below.
const MARGIN: f32 = 34.0;

pub fn ui(ui: &mut Ui, view_rect: Rect, view: Plane, case: &OpenCase, actions: &mut Actions) {
    let (number, count) = case.slice_number(view);
    let area = Rect::from_min_max(
        pos2(view_rect.right() - WIDTH, view_rect.top() + MARGIN),
        pos2(view_rect.right(), view_rect.bottom() - MARGIN),
    );
    if count < 2 || area.height() < 2.0 * HANDLE_HEIGHT {
        return;
    }
    let name = format!("{} slice", view.name());
    let response = ui.interact(area, ui.scope_id().with(("slice strip", view.name())), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::slider(true, number as f64, &name));

    let last = (count - 1) as f32;
    if let Some(pos) = response.interact_pointer_pos() {
        // The top of the strip is the last slice: superior, anterior or right.
        let share = ((area.bottom() - pos.y) / area.height()).clamp(0.0, 1.0);
        // A share of 0 to 1 times the last index.
        let wanted = (share * last).round() as usize;
        if wanted + 1 != number {
            // Turned planes have no voxel axis: their places count as they are numbered.
            let reversed = !case.is_turned() && case.camera(view).straight().axes().normal.reversed;
            let slice = if reversed { (count - 1).saturating_sub(wanted) } else { wanted };
            actions.push(ViewAction::SetSlice { view, slice }.into());
        }
    }

    let active = response.hovered() || response.dragged();
    let rail = Rect::from_center_size(area.center(), vec2(RAIL, area.height()));
    ui.painter().rect_filled(rail, 2.5, Color32::from_white_alpha(if active { 40 } else { 24 }));
    let y = area.bottom() - area.height() * (number - 1) as f32 / last;
    let handle = Rect::from_center_size(pos2(area.center().x, y), vec2(RAIL + 3.0, HANDLE_HEIGHT));
    let colour = if active { Color32::WHITE } else { theme::OVER_PICTURE_TEXT };
    ui.painter().rect_filled(handle, 3.0, colour);
    response.on_hover_cursor(CursorIcon::ResizeVertical);
}

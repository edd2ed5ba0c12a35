//! The strip at the right edge of a view: where the slice is in the volume; click or drag to go elsewhere.

use eframe::egui::{Color32, CursorIcon, Rect, Sense, Ui, WidgetInfo, pos2, vec2};

use crate::geometry::Plane;
use crate::ui::actions::Actions;
use crate::ui::theme;
use crate::view::SliceCamera;
use crate::workspace::{OpenCase, ViewAction};

/// Width of the sensitive strip, points.
pub const WIDTH: f32 = 18.0;
const RAIL: f32 = 5.0;
const HANDLE_HEIGHT: f32 = 9.0;
/// Doubtful area that is worth a jump: a spot of a centimetre.
const HALF_MM2: f64 = 80.0;
/// Free room above and below.
const MARGIN: f32 = 34.0;

/// Beside the handle, amber marks tell how much of each slice is doubtful.
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
            let reversed = !case.is_view_turned(view) && case.camera(view).straight().axes().normal.reversed;
            let slice = if reversed { (count - 1).saturating_sub(wanted) } else { wanted };
            actions.push(ViewAction::SetSlice { view, slice }.into());
        }
    }

    let active = response.hovered() || response.dragged();
    let rail = Rect::from_center_size(area.center(), vec2(RAIL, area.height()));
    ui.painter().rect_filled(rail, 2.5, Color32::from_white_alpha(if active { 40 } else { 24 }));
    // Turned planes cut through all slices.
    let doubt_mm2 = if case.is_view_turned(view) { Vec::new() } else { case.review.areas_mm2(case.normal_axis(view)) };
    let camera = case.camera(view).straight();
    doubt_ui(ui, rail, camera, &doubt_mm2);
    let y = area.bottom() - area.height() * (number - 1) as f32 / last;
    let handle = Rect::from_center_size(pos2(area.center().x, y), vec2(RAIL + 3.0, HANDLE_HEIGHT));
    let colour = if active { Color32::WHITE } else { theme::OVER_PICTURE_TEXT };
    ui.painter().rect_filled(handle, 3.0, colour);
    let response = response.on_hover_cursor(CursorIcon::ResizeVertical);
    if let Some(mm2) = doubt_mm2.get(camera.slice()) {
        response.on_hover_text(format!("Slice {number}: {mm2:.0} mm² doubtful"));
    }
}

/// Amber where slices are doubtful, the stronger the larger the doubtful area.
fn doubt_ui(ui: &Ui, rail: Rect, camera: &SliceCamera, doubt_mm2: &[f64]) {
    let count = camera.slice_count();
    let height = rail.height() / count as f32;
    for (slice, mm2) in doubt_mm2.iter().enumerate().take(count).filter(|(_, mm2)| **mm2 > 0.0) {
        let place = if camera.axes().normal.reversed { count - 1 - slice } else { slice };
        let bottom = rail.bottom() - place as f32 * height;
        let mark =
            Rect::from_min_max(pos2(rail.left() - 1.0, bottom - height.max(1.0)), pos2(rail.right() + 1.0, bottom));
        // A fixed scale: half of the full colour at HALF_MM2, whatever the case.
        let share = (mm2 / (mm2 + HALF_MM2)) as f32;
        ui.painter().rect_filled(mark, 0.0, theme::DOUBT.gamma_multiply(0.35 + 0.65 * share));
    }
}

//! The doubtful regions of the case in the 3-D view: a dot each, at its middle; a click goes there.

use eframe::egui::{Color32, Rect, Sense, Stroke, Ui, vec2};

use super::clip_handles::on_screen;
use crate::review::QueuedRegion;
use crate::ui::actions::Actions;
use crate::ui::{theme, widgets};
use crate::view::OrbitCamera;
use crate::workspace::{OpenCase, ReviewAction};

/// More would hide the surfaces; the list has them all.
const MOST: usize = 24;
/// Radius of a dot, points: of the smallest region, and of one of a cubic centimetre and more.
const RADII: [f32; 2] = [3.5, 8.0];
const LARGE_MM3: f64 = 1_000.0;

/// The regions that wait for a decision, those worth most first.
pub fn ui(ui: &mut Ui, rect: Rect, case: &OpenCase, camera: &OrbitCamera, actions: &mut Actions) {
    let Some(queue) = case.review.queue().filter(|_| !case.hides_labels()) else { return };
    let current = queue.current().map(|queued| queued.region.id);
    let waiting = queue.regions().iter().enumerate().filter(|(_, queued)| !queued.state.is_settled());
    for (place, QueuedRegion { region, .. }) in waiting.take(MOST) {
        let at = on_screen(rect, case, camera, region.centre.to_f64());
        let radius = radius(region.size_mm3);
        if !rect.shrink(radius).contains(at) {
            continue;
        }
        let area = Rect::from_center_size(at, vec2(radius, radius) * 2.0);
        let id = ui.scope_id().with(("doubtful region", region.id.0));
        let name = format!("Doubtful region {} in 3-D", place + 1);
        let dot = widgets::named(ui.interact(area, id, Sense::click()), &name, None);
        let painter = ui.painter_at(rect);
        painter.circle_filled(at, radius, theme::DOUBT.gamma_multiply(if dot.hovered() { 1.0 } else { 0.75 }));
        let is_current = current == Some(region.id);
        let rim = if is_current { Color32::WHITE } else { Color32::from_black_alpha(160) };
        painter.circle_stroke(at, radius, Stroke::new(if is_current { 2.0 } else { 1.0 }, rim));
        if dot.clicked() {
            actions.push(ReviewAction::GoTo(region.id).into());
        }
    }
}

/// Grows with the edge of a cube of that size.
fn radius(size_mm3: f64) -> f32 {
    // Between 0 and 1: exact enough for points.
    let share = (size_mm3 / LARGE_MM3).cbrt().clamp(0.0, 1.0) as f32;
    RADII[0] + share * (RADII[1] - RADII[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_grow_with_the_region_within_bounds() {
        assert_eq!((radius(0.0), radius(1e9)), (RADII[0], RADII[1]));
        assert!(radius(10.0) < radius(100.0));
    }
}

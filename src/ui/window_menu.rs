//! Brightness and contrast: the histogram with the window's ends to drag, and presets.

use eframe::egui::{self, Rect, Sense, Stroke, Ui, pos2, vec2};

use super::actions::Actions;
use super::{theme, widgets};
use crate::view::{HistogramAxis, IntensityHistogram, WindowHandle, WindowLevel};
use crate::workspace::ViewAction;

const WIDTH: f32 = 260.0;
const HEIGHT: f32 = 72.0;
/// How near to an end a press must be to take it, points.
const REACH: f64 = 8.0;

/// A drag that began on a handle, with the window it began with.
#[derive(Clone, Copy, Debug)]
struct Drag {
    handle: WindowHandle,
    from_x: f64,
    window: WindowLevel,
}

/// Bars of the image's intensities; the ends of the window and what lies between them can be dragged.
pub fn histogram_ui(ui: &mut Ui, histogram: Option<&IntensityHistogram>, window: WindowLevel, actions: &mut Actions) {
    let Some(histogram) = histogram else {
        ui.allocate_ui(vec2(WIDTH, HEIGHT), |ui| widgets::caption_ui(ui, "Counting intensities…"));
        return;
    };
    let (rect, response) = ui.allocate_exact_size(vec2(WIDTH, HEIGHT), Sense::click_and_drag());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Slider, true, "Histogram of intensities"));
    let axis = HistogramAxis::new(histogram, f64::from(WIDTH));
    let x_of = |at: egui::Pos2| f64::from(at.x - rect.left());
    let id = response.id.with("drag");
    if response.drag_started()
        && let Some(at) = response.interact_pointer_pos()
        && let Some(handle) = axis.handle_at(&window, x_of(at), REACH)
    {
        ui.data_mut(|data| data.insert_temp(id, Drag { handle, from_x: x_of(at), window }));
    }
    if response.dragged()
        && let Some(at) = response.interact_pointer_pos()
        && let Some(drag) = ui.data(|data| data.get_temp::<Drag>(id))
    {
        actions.push(ViewAction::SetWindow(axis.dragged(&drag.window, drag.handle, drag.from_x, x_of(at))).into());
    }
    if response.drag_stopped() {
        ui.data_mut(|data| data.remove::<Drag>(id));
    }
    bars(ui, rect, histogram);
    window_marks(ui, rect, &axis, window);
}

fn bars(ui: &Ui, rect: Rect, histogram: &IntensityHistogram) {
    let p = theme::palette(ui);
    ui.painter().rect_filled(rect, 3.0, p.well);
    let heights = histogram.bar_heights();
    // At most 256 bars.
    let width = rect.width() / heights.len().max(1) as f32;
    for (place, height) in heights.iter().enumerate() {
        let left = rect.left() + place as f32 * width;
        let top = rect.bottom() - height * (rect.height() - 4.0);
        let bar = Rect::from_min_max(pos2(left, top), pos2(left + width.max(1.0), rect.bottom()));
        ui.painter().rect_filled(bar, 0.0, p.text_weak.gamma_multiply(0.6));
    }
}

/// The ramp from black to white, and its ends.
fn window_marks(ui: &Ui, rect: Rect, axis: &HistogramAxis, window: WindowLevel) {
    let p = theme::palette(ui);
    // Clamped to the histogram: far below the range in which f32 loses a pixel.
    let x = |intensity: f64| rect.left() + axis.x_from_intensity(intensity).clamp(0.0, f64::from(rect.width())) as f32;
    let (low, high) = (x(window.low()), x(window.high()));
    let between = Rect::from_min_max(pos2(low, rect.top()), pos2(high, rect.bottom()));
    ui.painter().rect_filled(between, 0.0, p.accent.gamma_multiply(0.12));
    ui.painter().line_segment([pos2(low, rect.bottom()), pos2(high, rect.top())], Stroke::new(1.0, p.accent));
    for at in [low, high] {
        ui.painter().vline(at, rect.y_range(), Stroke::new(2.0, p.accent));
    }
}

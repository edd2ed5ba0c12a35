//! The divider between two results that share a picture: dragged, moved by keys, read as a slider in percent.

use eframe::egui::{
    Color32, CursorIcon, EventFilter, Id, Key, Rangef, Rect, Response, Sense, Shape, Stroke, Ui, WidgetInfo, accesskit,
    pos2, vec2,
};

use super::decoration::LETTER;
use super::sides;
use crate::geometry::Plane;
use crate::ui::actions::Actions;
use crate::ui::theme;
use crate::view::{KeyAction, Keymap};
use crate::workspace::{Split, SplitAction, SplitForm, ViewAction};

/// Width in which a press takes it.
const SENSITIVE: f32 = 12.0;
const GRIP: [f32; 2] = [14.0, 26.0];
const PERCENT: f64 = 100.0;

/// Nothing while the two results have a half of their own.
pub fn ui(ui: &Ui, view_rect: Rect, view: Plane, (split, keymap): (&Split, &Keymap), actions: &mut Actions) {
    if split.form != SplitForm::Swipe {
        return;
    }
    let x = sides::divider_x(view_rect, split);
    let area = Rect::from_x_y_ranges(x - SENSITIVE / 2.0..=x + SENSITIVE / 2.0, view_rect.y_range());
    let id = ui.scope_id().with(("divider", view.name()));
    let response = ui.interact(area.intersect(view_rect), id, Sense::click_and_drag());
    if response.drag_started() {
        actions.push(ViewAction::Activate(view).into());
    }
    let wanted = wanted_share(ui, id, &response, view_rect, split);
    if wanted != split.divider() {
        actions.push(SplitAction::MoveDivider(wanted).into());
    }
    describe(ui, &response, view, split);
    paint(ui, view_rect, x, &response);
    let tooltip = keymap.with_keys("Drag to see more of one side", KeyAction::DividerLeft);
    let tooltip = keymap.with_keys(&tooltip, KeyAction::DividerRight);
    response.on_hover_cursor(CursorIcon::ResizeHorizontal).on_hover_text(tooltip);
}

/// Where pointer, keys or a screen reader want it: the share of the view's width left of it.
fn wanted_share(ui: &Ui, id: Id, response: &Response, view_rect: Rect, split: &Split) -> f32 {
    // Not after a drag: the keys of the window would be silent.
    if response.clicked() {
        response.request_focus();
    }
    let asked = ui.input(|input| input.accesskit_action_requests(id, accesskit::Action::SetValue).last().cloned());
    if let Some(accesskit::ActionData::NumericValue(percent)) = asked.and_then(|request| request.data) {
        // A share of 0 to 1.
        return ((percent / PERCENT) as f32).clamp(0.0, 1.0);
    }
    if let Some(at) = response.interact_pointer_pos().filter(|_| response.dragged()) {
        return ((at.x - view_rect.left()) / view_rect.width()).clamp(0.0, 1.0);
    }
    let steps = requested(ui, id, accesskit::Action::Increment) - requested(ui, id, accesskit::Action::Decrement)
        + pressed(ui, id, response);
    if steps == 0.0 { split.divider() } else { (split.divider() + steps * Split::DIVIDER_STEP).clamp(0.0, 1.0) }
}

fn requested(ui: &Ui, id: Id, action: accesskit::Action) -> f32 {
    // A few requests in a frame.
    ui.input(|input| input.num_accesskit_action_requests(id, action)) as f32
}

/// Steps to the right by arrow keys, while it has the focus.
fn pressed(ui: &Ui, id: Id, response: &Response) -> f32 {
    if !response.has_focus() {
        return 0.0;
    }
    let arrows = EventFilter { horizontal_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(id, arrows));
    let [left, right] = [Key::ArrowLeft, Key::ArrowRight].map(|key| ui.input(|input| input.num_presses(key)));
    // A few presses in a frame.
    right as f32 - left as f32
}

fn describe(ui: &Ui, response: &Response, view: Plane, split: &Split) {
    let percent = (f64::from(split.divider()) * PERCENT).round();
    let name = format!("Divider in the {} view", view.name().to_lowercase());
    response.widget_info(|| WidgetInfo::slider(true, percent, &name));
    ui.ctx().accesskit_node_builder(response.id, |node| {
        node.set_min_numeric_value(0.0);
        node.set_max_numeric_value(PERCENT);
        node.set_numeric_value_step(f64::from(Split::DIVIDER_STEP) * PERCENT);
        for action in [accesskit::Action::SetValue, accesskit::Action::Increment, accesskit::Action::Decrement] {
            node.add_action(action);
        }
    });
}

/// From edge to edge, but not through the letters in the middle of them.
fn line_range(view_rect: Rect, x: f32) -> Rangef {
    let through_letters = (x - view_rect.center().x).abs() < LETTER;
    view_rect.y_range().shrink(if through_letters { sides::BELOW_LETTER } else { 0.0 })
}

fn paint(ui: &Ui, view_rect: Rect, x: f32, response: &Response) {
    let painter = ui.painter_at(view_rect);
    let is_held = response.hovered() || response.dragged() || response.has_focus();
    let colour = if is_held { Color32::WHITE } else { theme::OVER_PICTURE_TEXT };
    for (width, colour) in [(3.0, Color32::from_black_alpha(150)), (1.0, colour)] {
        painter.vline(x, line_range(view_rect, x), Stroke::new(width, colour));
    }
    let grip = Rect::from_center_size(pos2(x, view_rect.center().y), GRIP.into());
    painter.rect_filled(grip, 4.0, Color32::from_black_alpha(190));
    for way in [-1.0, 1.0] {
        let tip = grip.center() + vec2(way * 5.0, 0.0);
        let corners = vec![tip, tip - vec2(way * 4.0, 4.0), tip - vec2(way * 4.0, -4.0)];
        painter.add(Shape::convex_polygon(corners, colour, Stroke::NONE));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_leaves_the_letters_in_the_middle_of_the_edges_free() {
        let view = Rect::from_min_size(pos2(10.0, 20.0), vec2(200.0, 100.0));
        assert_eq!(line_range(view, 60.0), view.y_range());
        let in_the_middle = line_range(view, 110.0);
        assert!(in_the_middle.min > 20.0 + LETTER && in_the_middle.max < 120.0 - LETTER);
    }
}

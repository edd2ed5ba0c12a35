//! The map with two axes of a class: across belief of both, upwards likeness; the line beyond which voxels are trusted, and
//! a handle per axis that moves it.

use eframe::egui::{Color32, EventFilter, Id, Key, Mesh, Pos2, Rect, Response, Role, Sense, Shape, Stroke, Ui};
use eframe::egui::{Vec2, WidgetInfo, vec2};

use super::legend::{Mark, over_black};
use super::theme;
use crate::label::{Class, DoubtThresholds};
use crate::view::ColourTables;

const SIDE: f32 = 80.0;
/// Above and right of the map, for the handles.
const ROOM: f32 = 8.0;
const STEPS: u8 = 17;
/// One press of an arrow key.
const KEY_STEP: f32 = 0.02;

/// The new thresholds, if a handle was moved.
pub fn ui(
    ui: &mut Ui,
    class: &Class,
    colours: &ColourTables,
    mark: Option<Mark>,
    thresholds: DoubtThresholds,
) -> Option<DoubtThresholds> {
    let (area, _) = ui.allocate_exact_size(Vec2::splat(SIDE + ROOM), Sense::hover());
    let square = Rect::from_min_size(area.left_top() + vec2(0.0, ROOM), Vec2::splat(SIDE));
    let response = ui.interact(square, ui.scope_id().with("map"), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, format!("Colour map of {}", class.name)));
    response.on_hover_text(
        "Top right: both networks believe it and it looks like your labels.\n\
         Top left: it looks like your labels, but the networks doubt it.\n\
         Bottom right: the networks are sure, but it is unlike your labels.\n\
         Bottom left: neither.\n\
         A spread makes a voxel less like your labels: at 0.1, one half at most.\n\
         Right of and above the line it is trusted: drawn fainter, accepted, and no reason to look.",
    );
    let place = |across: f32, up: f32| square.left_bottom() + vec2(across * SIDE, -up * SIDE);
    ui.painter().add(map(class, colours, place));
    border_ui(ui, colours, place);
    if let Some(Mark { first, second: Some(second), .. }) = mark {
        let at = place(f32::from(first) / 255.0, f32::from(second) / 255.0);
        ui.painter().circle(at, 4.5, Color32::WHITE, Stroke::new(1.5, Color32::BLACK));
    }
    let mut wanted = thresholds;
    Handle::NETWORKS.ui(ui, square, &mut wanted.networks);
    Handle::LIKENESS.ui(ui, square, &mut wanted.unlike_labels);
    (wanted != thresholds).then_some(wanted)
}

fn map(class: &Class, colours: &ColourTables, place: impl Fn(f32, f32) -> Pos2) -> Shape {
    let mut mesh = Mesh::default();
    let side = u32::from(STEPS) + 1;
    for (row, column) in (0..=STEPS).flat_map(|row| (0..=STEPS).map(move |column| (row, column))) {
        let value = |step: u8| step * (255 / STEPS);
        let colour = over_black(colours.pseudo(class.id, value(column), Some(value(row))));
        let share = |step: u8| f32::from(step) / f32::from(STEPS);
        mesh.colored_vertex(place(share(column), share(row)), colour);
        if row < STEPS && column < STEPS {
            let corner = u32::from(row) * side + u32::from(column);
            mesh.add_triangle(corner, corner + 1, corner + side);
            mesh.add_triangle(corner + 1, corner + side, corner + side + 1);
        }
    }
    Shape::mesh(mesh)
}

/// Between what is doubtful and what is trusted.
fn border_ui(ui: &Ui, colours: &ColourTables, place: impl Fn(f32, f32) -> Pos2) {
    let on_border = |(first, least): (u8, &Option<u8>)| Some(place(f32::from(first) / 255.0, share((*least)?)));
    let border: Vec<Pos2> = (0..=u8::MAX).zip(colours.least_trusted()).filter_map(on_border).collect();
    for (width, colour) in [(3.0, Color32::BLACK), (1.0, Color32::WHITE)] {
        ui.painter().add(Shape::line(border.clone(), Stroke::new(width, colour)));
    }
}

fn share(value: u8) -> f32 {
    f32::from(value) / 255.0
}

/// What moves one end of the border along its edge of the map.
struct Handle {
    name: &'static str,
    explanation: &'static str,
    /// Whether it runs along the upper edge; else along the right one.
    along_top: bool,
    /// Arrow keys that lower and raise the threshold.
    keys: [Key; 2],
}

impl Handle {
    const NETWORKS: Self = Self {
        name: "Doubt of the networks",
        explanation: "Doubtful left of here: how much both networks may doubt a voxel that looks like your labels.\n\
                      Drag, or use the arrow keys; double-click: one half",
        along_top: true,
        keys: [Key::ArrowRight, Key::ArrowLeft],
    };
    const LIKENESS: Self = Self {
        name: "Doubt of likeness",
        explanation: "Doubtful below here: how unlike your labels a voxel may be that both networks are sure of.\n\
                      Drag, or use the arrow keys; double-click: one half",
        along_top: false,
        keys: [Key::ArrowUp, Key::ArrowDown],
    };

    fn ui(&self, ui: &Ui, square: Rect, threshold: &mut f32) {
        let tip = self.tip(square, *threshold);
        let outwards = if self.along_top { vec2(0.0, -ROOM) } else { vec2(ROOM, 0.0) };
        let id = ui.scope_id().with(self.name);
        let area = Rect::from_center_size(tip + 0.5 * outwards, Vec2::splat(ROOM + 6.0));
        let response = ui.interact(area, id, Sense::click_and_drag());
        if response.double_clicked() {
            *threshold = 0.5;
        } else if let Some(at) = response.interact_pointer_pos().filter(|_| response.dragged()) {
            *threshold = self.threshold_at(square, at);
        }
        *threshold = (*threshold + self.pressed(ui, id, &response)).clamp(0.0, 1.0);
        response.widget_info(|| WidgetInfo::slider(true, f64::from(*threshold), self.name));
        self.paint(ui, &response, self.tip(square, *threshold), outwards);
        response.on_hover_text(format!("{}: {:.2}\n{}", self.name, *threshold, self.explanation));
    }

    /// How far the keys move the threshold.
    fn pressed(&self, ui: &Ui, id: Id, response: &Response) -> f32 {
        // Not after a drag: the keys of the window would be silent.
        if response.clicked() {
            response.request_focus();
        }
        if !response.has_focus() {
            return 0.0;
        }
        let arrows = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(id, arrows));
        let [lower, raise] = self.keys.map(|key| ui.input(|input| input.num_presses(key)));
        // A few presses in a frame.
        KEY_STEP * (raise as f32 - lower as f32)
    }

    /// Where the handle touches the map.
    fn tip(&self, square: Rect, threshold: f32) -> Pos2 {
        let least = 1.0 - threshold;
        if self.along_top {
            square.left_top() + vec2(least * square.width(), 0.0)
        } else {
            square.right_bottom() - vec2(0.0, least * square.height())
        }
    }

    /// In whole hundredths, so that what is shown is what holds.
    fn threshold_at(&self, square: Rect, at: Pos2) -> f32 {
        let least = if self.along_top {
            (at.x - square.left()) / square.width()
        } else {
            (square.bottom() - at.y) / square.height()
        };
        (100.0 * (1.0 - least).clamp(0.0, 1.0)).round() / 100.0
    }

    fn paint(&self, ui: &Ui, response: &Response, tip: Pos2, outwards: Vec2) {
        let p = theme::palette(ui);
        let is_held = response.hovered() || response.dragged() || response.has_focus();
        let colour = if is_held { p.text_strong } else { p.accent };
        let sideways = 0.55 * outwards.rot90();
        let corners = vec![tip, tip + outwards + sideways, tip + outwards - sideways];
        let line = Stroke::new(if response.has_focus() { 2.0 } else { 1.0 }, p.text_strong);
        ui.painter().add(Shape::convex_polygon(corners, colour, line));
    }
}

#[cfg(test)]
mod tests {
    use eframe::egui::pos2;

    use super::*;

    #[test]
    fn a_handle_lies_where_its_threshold_is_and_says_so_when_it_is_put_there() {
        let square = Rect::from_min_size(pos2(30.0, 50.0), Vec2::splat(SIDE));
        for handle in [Handle::NETWORKS, Handle::LIKENESS] {
            for threshold in [0.0, 0.25, 0.5, 1.0] {
                let tip = handle.tip(square, threshold);
                assert!((handle.threshold_at(square, tip) - threshold).abs() < 1e-6, "{} {threshold}", handle.name);
                assert!(square.expand(0.01).contains(tip));
            }
            assert_eq!(handle.threshold_at(square, pos2(-900.0, 900.0)), 1.0);
        }
        assert_eq!(Handle::NETWORKS.tip(square, 0.0), square.right_top());
        assert_eq!(Handle::LIKENESS.tip(square, 1.0), square.right_bottom());
    }
}

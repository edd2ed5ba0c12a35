//! What lies over a picture: orientation letters, slice number, scale bar, crosshair, brush outline, frame.

use eframe::egui::{
    Align2, Color32, FontId, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, epaint::EllipseShape, vec2,
};

use super::cross_lines::cross_lines;
use super::pointer::Surface;
use crate::edit::BrushShape;
use crate::ui::theme;
use crate::view::ScaleBar;
use crate::workspace::{OpenCase, Tool, Tools, Views};

pub const MARGIN: f32 = 10.0;
pub const LETTER: f32 = 13.0;
pub const CAPTION: f32 = 11.0;
/// Longest scale bar, points.
const SCALE_BAR_ROOM: f32 = 90.0;
/// Between the scale bar and its length, points.
const BESIDE_BAR: f32 = 6.0;
/// From the end of the scale bar to the middle of the view, where the lower letters are: its length, and half of them.
const BAR_TO_MIDDLE: f32 = 64.0;
/// Free room around the middle of the crosshair, so that the voxel under it can be seen.
const CROSS_GAP: f32 = 5.0;

/// Everything of one view, in drawing order.
pub struct Decoration<'a> {
    pub surface: &'a Surface<'a>,
    pub case: &'a OpenCase,
    pub views: &'a Views,
    pub tools: &'a Tools,
    /// Colour of the class being painted.
    pub class_colour: Color32,
    /// Where the pointer is, if over this view.
    pub pointer: Option<Pos2>,
}

impl Decoration<'_> {
    pub fn paint(&self, painter: &Painter) {
        if self.views.layers.crosshair {
            self.crosshair(painter);
        }
        self.letters(painter);
        self.slice_number(painter);
        self.scale_bar(painter);
        if let Some(pointer) = self.pointer {
            self.brush(painter, pointer);
        }
        if self.views.active == self.surface.view {
            let stroke = Stroke::new(1.0, theme::CROSSHAIR);
            painter.rect_stroke(self.surface.rect, 0.0, stroke, StrokeKind::Inside);
        }
    }

    fn crosshair(&self, painter: &Painter) {
        let stroke = Stroke::new(1.0, theme::CROSSHAIR.gamma_multiply(0.55));
        for line in cross_lines(self.surface, self.case).into_iter().flatten() {
            for arm in line.arms(CROSS_GAP) {
                painter.line_segment(arm, stroke);
            }
        }
    }

    fn letters(&self, painter: &Painter) {
        let rect = self.surface.rect.shrink(MARGIN);
        let [left, right, top, bottom] = self.surface.camera.edge_letters();
        // The right letter keeps clear of the slice strip.
        let right_edge = rect.right_center() - vec2(super::slice_strip::WIDTH, 0.0);
        for (at, align, letter) in [
            (rect.left_center(), Align2::LEFT_CENTER, left),
            (right_edge, Align2::RIGHT_CENTER, right),
            (rect.center_top(), Align2::CENTER_TOP, top),
            (rect.center_bottom(), Align2::CENTER_BOTTOM, bottom),
        ] {
            shadowed_text(painter, at, align, &letter, LETTER, theme::OVER_PICTURE);
        }
    }

    fn slice_number(&self, painter: &Painter) {
        let view = self.surface.view;
        let (number, count) = self.case.slice_number(view);
        let degrees = self.case.turned_degrees(view).round();
        let turned = if degrees > 0.0 { format!(", turned {degrees}°") } else { String::new() };
        let frames = self.case.geometry.frame_count();
        let frame = if frames > 1 { format!(", volume {} / {frames}", self.case.frame + 1) } else { String::new() };
        let text = format!("{} {number} / {count}{frame}{turned}", view.name());
        let at = self.surface.rect.min + vec2(MARGIN, MARGIN - 2.0);
        shadowed_text(painter, at, Align2::LEFT_TOP, &text, CAPTION, theme::OVER_PICTURE_TEXT);
    }

    fn scale_bar(&self, painter: &Painter) {
        let Some(bar) = ScaleBar::fitting(self.surface.camera.zoom(), f64::from(bar_room(self.surface.rect))) else {
            return;
        };
        let start = self.surface.rect.left_bottom() + vec2(MARGIN, -MARGIN - 6.0);
        let end = start + vec2(bar.length_on_screen as f32, 0.0);
        for (colour, width) in [(Color32::from_black_alpha(160), 3.0), (theme::OVER_PICTURE_TEXT, 1.5)] {
            let stroke = Stroke::new(width, colour);
            painter.line_segment([start, end], stroke);
            for tick in [start, end] {
                painter.line_segment([tick - vec2(0.0, 3.0), tick + vec2(0.0, 3.0)], stroke);
            }
        }
        let at = end + vec2(BESIDE_BAR, 0.0);
        shadowed_text(painter, at, Align2::LEFT_CENTER, &bar.text(), CAPTION, theme::OVER_PICTURE_TEXT);
    }

    /// The outline of what a dab would cover, in true size.
    fn brush(&self, painter: &Painter, pointer: Pos2) {
        let paints = matches!(self.tools.tool, Tool::Brush | Tool::Eraser | Tool::AcceptBrush);
        if !paints || self.surface.window_key_down {
            return;
        }
        let camera = self.surface.camera;
        let brush = self.tools.pressed_brush();
        let is_turned = camera.turned().is_some();
        let normal_axis = (!is_turned).then(|| camera.straight().axes().normal.axis);
        let diameter_mm = brush.diameter_mm(normal_axis, camera.spacing_mm());
        // A brush of less than a pixel must still be found.
        let radius = ((diameter_mm / 2.0 * camera.zoom()) as f32).max(1.5);
        let colour = if self.tools.tool == Tool::Brush { self.class_colour } else { Color32::WHITE };
        let (shadow, line) = (Stroke::new(3.0, Color32::from_black_alpha(170)), Stroke::new(1.5, colour));
        // On a turned plane the square paints as a disc.
        if brush.shape == BrushShape::Square && !is_turned {
            let square = Rect::from_center_size(pointer, vec2(2.0 * radius, 2.0 * radius));
            painter.rect_stroke(square, 0.0, shadow, StrokeKind::Middle);
            painter.rect_stroke(square, 0.0, line, StrokeKind::Middle);
            return;
        }
        painter.circle_stroke(pointer, radius, shadow);
        painter.circle_stroke(pointer, radius, line);
        if brush.shape == BrushShape::Ball {
            // An equator tells a ball from a disc.
            let equator = EllipseShape::stroke(pointer, vec2(radius, radius * 0.3), Stroke::new(0.8, colour));
            painter.add(Shape::Ellipse(equator));
        }
    }
}

/// Longest scale bar of a view that leaves the letters in the middle of the lower edge free; not positive in a tiny view.
fn bar_room(view: Rect) -> f32 {
    SCALE_BAR_ROOM.min(view.width() / 2.0 - MARGIN - BAR_TO_MIDDLE)
}

/// Text that stays readable over white and over black.
pub fn shadowed_text(painter: &Painter, at: Pos2, align: Align2, text: &str, size: f32, colour: Color32) {
    let font = FontId::proportional(size);
    let galley = painter.layout_no_wrap(text.to_owned(), font, colour);
    let place = align.anchor_size(at, galley.size());
    // A shadow round the letters alone leaves thin strokes grey on white.
    painter.rect_filled(place.expand2(vec2(3.0, 0.0)), 3.0, Color32::from_black_alpha(120));
    painter.galley(place.min, galley, colour);
}

/// The part of a view in which a double click maximises it whatever the tool.
pub fn title_rect(view: Rect) -> Rect {
    Rect::from_min_size(view.min, vec2(130.0, 26.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_bar_ends_before_the_lower_letters_in_a_narrow_view_and_is_not_longer_in_a_wide_one() {
        let room = |width: f32| bar_room(Rect::from_min_size(Pos2::ZERO, vec2(width, 300.0)));
        assert_eq!((room(400.0), room(1200.0)), (SCALE_BAR_ROOM, SCALE_BAR_ROOM));
        assert_eq!(room(200.0), 26.0);
        assert!(ScaleBar::fitting(2.0, f64::from(room(200.0))).is_some());
        assert_eq!(ScaleBar::fitting(2.0, f64::from(room(100.0))), None);
    }
}

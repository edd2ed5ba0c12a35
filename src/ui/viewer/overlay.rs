//! What the user draws over a picture and has not become labels: outlines with their corners, and measurements.

use eframe::egui::{Align2, Color32, FontId, Painter, Pos2, Shape, Stroke, pos2, vec2};

use super::pointer::Surface;
use crate::geometry::vector::{add, minus};
use crate::ui::theme;
use crate::view::{HandleHit, Measurement, Region, RegionShape};
use crate::workspace::{Drawing, OpenCase, Tool, Workspace};

const CORNER_RADIUS: f32 = 3.5;
const LINE: f32 = 1.5;
const TEXT: f32 = 12.0;
/// Corners of the polygon that an ellipse is drawn as.
const ELLIPSE_CORNERS: usize = 64;
/// Beyond so many pixels of a slice a level line is not shown under the moving pointer, only drawn by a click.
const MOST_TRACED_PIXELS: usize = 600 * 600;

pub struct Overlay<'a> {
    pub surface: &'a Surface<'a>,
    pub workspace: &'a Workspace,
    pub case: &'a OpenCase,
    /// Of the class being painted.
    pub colour: Color32,
    pub pointer: Option<Pos2>,
}

/// Corners of the outline drawn in this slice that can be clicked.
pub fn anchors(surface: &Surface<'_>, workspace: &Workspace) -> Vec<Pos2> {
    let Some(drawing) = workspace.drawing().filter(|drawing| is_here(surface, drawing)) else { return Vec::new() };
    if drawing.is_freehand() {
        return Vec::new();
    }
    let points = drawing.anchors.iter().filter_map(|&anchor| drawing.outline.points.get(anchor));
    points.map(|&point| on_screen(surface, drawing.in_volume(point))).collect()
}

/// Handles of the measurements that lie in this slice.
pub fn handles(surface: &Surface<'_>, workspace: &Workspace, case: &OpenCase) -> Vec<(Pos2, HandleHit)> {
    if !workspace.views().measurements {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (index, measured) in case.measurements.all().iter().enumerate() {
        if is_in_slice(surface, case, &measured.measurement) {
            let handles = measured.measurement.handles().into_iter().enumerate();
            found.extend(handles.filter_map(|(handle, at)| {
                Some((world_on_screen(surface, case, at)?, HandleHit { measurement: index, handle }))
            }));
        }
    }
    found
}

impl Overlay<'_> {
    pub fn paint(&self, painter: &Painter) {
        if let Some(drawing) = self.workspace.drawing().filter(|drawing| is_here(self.surface, drawing)) {
            self.drawing(painter, drawing);
        } else if self.workspace.tools().tool == Tool::LevelTrace {
            self.level_line(painter);
        }
        if self.workspace.views().measurements {
            for measured in self.case.measurements.all() {
                if is_in_slice(self.surface, self.case, &measured.measurement) {
                    self.measurement(painter, &measured.measurement, &measured.text);
                }
            }
        }
    }

    fn drawing(&self, painter: &Painter, drawing: &Drawing) {
        let position = |point: &[f64; 2]| on_screen(self.surface, drawing.in_volume(*point));
        let mut line: Vec<Pos2> = drawing.outline.points.iter().map(position).collect();
        line.extend(drawing.path.iter().map(position));
        if drawing.tool == Tool::Polygon
            && let (Some(pointer), false) = (self.pointer, self.surface.anchors.is_empty())
        {
            painter.extend(Shape::dashed_line(
                &[line.last().copied().unwrap_or(pointer), pointer],
                self.stroke(),
                4.0,
                4.0,
            ));
        }
        let closing = [line.last().copied(), line.first().copied()];
        shadowed_line(painter, &line, self.stroke());
        if let [Some(last), Some(first)] = closing {
            painter.extend(Shape::dashed_line(&[last, first], self.stroke(), 3.0, 5.0));
        }
        for (place, at) in self.surface.anchors.iter().enumerate() {
            let fill = if place == 0 { Color32::WHITE } else { self.colour };
            painter.circle(*at, CORNER_RADIUS, fill, Stroke::new(1.0, Color32::BLACK));
        }
    }

    /// What a click would outline.
    fn level_line(&self, painter: &Painter) {
        let camera = self.surface.camera;
        let pixels = camera.extent().voxel_count() / camera.straight().slice_count().max(1);
        let Some(pointer) = self.pointer.filter(|_| pixels <= MOST_TRACED_PIXELS) else { return };
        let view = self.surface.view;
        let Some(outline) = self.workspace.level_line(view, self.surface.voxel(pointer)) else { return };
        let drawing = Drawing::showing(view, outline);
        let line: Vec<Pos2> =
            drawing.outline.points.iter().map(|p| on_screen(self.surface, drawing.in_volume(*p))).collect();
        painter.add(Shape::closed_line(line, self.stroke()));
    }

    fn measurement(&self, painter: &Painter, measurement: &Measurement, text: &str) {
        let stroke = Stroke::new(LINE, theme::OVER_PICTURE);
        let screen = |at| world_on_screen(self.surface, self.case, at);
        let handles: Vec<Pos2> = measurement.handles().into_iter().filter_map(screen).collect();
        match measurement {
            Measurement::Region(region) => {
                let rim: Vec<Pos2> = rim(region).into_iter().filter_map(screen).collect();
                painter.add(Shape::closed_line(rim, stroke));
            }
            Measurement::Distance(_) | Measurement::Angle(_) => shadowed_line(painter, &handles, stroke),
        }
        for &at in &handles {
            painter.circle_stroke(at, CORNER_RADIUS, stroke);
        }
        // Beside the handle that is farthest to the right, where no line crosses the words.
        if let Some(at) = handles.iter().max_by(|a, b| a.x.total_cmp(&b.x)) {
            label(painter, *at + vec2(8.0, -8.0), text);
        }
    }

    fn stroke(&self) -> Stroke {
        Stroke::new(LINE, self.colour)
    }
}

/// In the shown slice; a turned plane holds no outline.
fn is_here(surface: &Surface<'_>, drawing: &Drawing) -> bool {
    let camera = surface.camera;
    drawing.view == surface.view && camera.turned().is_none() && drawing.outline.slice == camera.straight().slice()
}

fn on_screen(surface: &Surface<'_>, voxel: [f64; 3]) -> Pos2 {
    let [x, y] = surface.camera.screen_from_voxel(voxel, surface.size());
    // Screen positions are far below the range in which f32 loses a pixel.
    surface.rect.min + vec2(x as f32, y as f32)
}

fn world_on_screen(surface: &Surface<'_>, case: &OpenCase, at: [f64; 3]) -> Option<Pos2> {
    Some(on_screen(surface, case.image.affine.voxel_from_world(at)?))
}

/// All handles lie within half a voxel of what is shown.
fn is_in_slice(surface: &Surface<'_>, case: &OpenCase, measurement: &Measurement) -> bool {
    let is_near = |at| case.image.affine.voxel_from_world(at).is_some_and(|voxel| surface.camera.cuts(voxel));
    measurement.handles().into_iter().all(is_near)
}

/// The line around a region, world mm.
fn rim(region: &Region) -> Vec<[f64; 3]> {
    match region.shape() {
        RegionShape::Rectangle => region.handles().to_vec(),
        RegionShape::Ellipse => {
            let [right, down] = region.half_sides();
            let corner = |k: usize| {
                let angle = std::f64::consts::TAU * k as f64 / ELLIPSE_CORNERS as f64;
                let along = |v: [f64; 3], by: f64| v.map(|c| c * by);
                add(region.centre(), minus(along(right, angle.cos()), along(down, -angle.sin())))
            };
            (0..ELLIPSE_CORNERS).map(corner).collect()
        }
    }
}

fn shadowed_line(painter: &Painter, line: &[Pos2], stroke: Stroke) {
    let shadow = Stroke::new(stroke.width + 2.0, Color32::from_black_alpha(150));
    for stroke in [shadow, stroke] {
        painter.add(Shape::line(line.to_vec(), stroke));
    }
}

fn label(painter: &Painter, at: Pos2, text: &str) {
    let galley = painter.layout_no_wrap(text.to_owned(), FontId::proportional(TEXT), theme::OVER_PICTURE);
    let clip = painter.clip_rect();
    // Never beyond the view.
    let at = pos2(at.x.min(clip.right() - galley.size().x - 6.0), at.y.max(clip.top() + galley.size().y));
    let rect = Align2::LEFT_BOTTOM.anchor_size(at, galley.size());
    painter.rect_filled(rect.expand2(vec2(4.0, 2.0)), 3.0, Color32::from_black_alpha(170));
    painter.galley(rect.min, galley, theme::OVER_PICTURE);
}

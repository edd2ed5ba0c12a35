//! What the colours of the pseudo-labels mean, with a mark where the voxel under the pointer lies.

use std::sync::Arc;

use eframe::egui::{
    self, Align, Color32, Layout, Mesh, Pos2, Rect, RichText, Role, Sense, Shape, Stroke, StrokeKind, Ui,
};
use eframe::egui::{WidgetInfo, pos2, vec2};

use super::{legend_square, theme, widgets};
use crate::geometry::Voxel;
use crate::label::{Class, ClassId, ClassTable, DoubtThresholds, Prediction, RegionCode};
use crate::view::{ColourAxes, ColourBy, ColourTables, LayerSettings};

const RAMP_WIDTH: f32 = 104.0;
const RAMP_HEIGHT: f32 = 12.0;
/// Cells of a ramp.
const STEPS: u8 = 51;
/// More classes than this make the legend longer than the panel.
const LEGEND_CLASSES: usize = 5;

#[derive(Debug, Default)]
pub struct Legend {
    colours: Option<Arc<ColourTables>>,
}

/// What the legend marks: a voxel's class and the values that colour it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    pub class: ClassId,
    pub first: u8,
    pub second: Option<u8>,
}

impl Mark {
    pub fn at(prediction: &Prediction, by: ColourBy, voxel: Voxel) -> Self {
        let planes = by.planes(prediction);
        let second = planes.second.map(|plane| plane.at(voxel));
        Self { class: prediction.class.at(voxel), first: planes.first.at(voxel), second }
    }
}

impl Legend {
    /// `chosen` is the class whose map is shown while none is under the pointer; `beside` goes beside the map. The
    /// new thresholds come back if they were dragged.
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        (classes, chosen): (&ClassTable, ClassId),
        layers: &LayerSettings,
        mark: Option<Mark>,
        beside: impl FnOnce(&mut Ui),
    ) -> Option<DoubtThresholds> {
        let mut moved = None;
        let colours = match self.colours.take() {
            Some(colours) => colours.refreshed(classes, layers),
            None => Arc::new(ColourTables::new(classes, layers)),
        };
        match colours.coloured_by() {
            Some(ColourBy::BothAxes) => {
                ui.horizontal_top(|ui| {
                    if let Some(class) = shown_class((classes, chosen), mark) {
                        moved = legend_square::ui(ui, class, &colours, mark, layers.thresholds);
                    }
                    ui.vertical(beside);
                });
            }
            Some(by @ (ColourBy::Agreement | ColourBy::RegionCodes)) => {
                if let Some(class) = shown_class((classes, chosen), mark) {
                    kinds_ui(ui, class, &colours, kinds(by), mark);
                }
                beside(ui);
            }
            by => {
                ramps_ui(ui, classes, &colours, mark);
                ends_ui(ui, by);
                beside(ui);
            }
        }
        self.colours = Some(colours);
        moved
    }
}

/// The class whose colours are shown: that of the mark, else the chosen one.
fn shown_class((classes, chosen): (&ClassTable, ClassId), mark: Option<Mark>) -> Option<&Class> {
    let wanted = [mark.map_or(0, |m| m.class), chosen];
    let class = wanted.into_iter().find(|&class| class != 0).and_then(|class| classes.get(class));
    class.or_else(|| classes.in_order().next())
}

/// One of few colours: its words and a pair of values that have it.
struct Kind {
    name: String,
    first: u8,
    second: u8,
}

fn kinds(by: ColourBy) -> Vec<Kind> {
    if by == ColourBy::Agreement {
        let kind = |name: &str, second| Kind { name: name.to_owned(), first: u8::MAX, second };
        return vec![kind("the networks agree", u8::MAX), kind("they name different classes", 0)];
    }
    let pairs = [(u8::MAX, u8::MAX), (0, u8::MAX), (u8::MAX, 0), (0, 0)];
    let kind = |(first, second): (u8, u8)| {
        let code = RegionCode::new(second > 0, first);
        Kind { name: format!("{} \u{b7} {}", code.code(), code.name()), first, second }
    };
    pairs.map(kind).into()
}

/// A colour and its meaning per row; that of the marked voxel is framed.
fn kinds_ui(ui: &mut Ui, class: &Class, colours: &ColourTables, kinds: Vec<Kind>, mark: Option<Mark>) {
    let colour_of = |first, second| colours.pseudo(class.id, first, Some(second));
    for Kind { name, first, second } in kinds {
        ui.horizontal(|ui| {
            let (rect, response) = ui.allocate_exact_size(vec2(2.0 * RAMP_HEIGHT, RAMP_HEIGHT), Sense::hover());
            response.widget_info(|| WidgetInfo::labeled(Role::Image, true, format!("Colour: {name}")));
            ui.painter().rect_filled(rect, 2.0, over_black(colour_of(first, second)));
            let here = mark.and_then(|m| Some(colour_of(m.first, m.second?)));
            if here == Some(colour_of(first, second)) {
                ui.painter().rect_stroke(
                    rect,
                    2.0,
                    Stroke::new(2.0, theme::palette(ui).text_strong),
                    StrokeKind::Outside,
                );
            }
            widgets::caption_ui(ui, &name);
        });
    }
}

fn ramps_ui(ui: &mut Ui, classes: &ClassTable, colours: &ColourTables, mark: Option<Mark>) {
    let visible = classes.in_order().filter(|class| class.id != 0 && class.visible);
    let one_for_all = matches!(colours.coloured_by(), Some(ColourBy::Spread | ColourBy::Shift));
    for class in visible.take(if one_for_all { 1 } else { LEGEND_CLASSES }) {
        ui.horizontal(|ui| {
            let (rect, response) = ui.allocate_exact_size(vec2(RAMP_WIDTH, RAMP_HEIGHT), Sense::hover());
            response.widget_info(|| WidgetInfo::labeled(Role::Image, true, format!("Colours of {}", class.name)));
            ui.painter().add(ramp(rect, |value| ramp_colour(colours, class.id, value)));
            let own = mark.filter(|mark| one_for_all || mark.class == class.id);
            if let Some(value) = own.and_then(|mark| ramp_value(colours, mark)) {
                mark_ui(ui, rect, value);
            }
            let text = if one_for_all { "every class" } else { &class.name };
            ui.add(egui::Label::new(RichText::new(text).small()).truncate());
        });
    }
}

/// Where on a ramp a voxel lies; nowhere while its class alone colours it.
fn ramp_value(colours: &ColourTables, mark: Mark) -> Option<u8> {
    colours.coloured_by()?;
    Some(match (colours.axes(), mark.second) {
        // 0..=255, because the sum is in 0..=510.
        (ColourAxes::Difference, Some(second)) => ((255 + u16::from(second) - u16::from(mark.first)) / 2) as u8,
        _ => mark.first,
    })
}

fn ramp_colour(colours: &ColourTables, class: ClassId, value: u8) -> [f64; 4] {
    match colours.axes() {
        // The pair of values whose difference lies there.
        ColourAxes::Difference if value < 128 => colours.pseudo(class, 255 - 2 * value, Some(0)),
        ColourAxes::Difference => colours.pseudo(class, 0, Some(2 * (value - 128) + 1)),
        _ => colours.pseudo(class, value, None),
    }
}

/// From 0 at the left to 255 at the right, over black as in a viewer.
fn ramp(rect: Rect, colour: impl Fn(u8) -> [f64; 4]) -> Shape {
    let mut mesh = Mesh::default();
    let x = |step: u8| rect.left() + rect.width() * f32::from(step) / (f32::from(STEPS) + 1.0);
    for step in 0..=STEPS {
        let cell = Rect::from_min_max(pos2(x(step), rect.top()), pos2(x(step + 1), rect.bottom()));
        mesh.add_colored_rect(cell, over_black(colour(step * (255 / STEPS))));
    }
    Shape::mesh(mesh)
}

fn mark_ui(ui: &Ui, ramp: Rect, value: u8) {
    let x = ramp.left() + ramp.width() * f32::from(value) / 255.0;
    let ends = [Pos2::new(x, ramp.top() - 1.0), Pos2::new(x, ramp.bottom() + 1.0)];
    ui.painter().line_segment(ends, Stroke::new(4.0, Color32::BLACK));
    ui.painter().line_segment(ends, Stroke::new(2.0, Color32::WHITE));
}

/// What the left and the right end of the ramps mean.
fn ends_ui(ui: &mut Ui, by: Option<ColourBy>) {
    let (left, right) = match by {
        None | Some(ColourBy::BothAxes | ColourBy::Agreement | ColourBy::RegionCodes) => return,
        Some(ColourBy::DualConfidence) => ("doubtful", "sure"),
        Some(ColourBy::LikeLabels) => ("unlike", "like your labels"),
        Some(ColourBy::Probability) => ("0", "1"),
        Some(ColourBy::Entropy) => ("decided", "undecided"),
        Some(ColourBy::Discrepancy) => ("apart, 0", "1, one belief"),
        Some(ColourBy::Spread) => ("0", "0.1 and more"),
        Some(ColourBy::Shift) => ("−1", "+1"),
    };
    let size = vec2(RAMP_WIDTH, theme::TEXT_ROW_HEIGHT);
    ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        ui.set_min_width(RAMP_WIDTH);
        widgets::caption_ui(ui, left);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| widgets::caption_ui(ui, right));
    });
}

pub(super) fn over_black([r, g, b, weight]: [f64; 4]) -> Color32 {
    // In 0..=255, because colours and weights are in 0..=1.
    let [r, g, b] = [r, g, b].map(|c| (255.0 * c * weight).round() as u8);
    Color32::from_rgb(r, g, b)
}

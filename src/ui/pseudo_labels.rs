//! The pseudo-labels: what their colours mean, what lies under the pointer, how much is shown, accepting.

use std::sync::Arc;

use eframe::egui::{self, Color32, Mesh, Rect, RichText, Sense, Shape, Ui, pos2, vec2};

use super::actions::Actions;
use super::theme;
use super::tools::SliderRow;
use super::widgets::{self, figures};
use crate::label::{ClassTable, Prediction};
use crate::view::{ColourTables, LayerSettings};
use crate::workspace::{OpenCase, PseudoAction, TrainAction, ViewAction, Workspace};

const RAMP_WIDTH: f32 = 104.0;
const RAMP_HEIGHT: f32 = 12.0;
/// More classes than this make the legend longer than the panel.
const LEGEND_CLASSES: usize = 5;

#[derive(Debug, Default)]
pub struct PseudoPanel {
    colours: Option<Arc<ColourTables>>,
}

impl PseudoPanel {
    pub fn ui(&mut self, ui: &mut Ui, workspace: &Workspace, actions: &mut Actions) {
        let Some(study) = workspace.study() else { return };
        let layers = workspace.views().layers;
        let remark = workspace.prediction_is_stale().then_some("older than your labels");
        widgets::section_ui(ui, "Pseudo-labels", remark);
        let Some((case, prediction)) = workspace.case().and_then(|c| Some((c, c.prediction.as_ref()?))) else {
            widgets::caption_ui(ui, "None for this case yet. They appear while Chiaro learns, or all at once:");
            if ui.button("Make pseudo-labels for all cases").clicked() {
                actions.push(TrainAction::PredictAll.into());
            }
            return;
        };
        ui.scope(|ui| {
            widgets::compact(ui);
            self.legend_ui(ui, &study.classes, &layers);
            under_pointer_ui(ui, workspace, case, prediction, &study.classes);
        });
        ui.add_space(theme::TIGHT);
        layers_ui(ui, layers, actions);
        ui.add_space(theme::TIGHT);
        accept_ui(ui, workspace, actions);
    }

    fn legend_ui(&mut self, ui: &mut Ui, classes: &ClassTable, layers: &LayerSettings) {
        let colours = match self.colours.take() {
            Some(colours) => colours.refreshed(classes, layers),
            None => Arc::new(ColourTables::new(classes, layers)),
        };
        for class in classes.foreground().filter(|c| c.visible).take(LEGEND_CLASSES) {
            ui.horizontal(|ui| {
                let (rect, response) = ui.allocate_exact_size(vec2(RAMP_WIDTH, RAMP_HEIGHT), Sense::hover());
                response.on_hover_text("Left: the networks doubt it. Right: both believe it.");
                ui.painter().add(ramp(rect, |confidence| colours.pseudo(class.id, confidence)));
                ui.add(egui::Label::new(RichText::new(&class.name).small()).truncate());
            });
        }
        let size = vec2(RAMP_WIDTH, theme::TEXT_ROW_HEIGHT);
        ui.allocate_ui_with_layout(size, egui::Layout::left_to_right(egui::Align::Center), |ui| {
            ui.set_min_width(RAMP_WIDTH);
            widgets::caption_ui(ui, "doubtful");
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| widgets::caption_ui(ui, "sure"));
        });
        self.colours = Some(colours);
    }
}

/// Confidence from 0 at the left to 1 at the right, over black as in a viewer.
fn ramp(rect: Rect, colour: impl Fn(u8) -> [u8; 4]) -> Shape {
    const STEPS: u8 = 52;
    let mut mesh = Mesh::default();
    mesh.add_colored_rect(rect, Color32::BLACK);
    for step in 0..STEPS {
        let [r, g, b, weight] = colour(step * 5);
        let x = |s: u8| rect.left() + rect.width() * f32::from(s) / f32::from(STEPS);
        let cell = Rect::from_min_max(pos2(x(step), rect.top()), pos2(x(step + 1), rect.bottom()));
        mesh.add_colored_rect(cell, Color32::from_rgba_unmultiplied(r, g, b, weight));
    }
    Shape::mesh(mesh)
}

fn under_pointer_ui(
    ui: &mut Ui,
    workspace: &Workspace,
    case: &OpenCase,
    prediction: &Prediction,
    classes: &ClassTable,
) {
    let hover = workspace.views().hover.and_then(|hover| case.extent().nearest_voxel(hover.position));
    let share = |plane: &crate::volume::Grid<u8>| hover.map(|voxel| f64::from(plane.at(voxel)) / 255.0);
    let number = |value: Option<f64>| value.map_or("  –  ".to_owned(), |v| format!("{v:5.2}"));
    let class = hover.map_or("nothing", |voxel| classes.name(prediction.class.at(voxel)));
    ui.horizontal(|ui| {
        widgets::caption_ui(ui, "Under the pointer");
        ui.add(egui::Label::new(RichText::new(class).small().color(theme::palette(ui).text_strong)).truncate());
    });
    ui.horizontal(|ui| {
        for (name, value) in [
            ("both", share(&prediction.dual_confidence)),
            ("A", share(&prediction.confidence_a)),
            ("B", share(&prediction.confidence_b)),
        ] {
            widgets::caption_ui(ui, name);
            ui.label(figures(number(value)).size(11.0));
        }
    });
}

fn layers_ui(ui: &mut Ui, mut layers: LayerSettings, actions: &mut Actions) {
    let before = layers;
    let percent = |v: f64| format!("{:.0}%", 100.0 * v);
    let row = |label, name| SliderRow { label, name, range: 0.0..=1.0, logarithmic: false, room: 0.0 };
    let opacity = row("Show", "Pseudo-label opacity").ui(ui, layers.pseudo_opacity.into(), percent, |_| {});
    if let Some(value) = opacity {
        // A share of 0 to 1.
        layers.pseudo_opacity = value as f32;
    }
    let decimal = |v: f64| format!("{v:.2}");
    let doubt = row("Doubt ≥", "Doubt threshold").ui(ui, layers.doubt_threshold.into(), decimal, |_| {});
    if let Some(value) = doubt {
        actions.push(PseudoAction::SetDoubtThreshold(value as f32).into());
    }
    ui.horizontal(|ui| {
        ui.checkbox(&mut layers.pseudo, "Show").on_hover_text("Pseudo-labels on or off  (P)");
        ui.checkbox(&mut layers.doubt, "Doubt").on_hover_text("Colour by confidence  (U)");
        ui.checkbox(&mut layers.network_contours, "Outlines").on_hover_text("What each network believes  (Shift+P)");
    });
    if layers != before {
        actions.push(ViewAction::SetLayers(layers).into());
    }
}

fn accept_ui(ui: &mut Ui, workspace: &Workspace, actions: &mut Actions) {
    ui.horizontal(|ui| {
        let slice = widgets::accent_button_ui(ui, "Accept slice");
        if slice.on_hover_text("Takes the sure part of this slice into the unlabelled voxels  (Shift+Enter)").clicked()
        {
            actions.push(PseudoAction::AcceptSlice(workspace.views().active).into());
        }
        let case = ui.button("Accept case");
        if case.on_hover_text("Takes the sure part of the whole case  (Ctrl+Shift+Enter)").clicked() {
            actions.push(PseudoAction::AcceptCase.into());
        }
    });
}

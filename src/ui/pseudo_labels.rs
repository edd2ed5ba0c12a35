//! The pseudo-labels: what their colours mean, what lies under the pointer, how much is shown, accepting.

use eframe::egui::{self, ComboBox, RichText, Ui};
use egui_material_icons::icons::{ICON_ARROW_FORWARD, ICON_ARROW_UPWARD};

use super::actions::Actions;
use super::legend::{Legend, Mark};
use super::readout::Readout;
use super::tools::{self, SliderRow};
use super::voxel_figures::{self, Read};
use super::{theme, widgets};
use crate::geometry::Voxel;
use crate::label::{ClassTable, DoubtThresholds, Prediction};
use crate::review::{Beliefs, Reason};
use crate::view::{ColourBy, ColourTables, Contours, KeyAction, Keymap, LayerSettings};
use crate::workspace::{OpenCase, PseudoAction, TrainAction, ViewAction, Workspace};

/// Room for the list of what colours the pseudo-labels.
const COLOURS_HEIGHT: f32 = 400.0;

#[derive(Debug, Default)]
pub struct PseudoPanel {
    legend: Legend,
}

impl PseudoPanel {
    pub fn ui(&mut self, ui: &mut Ui, workspace: &Workspace, actions: &mut Actions) {
        let Some(study) = workspace.study() else { return };
        let layers = workspace.views().layers;
        let remark = workspace.prediction_is_stale().then_some("older than your labels");
        widgets::section_ui(ui, "Pseudo-labels", remark);
        let Some((case, prediction)) = workspace.case().zip(workspace.displayed_prediction()) else {
            widgets::caption_ui(ui, "None for this case yet. They appear while Chiaro learns, or all at once:");
            if ui.button("Make pseudo-labels for all cases").clicked() {
                actions.push(TrainAction::PredictAll.into());
            }
            return;
        };
        let mut chosen = layers;
        tools::labelled_ui(ui, "Colour by", |ui| {
            colour_by_ui(ui, &mut chosen, &workspace.preferences().keymap, prediction)
        });
        if chosen != layers {
            actions.push(ViewAction::SetLayers(chosen).into());
        }
        ui.scope(|ui| {
            widgets::compact(ui);
            if let Some(thresholds) = self.beliefs_ui(ui, workspace, case, prediction, &study.classes) {
                actions.push(PseudoAction::SetDoubtThresholds(thresholds).into());
            }
        });
        ui.add_space(theme::TIGHT);
        layers_ui(ui, layers, &workspace.preferences().keymap, actions);
    }

    /// The legend and what it says of the voxel under the pointer; the thresholds if they were dragged.
    fn beliefs_ui(
        &mut self,
        ui: &mut Ui,
        workspace: &Workspace,
        case: &OpenCase,
        prediction: &Prediction,
        classes: &ClassTable,
    ) -> Option<DoubtThresholds> {
        let voxel = workspace.views().hover.and_then(|hover| case.extent().nearest_voxel(hover.position));
        let layers = workspace.views().layers.fitting(Some(prediction));
        let mark = voxel.map(|voxel| Mark::at(prediction, layers.doubt_by, voxel));
        let readout = Readout::new(prediction, voxel);
        let class = mark.map_or("nothing", |mark| classes.name(mark.class));
        let moved = self.legend.ui(ui, (classes, workspace.tools().class), &layers, mark, |ui| {
            widgets::caption_ui(ui, "Under the pointer");
            readout.class_ui(ui, class);
            // The arrows of the map with two axes.
            let [across, up] = match layers.coloured_by() {
                Some(ColourBy::BothAxes) => [Some(ICON_ARROW_FORWARD), Some(ICON_ARROW_UPWARD)],
                _ => [None; 2],
            };
            readout.both_believe.ui(ui, across);
            if let Some(like_labels) = &readout.like_labels {
                like_labels.ui(ui, up);
            }
        });
        readout.details_ui(ui);
        let labels = case.labels();
        let voxel_and_origin = voxel.map(|voxel| (voxel, labels.value(voxel).origin));
        let count = classes.in_order().count();
        voxel_figures::ui(ui, Read { prediction, classes: count, voxel: voxel_and_origin });
        if let Some(reason) = voxel.and_then(|voxel| reason_at(case, prediction, voxel)) {
            widgets::caption_ui(ui, &reason.sentence(classes));
        }
        moved
    }
}

/// Why a voxel is doubtful, or that it is not.
fn reason_at(case: &OpenCase, prediction: &Prediction, voxel: Voxel) -> Option<Reason> {
    let index = case.extent().index(voxel);
    let belief = Beliefs::of(prediction).ok()?.at(index)?;
    Some(Reason::of_voxel(&belief, case.labels().value_at(index).origin.is_known()))
}

fn layers_ui(ui: &mut Ui, mut layers: LayerSettings, keymap: &Keymap, actions: &mut Actions) {
    let before = layers;
    let percent = |v: f64| format!("{:.0}%", 100.0 * v);
    let row = |label, name| SliderRow { label, name, range: 0.0..=1.0, logarithmic: false, room: 0.0 };
    let opacity = row("Show", "Pseudo-label opacity").ui(ui, layers.pseudo_opacity.into(), percent, |_| {});
    if let Some(value) = opacity {
        // A share of 0 to 1.
        layers.pseudo_opacity = value as f32;
    }
    let decimal = |v: f64| format!("{v:.2}");
    let doubt = row("Doubt ≥", "Doubt threshold").ui(ui, layers.thresholds.networks.into(), decimal, |_| {});
    if let Some(value) = doubt {
        let thresholds = DoubtThresholds { networks: value as f32, ..layers.thresholds };
        actions.push(PseudoAction::SetDoubtThresholds(thresholds).into());
    }
    ui.horizontal(|ui| {
        ui.checkbox(&mut layers.pseudo, "Show")
            .on_hover_text(keymap.with_keys("Pseudo-labels on or off", KeyAction::TogglePseudoLabels));
        ui.checkbox(&mut layers.opacity_by_confidence, "By confidence")
            .accessible_name("Opacity by confidence")
            .on_hover_text("Opacity by confidence: the surer, the more opaque");
    });
    ui.horizontal(|ui| {
        ui.checkbox(&mut layers.network_contours, "Outlines")
            .on_hover_text(keymap.with_keys("What each network believes", KeyAction::ToggleNetworkContours));
        if layers.network_contours {
            contours_ui(ui, &mut layers.contours);
        }
    });
    if layers != before {
        actions.push(ViewAction::SetLayers(layers).into());
    }
}

/// Whose outlines are drawn, in their colours.
fn contours_ui(ui: &mut Ui, contours: &mut Contours) {
    for (shown, text, name, colour, looks) in [
        (&mut contours.network_a, "A", "Outline of network A", ColourTables::NETWORK_A, "amber"),
        (&mut contours.network_b, "B", "Outline of network B", ColourTables::NETWORK_B, "magenta"),
        (&mut contours.fused, "Both", "Outline of both together", ColourTables::FUSED, "blue dashes"),
    ] {
        let explanation = format!("{name}: {looks}; white where those of A and B run together");
        let text = RichText::new(text).color(widgets::rgb(colour));
        ui.checkbox(shown, text).accessible_name(name).on_hover_text(explanation);
    }
}

fn colour_by_ui(ui: &mut Ui, layers: &mut LayerSettings, keymap: &Keymap, prediction: &Prediction) {
    let name = |by: Option<ColourBy>| by.map_or("Class", ColourBy::name);
    let current = layers.fitting(Some(prediction)).coloured_by();
    let combo = ComboBox::from_id_salt("colour by").selected_text(name(current)).width(ui.available_width()).truncate();
    // All of them without scrolling.
    let combo = combo.height(COLOURS_HEIGHT);
    let response = combo.show_ui(ui, |ui| {
        for by in ColourBy::ALL.map(Some).into_iter().chain([None]) {
            let plain = || keymap.with_keys("The class alone", KeyAction::ToggleDoubt);
            let explanation = by.map_or_else(plain, |by| by.explanation().to_owned());
            let known = by.is_none_or(|by| by.is_known(prediction));
            let choice = egui::Button::selectable(by == current, name(by));
            let choice = ui.add_enabled(known, choice).on_hover_text(explanation);
            if choice.on_disabled_hover_text("These pseudo-labels were made without it").clicked() {
                layers.colour_by(by);
            }
        }
    });
    response.response.accessible_name("Colour by");
}

/// The buttons of the one thing to do with pseudo-labels; they stay in sight however long the panel is.
pub fn accept_ui(ui: &mut Ui, workspace: &Workspace, actions: &mut Actions) {
    let keymap = &workspace.preferences().keymap;
    ui.horizontal(|ui| {
        let slice = widgets::accent_button_ui(ui, "Accept slice");
        if slice
            .on_hover_text(
                keymap
                    .with_keys("Takes the sure part of this slice into the unlabelled voxels", KeyAction::AcceptSlice),
            )
            .clicked()
        {
            actions.push(PseudoAction::AcceptSlice(workspace.views().active).into());
        }
        let case = ui.button("Accept case");
        if case
            .on_hover_text(keymap.with_keys("Takes the sure part of the whole case", KeyAction::AcceptCase))
            .clicked()
        {
            actions.push(PseudoAction::AcceptCase.into());
        }
    });
}

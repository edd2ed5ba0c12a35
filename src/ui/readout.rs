//! What a prediction says of one voxel, in words and figures of fixed width.

use eframe::egui::{self, Label, Layout, RichText, Ui};
use egui_material_icons::MaterialIcon;

use super::widgets::{self, figures};
use super::{theme, words};
use crate::geometry::Voxel;
use crate::label::{FINE_STEPS, Prediction, ProbabilityKind};
use crate::volume::Grid;

const LINE_HEIGHT: f32 = 16.0;

/// What is known of the voxel under the pointer. Lines do not come and go with the pointer, only with the prediction.
#[derive(Debug, PartialEq)]
pub struct Readout {
    /// The displayed probability and where it comes from.
    pub probability: Option<(String, ProbabilityKind)>,
    pub both_believe: Line,
    pub like_labels: Option<Line>,
    pub details: Vec<Line>,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Line {
    pub name: &'static str,
    pub figures: String,
    pub explanation: &'static str,
}

impl Readout {
    /// Dashes stand for the figures while no voxel is under the pointer.
    pub fn new(prediction: &Prediction, voxel: Option<Voxel>) -> Self {
        let p = &prediction.probabilities;
        let share = |plane: &Grid<u8>| voxel.map(|v| f32::from(plane.at(v)) / 255.0);
        let line = |name, plane: &Grid<u8>, explanation| Line::new(name, decimals(share(plane)), explanation);
        Self {
            probability: p.displayed().map(|plane| (decimals(share(plane)), p.shown)),
            both_believe: line(
                "believed by both",
                &prediction.dual_confidence,
                "Dual confidence: each network's class, and how far the other believes it",
            ),
            like_labels: p.np.as_ref().map(|np| {
                let explanation = "Probability of the class given nothing but labelled voxels (neural process)";
                line("like your labels", np, explanation)
            }),
            details: details(prediction, voxel),
        }
    }

    /// The class with its probability at the right, and below it where that comes from: never more than two rows.
    pub fn class_ui(&self, ui: &mut Ui, class: &str) {
        let strong = theme::palette(ui).text_strong;
        ui.spacing_mut().interact_size.y = LINE_HEIGHT;
        ui.horizontal(|ui| {
            ui.with_layout(Layout::right_to_left(egui::Align::Center), |ui| {
                if let Some((value, _)) = &self.probability {
                    ui.label(figures(value).color(strong));
                }
                ui.with_layout(Layout::left_to_right(egui::Align::Center), |ui| {
                    ui.add(Label::new(RichText::new(class).color(strong)).truncate());
                });
            });
        });
        if let Some((_, kind)) = self.probability {
            widgets::caption_ui(ui, words::probability(kind)).on_hover_text(words::probability_explanation(kind));
        }
    }

    /// Two lines in a row.
    pub fn details_ui(&self, ui: &mut Ui) {
        ui.spacing_mut().item_spacing.y = 0.0;
        for pair in self.details.chunks(2) {
            ui.columns_const(|columns: &mut [Ui; 2]| {
                columns.iter_mut().zip(pair).for_each(|(ui, line)| line.ui(ui, None));
            });
        }
    }
}

fn details(prediction: &Prediction, voxel: Option<Voxel>) -> Vec<Line> {
    let p = &prediction.probabilities;
    let share = |plane: &Grid<u8>| voxel.map(|v| f32::from(plane.at(v)) / 255.0);
    let step = |plane: &Grid<u8>| fine(voxel.map(|v| plane.at(v)));
    let sure = "How sure this network is of its own class";
    let mut lines = vec![
        Line::new("network A", decimals(share(&prediction.confidence_a)), sure),
        Line::new("network B", decimals(share(&prediction.confidence_b)), sure),
    ];
    if let Some(std) = &p.np_std {
        let explanation = "Of \"like your labels\": standard deviation over the neural process's draws";
        lines.push(Line::new("± spread", step(std), explanation));
    }
    if let (Some(np), Some(mean)) = (&p.np, &p.mean) {
        let shift = share(np).zip(share(mean)).map(|(np, mean)| np - mean);
        let explanation = "\"Like your labels\" minus the mean of both networks: below 0 they believe it more than your \
                           labels do";
        lines.push(Line::new("shift", signed(shift), explanation));
    }
    if let Some(information) = &p.np_information {
        let explanation =
            "Mutual information of class and draw: how far the neural process's draws contradict each other";
        lines.push(Line::new("information", step(information), explanation));
    }
    lines
}

impl Line {
    fn new(name: &'static str, figures: String, explanation: &'static str) -> Self {
        Self { name, figures, explanation }
    }

    /// The name, after the arrow of its axis where it has one, and the figures at the right.
    pub fn ui(&self, ui: &mut Ui, axis: Option<MaterialIcon>) {
        ui.spacing_mut().interact_size.y = LINE_HEIGHT;
        let row = ui.horizontal(|ui| {
            let weak = theme::palette(ui).text_weak;
            ui.spacing_mut().item_spacing.x = theme::TIGHT;
            if let Some(axis) = axis {
                ui.label(axis.rich_text().size(12.0).color(weak));
            }
            ui.label(RichText::new(self.name).small().color(weak));
            ui.with_layout(Layout::right_to_left(egui::Align::Center), |ui| {
                ui.label(figures(&self.figures).size(11.0));
            });
        });
        row.response.on_hover_text(self.explanation);
    }
}

pub(super) fn decimals(value: Option<f32>) -> String {
    value.map_or_else(|| "   –".to_owned(), |v| format!("{v:.2}"))
}

pub(super) fn signed(value: Option<f32>) -> String {
    // Without this, a tiny negative shift reads -0.00.
    let hundredths = |v: f32| (100.0 * v).round() / 100.0 + 0.0;
    value.map_or_else(|| "    –".to_owned(), |v| format!("{:+.2}", hundredths(v)))
}

/// A value kept in fine steps; the last step is everything above it too.
pub(super) fn fine(step: Option<u8>) -> String {
    match step {
        None => "     –".to_owned(),
        Some(u8::MAX) => format!("≥{:.3}", f32::from(u8::MAX) / FINE_STEPS),
        Some(step) => format!(" {:.3}", f32::from(step) / FINE_STEPS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Extent;
    use crate::label::{Probabilities, Provenance};
    use crate::volume::CaseId;

    fn prediction(probabilities: Probabilities) -> Prediction {
        let plane = |value: u8| Grid::filled(Extent::new(2, 1, 1).unwrap(), value);
        Prediction {
            provenance: Provenance { case: CaseId::from("a"), label_revision: 0, model: "m".into(), step: 1 },
            class: plane(1),
            confidence_a: plane(128),
            confidence_b: plane(255),
            class_a: plane(1),
            class_b: plane(1),
            dual_confidence: plane(107),
            probabilities,
        }
    }

    fn full(shown: ProbabilityKind, np_std: u8) -> Prediction {
        let plane = |value: u8| Some(Grid::filled(Extent::new(2, 1, 1).unwrap(), value));
        prediction(Probabilities {
            mean: plane(153),
            scaled: plane(181),
            np: plane(102),
            np_std: plane(np_std),
            np_information: plane(30),
            np_divergence: Some(0.42),
            indecision: None,
            shown,
        })
    }

    fn texts(readout: &Readout) -> Vec<(&str, &str)> {
        let lines = [&readout.both_believe].into_iter().chain(&readout.like_labels).chain(&readout.details);
        lines.map(|line| (line.name, line.figures.as_str())).collect()
    }

    #[test]
    fn every_belief_of_a_voxel_is_read_in_figures_with_its_source() {
        let readout = Readout::new(&full(ProbabilityKind::Scaled, 33), Some(Voxel::new(1, 0, 0)));
        assert_eq!(readout.probability, Some(("0.71".to_owned(), ProbabilityKind::Scaled)));
        let expected = [
            ("believed by both", "0.42"),
            ("like your labels", "0.40"),
            ("network A", "0.50"),
            ("network B", "1.00"),
            ("± spread", " 0.013"),
            ("shift", "-0.20"),
            ("information", " 0.012"),
        ];
        assert_eq!(texts(&readout), expected);
    }

    #[test]
    fn the_last_step_of_the_spread_is_that_and_more() {
        let readout = Readout::new(&full(ProbabilityKind::Mean, 255), Some(Voxel::new(0, 0, 0)));
        assert_eq!(readout.details[2].figures, "≥0.100");
        assert_eq!(readout.probability, Some(("0.60".to_owned(), ProbabilityKind::Mean)));
    }

    #[test]
    fn without_a_pointer_the_same_lines_stand_with_dashes_of_the_same_width() {
        let prediction = full(ProbabilityKind::NeuralProcess, 3);
        let (with, without) = (Readout::new(&prediction, Some(Voxel::new(0, 0, 0))), Readout::new(&prediction, None));
        for ((name, figures), (same, dashes)) in texts(&with).into_iter().zip(texts(&without)) {
            assert_eq!((name, figures.chars().count()), (same, dashes.chars().count()));
            assert!(dashes.contains('–'));
        }
    }

    #[test]
    fn what_a_prediction_lacks_is_not_mentioned() {
        let readout = Readout::new(&prediction(Probabilities::default()), Some(Voxel::new(0, 0, 0)));
        assert_eq!((&readout.probability, &readout.like_labels, readout.details.len()), (&None, &None, 2));
    }

    #[test]
    fn no_shift_has_no_negative_sign() {
        assert_eq!(signed(Some(-0.001)), "+0.00");
    }
}

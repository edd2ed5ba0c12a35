//! What a prediction says of one voxel, in words and figures of fixed width.

use eframe::egui::{self, Layout, RichText, Ui};

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
    pub lines: Vec<Line>,
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
        let probability = p.displayed().map(|plane| (decimals(share(plane)), p.shown));
        let mut lines = vec![
            Line::new(
                "Both believe it",
                decimals(share(&prediction.dual_confidence)),
                "Dual confidence: each network's class, and how far the other believes it",
            ),
            Line::new(
                "Network A, B",
                format!("{} {}", decimals(share(&prediction.confidence_a)), decimals(share(&prediction.confidence_b))),
                "How sure each network is of its own class",
            ),
        ];
        if let Some(np) = &p.np {
            lines.push(Line::new(
                "Like your labels",
                decimals(share(np)),
                "Probability of the class given nothing but labelled voxels (neural process)",
            ));
        }
        let step = |plane: &Grid<u8>| fine(voxel.map(|v| plane.at(v)));
        if let Some(std) = &p.np_std {
            lines.push(Line::new("± its spread", step(std), "Standard deviation over the neural process's draws"));
        }
        if let (Some(np), Some(mean)) = (&p.np, &p.mean) {
            let shift = share(np).zip(share(mean)).map(|(np, mean)| np - mean);
            lines.push(Line::new(
                "Shift from the mean",
                signed(shift),
                "Neural process minus the mean of both networks: below 0 the networks believe it more than your labels do",
            ));
        }
        if let Some(information) = &p.np_information {
            lines.push(Line::new(
                "Information",
                step(information),
                "Mutual information of class and draw: how much the neural process's doubt would shrink with more labels",
            ));
        }
        Self { probability, lines }
    }

    pub fn probability_ui(&self, ui: &mut Ui) {
        let Some((value, kind)) = &self.probability else { return };
        ui.horizontal_wrapped(|ui| {
            ui.label(figures(value).color(theme::palette(ui).text_strong));
            widgets::caption_ui(ui, words::probability(*kind)).on_hover_text(words::probability_explanation(*kind));
        });
    }

    pub fn lines_ui(&self, ui: &mut Ui) {
        ui.spacing_mut().interact_size.y = LINE_HEIGHT;
        ui.spacing_mut().item_spacing.y = 0.0;
        for line in &self.lines {
            let row = ui.horizontal(|ui| {
                let weak = theme::palette(ui).text_weak;
                ui.label(RichText::new(line.name).small().color(weak));
                ui.with_layout(Layout::right_to_left(egui::Align::Center), |ui| {
                    ui.label(figures(&line.figures).size(11.0));
                });
            });
            row.response.on_hover_text(line.explanation);
        }
    }
}

impl Line {
    fn new(name: &'static str, figures: String, explanation: &'static str) -> Self {
        Self { name, figures, explanation }
    }
}

fn decimals(value: Option<f32>) -> String {
    value.map_or_else(|| "   –".to_owned(), |v| format!("{v:.2}"))
}

fn signed(value: Option<f32>) -> String {
    // Without this, a tiny negative shift reads -0.00.
    let hundredths = |v: f32| (100.0 * v).round() / 100.0 + 0.0;
    value.map_or_else(|| "    –".to_owned(), |v| format!("{:+.2}", hundredths(v)))
}

/// A value kept in fine steps; the last step is everything above it too.
fn fine(step: Option<u8>) -> String {
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
            shown,
        })
    }

    fn texts(readout: &Readout) -> Vec<(&str, &str)> {
        readout.lines.iter().map(|line| (line.name, line.figures.as_str())).collect()
    }

    #[test]
    fn every_belief_of_a_voxel_is_read_in_figures_with_its_source() {
        let readout = Readout::new(&full(ProbabilityKind::Scaled, 33), Some(Voxel::new(1, 0, 0)));
        assert_eq!(readout.probability, Some(("0.71".to_owned(), ProbabilityKind::Scaled)));
        let expected = [
            ("Both believe it", "0.42"),
            ("Network A, B", "0.50 1.00"),
            ("Like your labels", "0.40"),
            ("± its spread", " 0.013"),
            ("Shift from the mean", "-0.20"),
            ("Information", " 0.012"),
        ];
        assert_eq!(texts(&readout), expected);
    }

    #[test]
    fn the_last_step_of_the_spread_is_that_and_more() {
        let readout = Readout::new(&full(ProbabilityKind::Mean, 255), Some(Voxel::new(0, 0, 0)));
        assert_eq!(readout.lines[3].figures, "≥0.100");
        assert_eq!(readout.probability, Some(("0.60".to_owned(), ProbabilityKind::Mean)));
    }

    #[test]
    fn without_a_pointer_the_same_lines_stand_with_dashes_of_the_same_width() {
        let prediction = full(ProbabilityKind::NeuralProcess, 3);
        let (with, without) = (Readout::new(&prediction, Some(Voxel::new(0, 0, 0))), Readout::new(&prediction, None));
        for (a, b) in with.lines.iter().zip(&without.lines) {
            assert_eq!((a.name, a.figures.chars().count()), (b.name, b.figures.chars().count()));
            assert!(b.figures.contains('–'));
        }
    }

    #[test]
    fn what_a_prediction_lacks_is_not_mentioned() {
        let readout = Readout::new(&prediction(Probabilities::default()), Some(Voxel::new(0, 0, 0)));
        assert_eq!((readout.probability.as_ref(), readout.lines.len()), (None, 2));
    }

    #[test]
    fn no_shift_has_no_negative_sign() {
        assert_eq!(signed(Some(-0.001)), "+0.00");
    }
}

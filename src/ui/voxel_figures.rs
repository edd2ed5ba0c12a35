//! Everything that is known of the beliefs about one voxel, with raw values and the range each can have (methods 12).

use eframe::egui::{Align, CollapsingHeader, Layout, RichText, Ui, vec2};

use super::readout::{decimals, fine, signed};
use super::theme;
use super::widgets::{caption_ui, figures};
use crate::geometry::Voxel;
use crate::label::{Indecision, Origin, Prediction, RegionCode};
use crate::volume::Grid;

const ROW_HEIGHT: f32 = 15.0;
const RANGE_WIDTH: f32 = 58.0;

/// One quantity: a row of name, value and range.
#[derive(Debug, PartialEq, Eq)]
pub struct VoxelFigure {
    pub name: &'static str,
    /// Of the same width with and without a voxel.
    pub value: String,
    pub range: String,
    pub explanation: &'static str,
}

/// What is read: a prediction of so many classes, background included, and what the labels say of the voxel.
#[derive(Clone, Copy)]
pub struct Read<'a> {
    pub prediction: &'a Prediction,
    pub classes: usize,
    pub voxel: Option<(Voxel, Origin)>,
}

/// The rows, folded away until they are asked for.
pub fn ui(ui: &mut Ui, read: Read<'_>) {
    let heading = RichText::new("All figures").small().color(theme::palette(ui).text_weak);
    let header = CollapsingHeader::new(heading).id_salt("all figures").show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        voxel_figures(read).iter().for_each(|figure| figure.ui(ui));
    });
    header.header_response.on_hover_text("Every belief about the voxel under the pointer, with the range it can have");
}

/// The figures of a voxel; dashes stand for them while there is none.
pub fn voxel_figures(read: Read<'_>) -> Vec<VoxelFigure> {
    let mut rows = of_networks(read);
    rows.extend(of_indecision(read));
    rows.extend(of_neural_process(read));
    let origin = read.voxel.map_or("\u{2013}", |(_, origin)| origin_words(origin));
    rows.push(VoxelFigure::new("label", origin.to_owned(), "", "Who said what this voxel is"));
    rows
}

impl<'a> Read<'a> {
    fn byte(&self, plane: &Grid<u8>) -> Option<u8> {
        self.voxel.map(|(voxel, _)| plane.at(voxel))
    }

    fn share(&self, plane: &Grid<u8>) -> Option<f32> {
        self.byte(plane).map(|stored| f32::from(stored) / 255.0)
    }

    fn row(&self, name: &'static str, plane: &Grid<u8>, range: &str, explanation: &'static str) -> VoxelFigure {
        VoxelFigure::new(name, decimals(self.share(plane)), range, explanation)
    }

    fn networks_agree(&self) -> Option<bool> {
        let p = self.prediction;
        self.byte(&p.class_a).zip(self.byte(&p.class_b)).map(|(a, b)| a == b)
    }

    /// What a network gives to the class of the other one: its own confidence where both name the same, else what it leaves
    /// to others, which with more than two classes is the most it can be.
    fn cross_belief(&self, confidence: &'a Grid<u8>) -> String {
        let (Some(own), Some(agree)) = (self.share(confidence), self.networks_agree()) else { return decimals(None) };
        let value = decimals(Some(if agree { own } else { 1.0 - own }));
        if agree || self.classes <= 2 { value } else { format!("\u{2264}{}", value.trim_start()) }
    }
}

fn of_networks(read: Read<'_>) -> Vec<VoxelFigure> {
    let (p, of) = (read.prediction, &read.prediction.probabilities);
    let chance = format!("{:.2} to 1", 1.0 / read.classes.max(1) as f64);
    let agree = read.networks_agree().map_or("   \u{2013}", |agree| if agree { "   1" } else { "   0" });
    let cross = "Probability that this network gives to the class which the other one names";
    let mut rows: Vec<VoxelFigure> = Vec::new();
    if let Some(mean) = &of.mean {
        rows.push(read.row("probability, mean", mean, UNIT, "Mean of both networks, of the displayed class"));
    }
    if let Some(scaled) = &of.scaled {
        rows.push(read.row("\u{2026} scaled", scaled, UNIT, "After a temperature fitted on reserved labels"));
    }
    let sure = "Probability that this network gives to its own class";
    rows.extend([
        read.row("confidence of A", &p.confidence_a, &chance, sure),
        read.row("confidence of B", &p.confidence_b, &chance, sure),
        VoxelFigure::new("A on B\u{2019}s class", read.cross_belief(&p.confidence_a), UNIT, cross),
        VoxelFigure::new("B on A\u{2019}s class", read.cross_belief(&p.confidence_b), UNIT, cross),
        VoxelFigure::new("agreement", agree.to_owned(), "0 or 1", "Both networks name the same class"),
        read.row(
            "dual confidence",
            &p.dual_confidence,
            UNIT,
            "Confidence of one network times the other\u{2019}s belief, mean of both directions",
        ),
    ]);
    rows
}

fn of_indecision(read: Read<'_>) -> Vec<VoxelFigure> {
    let Some(i) = &read.prediction.probabilities.indecision else { return Vec::new() };
    let code = read.networks_agree().zip(read.byte(&i.margin)).map(|(agree, margin)| RegionCode::new(agree, margin));
    vec![
        read.row(
            "entropy",
            &i.entropy,
            UNIT,
            "Of the mean of both networks, over the logarithm of the number of classes",
        ),
        VoxelFigure::new("KL of B from A", divergence(read.byte(&i.belief_agreement)), "0 to 13.8", "In nats"),
        read.row("exp(\u{2212}KL)", &i.belief_agreement, UNIT, "1: one belief; 0: beliefs far apart"),
        read.row("Jensen\u{2013}Shannon", &i.jensen_shannon, UNIT, "Entropy of the mean minus mean entropy, over ln 2"),
        read.row("margin", &i.margin, UNIT, "First minus second most probable class, of the less sure network"),
        VoxelFigure::new(
            "region code",
            code.map_or("  \u{2013}", RegionCode::code).to_owned(),
            "AS AI FS FI",
            "Agree or differ (F), sure or ambiguous (I: a margin below 0.15), of the two networks",
        ),
    ]
}

fn of_neural_process(read: Read<'_>) -> Vec<VoxelFigure> {
    let of = &read.prediction.probabilities;
    let mut rows = Vec::new();
    if let Some(np) = &of.np {
        rows.push(read.row(
            "neural process",
            np,
            UNIT,
            "Its probability of the displayed class, given labelled voxels",
        ));
        if let Some(mean) = &of.mean {
            let shift = read.share(np).zip(read.share(mean)).map(|(np, mean)| np - mean);
            let explanation = "Neural process minus the mean of both networks";
            rows.push(VoxelFigure::new("\u{2026} shift", signed(shift), "\u{2212}1 to 1", explanation));
        }
    }
    if let Some(std) = &of.np_std {
        let explanation = "Standard deviation over its draws; kept up to 0.1";
        rows.push(VoxelFigure::new("\u{2026} spread", fine(read.byte(std)), "0 to 0.5", explanation));
    }
    if let Some(information) = &of.np_information {
        let explanation =
            "Mutual information of class and draw, over the logarithm of the number of classes; kept up to 0.1";
        rows.push(VoxelFigure::new("\u{2026} information", fine(read.byte(information)), UNIT, explanation));
    }
    rows
}

const UNIT: &str = "0 to 1";

fn divergence(stored: Option<u8>) -> String {
    match stored.map(Indecision::divergence_nats) {
        None => decimals(None),
        Some(None) => ">5.5".to_owned(),
        Some(nats) => decimals(nats),
    }
}

fn origin_words(origin: Origin) -> &'static str {
    match origin {
        Origin::Unknown => "none",
        Origin::Manual => "by hand",
        Origin::Accepted => "accepted",
        Origin::Imported => "imported",
    }
}

impl VoxelFigure {
    fn new(name: &'static str, value: String, range: &str, explanation: &'static str) -> Self {
        Self { name, value, range: range.to_owned(), explanation }
    }

    fn ui(&self, ui: &mut Ui) {
        ui.spacing_mut().interact_size.y = ROW_HEIGHT;
        let weak = theme::palette(ui).text_weak;
        let row = ui.horizontal(|ui| {
            ui.label(RichText::new(self.name).small().color(weak));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let size = vec2(RANGE_WIDTH, ROW_HEIGHT);
                let from_left = Layout::left_to_right(Align::Center);
                ui.allocate_ui_with_layout(size, from_left, |ui| {
                    ui.set_min_width(RANGE_WIDTH);
                    caption_ui(ui, &self.range)
                });
                ui.label(figures(&self.value).size(11.0));
            });
        });
        row.response.on_hover_text(self.explanation);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Extent;
    use crate::label::{Probabilities, ProbabilityKind, Provenance};
    use crate::volume::CaseId;

    fn prediction(class_b: u8, belief_agreement: u8) -> Prediction {
        let plane = |value: u8| Grid::filled(Extent::new(2, 1, 1).unwrap(), value);
        let of = |value: u8| Some(plane(value));
        Prediction {
            provenance: Provenance { case: CaseId::from("a"), label_revision: 0, model: "m".into(), step: 1 },
            class: plane(1),
            confidence_a: plane(204),
            confidence_b: plane(230),
            class_a: plane(1),
            class_b: plane(class_b),
            dual_confidence: plane(107),
            probabilities: Probabilities {
                mean: of(153),
                scaled: of(181),
                np: of(102),
                np_std: of(33),
                np_information: of(30),
                np_divergence: None,
                indecision: Some(Indecision {
                    entropy: plane(128),
                    belief_agreement: plane(belief_agreement),
                    jensen_shannon: plane(26),
                    margin: plane(20),
                }),
                shown: ProbabilityKind::Mean,
            },
        }
    }

    fn at(prediction: &Prediction, classes: usize) -> Vec<VoxelFigure> {
        let voxel = Some((Voxel::new(1, 0, 0), Origin::Accepted));
        voxel_figures(Read { prediction, classes, voxel })
    }

    fn value<'a>(rows: &'a [VoxelFigure], name: &str) -> &'a str {
        &rows.iter().find(|row| row.name == name).unwrap().value
    }

    #[test]
    fn every_quantity_is_read_in_raw_figures_with_its_range() {
        let rows = at(&prediction(1, 155), 4);
        for (name, figures, range) in [
            ("probability, mean", "0.60", "0 to 1"),
            ("\u{2026} scaled", "0.71", "0 to 1"),
            ("confidence of A", "0.80", "0.25 to 1"),
            ("confidence of B", "0.90", "0.25 to 1"),
            ("agreement", "   1", "0 or 1"),
            ("dual confidence", "0.42", "0 to 1"),
            ("entropy", "0.50", "0 to 1"),
            ("KL of B from A", "0.50", "0 to 13.8"),
            ("exp(\u{2212}KL)", "0.61", "0 to 1"),
            ("Jensen\u{2013}Shannon", "0.10", "0 to 1"),
            ("margin", "0.08", "0 to 1"),
            ("region code", "AI", "AS AI FS FI"),
            ("neural process", "0.40", "0 to 1"),
            ("\u{2026} shift", "-0.20", "\u{2212}1 to 1"),
            ("\u{2026} spread", " 0.013", "0 to 0.5"),
            ("\u{2026} information", " 0.012", "0 to 1"),
            ("label", "accepted", ""),
        ] {
            let row = rows.iter().find(|row| row.name == name).unwrap();
            assert_eq!((row.value.as_str(), row.range.as_str()), (figures, range), "{name}");
        }
        assert_eq!(value(&at(&prediction(1, 0), 4), "KL of B from A"), ">5.5");
    }

    #[test]
    fn what_a_network_gives_to_the_others_class_is_exact_with_two_classes_and_bounded_with_more() {
        let name = "A on B\u{2019}s class";
        assert_eq!(value(&at(&prediction(1, 9), 4), name), "0.80");
        let differ = prediction(2, 9);
        assert_eq!((value(&at(&differ, 2), name), value(&at(&differ, 3), name)), ("0.20", "\u{2264}0.20"));
        assert_eq!((value(&at(&differ, 3), "agreement"), value(&at(&differ, 3), "region code")), ("   0", "FI"));
    }

    #[test]
    fn a_prediction_of_an_older_program_says_what_it_can() {
        let mut old = prediction(1, 9);
        old.probabilities = Probabilities::default();
        let names: Vec<&str> = at(&old, 2).iter().map(|row| row.name).collect();
        assert!(
            names.contains(&"dual confidence") && !names.contains(&"entropy") && !names.contains(&"neural process")
        );
        let nothing = voxel_figures(Read { prediction: &old, classes: 2, voxel: None });
        assert!(nothing.len() == names.len() && nothing.iter().all(|row| row.value.contains('\u{2013}')));
    }
}

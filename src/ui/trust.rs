//! "Can these numbers be trusted?": what reserved labels say of the beliefs that are displayed.

use eframe::egui::{self, Align, Color32, Grid, Layout, RichText, Ui, vec2};
use egui_plot::{AxisHints, Line, LineStyle, PlotPoints, Points};

use super::theme::{self, Palette};
use super::widgets::{self, figures};
use super::{dialog, words};
use crate::label::ProbabilityKind;
use crate::learn::{Calibration, Check, Sign};
use crate::workspace::Training;

const WIDTH: f32 = 760.0;
const DIAGRAM: f32 = 300.0;
const BAR_WIDTH: f32 = 120.0;
const BAR_HEIGHT: f32 = 6.0;

/// Returns false once the page is to be closed.
pub fn ui(ctx: &egui::Context, training: &Training) -> bool {
    let modal = dialog::show(ctx, words::TRUST_QUESTION, WIDTH, |ui| {
        ui.label(verdict(training));
        ui.add_space(theme::GAP);
        match &training.calibration {
            Some(calibration) => {
                ui.horizontal_top(|ui| {
                    ui.vertical(|ui| diagram_ui(ui, &calibration.checks));
                    ui.add_space(theme::WIDE);
                    ui.vertical(|ui| {
                        widgets::compact(ui);
                        scores_ui(ui, calibration);
                        ui.add_space(theme::WIDE);
                        signs_ui(ui, &calibration.signs);
                    });
                });
            }
            None => drop(ui.label(HOW_TO_CHECK)),
        }
        ui.add_space(theme::GAP);
        ui.button("Close").clicked()
    });
    !(modal.inner || modal.should_close())
}

const HOW_TO_CHECK: &str = "To have them checked, label a case in full, or all of a structure on some of its slices and the rest of them as \
     background (J), and start learning. Chiaro then keeps a part of those labels from learning: some slices of two \
     cases, or one whole case once eight are complete. While it learns, it compares what it believes there with what you \
     labelled, and this page shows the outcome.";

/// The page in two sentences.
pub fn verdict(training: &Training) -> String {
    let Some(c) = &training.calibration else {
        // A run checks itself only after some steps; whether it has labels for that is not known before.
        let why = if training.is_active() { "this run has not done that yet" } else { "no labels are reserved" };
        return format!("Model beliefs, not error probabilities, until checked: {why}.");
    };
    let shown = match c.shown {
        ProbabilityKind::Scaled => format!("{} (temperature {:.2})", words::probability(c.shown), c.temperature),
        kind => words::probability(kind).to_owned(),
    };
    format!(
        "Checked after step {} on {} reserved voxels near surfaces, which learning never saw. The displayed probability is \
         the one that fits them best: {shown}.",
        c.step, c.voxels
    )
}

/// The displayed probability's error in a few figures, for the strip.
pub fn summary(calibration: Option<&Calibration>) -> String {
    let shown = calibration.and_then(|c| c.checks.iter().find(|check| check.kind == c.shown));
    shown.map_or_else(|| "not checked".to_owned(), |check| format!("ECE {:.3}", check.ece))
}

/// How often the label is right where a probability is said; the diagonal is honest.
fn diagram_ui(ui: &mut Ui, checks: &[Check]) {
    let p = theme::palette(ui);
    widgets::still_plot("reliability")
        .width(DIAGRAM)
        .height(DIAGRAM)
        .default_x_bounds(0.0, 1.0)
        .default_y_bounds(0.0, 1.0)
        .set_margin_fraction(vec2(0.02, 0.02))
        .custom_x_axes(vec![AxisHints::new_x().label("What it says").label_spacing(12.0..=24.0)])
        .y_axis_label("How often it is right")
        .show(ui, |plot| {
            let honest = Line::new("honest", vec![[0.0, 0.0], [1.0, 1.0]]).color(p.text_weak).allow_hover(false);
            plot.line(honest.style(LineStyle::dashed_loose()).width(1.0));
            for check in checks {
                let points: Vec<[f64; 2]> =
                    check.bins.iter().filter_map(|bin| Some([bin.mean_probability?, bin.accuracy?])).collect();
                let (name, colour) = (words::probability(check.kind), colour(check.kind, p));
                plot.line(Line::new(name, points.clone()).color(colour).width(2.0).allow_hover(false));
                let points: PlotPoints<'_> = points.into();
                plot.points(Points::new(name, points).color(colour).radius(3.0).allow_hover(false));
            }
        })
        .response
        .accessible_name("Reliability diagram");
    widgets::caption_ui(ui, "On the dashed line, what it says is what happens. Below it, it is too sure.");
}

fn scores_ui(ui: &mut Ui, calibration: &Calibration) {
    widgets::section_ui(ui, "Error of each probability", Some("smaller is better"));
    let p = theme::palette(ui);
    Grid::new("calibration scores").num_columns(5).spacing([theme::WIDE, theme::TIGHT]).show(ui, |ui| {
        ui.label("");
        for (name, explanation) in [
            ("ECE", "Expected calibration error: mean distance from the dashed line"),
            ("Brier", "Mean square of the distance from the truth"),
            ("NLL", "Mean surprise at the truth, nats"),
        ] {
            ui.label(figures(format!("{name:>6}")).color(p.text_weak)).on_hover_text(explanation);
        }
        ui.label("");
        ui.end_row();
        for check in &calibration.checks {
            ui.horizontal(|ui| {
                widgets::dot_ui(ui, colour(check.kind, p));
                ui.label(words::probability(check.kind)).on_hover_text(words::probability_explanation(check.kind));
            });
            for value in [check.ece, check.brier, check.nll] {
                ui.label(figures(format!("{value:>6.3}")));
            }
            let mark = if check.kind == calibration.shown { "displayed" } else { "" };
            ui.label(RichText::new(mark).small().color(p.accent));
            ui.end_row();
        }
    });
}

fn signs_ui(ui: &mut Ui, signs: &[Sign]) {
    widgets::section_ui(ui, "How well each doubt finds errors", Some("1 always, 0.5 by chance"));
    let mut signs: Vec<&Sign> = signs.iter().collect();
    signs.sort_by(|a, b| b.auroc.total_cmp(&a.auroc));
    Grid::new("signs of doubt").num_columns(3).spacing([theme::WIDE, theme::TIGHT]).show(ui, |ui| {
        for sign in signs {
            ui.label(sign_words(&sign.name)).on_hover_text(format!("AUROC of {}", sign.name));
            bar_ui(ui, sign.auroc);
            ui.label(figures(format!("{:.3}", sign.auroc)));
            ui.end_row();
        }
    });
}

fn sign_words(name: &str) -> &str {
    match name {
        "entropy" => "Undecided between classes",
        "dual_confidence" => "Not believed by both",
        "discrepancy" => "The networks differ",
        "np_probability" => "Unlike your labels",
        "np_std" => "Spread of that",
        "np_information" => "Information of that",
        "pair" => "Both axes together",
        other => other,
    }
}

fn bar_ui(ui: &mut Ui, share: f64) {
    let p = theme::palette(ui);
    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
        let (rect, _) = ui.allocate_exact_size(vec2(BAR_WIDTH, BAR_HEIGHT), egui::Sense::hover());
        ui.painter().rect_filled(rect, 2.0, p.line);
        // A share of 0 to 1.
        let width = rect.width() * share.clamp(0.0, 1.0) as f32;
        ui.painter().rect_filled(rect.with_max_x(rect.left() + width), 2.0, p.accent);
    });
}

fn colour(kind: ProbabilityKind, p: &Palette) -> Color32 {
    match kind {
        ProbabilityKind::Mean => p.held_out,
        ProbabilityKind::Scaled => p.accent,
        ProbabilityKind::NeuralProcess => p.in_progress,
    }
}

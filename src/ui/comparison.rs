//! How the labels of the case differ from another label map of it: a table that can be copied.

use eframe::egui::{self, Grid, RichText, ScrollArea, Ui};

use super::actions::Actions;
use super::theme;
use super::widgets::{self, figures};
use crate::label::ClassTable;
use crate::metrics::{ClassComparison, LabelComparison, SurfaceDistances};
use crate::workspace::{CompareAction, Comparison, ComparisonState, Workspace};

const HEADINGS: [(&str, &str); 8] = [
    ("Class", "Every class that either map holds"),
    ("Dice", "Share of both that they have in common, 1 at best"),
    ("HD95 mm", "Distance that 95 % of both surfaces keep to each other"),
    ("ASD mm", "Mean distance from the surface of your labels to the other's"),
    ("Labels ml", "Volume in your labels"),
    ("Other ml", "Volume in the other map"),
    ("Difference ml", "How much larger the other map's volume is"),
    ("Difference %", "The same, of the volume in your labels"),
];

type Line = [String; HEADINGS.len()];

pub fn ui(ctx: &egui::Context, workspace: &Workspace, actions: &mut Actions) {
    let (Some(comparison), Some(case), Some(study)) = (workspace.comparison(), workspace.case(), workspace.study())
    else {
        return;
    };
    let mut stays = true;
    egui::Window::new("Comparison")
        .open(&mut stays)
        .default_pos([theme::LEFT_PANEL_WIDTH + 40.0, theme::TOP_BAR_HEIGHT + 40.0])
        .resizable(false)
        .collapsible(false)
        .show(ctx, |ui| {
            widgets::caption_ui(
                ui,
                &format!("Your labels of {} beside: {}", workspace.case_name(&case.id), comparison.with.name()),
            );
            ui.add_space(theme::TIGHT);
            match &comparison.state {
                ComparisonState::Working => {
                    ui.horizontal(|ui| {
                        ui.spinner();
                        ui.label("Comparing…");
                    });
                }
                ComparisonState::Refused(sentence) => {
                    ui.set_max_width(420.0);
                    ui.colored_label(theme::palette(ui).error, sentence);
                }
                ComparisonState::Ready(found) => found_ui(ui, found, &study.classes),
            }
            ui.add_space(theme::GAP);
            again_ui(ui, comparison, case.labels().revision(), actions);
        });
    if !stays {
        actions.push(CompareAction::Close.into());
    }
}

fn again_ui(ui: &mut Ui, comparison: &Comparison, revision: u64, actions: &mut Actions) {
    if comparison.is_outdated(revision) && !matches!(comparison.state, ComparisonState::Working) {
        ui.horizontal(|ui| {
            ui.colored_label(theme::palette(ui).warning, "Your labels have changed since.");
            if ui.button("Compare again").clicked() {
                actions.push(CompareAction::Again.into());
            }
        });
    }
}

fn found_ui(ui: &mut Ui, found: &LabelComparison, classes: &ClassTable) {
    if found.classes.is_empty() {
        ui.label("Neither map holds a class.");
        return;
    }
    let lines = lines(found, classes);
    ScrollArea::vertical().max_height(380.0).show(ui, |ui| table_ui(ui, &lines));
    ui.add_space(theme::GAP);
    ui.horizontal(|ui| {
        let copies =
            [("Copy", "As text with tabs, for a document or a table", "\t"), ("Copy as CSV", "With commas", ",")];
        for (name, explanation, separator) in copies {
            if ui.button(name).on_hover_text(explanation).clicked() {
                ui.ctx().copy_text(text(&lines, separator));
            }
        }
    });
}

fn table_ui(ui: &mut Ui, lines: &[Line]) {
    let p = theme::palette(ui);
    Grid::new("comparison").num_columns(HEADINGS.len()).spacing([theme::WIDE, theme::TIGHT]).show(ui, |ui| {
        for (place, (heading, explanation)) in HEADINGS.into_iter().enumerate() {
            let text = if place == 0 { RichText::new(heading) } else { figures(format!("{heading:>9}")) };
            ui.label(text.color(p.text_weak)).on_hover_text(explanation);
        }
        ui.end_row();
        for line in lines {
            let (name, values) = (&line[0], &line[1..]);
            ui.label(name);
            for (value, (heading, _)) in values.iter().zip(&HEADINGS[1..]) {
                let width = heading.len().max(9);
                ui.label(figures(format!("{:>width$}", if value.is_empty() { "–" } else { value })));
            }
            ui.end_row();
        }
    });
}

/// One per class, the mean last. What is not known is empty.
fn lines(found: &LabelComparison, classes: &ClassTable) -> Vec<Line> {
    let name = |class: &ClassComparison| {
        classes.get(class.class).map_or_else(|| format!("Class {}", class.class), |known| known.name.clone())
    };
    let mut lines: Vec<Line> = found
        .classes
        .iter()
        .map(|class| {
            let [hd95, asd] = distances(class.distances_mm);
            [
                name(class),
                format!("{:.4}", class.dice),
                hd95,
                asd,
                format!("{:.3}", class.first_ml),
                format!("{:.3}", class.second_ml),
                format!("{:+.3}", class.difference_ml()),
                class.difference_percent().map(|percent| format!("{percent:+.1}")).unwrap_or_default(),
            ]
        })
        .collect();
    let [hd95, asd] = distances(found.mean_distances_mm());
    let dice = found.mean_dice().map(|dice| format!("{dice:.4}")).unwrap_or_default();
    let [a, b, c, d] = [const { String::new() }; 4];
    lines.push(["Mean".to_owned(), dice, hd95, asd, a, b, c, d]);
    lines
}

fn distances(mm: Option<SurfaceDistances>) -> [String; 2] {
    mm.map(|mm| [mm.hd95, mm.asd].map(|value| format!("{value:.3}"))).unwrap_or_default()
}

fn text(lines: &[Line], separator: &str) -> String {
    let headings = HEADINGS.map(|(heading, _)| heading.to_owned());
    let row = |line: &Line| line.each_ref().map(|field| quoted(field, separator)).join(separator) + "\n";
    std::iter::once(&headings).chain(lines).map(row).collect()
}

/// As CSV wants a field that holds the separator or a quotation mark.
fn quoted(field: &str, separator: &str) -> String {
    let plain = !field.contains(separator) && !field.contains(['"', '\n', '\r']);
    if plain { field.to_owned() } else { format!("\"{}\"", field.replace('"', "\"\"")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Affine, Extent};
    use crate::volume::Grid;

    #[test]
    fn the_copied_table_has_a_line_per_class_and_the_mean_and_quotes_names() {
        let extent = Extent::new(10, 1, 1).unwrap();
        let first = Grid::from_fn(extent, |v| u8::from(v.x < 4));
        let second = Grid::from_fn(extent, |v| if v.x < 2 { 1 } else { 9 * u8::from(v.x > 8) });
        let found = LabelComparison::between(&first, &second, &Affine::identity(), &[1, 9], || false).unwrap();
        let classes = ClassTable::from_names(&["Kidney, left"]).unwrap();
        let csv = text(&lines(&found, &classes), ",");
        let csv: Vec<&str> = csv.lines().collect();
        assert_eq!(csv.len(), 4);
        assert!(csv[1].starts_with("\"Kidney, left\",0.6667,"), "{}", csv[1]);
        assert!(csv[1].ends_with("0.004,0.002,-0.002,-50.0"), "{}", csv[1]);
        assert_eq!(csv[2], "Class 9,0.0000,,,0.000,0.001,+0.001,");
        assert!(csv[3].starts_with("Mean,0.3333,"), "{}", csv[3]);
    }
}

//! The fourth quadrant: what the shown case is, and how much of it is labelled.

use eframe::egui::{self, Grid, RichText, ScrollArea, Slider, Ui};

use super::actions::Actions;
use super::survey::{Counts, Findings};
use super::theme;
use super::widgets::{self, figures};
use crate::label::{ClassTable, Origin};
use crate::workspace::{OpenCase, Shown, ViewAction, Workspace};

pub fn ui(ui: &mut Ui, workspace: &Workspace, findings: &Findings, actions: &mut Actions) {
    let counts = &findings.counts;
    let (Some(case), Some(study)) = (workspace.case(), workspace.study()) else {
        waiting_ui(ui, workspace);
        return;
    };
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        widgets::compact(ui);
        ui.label(RichText::new(workspace.case_name(&case.id)).heading().color(theme::palette(ui).text_strong));
        ui.add_space(theme::TIGHT);
        geometry_ui(ui, case);
        frames_ui(ui, case, actions);
        // With two classes everything is seen in a window of 1280 x 800.
        ui.add_space(theme::GAP);
        volumes_ui(ui, case, &study.classes, findings);
        ui.add_space(theme::TIGHT);
        shares_ui(ui, counts);
        divergence_ui(ui, case);
        notices_ui(ui, case);
    });
}

/// Instead of a case that is not there yet, or cannot be read.
pub fn waiting_ui(ui: &mut Ui, workspace: &Workspace) {
    ui.centered_and_justified(|ui| match workspace.shown() {
        Shown::Loading(case) => ui.weak(format!("Reading {}…", workspace.case_name(case))),
        Shown::Failed { sentence, .. } => ui.colored_label(theme::palette(ui).error, sentence),
        Shown::Nothing | Shown::Ready(_) => ui.weak("Choose a case"),
    });
}

fn geometry_ui(ui: &mut Ui, case: &OpenCase) {
    let [x, y, z] = case.extent().to_array();
    let [dx, dy, dz] = case.image.spacing_mm();
    let statistics = case.image.statistics();
    let rows = [
        ("Voxels", format!("{x} × {y} × {z}")),
        ("Spacing", format!("{dx:.2} × {dy:.2} × {dz:.2} mm")),
        ("Orientation", case.image.orientation().code()),
        ("Stored as", case.image.voxels.voxel_type().name().to_owned()),
        ("Intensities", format!("{} to {}", Short(statistics.min), Short(statistics.max))),
    ];
    Grid::new("geometry")
        .num_columns(2)
        .min_row_height(theme::TEXT_ROW_HEIGHT)
        .spacing([theme::WIDE, theme::TIGHT])
        .show(ui, |ui| {
            for (name, value) in rows {
                ui.label(RichText::new(name).color(theme::palette(ui).text_weak));
                ui.label(figures(value));
                ui.end_row();
            }
        });
}

/// Which of several volumes in the file is shown; labels belong to the grid they share.
fn frames_ui(ui: &mut Ui, case: &OpenCase, actions: &mut Actions) {
    let count = case.geometry.frame_count();
    if count < 2 {
        return;
    }
    ui.horizontal(|ui| {
        ui.label(RichText::new("Volume").color(theme::palette(ui).text_weak));
        let mut number = case.frame + 1;
        let slider = ui.add(Slider::new(&mut number, 1..=count).show_value(false)).accessible_name("Volume shown");
        ui.label(figures(format!("{} / {count}", case.frame + 1)));
        if slider.changed() {
            actions.push(ViewAction::SetFrame(number - 1).into());
        }
    });
}

fn volumes_ui(ui: &mut Ui, case: &OpenCase, classes: &ClassTable, findings: &Findings) {
    let counts = &findings.counts;
    let millilitres = |voxels: usize| voxels as f64 * case.image.affine.voxel_volume_mm3() / 1000.0;
    Grid::new("volumes")
        .num_columns(4)
        .min_row_height(theme::TEXT_ROW_HEIGHT)
        .spacing([theme::GAP, theme::TIGHT])
        .show(ui, |ui| {
            let weak = theme::palette(ui).text_weak;
            ui.label(RichText::new("Volume").color(weak));
            for (heading, width) in [("labelled", 12), ("pseudo-label", 12), ("mean ± sd", 14)] {
                ui.label(figures(format!("{heading:>width$}")).color(weak));
            }
            ui.end_row();
            for class in classes.in_order().filter(|class| class.id != 0) {
                ui.horizontal(|ui| {
                    widgets::swatch_ui(ui, widgets::rgb(class.colour), class.visible);
                    ui.label(&class.name);
                });
                ui.label(figures(format!("{:>9.2} ml", millilitres(counts.known_of(class.id)))));
                match &case.prediction {
                    Some(_) => ui.label(figures(format!("{:>9.2} ml", millilitres(counts.predicted_of(class.id))))),
                    None => ui.label(figures(format!("{:>12}", "–"))),
                };
                let intensity = findings.statistics_of(class.id).and_then(|s| s.intensity.as_ref());
                let text = intensity.map_or("–".to_owned(), |figures| {
                    // Such numbers say nothing by their decimals, and would not fit.
                    let decimals = usize::from(figures.mean.abs() < 10_000.0);
                    format!("{:.decimals$} ± {:.decimals$}", figures.mean, figures.standard_deviation)
                });
                ui.label(figures(format!("{text:>14}")));
                ui.end_row();
            }
        });
}

fn shares_ui(ui: &mut Ui, counts: &Counts) {
    let p = theme::palette(ui);
    let shares = [
        (Origin::Manual, "by hand", p.accent),
        (Origin::Accepted, "accepted", p.held_out),
        (Origin::Imported, "from file", p.in_progress),
        (Origin::Unknown, "not labelled", p.idle),
    ];
    let (rect, _) = ui.allocate_exact_size(egui::vec2(ui.available_width().min(320.0), 6.0), egui::Sense::hover());
    let mut left = rect.left();
    for (origin, _, colour) in shares {
        // A share of 0 to 1: the loss of digits is far below a pixel.
        let width = rect.width() * counts.share(origin) as f32;
        ui.painter().rect_filled(rect.with_min_x(left).with_max_x(left + width), 1.0, colour);
        left += width;
    }
    ui.add_space(theme::TIGHT);
    Grid::new("shares").num_columns(4).spacing([theme::GAP, 0.0]).min_row_height(16.0).show(ui, |ui| {
        for pair in shares.chunks(2) {
            for (origin, name, colour) in pair {
                ui.horizontal(|ui| {
                    widgets::dot_ui(ui, *colour);
                    widgets::caption_ui(ui, name);
                });
                ui.label(figures(format!("{:>5.1} %  ", 100.0 * counts.share(*origin))).size(11.0));
            }
            ui.end_row();
        }
    });
}

/// How unlike the labelled cases this one is, if a neural process has said so.
fn divergence_ui(ui: &mut Ui, case: &OpenCase) {
    let divergence = case.prediction.as_ref().and_then(|prediction| prediction.probabilities.np_divergence);
    let Some(divergence) = divergence else { return };
    ui.add_space(theme::GAP);
    let row = ui.horizontal(|ui| {
        ui.label(RichText::new("Unlike your labelled cases").color(theme::palette(ui).text_weak));
        ui.label(figures(format!("{divergence:.2}")));
    });
    row.response.on_hover_text(
        "How far the pseudo-labels of this case, taken together, are from your labels: 0 is no distance. \
         (Neural process: divergence of the two sets, nats)",
    );
}

fn notices_ui(ui: &mut Ui, case: &OpenCase) {
    for sentence in &case.notices {
        ui.add_space(theme::GAP);
        ui.horizontal_wrapped(|ui| {
            let warning = theme::palette(ui).warning;
            ui.label(egui_material_icons::icons::ICON_WARNING.rich_text().color(warning));
            ui.label(sentence);
        });
    }
}

/// A number with about four digits.
struct Short(f64);

impl std::fmt::Display for Short {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let digits = match self.0.abs() {
            _ if self.0.fract() == 0.0 => 0,
            1000.0.. => 0,
            10.0.. => 1,
            _ => 3,
        };
        write!(f, "{:.digits$}", self.0)
    }
}

//! The bottom line: what is under the pointer, how safe the work is, where training runs.

use eframe::egui::{Align, Label, Layout, RichText, Ui};

use super::widgets::figures;
use super::{theme, widgets};
use crate::label::Origin;
use crate::workspace::{SaveState, Workspace};

pub fn ui(ui: &mut Ui, workspace: &Workspace) {
    ui.horizontal_centered(|ui| {
        ui.spacing_mut().item_spacing.x = theme::WIDE;
        pointer_ui(ui, workspace);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            widgets::caption_ui(ui, "research use only");
            device_ui(ui, workspace);
            saved_ui(ui, workspace);
        });
    });
}

/// Fixed-width figures: the line does not move while the pointer does.
fn pointer_ui(ui: &mut Ui, workspace: &Workspace) {
    let probe = workspace.case().zip(workspace.views().hover).and_then(|(case, hover)| {
        let (voxel, intensity, label) = case.probe(hover.position)?;
        let second = case.second.as_ref().map(|_| second_text(case.second_intensity(hover.position)));
        Some((case.image.affine.world_from_voxel(hover.position), voxel, intensity, second, label))
    });
    let p = theme::palette(ui);
    let small = |text: String| figures(text).size(11.0).color(p.text_weak);
    let Some(([x, y, z], voxel, intensity, second, label)) = probe else {
        ui.label(small(" ".repeat(66)));
        return;
    };
    ui.label(small(format!("{x:7.1}, {y:7.1}, {z:7.1} mm")));
    ui.label(small(format!("voxel {:>4}, {:>4}, {:>4}", voxel.x, voxel.y, voxel.z)));
    ui.label(small(format!("intensity {intensity:>8.1}")));
    if let Some(second) = second {
        ui.label(small(second));
    }
    let Some(study) = workspace.study() else { return };
    let (text, colour) = match label.origin {
        Origin::Unknown => ("not labelled".to_owned(), p.text_weak),
        known => (format!("{}, {}", study.classes.name(label.class), origin_words(known)), p.text),
    };
    let class = study.classes.get(label.class).filter(|class| class.id != 0 && label.origin != Origin::Unknown);
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.x = theme::TIGHT;
        // Words in the colours of classes could not be read on a light ground.
        if let Some(class) = class {
            widgets::dot_ui(ui, widgets::rgb(class.colour));
        }
        ui.add(Label::new(RichText::new(text).small().color(colour)).truncate());
    });
}

/// Two decimals: PET is read in small numbers. A dash outside of the second image.
fn second_text(intensity: Option<f64>) -> String {
    let figures = intensity.map_or_else(|| "–".to_owned(), |intensity| format!("{intensity:.2}"));
    format!("second image {figures:>9}")
}

fn origin_words(origin: Origin) -> &'static str {
    match origin {
        Origin::Unknown => "not labelled",
        Origin::Manual => "by hand",
        Origin::Accepted => "accepted",
        Origin::Imported => "from file",
    }
}

fn device_ui(ui: &mut Ui, workspace: &Workspace) {
    if let Some(device) = &workspace.training().device {
        widgets::caption_ui(ui, &format!("trains on: {}", device.name)).on_hover_text(&device.why);
    }
}

fn saved_ui(ui: &mut Ui, workspace: &Workspace) {
    let p = theme::palette(ui);
    let (text, colour, hover) = match workspace.save_state() {
        SaveState::Untouched => return,
        SaveState::Saved { ago } => (format!("saved {} ago", rounded(ago.as_secs())), p.text_weak, None),
        SaveState::Unsaved { in_journal: true } => (
            "not saved yet".to_owned(),
            p.warning,
            Some("A crash would lose nothing: every stroke is in the journal".to_owned()),
        ),
        SaveState::Unsaved { in_journal: false } => ("not saved yet".to_owned(), p.warning, None),
        SaveState::Saving => ("saving…".to_owned(), p.text_weak, None),
        SaveState::Failed(sentence) => ("could not be saved".to_owned(), p.error, Some(sentence)),
    };
    let label = ui.label(RichText::new(text).small().color(colour));
    if let Some(hover) = hover {
        label.on_hover_text(hover);
    }
}

/// Coarse, so that the words change seldom.
fn rounded(secs: u64) -> String {
    match secs {
        0..10 => "a moment".to_owned(),
        10..60 => format!("{} s", secs / 10 * 10),
        60..3600 => format!("{} min", secs / 60),
        _ => format!("{} h", secs / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_image_is_read_in_figures_of_one_width() {
        assert_eq!(second_text(Some(3.456)), "second image      3.46");
        assert_eq!(second_text(None).chars().count(), second_text(Some(-1024.0)).chars().count());
    }
}

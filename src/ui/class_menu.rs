//! What can be done with classes besides painting them: presets, files, opacity, order, status.

use eframe::egui::{Align, Layout, Response, RichText, Slider, Ui};
use egui_material_icons::icons::{ICON_CHECK, ICON_FLAG, ICON_MORE_HORIZ, ICON_PENDING};

use super::actions::Actions;
use super::{theme, widgets};
use crate::label::{Class, ClassStatus};
use crate::project::ClassPreset;
use crate::workspace::{ClassAction, ClassFileFormat, FileAction, FilePurpose};

/// The heading of the list, with the menu of the whole list at its right.
pub fn heading_ui(ui: &mut Ui, actions: &mut Actions) {
    ui.horizontal(|ui| {
        ui.scope(|ui| widgets::section_ui(ui, "Classes", None));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let icon = ICON_MORE_HORIZ.rich_text().size(16.0).color(theme::palette(ui).text_weak);
            let menu = ui.menu_button(icon, |ui| list_menu_ui(ui, actions));
            widgets::named(menu.response, "Class list", None);
        });
    });
}

fn list_menu_ui(ui: &mut Ui, actions: &mut Actions) {
    ui.menu_button("Use a preset", |ui| presets_ui(ui, actions));
    ui.separator();
    if ui.button("Read a class list…").clicked() {
        actions.push(FileAction::PickFile(FilePurpose::ReadClasses).into());
    }
    for format in ClassFileFormat::ALL {
        if ui.button(format!("Write as {}…", format.name())).clicked() {
            actions.push(FileAction::PickFile(FilePurpose::WriteClasses(format)).into());
        }
    }
}

/// By part of the body. Numbers that the study has already keep their labels and take the preset's names and colours.
fn presets_ui(ui: &mut Ui, actions: &mut Actions) {
    let mut regions: Vec<&str> = ClassPreset::all().iter().map(|preset| preset.region.as_str()).collect();
    regions.dedup();
    for region in regions {
        ui.menu_button(region, |ui| {
            for preset in ClassPreset::all().iter().filter(|preset| preset.region == region) {
                let names: Vec<_> = preset.classes.in_order().filter(|c| c.id != 0).map(|c| c.name.as_str()).collect();
                let mut hint = names.join(", ");
                if !preset.note.is_empty() {
                    hint = format!("{hint}\n{}", preset.note);
                }
                if ui.button(&preset.name).on_hover_text(hint).clicked() {
                    actions.push(ClassAction::Adopt(preset.classes.clone()).into());
                }
            }
        });
    }
}

/// The menu of one class at `place` of the list; true: its name is to be typed anew.
pub fn row_menu_ui(ui: &mut Ui, class: &Class, place: usize, actions: &mut Actions) -> bool {
    let id = class.id;
    let renames = ui.button("Rename…").clicked();
    if ui.button("Show alone, or all again").clicked() {
        actions.push(ClassAction::ShowAlone(id).into());
    }
    ui.horizontal(|ui| {
        ui.label("Opacity");
        let mut opacity = class.opacity;
        let slider = ui.add(Slider::new(&mut opacity, 0.0..=1.0).show_value(false));
        if slider.accessible_name(format!("Opacity of {}", class.name)).changed() {
            actions.push(ClassAction::SetOpacity { class: id, opacity }.into());
        }
    });
    if id == 0 {
        return renames;
    }
    ui.separator();
    for (name, position, possible) in
        [("Move up", place.saturating_sub(1), place > 0), ("Move down", place.saturating_add(1), true)]
    {
        if ui.add_enabled(possible, eframe::egui::Button::new(name)).clicked() {
            actions.push(ClassAction::Move { class: id, position }.into());
        }
    }
    ui.separator();
    for status in ClassStatus::ALL {
        if ui.radio(class.status == status, status.name()).clicked() {
            actions.push(ClassAction::SetStatus { class: id, status }.into());
        }
    }
    renames
}

/// A small mark of how far the work on a class has come; nothing where it has not begun.
pub fn status_ui(ui: &mut Ui, class: &Class) -> Option<Response> {
    let p = theme::palette(ui);
    let (icon, colour) = match class.status {
        ClassStatus::NotStarted => return None,
        ClassStatus::InWork => (ICON_PENDING, p.text_weak),
        ClassStatus::Done => (ICON_CHECK, p.accent),
        ClassStatus::Flagged => (ICON_FLAG, p.warning),
    };
    let mark: RichText = icon.rich_text().size(14.0).color(colour);
    Some(ui.label(mark).on_hover_text(class.status.name()))
}

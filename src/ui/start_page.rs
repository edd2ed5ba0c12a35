//! What is shown while no study is open: the recent ones, and three ways to begin.

use std::path::Path;

use eframe::egui::{self, Align2, Button, RichText, Ui, UiBuilder, vec2};
use egui_material_icons::MaterialIcon;
use egui_material_icons::icons::{ICON_CREATE_NEW_FOLDER, ICON_FOLDER_OPEN, ICON_SCIENCE};

use super::actions::Actions;
use super::{theme, widgets};
use crate::workspace::{FileAction, FolderPurpose, Workspace};

const WIDTH: f32 = 520.0;
const HEIGHT: f32 = 420.0;

pub fn ui(ui: &mut Ui, workspace: &Workspace, actions: &mut Actions) {
    let area = Align2::CENTER_CENTER.align_size_within_rect(vec2(WIDTH, HEIGHT), ui.max_rect());
    ui.scope_builder(UiBuilder::new().max_rect(area), |ui| {
        let p = theme::palette(ui);
        ui.label(RichText::new("Chiaro").size(34.0).strong().color(p.text_strong));
        ui.label(RichText::new("Label a few volumes. Chiaro learns the rest while you work.").color(p.text_weak));
        ui.add_space(2.0 * theme::WIDE);
        if let Some(dir) = workspace.opening() {
            ui.horizontal(|ui| {
                ui.spinner();
                ui.label(format!("Opening {}…", folder_name(dir)));
            });
            return;
        }
        begin_ui(ui, actions);
        ui.add_space(2.0 * theme::WIDE);
        recent_ui(ui, workspace, actions);
    });
}

fn begin_ui(ui: &mut Ui, actions: &mut Actions) {
    ui.horizontal(|ui| {
        for (icon, name, hint, action) in [
            (
                ICON_FOLDER_OPEN,
                "Open study",
                "A folder made by Chiaro",
                FileAction::PickFolder(FolderPurpose::OpenProject),
            ),
            (ICON_CREATE_NEW_FOLDER, "New from folder", "NIfTI images, masks if any", FileAction::BeginNewProject),
            (
                ICON_SCIENCE,
                "Demo study",
                "Synthetic, to try all of it",
                FileAction::PickFolder(FolderPurpose::CreateDemo),
            ),
        ] {
            if card_ui(ui, icon, name, hint) {
                actions.push(action.into());
            }
        }
    });
}

fn card_ui(ui: &mut Ui, icon: MaterialIcon, name: &str, hint: &str) -> bool {
    let p = theme::palette(ui);
    let width = (WIDTH - 2.0 * theme::GAP) / 3.0;
    let button = Button::new("").min_size(vec2(width, 96.0)).corner_radius(8.0);
    let response = ui.add(button).accessible_name(name);
    let rect = response.rect.shrink(14.0);
    let painter = ui.painter();
    let font = |size| egui::FontId::proportional(size);
    let icon_font = egui::FontId::new(26.0, icon.font_family());
    painter.text(rect.left_top(), Align2::LEFT_TOP, icon.codepoint, icon_font, p.accent);
    painter.text(rect.left_bottom() - vec2(0.0, 18.0), Align2::LEFT_BOTTOM, name, font(14.0), p.text_strong);
    painter.text(rect.left_bottom(), Align2::LEFT_BOTTOM, hint, font(11.0), p.text_weak);
    response.clicked()
}

fn recent_ui(ui: &mut Ui, workspace: &Workspace, actions: &mut Actions) {
    if workspace.recent().is_empty() {
        return;
    }
    widgets::section_ui(ui, "Recent", None);
    for dir in workspace.recent().iter().take(6) {
        ui.horizontal(|ui| {
            let name = folder_name(dir);
            let button =
                Button::new(RichText::new(&name).color(theme::palette(ui).text_strong)).frame_when_inactive(false);
            if ui.add(button).clicked() {
                actions.push(FileAction::OpenProject(dir.clone()).into());
            }
            let place = dir.parent().unwrap_or(Path::new("")).display().to_string();
            ui.add(egui::Label::new(RichText::new(place).small().color(theme::palette(ui).text_weak)).truncate());
        });
    }
}

fn folder_name(dir: &Path) -> String {
    dir.file_name().map_or_else(|| dir.display().to_string(), |name| name.to_string_lossy().into_owned())
}

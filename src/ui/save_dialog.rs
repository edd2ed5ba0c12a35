//! What waits until everything is saved, and the question when something could not be.

use eframe::egui;

use super::actions::Actions;
use super::{dialog, theme};
use crate::workspace::{AfterSave, AppAction, SavingFirst, Workspace};

pub fn ui(ctx: &egui::Context, workspace: &Workspace, actions: &mut Actions) {
    match workspace.saving_first() {
        SavingFirst::No | SavingFirst::Quit => {}
        SavingFirst::Saving(_) => {
            dialog::show(ctx, "Saving your work…", 240.0, |ui| ui.spinner());
        }
        SavingFirst::Failed { next, sentence } => {
            dialog::show(ctx, "Not everything could be saved", 420.0, |ui| {
                ui.label(sentence);
                ui.add_space(theme::WIDE);
                ui.horizontal(|ui| {
                    if ui.button("Back to the study").clicked() {
                        actions.push(AppAction::Stay.into());
                    }
                    if ui.button(go_on(next)).clicked() {
                        actions.push(AppAction::GoOnUnsaved.into());
                    }
                });
            });
        }
    }
}

fn go_on(next: &AfterSave) -> &'static str {
    match next {
        AfterSave::Quit => "Quit and lose it",
        AfterSave::CloseStudy => "Close and lose it",
        AfterSave::OpenStudy { .. } => "Open the other study and lose it",
        AfterSave::Export { .. } => "Export what was saved before",
    }
}

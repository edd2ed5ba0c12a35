//! What waits until everything is saved, and the question when something could not be.

use eframe::egui;

use super::actions::Actions;
use super::{dialog, theme};
use crate::workspace::{AfterSave, AppAction, SavingFirst, Workspace};

const COMES_BACK: &str = "Your edits are in the study's journal and come back when it is opened again.";

pub fn ui(ctx: &egui::Context, workspace: &Workspace, actions: &mut Actions) {
    match workspace.saving_first() {
        SavingFirst::No | SavingFirst::Quit => {}
        SavingFirst::Saving(_) => {
            dialog::show(ctx, "Saving your work…", 240.0, |ui| ui.spinner());
        }
        SavingFirst::Failed { next, sentence } => {
            let comes_back = workspace.unsaved_comes_back();
            dialog::show(ctx, "Not everything could be saved", 420.0, |ui| {
                ui.label(sentence);
                if comes_back {
                    ui.add_space(theme::GAP);
                    ui.label(COMES_BACK);
                }
                ui.add_space(theme::WIDE);
                ui.horizontal(|ui| {
                    if ui.button("Back to the study").clicked() {
                        actions.push(AppAction::Stay.into());
                    }
                    if ui.button(go_on(next, comes_back)).clicked() {
                        actions.push(AppAction::GoOnUnsaved.into());
                    }
                });
            });
        }
    }
}

fn go_on(next: &AfterSave, comes_back: bool) -> &'static str {
    match (next, comes_back) {
        (AfterSave::Quit, true) => "Quit all the same",
        (AfterSave::Quit, false) => "Quit and lose it",
        (AfterSave::CloseStudy, true) => "Close all the same",
        (AfterSave::CloseStudy, false) => "Close and lose it",
        (AfterSave::OpenStudy { .. }, true) => "Open the other study all the same",
        (AfterSave::OpenStudy { .. }, false) => "Open the other study and lose it",
        (AfterSave::Export { .. }, _) => "Export what was saved before",
    }
}

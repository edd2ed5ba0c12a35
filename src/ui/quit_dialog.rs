//! Closing the window while something is being saved, or could not be.

use eframe::egui::{self, Id, Modal};

use super::actions::Actions;
use super::theme;
use crate::workspace::{AppAction, Quitting, Workspace};

pub fn ui(ctx: &egui::Context, workspace: &Workspace, actions: &mut Actions) {
    match workspace.quitting() {
        Quitting::No | Quitting::Done => {}
        Quitting::Saving => {
            Modal::new(Id::unique("saving before quitting")).show(ctx, |ui| {
                ui.horizontal(|ui| {
                    ui.spinner();
                    ui.label("Saving your work…");
                });
            });
        }
        Quitting::Failed(sentence) => {
            Modal::new(Id::unique("quit without saving")).show(ctx, |ui| {
                ui.set_width(420.0);
                ui.heading("Not everything could be saved");
                ui.add_space(theme::GAP);
                ui.label(sentence);
                ui.add_space(theme::WIDE);
                ui.horizontal(|ui| {
                    if ui.button("Back to the study").clicked() {
                        actions.push(AppAction::CancelQuit.into());
                    }
                    if ui.button("Quit and lose it").clicked() {
                        actions.push(AppAction::QuitAnyway.into());
                    }
                });
            });
        }
    }
}

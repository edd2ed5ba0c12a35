//! Closing the window while something is being saved, or could not be.

use eframe::egui;

use super::actions::Actions;
use super::{dialog, theme};
use crate::workspace::{AppAction, Quitting, Workspace};

pub fn ui(ctx: &egui::Context, workspace: &Workspace, actions: &mut Actions) {
    match workspace.quitting() {
        Quitting::No | Quitting::Done => {}
        Quitting::Saving => {
            dialog::show(ctx, "Saving your work…", 240.0, |ui| ui.spinner());
        }
        Quitting::Failed(sentence) => {
            dialog::show(ctx, "Not everything could be saved", 420.0, |ui| {
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

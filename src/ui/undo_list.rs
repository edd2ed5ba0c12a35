//! The list of edits: what each did, and a way back to any of them.

use eframe::egui::{self, Align2, Button, RichText, ScrollArea, vec2};

use super::actions::Actions;
use super::{theme, widgets};
use crate::workspace::{EditAction, Workspace};

#[derive(Debug, Default)]
pub struct UndoList {
    open: bool,
}

impl UndoList {
    pub fn toggle(&mut self) {
        self.open ^= true;
    }

    /// False if it was not open.
    pub fn close(&mut self) -> bool {
        std::mem::take(&mut self.open)
    }

    pub fn ui(&mut self, ctx: &egui::Context, workspace: &Workspace, actions: &mut Actions) {
        let Some(case) = workspace.case().filter(|_| self.open) else { return };
        let history = &case.history;
        let names: Vec<&str> = history.names().collect();
        let done = history.undo_count();
        let mut stays = true;
        egui::Window::new("Edits")
            .open(&mut stays)
            .anchor(Align2::LEFT_TOP, vec2(theme::LEFT_PANEL_WIDTH + 24.0, theme::TOP_BAR_HEIGHT + 12.0))
            .default_width(280.0)
            .resizable(false)
            .collapsible(false)
            .show(ctx, |ui| {
                ui.set_width(280.0);
                let megabytes = |bytes: usize| bytes as f64 / (1024.0 * 1024.0);
                let used = format!(
                    "{done} of {} edits done, {:.1} of {:.0} MB kept for going back",
                    names.len(),
                    megabytes(history.byte_count()),
                    megabytes(history.byte_budget())
                );
                widgets::caption_ui(ui, &used);
                ScrollArea::vertical().max_height(360.0).auto_shrink([false, true]).stick_to_bottom(true).show(
                    ui,
                    |ui| {
                        ui.spacing_mut().item_spacing.y = 1.0;
                        let steps = std::iter::once("As it was opened").chain(names.iter().copied());
                        for (place, name) in steps.enumerate() {
                            // The row of the present state has the text colour that goes with its fill.
                            let mut text = RichText::new(name);
                            if place > done {
                                text = text.color(theme::palette(ui).text_weak);
                            }
                            let row = Button::selectable(place == done, text).truncate();
                            let row = ui.add(row.min_size(vec2(ui.available_width(), theme::ROW_HEIGHT)));
                            if row.clicked() && place != done {
                                // Both are counts of edits in memory.
                                actions.push(EditAction::StepHistory(place.cast_signed() - done.cast_signed()).into());
                            }
                        }
                    },
                );
            });
        self.open = stays;
    }
}

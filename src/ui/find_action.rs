//! Find any action by typing a part of its name.

use eframe::egui::{self, Button, Key, RichText, ScrollArea, TextEdit};

use super::{dialog, theme, widgets};
use crate::view::{KeyAction, KeyHelp, Keymap};

/// Of the lines seen at once, points.
const LIST_HEIGHT: f32 = 300.0;

#[derive(Debug, Default)]
pub struct FindAction {
    typed: Option<String>,
}

impl FindAction {
    pub fn open(&mut self) {
        self.typed = Some(String::new());
    }

    /// The chosen action, once.
    pub fn ui(&mut self, ctx: &egui::Context, keymap: &Keymap) -> Option<KeyAction> {
        let typed = self.typed.as_mut()?;
        let modal = dialog::show(ctx, "Find any action", 440.0, |ui| {
            let edit = TextEdit::singleline(typed)
                .hint_text("What do you want to do?")
                .desired_width(f32::INFINITY)
                .margin(egui::Margin::symmetric(8, 6));
            let edit = ui.add(edit).accessible_name("Find any action");
            if !edit.has_focus() && !edit.lost_focus() {
                edit.request_focus();
            }
            ui.add_space(theme::TIGHT);
            let lines = matching(keymap, typed);
            let entered = edit.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
            let clicked = lines_ui(ui, &lines);
            clicked.or_else(|| lines.first().filter(|_| entered).map(|line| line.action))
        });
        if modal.inner.is_some() || modal.should_close() {
            self.typed = None;
        }
        modal.inner
    }
}

fn lines_ui(ui: &mut egui::Ui, lines: &[KeyHelp]) -> Option<KeyAction> {
    let mut chosen = None;
    // The dialog keeps the height that a few matches left it: without a least height the list would stay as short.
    let list = ScrollArea::vertical().max_height(LIST_HEIGHT).min_scrolled_height(LIST_HEIGHT);
    list.auto_shrink([false, true]).show(ui, |ui| {
        for line in lines {
            let button = Button::new(RichText::new(&line.description)).shortcut_text(&*line.chords);
            let button = button.frame_when_inactive(false).min_size([ui.available_width(), 24.0].into());
            if ui.add(button).accessible_name(&line.description).clicked() {
                chosen = Some(line.action);
            }
        }
        if lines.is_empty() {
            widgets::caption_ui(ui, "Nothing is called so.");
        }
    });
    chosen
}

/// Lines that hold every typed word.
fn matching(keymap: &Keymap, typed: &str) -> Vec<KeyHelp> {
    let typed = typed.to_lowercase();
    let fits = |line: &KeyHelp| {
        let name = line.description.to_lowercase();
        typed.split_whitespace().all(|word| name.contains(word))
    };
    let mut lines = keymap.help_with_unbound();
    lines.retain(|line| fits(line) && !matches!(line.action, KeyAction::FindAction | KeyAction::Cancel));
    lines
}

//! Settings: appearance, and the keys, of which every one can be changed.

use eframe::egui::{self, Event, RichText, ScrollArea, Slider, TextEdit, Ui};

use super::actions::Actions;
use super::shortcuts::chord_of;
use super::tools::labelled_ui;
use super::{dialog, theme, widgets};
use crate::view::{Chord, Key, KeyAction, KeyHelp, Keymap, KeymapPreset};
use crate::workspace::{AppAction, Preferences, Settings, ThemeChoice};

#[derive(Debug, Default)]
pub struct SettingsWindow {
    open: bool,
    search: String,
    /// The action whose next key is being waited for.
    waiting: Option<KeyAction>,
    /// What the last change took from another action.
    remark: String,
}

impl SettingsWindow {
    pub fn open(&mut self) {
        self.open = true;
        self.remark.clear();
    }

    pub fn ui(&mut self, ctx: &egui::Context, preferences: &Preferences, actions: &mut Actions) {
        if !self.open {
            return;
        }
        let mut wanted = preferences.clone();
        self.take_key(ctx, &mut wanted.keymap);
        let waits = self.waiting.is_some();
        let modal = dialog::show(ctx, "Settings", 620.0, |ui| {
            appearance_ui(ui, &mut wanted.settings);
            ui.add_space(theme::GAP);
            self.keys_ui(ui, &mut wanted.keymap);
            ui.add_space(theme::GAP);
            ui.button("Close").clicked()
        });
        if modal.inner || (modal.should_close() && !waits) {
            self.open = false;
            self.waiting = None;
        }
        if wanted != *preferences {
            actions.push(AppAction::SetPreferences(Box::new(wanted)).into());
        }
    }

    /// The next key pressed becomes the key of the waiting action; Escape gives it up.
    fn take_key(&mut self, ctx: &egui::Context, keymap: &mut Keymap) {
        let Some(action) = self.waiting else { return };
        let pressed: Option<Chord> = ctx.input_mut(|input| {
            let chord = input.events.iter().find_map(chord_of);
            input.events.retain(|event| !matches!(event, Event::Key { .. } | Event::Text(_)));
            chord
        });
        let Some(chord) = pressed else { return };
        self.waiting = None;
        if chord.key == Key::Escape {
            return;
        }
        let loser = keymap.bind(chord, action).filter(|loser| *loser != action);
        self.remark = match loser {
            Some(loser) => format!("{chord}: {} (before: {})", action.description(), loser.description()),
            None => format!("{chord}: {}", action.description()),
        };
    }

    fn keys_ui(&mut self, ui: &mut Ui, keymap: &mut Keymap) {
        widgets::section_ui(ui, "Keys and mouse", None);
        widgets::caption_ui(ui, "Like the program you come from; then change single keys.");
        ui.horizontal(|ui| {
            let choices: Vec<_> = KeymapPreset::ALL.iter().map(|preset| (*preset, preset.name())).collect();
            if let Some(preset) = widgets::choices_ui(ui, keymap.preset(), &choices) {
                *keymap = preset.keymap();
                self.remark = format!("The keys are those of {} now.", preset.name());
            }
        });
        ui.add_space(theme::TIGHT);
        let search = TextEdit::singleline(&mut self.search).hint_text("Search an action").desired_width(f32::INFINITY);
        ui.add(search.margin(egui::Margin::symmetric(8, 4))).accessible_name("Search an action");
        let lines = keymap.help_with_unbound();
        let wanted = self.search.to_lowercase();
        ScrollArea::vertical().max_height(260.0).min_scrolled_height(260.0).auto_shrink([false, false]).show(
            ui,
            |ui| {
                let fits = |line: &&KeyHelp| line.description.to_lowercase().contains(&wanted);
                for line in lines.iter().filter(fits) {
                    self.line_ui(ui, line, keymap);
                }
            },
        );
        widgets::caption_ui(ui, &self.remark);
    }

    fn line_ui(&mut self, ui: &mut Ui, line: &KeyHelp, keymap: &mut Keymap) {
        ui.horizontal(|ui| {
            ui.set_width(ui.available_width());
            ui.label(&line.description);
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let reset = ui.small_button("Reset").on_hover_text("The keys of the preset again");
                if reset.accessible_name(format!("Reset the keys for {}", line.description)).clicked() {
                    keymap.reset(line.action);
                }
                let waits = self.waiting == Some(line.action);
                let text = if waits { "Press a key…" } else { "Add a key" };
                let button = ui.small_button(text).accessible_name(format!("Add a key for {}", line.description));
                if button.clicked() {
                    self.waiting = if waits { None } else { Some(line.action) };
                }
                let chords: Vec<Chord> = keymap.chords_of(line.action).collect();
                for chord in chords.into_iter().rev() {
                    let name = chord.to_string();
                    let key = ui.small_button(RichText::new(&name).monospace()).on_hover_text("Take this key away");
                    if key.accessible_name(format!("Take {name} away")).clicked() {
                        keymap.unbind(chord);
                    }
                }
            });
        });
    }
}

fn appearance_ui(ui: &mut Ui, settings: &mut Settings) {
    widgets::section_ui(ui, "Appearance", None);
    labelled_ui(ui, "Theme", |ui| {
        let themes = [(ThemeChoice::Dark, "Dark"), (ThemeChoice::Light, "Light")];
        if let Some(theme) = widgets::choices_ui(ui, settings.theme, &themes) {
            settings.theme = theme;
        }
    });
    labelled_ui(ui, "Size", |ui| {
        let mut percent = (settings.zoom * 100.0).round();
        let range = *Settings::ZOOM.start() * 100.0..=*Settings::ZOOM.end() * 100.0;
        let slider = Slider::new(&mut percent, range).step_by(10.0).suffix(" %").update_while_editing(false);
        let slider = ui.add(slider).accessible_name("Size of text and buttons");
        // Not while it is dragged: the slider would run away from the pointer.
        if slider.drag_stopped() || (slider.changed() && !slider.dragged()) {
            settings.zoom = percent / 100.0;
        }
    });
    let explanation = "Case numbers in place of names, so that a name does not sway whoever labels";
    ui.checkbox(&mut settings.hides_names, "Blind reading").on_hover_text(explanation);
    let explanation = "Now and then the next suggested case is a held-out one with its labels hidden, to be accepted or \
                       rejected. It changes no label and tells how carefully you look";
    ui.checkbox(&mut settings.asks_known, "Ask known questions").on_hover_text(explanation);
}

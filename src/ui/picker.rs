//! A path field with a "Browse…" button. The system's dialog runs on its own thread, so that no frame waits for it;
//! the field takes a typed path as well, for the keyboard and for machines without a dialog service.

use std::path::PathBuf;
use std::thread;

use crossbeam_channel::{Receiver, bounded};
use eframe::egui::text::CCursorRange;
use eframe::egui::{self, Key, TextEdit, Ui};
use egui_material_icons::icons::ICON_FOLDER_OPEN;

use super::{theme, widgets};

/// What a field is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PathKind {
    #[default]
    Folder,
    ExistingFile,
    NewFile,
}

/// One path that the user types or picks.
#[derive(Debug, Default)]
pub struct PathField {
    pub kind: PathKind,
    pub text: String,
    /// Takes the keyboard as soon as it is drawn, its text chosen.
    pub takes_focus: bool,
    browsing: Option<Receiver<Option<PathBuf>>>,
}

impl PathField {
    pub fn new(path: PathBuf) -> Self {
        Self { text: path.display().to_string(), ..Self::default() }
    }

    /// `None` while the field is empty.
    pub fn path(&self) -> Option<PathBuf> {
        let text = self.text.trim();
        (!text.is_empty()).then(|| PathBuf::from(text))
    }

    /// True once Enter was pressed in the field.
    pub fn ui(&mut self, ui: &mut Ui, name: &str) -> bool {
        let mut entered = false;
        self.take_picked();
        let label = ui.label(name);
        ui.horizontal(|ui| {
            let width = ui.available_width() - theme::TOOL_BUTTON - theme::GAP;
            let edit = TextEdit::singleline(&mut self.text).desired_width(width).margin(egui::Margin::symmetric(8, 8));
            let mut edit = edit.show(ui);
            if self.takes_focus && edit.response.has_focus() {
                self.takes_focus = false;
                edit.state.cursor.set_char_range(Some(CCursorRange::select_all_str(&self.text)));
                edit.state.store(ui.ctx(), edit.response.id);
            } else if self.takes_focus {
                edit.response.request_focus();
            }
            entered = edit.response.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
            edit.response.response.labelled_by(label.id);
            ui.add_enabled_ui(self.browsing.is_none(), |ui| {
                let browse = format!("Browse for {}…", name.to_lowercase());
                if widgets::icon_button_ui(ui, ICON_FOLDER_OPEN, &browse, None, false).clicked() {
                    self.browse(ui.ctx().clone(), name);
                }
            });
        });
        entered
    }

    fn take_picked(&mut self) {
        let Some(answer) = self.browsing.as_ref().map(Receiver::try_recv) else { return };
        match answer {
            Ok(Some(path)) => {
                self.text = path.display().to_string();
                self.browsing = None;
            }
            Err(crossbeam_channel::TryRecvError::Empty) => {}
            Ok(None) | Err(_) => self.browsing = None,
        }
    }

    fn browse(&mut self, ctx: egui::Context, title: &str) {
        let (sender, receiver) = bounded(1);
        let mut dialog = rfd::FileDialog::new().set_title(title);
        if let Some(path) = self.path() {
            let is_folder = path.is_dir();
            if let (false, Some(name)) = (is_folder, path.file_name()) {
                dialog = dialog.set_file_name(name.to_string_lossy());
            }
            let folder = if is_folder { Some(path.as_path()) } else { path.parent() };
            if let Some(start) = folder.filter(|p| p.is_dir()) {
                dialog = dialog.set_directory(start);
            }
        }
        let kind = self.kind;
        let spawned = thread::Builder::new().name("path dialog".into()).spawn(move || {
            // The window may be gone by now; then nobody waits for the answer.
            let picked = match kind {
                PathKind::Folder => dialog.pick_folder(),
                PathKind::ExistingFile => dialog.pick_file(),
                PathKind::NewFile => dialog.save_file(),
            };
            sender.send(picked).ok();
            ctx.request_repaint();
        });
        self.browsing = spawned.is_ok().then_some(receiver);
    }
}

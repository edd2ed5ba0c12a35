//! Asks for one folder or file: a typed path or the system's dialog.

use std::path::PathBuf;

use eframe::egui::{self, RichText, Ui};

use super::picker::{PathField, PathKind};
use super::{dialog, theme, widgets};
use crate::project::Source;
use crate::workspace::{Action, FileAction, FilePurpose, FolderPurpose};

/// The open question for a path, if any.
#[derive(Debug, Default)]
pub struct PathPrompt {
    open: Option<(Purpose, PathField)>,
}

/// What the path is for.
#[derive(Clone, Copy, Debug)]
pub enum Purpose {
    Folder(FolderPurpose),
    File(FilePurpose),
}

impl PathPrompt {
    /// `suggested` fills the field.
    pub fn ask(&mut self, purpose: Purpose, mut suggested: PathField) {
        suggested.kind = purpose.kind();
        suggested.takes_focus = true;
        self.open = Some((purpose, suggested));
    }

    pub fn ui(&mut self, ctx: &egui::Context, actions: &mut Vec<Action>) {
        let Some((purpose, field)) = &mut self.open else { return };
        let purpose = *purpose;
        let words = Words::of(purpose);
        let modal = dialog::show(ctx, words.title, 440.0, |ui| {
            widgets::caption_ui(ui, words.hint);
            ui.add_space(theme::GAP);
            let entered = field.ui(ui, if field.kind == PathKind::Folder { "Folder" } else { "File" });
            ui.add_space(theme::WIDE);
            let clicked = buttons_ui(ui, words.confirm, field.path().is_some());
            // Enter on another control is that control's.
            clicked.or(entered.then_some(true))
        });
        let confirmed = modal.inner == Some(true);
        if let Some(path) = field.path().filter(|_| confirmed) {
            actions.push(Action::File(purpose.picked(path)));
            self.open = None;
        } else if modal.inner == Some(false) || modal.should_close() {
            self.open = None;
        }
    }
}

/// `Some(true)`: go on, `Some(false)`: cancel.
pub fn buttons_ui(ui: &mut Ui, confirm: &str, ready: bool) -> Option<bool> {
    let mut answer = None;
    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
        ui.add_enabled_ui(ready, |ui| {
            if widgets::accent_button_ui(ui, confirm).clicked() {
                answer = Some(true);
            }
        });
        if ui.button(RichText::new("Cancel")).clicked() {
            answer = Some(false);
        }
    });
    answer
}

impl Purpose {
    fn kind(self) -> PathKind {
        match self {
            Self::Folder(_) => PathKind::Folder,
            Self::File(FilePurpose::ReadClasses | FilePurpose::SecondImage | FilePurpose::OtherLabels) => {
                PathKind::ExistingFile
            }
            Self::File(FilePurpose::WriteClasses(_)) => PathKind::NewFile,
        }
    }

    fn picked(self, path: PathBuf) -> FileAction {
        match self {
            Self::Folder(purpose) => FileAction::FolderPicked { purpose, folder: path },
            Self::File(purpose) => FileAction::FilePicked { purpose, path },
        }
    }
}

/// Inside the study. Masks and pseudo-labels of a case have the same file name: one would take the place of the other.
pub fn export_folder(source: Source) -> &'static str {
    match source {
        Source::Labels => "export",
        Source::Pseudo | Source::Probabilities => "export-pseudo-labels",
    }
}

struct Words {
    title: &'static str,
    hint: &'static str,
    confirm: &'static str,
}

impl Words {
    fn of(purpose: Purpose) -> Self {
        match purpose {
            Purpose::Folder(purpose) => Self::of_folder(purpose),
            Purpose::File(purpose) => Self::of_file(purpose),
        }
    }

    fn of_file(purpose: FilePurpose) -> Self {
        let (title, hint, confirm) = match purpose {
            FilePurpose::ReadClasses => {
                ("Class list", "A label description of ITK-SNAP or a colour table of Slicer.", "Use these classes")
            }
            FilePurpose::SecondImage => (
                "Second image",
                "A volume of the same patient, for instance PET over CT; it may have its own grid.",
                "Lay it over",
            ),
            FilePurpose::OtherLabels => (
                "Compare with another label map",
                "A mask of this case by another reader or program, on the image's grid.",
                "Compare",
            ),
            FilePurpose::WriteClasses(format) => {
                (format.name(), "Names, colours and order of the study's classes.", "Write")
            }
        };
        Self { title, hint, confirm }
    }

    fn of_folder(purpose: FolderPurpose) -> Self {
        let (title, hint, confirm) = match purpose {
            FolderPurpose::OpenProject => {
                ("Open a study", "The folder that holds the study's chiaro.toml.", "Open study")
            }
            FolderPurpose::CreateDemo => {
                ("Demo study", "An empty or new folder for a synthetic study to try everything on.", "Make demo study")
            }
            FolderPurpose::Export(Source::Labels) => {
                ("Export masks", "One NIfTI mask per case on the image's exact grid, read back and compared.", "Export")
            }
            FolderPurpose::Export(Source::Pseudo | Source::Probabilities) => (
                "Export pseudo-labels",
                "What the networks say, not your labels: one NIfTI mask per case on the image's exact grid.",
                "Export",
            ),
            FolderPurpose::AddVolumes { held_out: false } => (
                "Add volumes",
                "A folder with NIfTI images, or one image. They become cases behind the others and stay where they are.",
                "Add",
            ),
            FolderPurpose::AddVolumes { held_out: true } => (
                "Add held-out volumes",
                "A folder with NIfTI images, or one image, that are never learned from: label them to measure learning by.",
                "Add",
            ),
            FolderPurpose::NewProject => ("New study", "An empty or new folder for the study.", "Choose"),
            FolderPurpose::NewProjectImages => ("Images", "The folder with the NIfTI images.", "Choose"),
            FolderPurpose::NewProjectLabels => {
                ("Masks", "A folder with existing masks, named like the images.", "Choose")
            }
        };
        Self { title, hint, confirm }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_and_pseudo_labels_are_told_apart_and_kept_apart() {
        let [masks, pseudo] = [Source::Labels, Source::Pseudo];
        let title = |source| Words::of_folder(FolderPurpose::Export(source)).title;
        assert_eq!([title(masks), title(pseudo)], ["Export masks", "Export pseudo-labels"]);
        assert_ne!(export_folder(masks), export_folder(pseudo));
    }
}

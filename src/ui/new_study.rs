//! The form of a new study: images, masks, place, classes.

use eframe::egui::{self, RichText, TextEdit, Ui};

use super::actions::Actions;
use super::path_prompt::buttons_ui;
use super::picker::PathField;
use super::{dialog, theme, widgets};
use crate::workspace::{FileAction, FolderPurpose, NewProjectForm, Workspace};

/// The three folders of the form as they are being typed.
#[derive(Debug, Default)]
pub struct NewStudy {
    images: PathField,
    labels: PathField,
    dir: PathField,
    classes: String,
}

impl NewStudy {
    pub fn ui(&mut self, ctx: &egui::Context, workspace: &Workspace, actions: &mut Actions) {
        let Some(form) = workspace.new_project() else {
            *self = Self::default();
            return;
        };
        let modal = dialog::show(ctx, "New study", 460.0, |ui| {
            self.fields_ui(ui);
            self.report(form, actions);
            ui.add_space(theme::WIDE);
            let missing = form.missing();
            widgets::caption_ui(ui, missing.unwrap_or("The images stay where they are."));
            buttons_ui(ui, "Make study", missing.is_none())
        });
        match modal.inner {
            Some(true) => actions.push(FileAction::ConfirmNewProject.into()),
            Some(false) => actions.push(FileAction::CancelNewProject.into()),
            None if modal.should_close() => actions.push(FileAction::CancelNewProject.into()),
            None => {}
        }
    }

    fn fields_ui(&mut self, ui: &mut Ui) {
        self.images.ui(ui, "Folder with the images (NIfTI)");
        ui.add_space(theme::TIGHT);
        self.labels.ui(ui, "Folder with masks, if there are any");
        ui.add_space(theme::TIGHT);
        self.dir.ui(ui, "Folder for the study");
        ui.add_space(theme::TIGHT);
        let label = ui.label("Structures to label");
        let edit = TextEdit::singleline(&mut self.classes)
            .hint_text(RichText::new("Lateral ventricles, Deep grey"))
            .desired_width(f32::INFINITY)
            .margin(egui::Margin::symmetric(8, 5));
        ui.add(edit).labelled_by(label.id);
    }

    /// What was typed or picked since the workspace last heard of it.
    fn report(&self, form: &NewProjectForm, actions: &mut Actions) {
        for (field, known, purpose) in [
            (&self.images, &form.images, FolderPurpose::NewProjectImages),
            (&self.labels, &form.labels, FolderPurpose::NewProjectLabels),
            (&self.dir, &form.dir, FolderPurpose::NewProject),
        ] {
            if let Some(folder) = field.path().filter(|folder| known.as_ref() != Some(folder)) {
                actions.push(FileAction::FolderPicked { purpose, folder }.into());
            }
        }
        if self.classes != form.classes {
            actions.push(FileAction::SetNewProjectClasses(self.classes.clone()).into());
        }
    }
}

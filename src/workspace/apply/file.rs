//! Projects: open, make, save, export.

use std::path::PathBuf;

use crate::project::Source;
use crate::worker::protocol::TrainerCommand;
use crate::worker::protocol_io::IoCommand;
use crate::workspace::{
    AfterSave, ComparedWith, Effect, FileAction, FilePurpose, FolderPurpose, KnownQuestions, NewProjectForm, Notice,
    Shown, Workspace,
};

impl Workspace {
    pub(super) fn apply_file(&mut self, action: FileAction, effects: &mut Vec<Effect>) {
        match action {
            FileAction::PickFolder(purpose) => effects.push(Effect::PickFolder(purpose)),
            FileAction::FolderPicked { purpose, folder } => self.use_folder(purpose, folder, effects),
            FileAction::AddVolumes { paths, held_out } => self.add_volumes(paths, held_out, effects),
            FileAction::OpenProject(dir) => self.open(dir.clone(), IoCommand::OpenProject(dir), effects),
            FileAction::CreateDemo(dir) => {
                self.offers_tour = !self.preferences.settings.tour_seen;
                self.open(dir.clone(), IoCommand::CreateDemo { dir }, effects);
            }
            FileAction::CloseProject => self.close_project(effects),
            FileAction::BeginNewProject => self.new_project = Some(NewProjectForm::default()),
            FileAction::SetNewProjectClasses(classes) => {
                if let Some(form) = &mut self.new_project {
                    form.classes = classes;
                }
            }
            FileAction::ConfirmNewProject => self.confirm_new_project(effects),
            FileAction::CancelNewProject => self.new_project = None,
            FileAction::Export { folder, source } => self.export(folder, source, effects),
            FileAction::PickFile(purpose) => effects.push(Effect::PickFile(purpose)),
            FileAction::FilePicked { purpose, path } => self.use_file(purpose, path, effects),
            FileAction::Save => self.save_all(effects),
        }
    }

    fn use_folder(&mut self, purpose: FolderPurpose, folder: PathBuf, effects: &mut Vec<Effect>) {
        match purpose {
            FolderPurpose::OpenProject => self.apply_file(FileAction::OpenProject(folder), effects),
            FolderPurpose::CreateDemo => self.apply_file(FileAction::CreateDemo(folder), effects),
            FolderPurpose::Export(source) => self.export(folder, source, effects),
            FolderPurpose::AddVolumes { held_out } => self.add_volumes(vec![folder], held_out, effects),
            FolderPurpose::NewProject | FolderPurpose::NewProjectImages | FolderPurpose::NewProjectLabels => {
                let form = self.new_project.get_or_insert_default();
                match purpose {
                    FolderPurpose::NewProjectImages => form.images = Some(folder),
                    FolderPurpose::NewProjectLabels => form.labels = Some(folder),
                    _ => form.dir = Some(folder),
                }
            }
        }
    }

    fn use_file(&mut self, purpose: FilePurpose, path: PathBuf, effects: &mut Vec<Effect>) {
        let Some(study) = &self.study else { return };
        let shown = self.shown_id().cloned();
        effects.push(Effect::Io(match purpose {
            FilePurpose::SecondImage => {
                let Some(case) = shown else { return };
                IoCommand::LoadSecondImage { case, path }
            }
            FilePurpose::OtherLabels => return self.compare(ComparedWith::File(path), effects),
            FilePurpose::ReadClasses => IoCommand::ReadClasses(path),
            FilePurpose::WriteClasses(format) => {
                IoCommand::WriteClasses { path, format, classes: study.classes.clone() }
            }
        }));
    }

    /// The open project stays on the screen, without edits, until the other one has been read.
    fn open(&mut self, dir: PathBuf, command: IoCommand, effects: &mut Vec<Effect>) {
        if self.opening.is_none() {
            self.cancel_proposal(effects);
            self.save_first(AfterSave::OpenStudy { dir, command: Box::new(command) }, effects);
        }
    }

    fn close_project(&mut self, effects: &mut Vec<Effect>) {
        if self.study.is_some() && self.opening.is_none() {
            self.save_first(AfterSave::CloseStudy, effects);
        }
    }

    /// Lets go of everything that belongs to the open project.
    pub(in crate::workspace) fn leave_project(&mut self, effects: &mut Vec<Effect>) {
        if self.study.take().is_none() {
            return;
        }
        self.shown = Shown::Nothing;
        self.parked.clear();
        self.stroke = None;
        (self.drawing, self.pending, self.comparison) = (None, None, None);
        (self.older, self.split) = (None, None);
        self.known = KnownQuestions::default();
        self.views.hover = None;
        if self.training.is_active() {
            effects.push(Effect::Trainer(TrainerCommand::Stop));
        }
        self.training.reset();
        effects.push(Effect::Trainer(TrainerCommand::Show(None)));
        effects.push(Effect::UploadCase);
    }

    fn confirm_new_project(&mut self, effects: &mut Vec<Effect>) {
        let Some(form) = &self.new_project else { return };
        match form.command() {
            Ok((dir, command)) => self.open(dir, command, effects),
            Err(missing) => self.notify(Notice::info(missing), effects),
        }
    }

    /// While another study is being opened they would go into that one.
    fn add_volumes(&mut self, paths: Vec<PathBuf>, held_out: bool, effects: &mut Vec<Effect>) {
        if self.study.is_some() && self.opening.is_none() {
            effects.push(Effect::Io(IoCommand::AddImages { paths, held_out }));
        }
    }

    fn export(&mut self, folder: PathBuf, source: Source, effects: &mut Vec<Effect>) {
        if self.study.is_some() && !self.exporting {
            self.save_first(AfterSave::Export { folder, source }, effects);
        }
    }
}

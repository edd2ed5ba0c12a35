//! The window's one object: takes events in, draws the panels, applies what they ask for.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use eframe::egui::{self, ViewportCommand};
use eframe::egui_wgpu::RenderState;

use super::actions::Actions;
use super::panels::Panels;
use super::path_prompt::{self, Purpose};
use super::picker::PathField;
use super::screenshot::Screenshot;
use super::threads::Threads;
use super::viewer::{Pictures, Upload};
use super::{Start, theme};
use crate::workspace::{
    self, Action, AppAction, Effect, Event, FileAction, FilePurpose, FolderPurpose, Notice, SavingFirst, Workspace,
};

/// How often the words "saved … ago" are looked at again while nothing else happens.
const IDLE_TICK: Duration = Duration::from_secs(5);

pub struct Chiaro {
    workspace: Workspace,
    threads: Threads,
    panels: Panels,
    screenshot: Screenshot,
    started: Instant,
    /// The user's hand was at work in the last frame, and the next was asked for at once.
    hand_was_at_work: bool,
}

impl Chiaro {
    /// `gpu` is `None` only where nothing is drawn (tests).
    pub fn new(ctx: &egui::Context, gpu: Option<RenderState>, threads: Threads, start: Start) -> Self {
        theme::install(ctx);
        let mut app = Self {
            workspace: Workspace::new(),
            threads,
            panels: Panels::new(Pictures::new(gpu)),
            screenshot: Screenshot::new(None),
            started: Instant::now(),
            hand_was_at_work: false,
        };
        let mut actions: Actions = vec![AppAction::Started.into()];
        match start {
            Start::Welcome => {}
            Start::Open(dir) => actions.push(FileAction::OpenProject(dir).into()),
            Start::Demo(dir) => actions.push(FileAction::CreateDemo(dir).into()),
        }
        app.apply(ctx, actions);
        app
    }

    pub fn with_screenshot(mut self, screenshot: Screenshot) -> Self {
        self.screenshot = screenshot;
        self
    }

    pub fn workspace(&self) -> &Workspace {
        &self.workspace
    }

    pub fn apply(&mut self, ctx: &egui::Context, actions: Actions) {
        for action in actions {
            let effects = workspace::apply(&mut self.workspace, action);
            self.perform(ctx, effects);
        }
    }

    /// Effects may be answered at once by events, whose effects follow.
    fn perform(&mut self, ctx: &egui::Context, effects: Vec<Effect>) {
        let mut queue = VecDeque::from(effects);
        while let Some(effect) = queue.pop_front() {
            if let Some(answer) = self.perform_one(ctx, effect) {
                queue.extend(workspace::absorb(&mut self.workspace, answer));
            }
        }
    }

    fn perform_one(&mut self, ctx: &egui::Context, effect: Effect) -> Option<Event> {
        match effect {
            Effect::Io(command) => return self.threads.send_io(command),
            Effect::Trainer(command) => return self.threads.send_trainer(command),
            Effect::Labels(job) => return self.threads.send_labels(job),
            Effect::Review(job) => self.threads.review.send(job),
            Effect::SeekQuestions(job) => self.threads.review.ask(job),
            Effect::UploadCase => self.upload(ctx, Upload::Case),
            Effect::UploadSecondImage => self.upload(ctx, Upload::SecondImage),
            Effect::UploadImage => self.upload(ctx, Upload::Image),
            Effect::UploadLabels(dirty) => self.upload(ctx, Upload::Labels(dirty)),
            Effect::UploadPrediction => self.upload(ctx, Upload::Prediction),
            Effect::Notify(notice) => self.panels.notices.show(&notice),
            Effect::PickFolder(purpose) => {
                let suggested = self.suggested_folder(purpose);
                self.panels.path_prompt.ask(Purpose::Folder(purpose), suggested);
            }
            Effect::PickFile(purpose) => {
                let suggested = self.suggested_file(purpose);
                self.panels.path_prompt.ask(Purpose::File(purpose), suggested);
            }
            Effect::Quit => ctx.send_viewport_cmd(ViewportCommand::Close),
        }
        None
    }

    fn upload(&mut self, ctx: &egui::Context, upload: Upload) {
        let outcome = self.panels.viewers.upload(ctx, upload, &self.workspace);
        self.report(outcome);
    }

    fn report(&mut self, outcome: Result<(), crate::render::RenderError>) {
        if let Err(cause) = outcome {
            let sentence = format!("The pictures cannot be shown: {cause}.");
            self.panels.notices.show(&Notice::error(sentence));
        }
    }

    fn suggested_folder(&self, purpose: FolderPurpose) -> PathField {
        let home = || dirs::document_dir().or_else(dirs::home_dir);
        let folder = match purpose {
            FolderPurpose::Export(source) => {
                self.workspace.study().map(|study| study.dir.join(path_prompt::export_folder(source)))
            }
            FolderPurpose::CreateDemo => home().map(|dir| dir.join("chiaro-demo")),
            _ => home(),
        };
        folder.map(PathField::new).unwrap_or_default()
    }

    fn suggested_file(&self, purpose: FilePurpose) -> PathField {
        let name = match purpose {
            FilePurpose::ReadClasses | FilePurpose::SecondImage | FilePurpose::OtherLabels => String::new(),
            FilePurpose::WriteClasses(format) => format!("classes.{}", format.extension()),
        };
        self.workspace.study().map(|study| PathField::new(study.dir.join(name))).unwrap_or_default()
    }

    /// Tells the trainer how fast frames follow each other while the user drags, paints or scrolls. Only then are they
    /// asked for one after another, so that the time between two is a frame's own.
    fn report_frame(&mut self, ctx: &egui::Context) {
        let (at_work, since_last) =
            ctx.input(|i| (i.pointer.any_down() || i.is_scrolling(), Duration::try_from_secs_f32(i.unstable_dt)));
        if at_work {
            if self.hand_was_at_work {
                self.threads.frames.frame(since_last.unwrap_or_default());
            }
            ctx.request_repaint();
        }
        self.hand_was_at_work = at_work;
    }

    /// The window closes only when the workspace says that everything is safe.
    fn answer_close_request(&mut self, ctx: &egui::Context) {
        if ctx.input(|i| i.viewport().close_requested()) && !matches!(self.workspace.saving_first(), SavingFirst::Quit)
        {
            ctx.send_viewport_cmd(ViewportCommand::CancelClose);
            self.apply(ctx, vec![AppAction::CloseRequested.into()]);
        }
    }
}

impl eframe::App for Chiaro {
    fn logic(&mut self, ctx: &egui::Context, _frame: &mut eframe::Frame) {
        for event in self.threads.events() {
            let effects = workspace::absorb(&mut self.workspace, event);
            self.perform(ctx, effects);
        }
        let tick = Action::App(AppAction::Tick(self.started.elapsed()));
        self.apply(ctx, vec![tick]);
        theme::follow(ctx, &self.workspace.preferences().settings);
        let received = self.panels.viewers.pictures.receive(&self.workspace);
        self.report(received);
        self.answer_close_request(ctx);
        self.screenshot.logic(ctx);
        let training = self.workspace.training();
        if training.is_active() || training.predicting.is_some() {
            self.report_frame(ctx);
        }
        if self.workspace.study().is_some() {
            ctx.request_repaint_after(IDLE_TICK);
        }
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        let ctx = ui.ctx().clone();
        let keys = self.panels.keys(&ctx, &self.workspace);
        self.apply(&ctx, keys);
        let actions = self.panels.ui(ui, &self.workspace);
        if !actions.is_empty() {
            // What was asked for in this frame is drawn in the next.
            ctx.request_repaint();
            self.apply(&ctx, actions);
        }
        let at_pointer = self.panels.keys_at_pointer(&self.workspace);
        if !at_pointer.is_empty() {
            ctx.request_repaint();
            self.apply(&ctx, at_pointer);
        }
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        visuals.panel_fill.to_normalized_gamma_f32()
    }
}

//! The window's loop without a window: a workspace, its threads, and what goes back and forth between them.

use std::collections::VecDeque;
use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::ui::Threads;
use crate::volume::CaseId;
use crate::worker::trainer::TrainerHandle;
use crate::worker::{FrameReports, IoThread, LabelThread, RecentList, ReviewThread};
use crate::workspace::{Action, AppAction, CaseAction, Effect, Event, FileAction, Workspace, absorb, apply};

/// Of a display of 60 pictures per second.
pub const FRAME: Duration = Duration::from_micros(16_667);
/// Nothing that the desk waits for takes longer on a machine that works.
const PATIENCE: Duration = Duration::from_secs(120);

pub struct Desk {
    pub workspace: Workspace,
    started: Instant,
    threads: Threads,
}

impl Desk {
    pub fn new() -> Result<Self, Box<dyn Error>> {
        let frames = FrameReports::default();
        let threads = Threads {
            io: IoThread::start(RecentList::Ignore, || {})?,
            trainer: TrainerHandle::spawn_beside_window(|| {}, frames.clone())?.into(),
            labels: LabelThread::start(|| {})?,
            review: ReviewThread::start(|| {})?,
            frames,
        };
        Ok(Self { workspace: Workspace::new(), started: Instant::now(), threads })
    }

    /// How long the workspace took for it; what follows is done by its threads.
    pub fn act(&mut self, action: Action) -> Duration {
        let begin = Instant::now();
        let effects = apply(&mut self.workspace, action);
        let took = begin.elapsed();
        self.send(effects);
        took
    }

    /// A frame in which a button is held: the trainer gives way to it.
    pub fn frame_at_work(&mut self, see: impl FnMut(&Event)) {
        self.threads.frames.frame(FRAME);
        self.frame(see);
    }

    /// Takes in what the threads have answered, tells `see` of each, and rests for the time of a frame.
    pub fn frame(&mut self, mut see: impl FnMut(&Event)) {
        self.act(Action::App(AppAction::Tick(self.started.elapsed())));
        let events = self.threads.events();
        for event in events {
            see(&event);
            let effects = absorb(&mut self.workspace, event);
            self.send(effects);
        }
        std::thread::sleep(FRAME);
    }

    pub fn open(&mut self, project: &Path) -> Result<(), Box<dyn Error>> {
        self.act(Action::File(FileAction::OpenProject(project.to_owned())));
        self.wait_until("the study is not opened", |ws| ws.study().is_some() && ws.case().is_some())
    }

    pub fn show(&mut self, case: &CaseId) -> Result<(), Box<dyn Error>> {
        self.act(Action::Case(CaseAction::Show(case.clone())));
        self.wait_until("the case is not read", |ws| ws.case().is_some_and(|shown| shown.id == *case))
    }

    fn wait_until(&mut self, complaint: &str, is_there: impl Fn(&Workspace) -> bool) -> Result<(), Box<dyn Error>> {
        let begin = Instant::now();
        while !is_there(&self.workspace) {
            if begin.elapsed() > PATIENCE {
                return Err(complaint.into());
            }
            self.frame(|_| {});
        }
        Ok(())
    }

    /// What only a window can do (pictures, dialogs) is left out.
    fn send(&mut self, effects: Vec<Effect>) {
        let mut queue = VecDeque::from(effects);
        while let Some(effect) = queue.pop_front() {
            let answer = match effect {
                Effect::Io(command) => self.threads.send_io(command),
                Effect::Trainer(command) => self.threads.send_trainer(command),
                Effect::Labels(job) => self.threads.send_labels(job),
                Effect::Review(job) => {
                    self.threads.review.send(job);
                    None
                }
                _ => None,
            };
            queue.extend(answer.into_iter().flat_map(|answer| absorb(&mut self.workspace, answer)));
        }
    }
}

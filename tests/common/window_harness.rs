//! The window as tests work it: controls are found by their accessible names, pointer and keys are real events.
#![allow(dead_code, reason = "every test program uses a part of it")]

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use chiaro::geometry::{Plane, Voxel};
use chiaro::label::{ClassId, LabelMap, Prediction};
use chiaro::project::create_demo;
use chiaro::ui::{Chiaro, Start, Threads, TrainerLink};
use chiaro::worker::protocol::{TrainerCommand, TrainerEvent};
use chiaro::worker::{FrameReports, IoThread, LabelThread, RecentList, ReviewThread, Slot};
use chiaro::workspace::{OpenCase, Tool, Workspace};
use crossbeam_channel::{Receiver, Sender, unbounded};
use eframe::egui::accesskit::Role;
use eframe::egui::{Event, Key, Modifiers, PointerButton, Pos2, Rect, Vec2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use tempfile::TempDir;

/// The window, and the far ends of the trainer's queues.
pub struct Window {
    pub harness: Harness<'static, Chiaro>,
    pub commands: Receiver<TrainerCommand>,
    pub events: Sender<TrainerEvent>,
    pub predictions: Slot<Arc<Prediction>>,
}

impl Window {
    pub fn open(start: Start) -> Self {
        let (command_sender, commands) = unbounded();
        let (events, event_receiver) = unbounded();
        let predictions = Slot::new();
        let trainer = TrainerLink {
            commands: command_sender,
            events: event_receiver,
            predictions: predictions.clone(),
            handle: None,
        };
        let io = IoThread::start(RecentList::Ignore, || {}).unwrap();
        let labels = LabelThread::start(|| {}).unwrap();
        let review = ReviewThread::start(|| {}).unwrap();
        let threads = Threads { io, trainer, labels, review, frames: FrameReports::default() };
        let harness = Harness::builder()
            .with_size(vec2(1280.0, 800.0))
            .with_step_dt(1.0 / 30.0)
            .build_eframe(move |context| Chiaro::new(&context.egui_ctx, None, threads, start));
        Self { harness, commands, events, predictions }
    }

    /// A demo study with its first case on the screen.
    pub fn with_demo(dir: &Path) -> Self {
        static DEMO: OnceLock<TempDir> = OnceLock::new();
        let demo = DEMO.get_or_init(|| {
            let demo = tempfile::tempdir().unwrap();
            create_demo(demo.path(), 7).unwrap();
            demo
        });
        copy_folder(demo.path(), dir);
        let mut window = Self::open(Start::Open(dir.to_owned()));
        window.wait_for("a case on the screen", |app| app.workspace().case().is_some());
        window.steps(3);
        window
    }

    /// A demo study with a case without labels on the screen, at voxels of 1 mm.
    pub fn with_unlabelled(dir: &Path) -> Self {
        let mut window = Self::with_demo(dir);
        window.show_unlabelled();
        window
    }

    pub fn steps(&mut self, count: usize) {
        self.harness.run_steps(count);
    }

    pub fn wait_for(&mut self, what: &str, done: impl Fn(&Chiaro) -> bool) {
        let started = Instant::now();
        while !done(self.harness.state()) {
            assert!(started.elapsed() < Duration::from_secs(60), "waited in vain for {what}");
            std::thread::sleep(Duration::from_millis(5));
            self.harness.step();
        }
    }

    /// Waits until nothing is being worked out beside the window.
    pub fn settle(&mut self) {
        self.wait_for("the labels", |app| app.workspace().pending().is_none());
        self.steps(1);
    }

    pub fn click(&mut self, label: &str) {
        self.harness.get_by_label(label).click();
        self.steps(3);
    }

    /// For a name that something else, e.g. a mere text, has too.
    pub fn click_role(&mut self, role: Role, label: &str) {
        self.harness.get_by_role_and_label(role, label).click();
        self.steps(3);
    }

    /// Clicks a menu, then an item in it, and so on. Every menu needs some frames to find its place.
    pub fn menu(&mut self, path: &[&str]) {
        for name in path {
            self.click(name);
            self.steps(3);
        }
    }

    pub fn type_into(&mut self, field: &str, text: &str) {
        self.click_role(Role::TextInput, field);
        self.harness.get_by_role_and_label(Role::TextInput, field).type_text(text);
        self.steps(3);
    }

    pub fn key(&mut self, modifiers: Modifiers, key: Key) {
        self.harness.key_press_modifiers(modifiers, key);
        self.steps(2);
    }

    pub fn shows(&self, label: &str) -> bool {
        self.harness.query_by_label(label).is_some()
    }

    pub fn workspace(&self) -> &Workspace {
        self.harness.state().workspace()
    }

    pub fn tool(&self) -> Tool {
        self.workspace().tools().tool
    }

    pub fn case(&self) -> &OpenCase {
        self.workspace().case().unwrap()
    }

    pub fn labels(&self) -> LabelMap {
        self.case().labels().clone()
    }

    /// Linear indices of the voxels of a class, ascending.
    pub fn voxels_of(&self, class: ClassId) -> Vec<usize> {
        let classes = self.case().labels().class().as_slice();
        (0..classes.len()).filter(|&index| classes[index] == class).collect()
    }

    /// Another case, by its place in the list.
    pub fn show_case(&mut self, place: usize) {
        let id = self.workspace().study().unwrap().cases[place].id.clone();
        self.harness.get_by_label_contains(&format!("Case {id},")).click();
        self.wait_for("another case", |app| app.workspace().case().is_some_and(|case| case.id == id));
        self.steps(3);
    }

    /// Another case, one without labels.
    pub fn show_unlabelled(&mut self) {
        self.show_case(4);
        assert_eq!(self.labels().known_count(), 0);
    }

    pub fn view(&self, view: Plane) -> Rect {
        self.harness.get_by_label(&format!("{} view", view.name())).rect()
    }

    /// The continuous voxel position under a window position.
    pub fn position_at(&self, view: Plane, pos: Pos2) -> [f64; 3] {
        let rect = self.view(view);
        self.case().camera(view).voxel_from_screen(wide(pos - rect.min), wide(rect.size()))
    }

    pub fn voxel_at(&self, view: Plane, pos: Pos2) -> Voxel {
        self.case().extent().nearest_voxel(self.position_at(view, pos)).unwrap()
    }

    /// The window position of a continuous voxel position.
    pub fn at(&self, view: Plane, position: [f64; 3]) -> Pos2 {
        let rect = self.view(view);
        let [x, y] = self.case().camera(view).screen_from_voxel(position, wide(rect.size()));
        rect.min + vec2(x as f32, y as f32)
    }

    /// The window position of a place so many voxels from the middle of the volume, along the in-plane voxel axes of a
    /// view in ascending order.
    pub fn around_middle(&self, view: Plane, [u, v]: [f64; 2]) -> Pos2 {
        let middle = self.case().extent().to_array().map(|n| (n / 2) as f64);
        let offset = match self.case().normal_axis(view) {
            0 => [0.0, u, v],
            1 => [u, 0.0, v],
            _ => [u, v, 0.0],
        };
        self.at(view, std::array::from_fn(|axis| middle[axis] + offset[axis]))
    }

    pub fn button(&mut self, pos: Pos2, button: PointerButton, pressed: bool) {
        self.harness.event(Event::PointerButton { pos, button, pressed, modifiers: Modifiers::NONE });
        self.steps(1);
    }

    pub fn click_at(&mut self, pos: Pos2, button: PointerButton) {
        self.draw(&[pos], button);
    }

    pub fn drag(&mut self, from: Pos2, to: Pos2, button: PointerButton) {
        self.draw(&[from, to], button);
    }

    /// Straight from each position to the next in small steps, with a button held.
    pub fn draw(&mut self, path: &[Pos2], button: PointerButton) {
        const STEPS: u8 = 8;
        let (&first, &last) = path.first().zip(path.last()).unwrap();
        self.harness.hover_at(first);
        self.steps(2);
        self.button(first, button, true);
        for piece in path.windows(2) {
            for step in 1..=STEPS {
                self.harness.hover_at(piece[0].lerp(piece[1], f32::from(step) / f32::from(STEPS)));
                self.steps(1);
            }
        }
        self.button(last, button, false);
        self.steps(2);
    }

    /// Presses the brush once; the digit chooses the class.
    pub fn dab(&mut self, class: Key, pos: Pos2) {
        self.key(Modifiers::COMMAND, class);
        self.key(Modifiers::NONE, Key::Num4);
        self.click_at(pos, PointerButton::Primary);
    }
}

fn wide(v: Vec2) -> [f64; 2] {
    [f64::from(v.x), f64::from(v.y)]
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

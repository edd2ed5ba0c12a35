//! The surfaces of the shown labels, made on a thread of their own and kept up to date brick by brick.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, Sender, unbounded};
use eframe::egui;

use crate::geometry::{Affine, VoxelBox};
use crate::label::{ClassId, LabelMap, SurfaceBricks, SurfaceMesh};
use crate::volume::Grid;

/// A changed brick of a class; an empty mesh takes it away.
#[derive(Debug)]
pub struct ChangedBrick {
    pub class: ClassId,
    pub brick: usize,
    pub mesh: SurfaceMesh,
}

/// What the thread answers.
#[derive(Debug)]
pub enum SurfaceEvent {
    /// No case is shown: every surface goes.
    Cleared,
    /// All surfaces of another case; those before go in the same moment.
    Shown(Vec<ChangedBrick>),
    Changed(Vec<ChangedBrick>),
}

#[derive(Debug)]
enum Command {
    Show {
        labels: Arc<LabelMap>,
        affine: Affine,
    },
    /// The classes inside a box, x fastest.
    Patch {
        bounds: VoxelBox,
        classes: Vec<ClassId>,
    },
    Clear,
}

/// Starts its thread with the first case that is shown.
#[derive(Debug, Default)]
pub struct Surfaces {
    worker: Option<Worker>,
}

#[derive(Debug)]
struct Worker {
    commands: Option<Sender<Command>>,
    events: Receiver<SurfaceEvent>,
    /// Work for a case that is no longer shown ends soon.
    stopped: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Surfaces {
    /// All surfaces of a case anew.
    pub fn show(&mut self, ctx: &egui::Context, labels: Arc<LabelMap>, affine: Affine) {
        if self.worker.is_none() {
            self.worker = Worker::start(ctx);
        }
        if let Some(worker) = &self.worker {
            worker.stopped.store(true, Ordering::Relaxed);
            worker.send(Command::Show { labels, affine });
        }
    }

    /// The classes inside a box have changed. Copies the box alone: the labels stay free to be edited.
    pub fn patch(&self, labels: &LabelMap, bounds: &VoxelBox) {
        let Some(worker) = &self.worker else { return };
        let bounds = bounds.intersect(&labels.extent().full_box());
        let mut classes = Vec::with_capacity(bounds.size().iter().product());
        for_rows(labels.class(), &bounds, |row| classes.extend_from_slice(row));
        worker.send(Command::Patch { bounds, classes });
    }

    pub fn clear(&self) {
        if let Some(worker) = &self.worker {
            worker.stopped.store(true, Ordering::Relaxed);
            worker.send(Command::Clear);
        }
    }

    /// What has been made since the last call; never waits.
    pub fn events(&self) -> Vec<SurfaceEvent> {
        self.worker.as_ref().map_or_else(Vec::new, |worker| worker.events.try_iter().collect())
    }
}

fn for_rows(grid: &Grid<ClassId>, bounds: &VoxelBox, mut visit: impl FnMut(&[ClassId])) {
    if bounds.is_empty() {
        return;
    }
    let extent = grid.extent();
    for z in bounds.lo.z..bounds.hi.z {
        for y in bounds.lo.y..bounds.hi.y {
            let row = extent.x() * (y + extent.y() * z);
            visit(&grid.as_slice()[row + bounds.lo.x..row + bounds.hi.x]);
        }
    }
}

impl Worker {
    fn start(ctx: &egui::Context) -> Option<Self> {
        let (commands, waiting) = unbounded();
        let (sender, events) = unbounded();
        let stopped = Arc::new(AtomicBool::new(false));
        let (ctx, stop) = (ctx.clone(), Arc::clone(&stopped));
        let work = move || {
            let (mut scene, mut queue) = (None, VecDeque::new());
            while let Some(event) = next(&mut scene, &mut queue, &waiting, &stop) {
                if sender.send(event).is_err() {
                    return;
                }
                ctx.request_repaint();
            }
        };
        let thread = thread::Builder::new().name("surfaces".into()).spawn(work).ok()?;
        Some(Self { commands: Some(commands), events, stopped, thread: Some(thread) })
    }

    fn send(&self, command: Command) {
        // A thread that died shows no surfaces any more; everything else goes on.
        self.commands.as_ref().map(|commands| commands.send(command).ok());
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        self.commands = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The classes as the thread knows them, and the surfaces of each.
struct Scene {
    classes: Grid<ClassId>,
    affine: Affine,
    surfaces: BTreeMap<ClassId, SurfaceBricks>,
}

/// Does the next command, with a patch also every patch right behind it; `None` when nothing will come any more.
fn next(
    scene: &mut Option<Scene>,
    queue: &mut VecDeque<Command>,
    waiting: &Receiver<Command>,
    stop: &AtomicBool,
) -> Option<SurfaceEvent> {
    if queue.is_empty() {
        queue.push_back(waiting.recv().ok()?);
    }
    queue.extend(waiting.try_iter());
    let event = match queue.pop_front()? {
        Command::Clear => {
            *scene = None;
            SurfaceEvent::Cleared
        }
        Command::Show { labels, affine } => {
            stop.store(false, Ordering::Relaxed);
            let classes = labels.class().clone();
            drop(labels);
            let made = scene.insert(Scene { classes, affine, surfaces: BTreeMap::new() });
            SurfaceEvent::Shown(made.make_all(stop))
        }
        Command::Patch { bounds, classes } => {
            let mut patches = vec![(bounds, classes)];
            // A fast hand sends more patches than surfaces can be made: all that wait are made at once.
            while let Some(Command::Patch { .. }) = queue.front() {
                if let Some(Command::Patch { bounds, classes }) = queue.pop_front() {
                    patches.push((bounds, classes));
                }
            }
            SurfaceEvent::Changed(scene.as_mut().map_or_else(Vec::new, |scene| scene.patch(&patches, stop)))
        }
    };
    Some(event)
}

impl Scene {
    fn make_all(&mut self, stop: &AtomicBool) -> Vec<ChangedBrick> {
        let mut present = [false; 256];
        self.classes.as_slice().iter().for_each(|&class| present[usize::from(class)] = true);
        let mut changed = Vec::new();
        for class in (1..=ClassId::MAX).filter(|&class| present[usize::from(class)]) {
            changed.extend(self.make(class, stop));
        }
        changed
    }

    fn make(&mut self, class: ClassId, stop: &AtomicBool) -> Vec<ChangedBrick> {
        let is_stopped = || stop.load(Ordering::Relaxed);
        let Ok(bricks) = SurfaceBricks::of_class(&self.classes, class, self.affine, &is_stopped) else {
            return Vec::new();
        };
        let changed = bricks.bricks().map(|(brick, mesh)| ChangedBrick { class, brick, mesh: mesh.clone() }).collect();
        self.surfaces.insert(class, bricks);
        changed
    }

    fn patch(&mut self, patches: &[(VoxelBox, Vec<ClassId>)], stop: &AtomicBool) -> Vec<ChangedBrick> {
        let mut touched = [false; 256];
        let mut dirty = VoxelBox { lo: [0; 3].into(), hi: [0; 3].into() };
        for (bounds, classes) in patches {
            self.write(bounds, classes, &mut touched);
            dirty = dirty.union(bounds);
        }
        let mut changed = Vec::new();
        for class in (1..=ClassId::MAX).filter(|&class| touched[usize::from(class)]) {
            changed.extend(self.remake(class, &dirty, stop));
        }
        changed
    }

    fn remake(&mut self, class: ClassId, dirty: &VoxelBox, stop: &AtomicBool) -> Vec<ChangedBrick> {
        let is_stopped = || stop.load(Ordering::Relaxed);
        let Some(bricks) = self.surfaces.get_mut(&class) else { return self.make(class, stop) };
        let numbers = bricks.update(&self.classes, dirty, &is_stopped).unwrap_or_default();
        let mesh = |number: usize| bricks.brick(number).cloned().unwrap_or_default();
        numbers.into_iter().map(|brick| ChangedBrick { class, brick, mesh: mesh(brick) }).collect()
    }

    /// Takes the classes inside a box over and notes which ones came or went.
    fn write(&mut self, bounds: &VoxelBox, classes: &[ClassId], touched: &mut [bool; 256]) {
        if bounds.is_empty() {
            return;
        }
        let extent = self.classes.extent();
        let width = bounds.hi.x - bounds.lo.x;
        let rows = (bounds.lo.z..bounds.hi.z).flat_map(|z| (bounds.lo.y..bounds.hi.y).map(move |y| (y, z)));
        for ((y, z), new) in rows.zip(classes.chunks(width)) {
            let start = bounds.lo.x + extent.x() * (y + extent.y() * z);
            for (old, &new) in self.classes.as_mut_slice()[start..start + width].iter_mut().zip(new) {
                if *old != new {
                    touched[usize::from(*old)] = true;
                    touched[usize::from(new)] = true;
                    *old = new;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::{Paint, VoxelSet, paint_voxels};
    use crate::geometry::Extent;

    fn wait(surfaces: &Surfaces) -> Vec<SurfaceEvent> {
        for _ in 0..2_000 {
            let events = surfaces.events();
            if !events.is_empty() {
                return events;
            }
            thread::sleep(std::time::Duration::from_millis(5));
        }
        panic!("no surface came");
    }

    fn bricks(events: Vec<SurfaceEvent>, into: &mut BTreeMap<(ClassId, usize), usize>) {
        for event in events {
            match event {
                SurfaceEvent::Cleared => into.clear(),
                SurfaceEvent::Shown(changed) | SurfaceEvent::Changed(changed) => {
                    into.extend(changed.into_iter().map(|c| ((c.class, c.brick), c.mesh.triangles.len())));
                }
            }
        }
        into.retain(|_, triangles| *triangles > 0);
    }

    #[test]
    fn a_painted_box_changes_its_surfaces_to_those_of_the_whole_labels() {
        let extent = Extent::new(50, 40, 30).unwrap();
        let ball = |at: usize| VoxelBox { lo: [at, 10, 10].into(), hi: [at + 9, 20, 20].into() };
        let mut labels = LabelMap::unknown(extent);
        let ctx = egui::Context::default();
        let mut surfaces = Surfaces::default();
        paint_voxels(&mut labels, &VoxelSet::of_box(extent, ball(5)), &Paint::with_class(1)).unwrap();
        surfaces.show(&ctx, Arc::new(labels.clone()), Affine::identity());
        let mut found = BTreeMap::new();
        bricks(wait(&surfaces), &mut found);
        for (at, class) in [(12, 2), (36, 1)] {
            let delta =
                paint_voxels(&mut labels, &VoxelSet::of_box(extent, ball(at)), &Paint::with_class(class)).unwrap();
            surfaces.patch(&labels, &delta.bounds());
            bricks(wait(&surfaces), &mut found);
        }
        let mut anew = Surfaces::default();
        anew.show(&ctx, Arc::new(labels), Affine::identity());
        let mut expected = BTreeMap::new();
        bricks(wait(&anew), &mut expected);
        assert_eq!(found, expected);
        assert!(found.keys().any(|(class, _)| *class == 2));
        surfaces.clear();
        bricks(wait(&surfaces), &mut found);
        assert!(found.is_empty());
    }
}

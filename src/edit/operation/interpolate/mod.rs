//! Fills the slices between drawn ones.

mod field;
mod frame;
mod gap;
mod morph;
mod pairing;
mod survey;

use super::OperationError;
use super::draft::Draft;
use super::gate::Gate;
use super::task::Task;
use super::watch::Stage;
use crate::edit::Delta;
use crate::geometry::{Voxel, VoxelBox};
use crate::label::ClassId;
use frame::Frame;
use gap::Gap;
use survey::{GapPlan, Survey};

/// See [`super::Operation::Interpolate`].
pub(super) fn run(task: &Task, axis: usize, classes: &[ClassId], complete: bool) -> Result<Delta, OperationError> {
    let frame = Frame::new(task.labels.extent(), axis)?;
    let mut plans = Survey::new(task, frame, classes)?.gaps();
    let (first, last) = (frame.split(task.scope.lo).0, frame.split(task.scope.hi).0);
    plans.retain(|plan| plan.slices().start < last && first < plan.slices().end);
    if plans.is_empty() {
        return Err(OperationError::NoGap);
    }
    let complete = complete && !task.request.is_locked(0);
    let mut filling = Filling { task, frame, complete, draft: Draft::new(reach(&frame, &plans, complete, task.scope)) };
    let mut plans = plans.into_iter().peekable();
    let mut open: Vec<Gap> = Vec::new();
    for slice in 0..last {
        task.watch.step(Stage::WORK, slice, last)?;
        open.retain(|gap| gap.plan.slices().contains(&slice));
        while let Some(plan) = plans.next_if(|plan| plan.slices().start == slice) {
            open.push(Gap::new(task, &frame, plan)?);
        }
        if slice >= first && !open.is_empty() {
            filling.fill(&open, slice);
        }
    }
    task.write(&filling.draft, Gate::for_filling(task.request))
}

/// The box of all that may be written.
fn reach(frame: &Frame, plans: &[GapPlan], complete: bool, scope: VoxelBox) -> VoxelBox {
    let boxes = plans.iter().map(|plan| {
        let part = if complete { frame.plane() } else { frame.grown(plan.bounds, 1) };
        frame.volume_box(part, plan.slices())
    });
    boxes.reduce(|a, b| a.union(&b)).map_or(scope, |all| all.intersect(&scope))
}

struct Filling<'a> {
    task: &'a Task<'a>,
    frame: Frame,
    complete: bool,
    draft: Draft,
}

impl Filling<'_> {
    /// Draws what the open gaps hold in a slice, and background around it where that is to be completed.
    fn fill(&mut self, open: &[Gap], slice: usize) {
        let completes = self.complete && open.iter().all(|gap| gap.plan.between_complete);
        let shapes = open.iter().map(|gap| gap.plan.bounds).reduce(|a, b| a.union(&b));
        let part = if completes { Some(self.frame.plane()) } else { shapes };
        for at in part.into_iter().flat_map(VoxelBox::voxels) {
            let deepest = open.iter().filter_map(|gap| gap.class_at(at, slice)).min_by(|a, b| a.0.total_cmp(&b.0));
            let wish = match deepest {
                Some((_, class)) => (!self.task.request.is_locked(class)).then_some(class),
                None => (completes && self.is_open_background(open, at, slice)).then_some(0),
            };
            self.draft.set(self.frame.voxel(at, slice), wish);
        }
    }

    /// Whether nobody has said anything, and neither drawn slice shows a class here that is not being continued.
    fn is_open_background(&self, open: &[Gap], at: Voxel, slice: usize) -> bool {
        let value = |slice| self.task.labels.value(self.frame.voxel(at, slice));
        let is_settled = |class| class == 0 || open.iter().any(|gap| gap.plan.classes.contains(&class));
        let mut ends = open.iter().flat_map(|gap| [gap.plan.from, gap.plan.to]);
        !value(slice).origin.is_known() && ends.all(|end| is_settled(value(end).class))
    }
}

//! Fills, completion, undo and redo.

use std::sync::Arc;

use crate::edit::{
    ClassFlags, Delta, Direction, FillScope, HistoryError, HistoryStep, complete_case, complete_slice, flood_fill,
};
use crate::geometry::Plane;
use crate::label::{ClassId, LabelMap};
use crate::worker::protocol_io::EditKind;
use crate::workspace::{EditAction, Effect, Notice, OpenCase, Workspace};

use super::stroke::voxels;

impl Workspace {
    pub(super) fn apply_edit(&mut self, action: EditAction, effects: &mut Vec<Effect>) {
        match action {
            EditAction::StrokeBegin { view, position, inverted } => {
                self.begin_stroke(view, position, inverted, effects)
            }
            EditAction::StrokeMove { position } => self.extend_stroke(position, effects),
            // Every action but looking around has ended the stroke already.
            EditAction::StrokeEnd => {}
            EditAction::Fill { view, position, inverted } => self.fill(view, position, inverted, effects),
            EditAction::Click { view, position, inverted } => self.click(view, position, inverted, effects),
            EditAction::Outline(action) => self.apply_outline(action, effects),
            EditAction::Propose { operation, slice_of } => self.propose(*operation, slice_of, effects),
            EditAction::CopySliceToNext(view) => self.copy_slice_to_next(view, effects),
            EditAction::ApplyProposal => self.apply_proposal(effects),
            // Every action that ends a proposal has done so already.
            EditAction::CancelProposal => {}
            EditAction::StepHistory(steps) => {
                let direction = if steps < 0 { Direction::Backward } else { Direction::Forward };
                (0..steps.unsigned_abs()).for_each(|_| self.step_history(direction, effects));
            }
            EditAction::Undo if self.take_rejection_back(effects) => {}
            EditAction::Undo => self.step_history(Direction::Backward, effects),
            EditAction::Redo => self.step_history(Direction::Forward, effects),
            EditAction::CompleteSlice(view) => self.complete_slice(view, effects),
            EditAction::CompleteCase => self.complete(effects, "Complete case", "this case", complete_case),
        }
    }

    pub(super) fn locked(&self) -> ClassFlags {
        self.study.as_ref().map_or([false; 256], |study| study.locked())
    }

    pub(super) fn class_name(&self, class: ClassId) -> &str {
        self.study.as_ref().map_or("", |study| study.classes.name(class))
    }

    fn fill(&mut self, view: Plane, position: [f64; 3], inverted: bool, effects: &mut Vec<Effect>) {
        if !self.can_edit() || self.must_straighten("use Fill", effects) {
            return;
        }
        let paint = if inverted { self.eraser() } else { self.paint() };
        let name =
            paint.class.map_or_else(|| "Clear region".to_owned(), |class| format!("Fill {}", self.class_name(class)));
        let Some(case) = self.case_mut() else { return };
        let Some(seed) = case.extent().nearest_voxel(position) else { return };
        let scope = FillScope::Slice { axis: case.normal_axis(view) };
        if let Some(delta) = flood_fill(Arc::make_mut(&mut case.labels), seed, scope, &paint) {
            let name = format!("{name}, {}", voxels(delta.voxel_count()));
            self.record(name, EditKind::Painted { tool: "Fill" }, delta, effects);
        }
    }

    fn complete_slice(&mut self, view: Plane, effects: &mut Vec<Effect>) {
        if self.must_straighten("complete a slice", effects) {
            return;
        }
        let Some(case) = self.case() else { return };
        let axis = case.normal_axis(view);
        let index = case.cursor.to_array()[axis];
        self.complete(effects, "Complete slice", "this slice", |labels, locked| {
            complete_slice(labels, axis, index, locked)
        });
    }

    fn complete(
        &mut self,
        effects: &mut Vec<Effect>,
        tool: &'static str,
        place: &str,
        write: impl Fn(&mut LabelMap, &ClassFlags) -> Option<Delta>,
    ) {
        if !self.can_edit() {
            return;
        }
        let locked = self.locked();
        let delta = self.case_mut().and_then(|case| write(Arc::make_mut(&mut case.labels), &locked));
        match delta {
            Some(delta) => {
                let name = format!("{tool}, {}", voxels(delta.voxel_count()));
                self.record(name, EditKind::Painted { tool }, delta, effects);
            }
            None if locked[0] => {
                let text = "Background is locked. Unlock it in the class list to complete a slice or case.";
                self.notify(Notice::info(text), effects);
            }
            None => self.notify(Notice::info(format!("Nothing in {place} is unlabelled.")), effects),
        }
    }

    fn step_history(&mut self, direction: Direction, effects: &mut Vec<Effect>) {
        if !self.can_edit() {
            return;
        }
        let step = match self.case_mut().map(|case| case.step_history(direction)) {
            Some(Ok(Some(step))) => step,
            Some(Err(error)) => return self.notify(Notice::error(error.to_string()), effects),
            Some(Ok(None)) | None => return,
        };
        effects.push(Effect::UploadLabels(step.changed));
        let (delta, kind) = match direction {
            Direction::Forward => (step.delta, EditKind::Redone { step: step.name }),
            Direction::Backward => (Arc::new(step.delta.reversed()), EditKind::Undone { step: step.name }),
        };
        self.publish(delta, kind, effects);
    }
}

impl OpenCase {
    /// Takes a step back or repeats it and moves the cross there.
    fn step_history(&mut self, direction: Direction) -> Result<Option<HistoryStep>, HistoryError> {
        let available = match direction {
            Direction::Forward => self.history.redo_count(),
            Direction::Backward => self.history.undo_count(),
        };
        // Without this, labels shared with a save would be copied for nothing.
        if available == 0 {
            return Ok(None);
        }
        let labels = Arc::make_mut(&mut self.labels);
        let step = match direction {
            Direction::Forward => self.history.redo(labels),
            Direction::Backward => self.history.undo(labels),
        }?;
        if let Some(step) = &step {
            self.move_cursor(step.location);
        }
        Ok(step)
    }
}

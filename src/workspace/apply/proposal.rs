//! Operations on whole classes: asked for, shown, and then made or forgotten.

use std::sync::Arc;

use crate::edit::{
    ClassFlags, ConfidenceSettings, FillScope, Likeness, Operation, OperationRequest, Paint, PaintRule, Scope,
    Selection, Watch,
};
use crate::geometry::{Plane, Voxel};
use crate::label::ClassId;
use crate::worker::protocol_io::EditKind;
use crate::worker::protocol_labels::{LabelJob, LabelWork};
use crate::workspace::{Effect, Notice, Pending, PendingState, Tool, Workspace};

use super::stroke::voxels;

/// What becomes of a proposal when it is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    Show,
    Make,
}

impl Workspace {
    pub(super) fn propose(&mut self, operation: Operation, slice_of: Option<Plane>, effects: &mut Vec<Effect>) {
        if slice_of.is_some() && self.must_straighten("work in one slice", effects) {
            return;
        }
        let class = self.tools.class;
        self.ask(operation, class, slice_of, Then::Show, effects);
    }

    fn ask(
        &mut self,
        operation: Operation,
        class: ClassId,
        slice_of: Option<Plane>,
        then: Then,
        effects: &mut Vec<Effect>,
    ) {
        let (rule, locked): (PaintRule, ClassFlags) = (self.tools.rule, self.locked());
        let Some(case) = self.case() else { return };
        let scope = slice_of.map_or(Scope::Volume, |view| {
            let axis = case.normal_axis(view);
            Scope::Slice { axis, index: case.cursor.to_array()[axis] }
        });
        let name = operation.name();
        let spacing_mm = case.image.spacing_mm();
        let request = OperationRequest { operation, class, scope, spacing_mm, rule, locked };
        let name = format!("{name}, {}", self.class_name(class));
        self.send(name, LabelWork::Operation(Box::new(request)), then, effects);
    }

    fn send(&mut self, name: String, work: LabelWork, then: Then, effects: &mut Vec<Effect>) {
        self.cancel_proposal(effects);
        if !self.can_edit() {
            return;
        }
        self.tickets += 1;
        let ticket = self.tickets;
        let Some(case) = self.case() else { return };
        let watch = Arc::new(Watch::default());
        let (labels, image) = (Arc::clone(&case.labels), Arc::clone(&case.image));
        let case = case.id.clone();
        effects.push(Effect::Labels(LabelJob { ticket, labels, image, work, watch: Arc::clone(&watch) }));
        let (at_once, state) = (then == Then::Make, PendingState::Working);
        self.pending = Some(Pending { ticket, case, name, watch, at_once, state });
    }

    pub(super) fn copy_slice_to_next(&mut self, view: Plane, effects: &mut Vec<Effect>) {
        if self.must_straighten("copy a slice", effects) {
            return;
        }
        let (Some(case), Some(study)) = (self.case(), &self.study) else { return };
        let classes: Vec<ClassId> = study.classes.foreground().map(|class| class.id).collect();
        let axis = case.normal_axis(view);
        let from = case.cursor.to_array()[axis];
        let Some(case) = self.case_mut() else { return };
        case.step_slice(view, 1);
        let to = case.cursor.to_array()[axis];
        if to == from {
            return self.notify(Notice::info("This is the last slice."), effects);
        }
        let operation = Operation::CopySlice { axis, from, to, classes };
        self.ask(operation, self.tools.class, None, Then::Make, effects);
    }

    /// A click of one of the tools that work at once.
    pub(super) fn click(&mut self, view: Plane, position: [f64; 3], inverted: bool, effects: &mut Vec<Effect>) {
        let Some(case) = self.case() else { return };
        let Some(voxel) = case.extent().nearest_voxel(position) else { return };
        let paint = if inverted { self.eraser() } else { self.paint() };
        let in_slice = matches!(self.tools.tool, Tool::FillSimilar | Tool::GrowRegion | Tool::Island);
        if in_slice && !self.tools.in_volume && self.must_straighten("use this tool in a slice", effects) {
            return;
        }
        match self.tools.tool {
            Tool::FillSimilar => {
                let tolerance = self.tolerance();
                self.select(view, voxel, ("Fill similar", Likeness::Within { tolerance }), paint, effects);
            }
            Tool::GrowRegion => {
                let likeness = Likeness::SameTissue(ConfidenceSettings::default());
                self.select(view, voxel, ("Grow region", likeness), paint, effects);
            }
            Tool::LevelTrace => self.trace_level(view, position, &paint, effects),
            Tool::Pick => self.pick(voxel),
            Tool::Island => self.click_island(view, voxel, inverted, effects),
            _ => {}
        }
    }

    fn select(
        &mut self,
        view: Plane,
        seed: Voxel,
        (name, likeness): (&str, Likeness),
        paint: Paint,
        effects: &mut Vec<Effect>,
    ) {
        let Some(case) = self.case() else { return };
        let axis = case.normal_axis(view);
        let scope = if self.tools.in_volume { FillScope::Volume } else { FillScope::Slice { axis } };
        let selection = Selection { seed, scope, likeness };
        let name = paint
            .class
            .map_or_else(|| format!("{name}, erased"), |class| format!("{name}, {}", self.class_name(class)));
        self.send(name, LabelWork::Select { selection, paint: Box::new(paint) }, Then::Make, effects);
    }

    fn pick(&mut self, voxel: Voxel) {
        let class = self.case().map(|case| case.labels.value(voxel)).filter(|value| value.origin.is_known());
        if let Some(value) = class
            && self.study.as_ref().is_some_and(|study| study.classes.get(value.class).is_some())
        {
            self.tools.class = value.class;
        }
    }

    fn click_island(&mut self, view: Plane, at: Voxel, keeps: bool, effects: &mut Vec<Effect>) {
        let Some(value) = self.case().map(|case| case.labels.value(at)) else { return };
        if value.class == 0 {
            return self.notify(Notice::info("Click an island of a class; there is none here."), effects);
        }
        let operation = if keeps { Operation::KeepIsland { at } } else { Operation::RemoveIsland { at } };
        let slice_of = (!self.tools.in_volume).then_some(view);
        // The slice that was clicked is the one the cross may not be in.
        if let (Some(view), Some(case)) = (slice_of, self.case_mut()) {
            let axis = case.normal_axis(view);
            let cursor = case.cursor.with_axis(axis, at.to_array()[axis]);
            case.move_cursor(cursor);
        }
        self.ask(operation, value.class, slice_of, Then::Make, effects);
    }

    /// Chosen by hand, else a tenth of the window: what the eye takes for one grey.
    pub fn tolerance(&self) -> f64 {
        let of_window = || self.case().map_or(0.0, |case| case.window.width() / 10.0);
        self.tools.tolerance.unwrap_or_else(of_window)
    }

    /// What is shown becomes true; what is still being worked out will at once when it is ready.
    pub(in crate::workspace) fn apply_proposal(&mut self, effects: &mut Vec<Effect>) {
        if !self.can_edit() {
            return self.cancel_proposal(effects);
        }
        let Some(mut pending) = self.pending.take() else { return };
        let state = std::mem::replace(&mut pending.state, PendingState::Nothing);
        let proposal = match state {
            PendingState::Ready(proposal) => proposal,
            PendingState::Working => {
                pending.state = PendingState::Working;
                pending.at_once = true;
                self.pending = Some(pending);
                return;
            }
            PendingState::Nothing | PendingState::Refused(_) => return,
        };
        let Some(case) = self.case_mut().filter(|case| case.id == pending.case) else { return };
        let preview = case.preview.take();
        let bounds = proposal.delta().bounds();
        match proposal.apply(Arc::make_mut(&mut case.labels)) {
            Some(delta) => {
                let name = format!("{}, {}", pending.name, voxels(delta.voxel_count()));
                self.record(name, EditKind::Painted { tool: "Operation" }, delta, effects);
            }
            None => {
                if preview.is_some() {
                    effects.push(Effect::UploadLabels(bounds));
                }
                let text = "The labels have changed meanwhile; look at the proposal again.";
                self.notify(Notice::info(text), effects);
            }
        }
    }

    /// The views show the labels as they are again.
    pub(in crate::workspace) fn cancel_proposal(&mut self, effects: &mut Vec<Effect>) {
        let Some(pending) = self.pending.take() else { return };
        let shown = self.case_mut().filter(|case| case.id == pending.case).and_then(|case| case.preview.take());
        if let (Some(_), PendingState::Ready(proposal)) = (shown, &pending.state) {
            effects.push(Effect::UploadLabels(proposal.delta().bounds()));
        }
    }
}

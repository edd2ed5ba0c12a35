//! Polygon, lasso, live wire, scissors, level lines: outlines that become labels.

use std::sync::Arc;

use crate::edit::{Outline, Paint, PaintRule, in_plane, level_trace, paint_voxels, restrict};
use crate::geometry::Plane;
use crate::worker::protocol_io::EditKind;
use crate::workspace::{Drawing, Effect, Notice, OutlineAction, Tool, Workspace};

use super::stroke::voxels;

impl Workspace {
    pub(super) fn apply_outline(&mut self, action: OutlineAction, effects: &mut Vec<Effect>) {
        match action {
            OutlineAction::Press { view, position, inverted } => self.press_outline(view, position, inverted, effects),
            OutlineAction::Hold(anchor) => self.with_drawing(|drawing, _| drawing.hold(anchor)),
            OutlineAction::Move(position) => self.with_drawing(|drawing, _| {
                let at = in_plane(drawing.outline.axis, position);
                drawing.move_to(at);
            }),
            OutlineAction::Hover(position) => self.with_drawing(|drawing, _| {
                let at = in_plane(drawing.outline.axis, position);
                drawing.hover(at);
            }),
            OutlineAction::Release => {
                self.with_drawing(|drawing, _| drawing.release());
                if self.drawing.as_ref().is_some_and(|drawing| drawing.tool == Tool::Scissors) {
                    self.finish_outline(effects);
                }
            }
            OutlineAction::Back => {
                let mut is_empty = false;
                self.with_drawing(|drawing, image| is_empty = !drawing.back(image));
                if is_empty {
                    self.drawing = None;
                }
            }
            OutlineAction::Apply => self.finish_outline(effects),
            OutlineAction::Cancel => self.drawing = None,
        }
    }

    fn with_drawing(&mut self, change: impl FnOnce(&mut Drawing, &crate::volume::Image)) {
        let Some(image) = self.case().map(|case| Arc::clone(&case.image)) else { return };
        if let Some(drawing) = &mut self.drawing {
            change(drawing, &image);
        }
    }

    fn press_outline(&mut self, view: Plane, position: [f64; 3], inverted: bool, effects: &mut Vec<Effect>) {
        if !self.can_edit() || self.must_straighten("draw an outline", effects) {
            return;
        }
        let tool = self.tools.tool;
        let Some(case) = self.case() else { return };
        let image = Arc::clone(&case.image);
        let axis = case.normal_axis(view);
        let slice = case.camera(view).straight().slice();
        if let Some(drawing) = &self.drawing
            && (drawing.view, drawing.outline.slice) != (view, slice)
        {
            let text = "An outline is open in another slice. Go back to it, or press Escape to give it up.";
            return self.notify(Notice::info(text), effects);
        }
        let begun = || Drawing::begin(view, tool, axis, slice, inverted);
        self.drawing.get_or_insert_with(begun).press(in_plane(axis, position), &image);
    }

    /// Paints what the outline encloses as one step.
    fn finish_outline(&mut self, effects: &mut Vec<Effect>) {
        // It lies in a slice that is not seen.
        if self.drawing.is_some() && self.must_straighten("apply the outline", effects) {
            return;
        }
        let Some(drawing) = self.drawing.take() else { return };
        if !self.can_edit() || !drawing.is_closed_enough() {
            return;
        }
        self.cancel_proposal(effects);
        let (name, tool) = match drawing.tool {
            Tool::Polygon => ("Polygon", "Polygon"),
            Tool::LiveWire => ("Live wire", "Live wire"),
            Tool::Scissors => ("Scissors", "Scissors"),
            _ => ("Lasso", "Lasso"),
        };
        let is_cut = drawing.tool == Tool::Scissors;
        let paint = match (is_cut, drawing.inverted) {
            (false, false) | (true, true) => self.paint(),
            (false, true) => self.eraser(),
            // Slicer's scissors cut the chosen segment alone; with background chosen they cut everything.
            (true, false) if self.tools.class == 0 => self.eraser(),
            (true, false) => Paint { rule: PaintRule::OnlyClass(self.tools.class), ..self.eraser() },
        };
        let slices = if is_cut { Some(0..usize::MAX) } else { None };
        self.paint_outline((name, tool), &drawing.closed(), slices, &paint, effects);
    }

    pub(super) fn trace_level(&mut self, view: Plane, position: [f64; 3], paint: &Paint, effects: &mut Vec<Effect>) {
        if !self.can_edit() || self.must_straighten("trace a level line", effects) {
            return;
        }
        let Some(outline) = self.level_line(view, position) else {
            return self.notify(Notice::info("No closed line of one intensity goes through this place."), effects);
        };
        self.paint_outline(("Level line", "Level line"), &outline, None, paint, effects);
    }

    /// The closed line of one intensity through a position in the slice of a view; none while the views are turned.
    pub fn level_line(&self, view: Plane, position: [f64; 3]) -> Option<Outline> {
        let case = self.case().filter(|case| !case.is_turned())?;
        let axis = case.normal_axis(view);
        let voxel = case.extent().nearest_voxel(position)?.to_array();
        level_trace(&case.image, axis, voxel[axis], in_plane(axis, voxel))
    }

    fn paint_outline(
        &mut self,
        (name, tool): (&str, &'static str),
        outline: &Outline,
        slices: Option<std::ops::Range<usize>>,
        paint: &Paint,
        effects: &mut Vec<Effect>,
    ) {
        let limit = self.tools.intensity_limit;
        let what = match paint.class {
            Some(class) => self.class_name(class).to_owned(),
            None => "erased".to_owned(),
        };
        let Some(case) = self.case_mut() else { return };
        let extent = case.extent();
        let mut inside = match slices {
            Some(slices) => outline.through_volume(extent, slices),
            None => outline.voxels(extent),
        };
        if let Some(range) = limit {
            inside = restrict(&inside, &case.image, range);
        }
        if let Some(delta) = paint_voxels(Arc::make_mut(&mut case.labels), &inside, paint) {
            let name = format!("{name}, {what}, {}", voxels(delta.voxel_count()));
            self.record(name, EditKind::Painted { tool }, delta, effects);
        }
    }
}

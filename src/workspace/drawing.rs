//! An outline that is being drawn in a slice and has not become labels yet.

use crate::edit::{LiveWire, Outline};
use crate::geometry::Plane;
use crate::volume::Image;
use crate::workspace::Tool;

#[derive(Clone, Debug)]
pub struct Drawing {
    pub view: Plane,
    pub tool: Tool,
    /// The closed line so far.
    pub outline: Outline,
    /// Erases instead of painting (or the other way with scissors).
    pub inverted: bool,
    /// Places in `outline.points` that the user set; of a live wire the points between them are its own.
    pub anchors: Vec<usize>,
    /// From the last anchor to the pointer, for a live wire.
    pub path: Vec<[f64; 2]>,
    wire: Option<LiveWire>,
    held: Option<usize>,
    freehand: bool,
}

/// A hand trembles by about so many voxels: corners of a freehand line that say less are left out.
const TREMBLE_VOXELS: f64 = 0.4;

impl Drawing {
    pub(super) fn begin(view: Plane, tool: Tool, axis: usize, slice: usize, inverted: bool) -> Self {
        Self {
            view,
            tool,
            outline: Outline { axis, slice, points: Vec::new() },
            inverted,
            anchors: Vec::new(),
            path: Vec::new(),
            wire: None,
            held: None,
            freehand: matches!(tool, Tool::Lasso | Tool::Scissors),
        }
    }

    /// An outline that is only shown.
    pub fn showing(view: Plane, outline: Outline) -> Self {
        Self { outline, ..Self::begin(view, Tool::LevelTrace, 0, 0, false) }
    }

    /// The position in the volume of an in-plane one.
    pub fn in_volume(&self, [u, v]: [f64; 2]) -> [f64; 3] {
        // Slices are far fewer than f64 counts exactly.
        let w = self.outline.slice as f64;
        match self.outline.axis {
            0 => [w, u, v],
            1 => [u, w, v],
            _ => [u, v, w],
        }
    }

    /// Only corners of polygons and lassos can be moved: those of a live wire hold its path.
    pub fn has_movable_anchors(&self) -> bool {
        matches!(self.tool, Tool::Polygon | Tool::Lasso)
    }

    pub fn is_closed_enough(&self) -> bool {
        self.outline.points.len() >= 3
    }

    /// The freehand line is being drawn.
    pub fn is_freehand(&self) -> bool {
        self.freehand
    }

    /// A corner at the end; it is held until the button comes up. `image` leads a live wire.
    pub(super) fn press(&mut self, at: [f64; 2], image: &Image) {
        if self.tool == Tool::LiveWire {
            let path = self.wire.as_ref().map_or_else(|| vec![at], |wire| wire.path_to(at));
            // The first point of a path is the anchor it begins at.
            let joined = usize::from(!self.outline.points.is_empty());
            self.outline.points.extend(path.into_iter().skip(joined));
            self.wire = LiveWire::new(image, self.outline.axis, self.outline.slice, at);
            self.path.clear();
        } else {
            self.outline.points.push(at);
            self.held = Some(self.outline.points.len() - 1);
        }
        self.anchors.extend(self.outline.points.len().checked_sub(1));
    }

    pub(super) fn hold(&mut self, anchor: usize) {
        self.held = self.has_movable_anchors().then_some(anchor);
    }

    pub(super) fn move_to(&mut self, at: [f64; 2]) {
        if self.freehand {
            let moved = |last: &[f64; 2]| (last[0] - at[0]).hypot(last[1] - at[1]) >= TREMBLE_VOXELS / 2.0;
            if self.outline.points.last().is_none_or(moved) {
                self.outline.points.push(at);
            }
        } else if let Some(held) = self.held {
            self.outline.move_anchor(held, at);
        }
    }

    /// The button came up: a freehand line becomes corners that can be moved.
    pub(super) fn release(&mut self) {
        self.held = None;
        if self.freehand {
            self.freehand = false;
            self.outline = self.outline.simplified(TREMBLE_VOXELS);
            self.anchors = (0..self.outline.points.len()).collect();
        }
    }

    pub(super) fn hover(&mut self, at: [f64; 2]) {
        if let Some(wire) = &self.wire {
            self.path = wire.path_to(at);
        }
    }

    /// Takes the last corner back; false if none is left.
    pub(super) fn back(&mut self, image: &Image) -> bool {
        self.anchors.pop();
        let left = self.anchors.last().map_or(0, |last| last + 1);
        self.outline.points.truncate(left);
        self.path.clear();
        self.wire = match self.outline.points.last().filter(|_| self.tool == Tool::LiveWire) {
            Some(&at) => LiveWire::new(image, self.outline.axis, self.outline.slice, at),
            None => None,
        };
        left > 0
    }

    /// The line that is filled: a live wire is closed along edges too.
    pub(super) fn closed(&self) -> Outline {
        let mut outline = self.outline.clone();
        if let (Some(wire), Some(&first)) = (&self.wire, self.outline.points.first()) {
            outline.points.extend(wire.path_to(first).into_iter().skip(1));
        }
        outline
    }
}

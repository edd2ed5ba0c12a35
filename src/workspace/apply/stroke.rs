//! A stroke from press to release: it writes while it goes on and is one undo step at the end.

use std::sync::Arc;

use crate::edit::{
    Acceptance, AdaptiveSettings, Brush, BrushSweep, IntensityRange, ObliqueStroke, Paint, PaintRule, StrokeSegment,
    VoxelSet, accept, adaptive, paint_voxels, restrict,
};
use crate::geometry::Plane;
use crate::volume::Image;
use crate::worker::protocol_io::EditKind;
use crate::workspace::{Effect, Notice, Tool, Tools, Workspace};

#[derive(Debug)]
pub(in crate::workspace) struct Stroke {
    normal_axis: usize,
    /// Of the turned plane that a flat brush paints on, in world space.
    turned_normal: Option<[f64; 3]>,
    last: [f64; 3],
    sweep: BrushSweep,
    ink: Ink,
    /// Only the tissue under the pointer is painted; an eraser takes all.
    follows_tissue: bool,
    limit: Option<IntensityRange>,
}

/// What a stroke leaves behind.
#[derive(Debug)]
enum Ink {
    Paint(Box<Paint>),
    Accept,
}

impl Stroke {
    /// What comes under the brush on the way from its last position.
    fn voxels(&mut self, brush: Brush, image: &Image, to: [f64; 3]) -> VoxelSet {
        let (from, spacing_mm) = (self.last, image.spacing_mm());
        if let Some(normal) = self.turned_normal {
            let diameter_mm = brush.diameter_mm(None, spacing_mm);
            return ObliqueStroke { diameter_mm, normal, world_from_voxel: image.affine, from, to }
                .voxels(image.extent());
        }
        let segment = StrokeSegment { brush, plane_normal_axis: self.normal_axis, from, to, spacing_mm };
        match self.follows_tissue {
            true => adaptive(&segment, image, &AdaptiveSettings::default()),
            false => self.sweep.advance(&segment, image.extent()),
        }
    }
}

impl Workspace {
    pub(super) fn begin_stroke(&mut self, view: Plane, position: [f64; 3], inverted: bool, effects: &mut Vec<Effect>) {
        if !self.can_edit() {
            return;
        }
        if (self.tools.tool, inverted) == (Tool::AcceptBrush, false) && self.must_see_newest(effects) {
            return;
        }
        let ink = match (self.tools.tool, inverted) {
            (Tool::Brush, false) | (Tool::Eraser, true) => Ink::Paint(Box::new(self.paint())),
            (Tool::Brush | Tool::AcceptBrush, true) | (Tool::Eraser, false) => Ink::Paint(Box::new(self.eraser())),
            (Tool::AcceptBrush, false) if self.case().is_some_and(|case| case.prediction.is_some()) => Ink::Accept,
            (Tool::AcceptBrush, false) => return self.notify_no_prediction(effects),
            _ => return,
        };
        let Tools { brush, adaptive, intensity_limit: limit, .. } = self.tools;
        let follows_tissue = adaptive && matches!(&ink, Ink::Paint(paint) if paint.class.is_some());
        let is_flat = brush.shape.is_flat();
        let to = "paint along edges with a flat brush, or choose the ball";
        if follows_tissue && is_flat && self.must_straighten(to, effects) {
            return;
        }
        let Some(case) = self.case_mut() else { return };
        let normal_axis = case.normal_axis(view);
        let turned_normal = case.camera(view).turned().filter(|_| is_flat).map(|turned| turned.plane().normal());
        case.history.begin("Stroke".to_owned());
        let (last, sweep) = (position, BrushSweep::default());
        self.stroke = Some(Stroke { normal_axis, turned_normal, last, sweep, ink, follows_tissue, limit });
        self.extend_stroke(position, effects);
    }

    pub(super) fn extend_stroke(&mut self, to: [f64; 3], effects: &mut Vec<Effect>) {
        let Some(mut stroke) = self.stroke.take() else { return };
        let (rule, locked, brush) = (self.doubt_rule(), self.locked(), self.tools.pressed_brush());
        let Some(case) = self.case_mut() else { return };
        let labels = Arc::make_mut(&mut case.labels);
        let mut voxels = stroke.voxels(brush, &case.image, to);
        let delta = match (&stroke.ink, &case.prediction) {
            (Ink::Paint(paint), _) => {
                if let Some(range) = stroke.limit {
                    voxels = restrict(&voxels, &case.image, range);
                }
                paint_voxels(labels, &voxels, paint)
            }
            (Ink::Accept, Some(prediction)) => {
                let what = Acceptance::Brush(voxels);
                accept(labels, &prediction.class, &what, |i| prediction.is_trusted(i, &rule), &locked)
            }
            (Ink::Accept, None) => None,
        };
        if let Some(delta) = delta {
            effects.push(Effect::UploadLabels(delta.bounds()));
            case.history.stage(delta);
        }
        stroke.last = to;
        self.stroke = Some(stroke);
    }

    /// Makes the stroke one named step and sends it on. Nothing happens if it changed nothing.
    pub(in crate::workspace) fn end_stroke(&mut self, effects: &mut Vec<Effect>) {
        let Some(stroke) = self.stroke.take() else { return };
        let Some(delta) = self.case_mut().and_then(|case| case.history.commit()) else { return };
        let (name, kind) = match &stroke.ink {
            Ink::Paint(paint) => match paint.class {
                Some(class) => (format!("Paint {}", self.class_name(class)), EditKind::Painted { tool: "Brush" }),
                None => ("Erase".to_owned(), EditKind::Painted { tool: "Eraser" }),
            },
            Ink::Accept => ("Accept".to_owned(), self.accepted_kind()),
        };
        if let Some(case) = self.case_mut() {
            case.history.rename_newest(format!("{name}, {}", voxels(delta.voxel_count())));
        }
        self.publish(delta, kind, effects);
    }

    /// What the brush paints: the chosen class by the chosen rule.
    pub(super) fn paint(&self) -> Paint {
        Paint { class: Some(self.tools.class), rule: self.tools.rule, locked: self.locked() }
    }

    /// Erasing only where nothing is would do nothing, so that rule does not hold for the eraser.
    pub(super) fn eraser(&self) -> Paint {
        let rule = match self.tools.rule {
            PaintRule::UnknownOnly => PaintRule::Everything,
            rule => rule,
        };
        Paint { class: None, rule, locked: self.locked() }
    }

    pub(super) fn notify_no_prediction(&mut self, effects: &mut Vec<Effect>) {
        let text = "There is no pseudo-label of this case yet. Start training, or predict all cases.";
        self.notify(Notice::info(text), effects);
    }
}

/// "1 voxel", "214 voxels".
pub(super) fn voxels(count: usize) -> String {
    if count == 1 { "1 voxel".to_owned() } else { format!("{count} voxels") }
}

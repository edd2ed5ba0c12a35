//! The classes between two drawn slices.

use super::super::OperationError;
use super::super::task::{Task, is_known, relative};
use super::frame::Frame;
use super::morph::Morph;
use super::survey::GapPlan;
use crate::geometry::Voxel;
use crate::label::{ClassId, LabelValue};

/// Distances closer to zero than this part of a voxel are rounding: on the rim is inside, lest a line one voxel wide
/// vanish on the way.
const ROUNDING: f64 = 1e-4;
/// So much of the way is held back: a voxel on the rim half-way goes with the first slice, and shapes neither grow nor
/// shrink by ties. More than what [`ROUNDING`] forgives.
const HELD_BACK: f32 = 1e-3;

/// A plan with all it takes to fill its slices.
pub(super) struct Gap {
    pub(super) plan: GapPlan,
    morphs: Vec<(ClassId, Morph)>,
    /// Of all classes together, if there are several: shapes that touch in both slices touch in between, where the
    /// blend of each by itself could leave a gap.
    together: Option<Morph>,
    rim_mm: f32,
}

impl Gap {
    pub(super) fn new(task: &Task, frame: &Frame, mut plan: GapPlan) -> Result<Self, OperationError> {
        // The field of a shape must see its outside.
        plan.bounds = frame.grown(plan.bounds, 1);
        let (spacing_mm, slice_mm) = frame.spacing_mm(task.spacing_mm);
        let gap_mm = slice_mm * (plan.to - plan.from) as f64;
        let masks = |inside: &dyn Fn(LabelValue) -> bool| {
            let mask = |slice| frame.mask(task.labels, plan.bounds, slice, inside);
            mask(plan.from).zip(mask(plan.to))
        };
        let mut morphs = Vec::new();
        for &class in &plan.classes {
            task.watch.check()?;
            let ends = masks(&|value| is_known(value, class));
            morphs.extend(ends.map(|(from, to)| (class, Morph::new(&from, &to, spacing_mm, gap_mm))));
        }
        let any = |value: LabelValue| value.origin.is_known() && plan.classes.contains(&value.class);
        let ends = if plan.classes.len() > 1 { masks(&any) } else { None };
        let together = ends.map(|(from, to)| Morph::without_pairs(&from, &to, spacing_mm));
        let rim_mm = (ROUNDING * spacing_mm[0].min(spacing_mm[1])) as f32;
        Ok(Self { plan, morphs, together, rim_mm })
    }

    /// The class at a position of the plane in a slice of the gap, and how deep inside (mm, lower is deeper).
    pub(super) fn class_at(&self, at: Voxel, slice: usize) -> Option<(f32, ClassId)> {
        if !self.plan.bounds.contains(at) {
            return None;
        }
        let at = relative(at, self.plan.bounds);
        let share = (slice - self.plan.from) as f32 / (self.plan.to - self.plan.from) as f32 - HELD_BACK;
        let distances = self.morphs.iter().map(|(class, morph)| (morph.distance_mm(at, share), *class));
        let nearest = distances.min_by(|a, b| a.0.total_cmp(&b.0))?;
        let together = self.together.as_ref().map_or(nearest.0, |all| all.distance_mm(at, share));
        (nearest.0.min(together) <= self.rim_mm).then_some(nearest)
    }
}

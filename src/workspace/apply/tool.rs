//! Tool, brush and paint rule.

use crate::edit::BrushSize;
use crate::workspace::{ToolAction, Workspace};

/// One step of the size keys.
const SIZE_STEP: f64 = 1.2;
/// Usable diameters, in mm or voxels.
const DIAMETERS: (f64, f64) = (0.1, 500.0);

impl Workspace {
    pub(super) fn apply_tool(&mut self, action: ToolAction) {
        let tools = &mut self.tools;
        match action {
            ToolAction::Select(tool) => tools.tool = tool,
            ToolAction::SetBrushSize(size) => tools.brush.size = usable(size, |diameter| diameter),
            ToolAction::GrowBrush(steps) => {
                tools.brush.size = usable(tools.brush.size, |diameter| diameter * SIZE_STEP.powi(steps));
            }
            ToolAction::SetBrushShape(shape) => tools.brush.shape = shape,
            ToolAction::SetPaintRule(rule) => tools.rule = rule,
            ToolAction::SetIntensityLimit(limit) => tools.intensity_limit = limit,
            ToolAction::SetAdaptive(adaptive) => tools.adaptive = adaptive,
            ToolAction::SetTolerance(tolerance) => tools.tolerance = Some(tolerance).filter(|t| *t >= 0.0),
            ToolAction::SetInVolume(in_volume) => tools.in_volume = in_volume,
            ToolAction::PressPen(pressure) => {
                tools.pen_pressure = pressure.filter(|p| p.is_finite()).map(|p| p.clamp(0.0, 1.0));
                tools.pen_seen |= tools.pen_pressure.is_some();
            }
            ToolAction::SetPenSetsSize(sets_size) => tools.pen_sets_size = sets_size,
        }
    }
}

fn usable(size: BrushSize, change: impl Fn(f64) -> f64) -> BrushSize {
    // `max` turns NaN into the smallest.
    let clamped = |diameter| change(diameter).max(DIAMETERS.0).min(DIAMETERS.1);
    match size {
        BrushSize::Mm(diameter) => BrushSize::Mm(clamped(diameter)),
        BrushSize::Voxels(diameter) => BrushSize::Voxels(clamped(diameter)),
    }
}

//! The tool in the hand.

use crate::edit::{Brush, BrushShape, BrushSize, IntensityRange, PaintRule};
use crate::label::ClassId;
use crate::workspace::Tool;

#[derive(Clone, Debug, PartialEq)]
pub struct Tools {
    pub tool: Tool,
    pub brush: Brush,
    pub rule: PaintRule,
    /// The class that is painted; 0 = background.
    pub class: ClassId,
    /// Where set, tools write only voxels of these intensities.
    pub intensity_limit: Option<IntensityRange>,
    /// The brush stays within the tissue under the pointer.
    pub adaptive: bool,
    /// Of a fill by intensity, in the image's units; `None`: a share of its window.
    pub tolerance: Option<f64>,
    /// Fills and islands in the volume, not in the slice alone.
    pub in_volume: bool,
    /// How hard the pen is pressed, 0 to 1, while it says so.
    pub(super) pen_pressure: Option<f32>,
    /// A pen has said so before.
    pub pen_seen: bool,
    /// The brush is smaller where the pen is pressed less.
    pub pen_sets_size: bool,
}

/// Share of its size that the brush has under a pen that hardly touches.
const LIGHTEST_TOUCH: f64 = 0.25;

impl Tools {
    /// The brush as large as the pen is pressed; without a pen, or where that is switched off, as it was set.
    pub fn pressed_brush(&self) -> Brush {
        let share = match self.pen_pressure.filter(|_| self.pen_sets_size) {
            Some(pressure) => LIGHTEST_TOUCH + (1.0 - LIGHTEST_TOUCH) * f64::from(pressure),
            None => 1.0,
        };
        let size = match self.brush.size {
            BrushSize::Mm(mm) => BrushSize::Mm(mm * share),
            BrushSize::Voxels(voxels) => BrushSize::Voxels(voxels * share),
        };
        Brush { size, ..self.brush }
    }
}

impl Default for Tools {
    fn default() -> Self {
        let brush = Brush { shape: BrushShape::Disc, size: BrushSize::Mm(6.0) };
        Self {
            tool: Tool::default(),
            brush,
            rule: PaintRule::Everything,
            class: 1,
            intensity_limit: None,
            adaptive: false,
            tolerance: None,
            in_volume: false,
            pen_pressure: None,
            pen_seen: false,
            pen_sets_size: true,
        }
    }
}

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
        }
    }
}

//! The tool in the hand.

use crate::edit::{Brush, BrushShape, BrushSize, PaintRule};
use crate::label::ClassId;
use crate::workspace::Tool;

#[derive(Clone, Debug, PartialEq)]
pub struct Tools {
    pub tool: Tool,
    pub brush: Brush,
    pub rule: PaintRule,
    /// The class that is painted; 0 = background.
    pub class: ClassId,
}

impl Default for Tools {
    fn default() -> Self {
        let brush = Brush { shape: BrushShape::Disc, size: BrushSize::Mm(6.0) };
        Self { tool: Tool::default(), brush, rule: PaintRule::Everything, class: 1 }
    }
}

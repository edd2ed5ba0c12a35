//! The one door that writes labels: brushes, fills, acceptance of pseudo-labels; run-length deltas and undo history.

mod accept;
mod brush;
mod delta;
mod delta_bytes;
mod fill;
mod history;
mod paint;
mod stroke;
mod voxel_set;

pub use accept::{Acceptance, accept, stroke_accept};
pub use brush::{Brush, BrushShape, BrushSize};
pub use delta::{Delta, DeltaError, Direction, Run};
pub use fill::{FillScope, flood_fill};
pub use history::{History, HistoryError, HistoryStep};
pub use paint::{ClassFlags, Paint, PaintRule, complete_case, complete_slice, paint_voxels};
pub use stroke::{StrokeSegment, stroke_segment};
pub use voxel_set::VoxelSet;

//! The one door that writes labels: brushes, outlines, fills, operations, acceptance of pseudo-labels; run-length deltas
//! and undo history.

mod accept;
mod brush;
mod brush_sweep;
mod delta;
mod delta_bytes;
mod fill;
mod history;
mod history_record;
mod intensity;
mod live_wire;
mod oblique_stroke;
mod operation;
mod outline;
mod paint;
mod slice_plane;
mod stroke;
mod voxel_set;

pub use accept::{Acceptance, accept, withdraw_accepted};
pub use brush::{Brush, BrushShape, BrushSize};
pub use brush_sweep::BrushSweep;
pub use delta::{Delta, DeltaError, Direction, Run};
pub use fill::{FillScope, flood_fill};
pub use history::{History, HistoryError, HistoryStep};
pub use history_record::{HistoryRecord, StoredStep};
pub use intensity::{
    AdaptiveSettings, ConfidenceSettings, GrowthBounds, GrowthError, IntensityRange, Likeness, Selection, adaptive,
    fill_similar, grow_region, level_trace, restrict,
};
pub use live_wire::LiveWire;
pub use oblique_stroke::ObliqueStroke;
pub use operation::{
    Combination, Operation, OperationError, OperationRequest, Proposal, Scope, Smoothing, Watch, propose,
};
pub use outline::{EdgePoint, Outline};
pub use paint::{ClassFlags, Paint, PaintRule, complete_case, complete_slice, paint_voxels};
pub use slice_plane::in_plane;
pub use stroke::StrokeSegment;
pub use voxel_set::VoxelSet;

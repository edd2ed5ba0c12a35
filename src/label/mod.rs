//! Labels: the class table, the label map (class and origin planes), connected components, distances.

mod bits;
mod class;
mod class_colours;
mod class_search;
mod class_table;
#[cfg(test)]
pub(crate) mod colour_difference;
mod components;
mod distance;
mod doubt_rule;
mod indecision;
mod label_map;
mod lower_envelope;
mod morphology;
mod prediction;
mod prediction_difference;
mod probability_kind;
mod region_spans;
mod rejections;
mod row_runs;
mod spans;
mod surface;
mod surface_mesh;

pub use class::{Class, ClassId, ClassStatus};
pub use class_table::{ClassTable, ClassTableError};
pub use components::{component_sizes, components};
pub use distance::{distance_transform_mm, signed_distance_mm};
pub use doubt_rule::{DoubtRule, DoubtThresholds, combined_doubt, likeness};
pub use indecision::{Indecision, RegionCode};
pub use label_map::{LabelMap, LabelValue, Origin};
pub use morphology::{
    Wall, close_mm, dilate_mm, erode_mm, fill_holes, fill_holes_in_slices, gaussian, hollow_mm, median, open_mm,
    smooth_jointly,
};
pub use prediction::{FINE_STEPS, Prediction, Probabilities, Provenance, probability_to_u8};
pub use probability_kind::ProbabilityKind;
pub use region_spans::{component_at, component_spans_at, component_spans_in};
pub use rejections::Rejections;
pub use spans::{Span, overlapping, span_voxels, united, without};
pub use surface::{boundary_band, surface};
pub use surface_mesh::{SurfaceBricks, SurfaceError, SurfaceMesh};

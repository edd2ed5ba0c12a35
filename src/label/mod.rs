//! Labels: the class table, the label map (class and origin planes), connected components, distances.

mod class;
mod class_colours;
mod class_search;
mod class_table;
#[cfg(test)]
pub(crate) mod colour_difference;
mod components;
mod distance;
mod label_map;
mod prediction;
mod probability_kind;

pub use class::{Class, ClassId, ClassStatus};
pub use class_table::{ClassTable, ClassTableError};
pub use components::{component_at, component_spans_at, components};
pub use distance::{boundary_band, distance_transform_mm, surface};
pub use label_map::{LabelMap, LabelValue, Origin};
pub use prediction::{FINE_STEPS, Prediction, Probabilities, Provenance, probability_to_u8};
pub use probability_kind::ProbabilityKind;

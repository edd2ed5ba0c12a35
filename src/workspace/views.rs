//! What the viewers share, whatever case they show.

use crate::geometry::{PatientSide, Plane};
use crate::view::LayerSettings;
use crate::workspace::Hover;

#[derive(Clone, Debug, PartialEq)]
pub struct Views {
    pub layout: Layout,
    pub active: Plane,
    pub side: PatientSide,
    pub layers: LayerSettings,
    pub hover: Option<Hover>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// Axial, coronal, sagittal and the facts.
    #[default]
    Grid,
    Maximised(Plane),
}

impl Default for Views {
    fn default() -> Self {
        Self {
            layout: Layout::default(),
            active: Plane::Axial,
            side: PatientSide::default(),
            layers: LayerSettings::default(),
            hover: None,
        }
    }
}

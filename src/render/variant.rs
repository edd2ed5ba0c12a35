//! Which parts of the shader a view needs.

use super::{PredictionState, SliceScene};
use crate::view::LabelStyle;

/// The `override` constants of `slice.wgsl`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Variant {
    labels: bool,
    label_contours: bool,
    pseudo: bool,
    network_contours: bool,
    interpolate: bool,
}

impl Variant {
    /// Without prediction planes on the device their layers are off.
    pub fn new(scene: &SliceScene, has_prediction: bool) -> Self {
        let layers = &scene.layers;
        let predicted = has_prediction && scene.prediction != PredictionState::Absent;
        Self {
            labels: layers.labels,
            label_contours: layers.labels && layers.label_style == LabelStyle::Contour,
            pseudo: predicted && layers.pseudo,
            network_contours: predicted && layers.network_contours,
            interpolate: layers.interpolation,
        }
    }

    pub fn constants(self) -> [(&'static str, f64); 5] {
        [
            ("LABELS", self.labels),
            ("LABEL_CONTOURS", self.label_contours),
            ("PSEUDO", self.pseudo),
            ("NETWORK_CONTOURS", self.network_contours),
            ("INTERPOLATE", self.interpolate),
        ]
        .map(|(name, on)| (name, f64::from(u8::from(on))))
    }
}

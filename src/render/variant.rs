//! Which parts of the shader a view needs.

use super::{GpuVolumes, PredictionState, SliceScene};
use crate::view::{ColourAxes, Contours, LabelStyle, SlabProjection};

/// The `override` constants of `slice.wgsl`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Variant {
    labels: bool,
    label_contours: bool,
    pseudo: bool,
    contours: Contours,
    interpolate: bool,
    two_axes: bool,
    difference: bool,
    /// Absent for a thin slice.
    slab: Option<SlabProjection>,
    overlay: bool,
    oblique: bool,
    /// Whether any volume the view reads is folded.
    folded: bool,
}

impl Variant {
    /// Without prediction planes on the device their layers are off; without the second one colours have one axis.
    pub fn new(scene: &SliceScene, volumes: &GpuVolumes) -> Self {
        let layers = &scene.layers;
        let axes = if volumes.has_second_value(scene.slot) { scene.colours.axes() } else { ColourAxes::One };
        let overlay = volumes.overlay().filter(|_| scene.overlay.is_some());
        let predicted = volumes.has_prediction(scene.slot) && scene.prediction != PredictionState::Absent;
        Self {
            labels: layers.labels,
            label_contours: layers.labels && layers.label_style == LabelStyle::Contour,
            pseudo: predicted && layers.pseudo,
            contours: if predicted { layers.shown_contours() } else { Contours::NONE },
            interpolate: layers.interpolation,
            two_axes: axes == ColourAxes::Two,
            difference: axes == ColourAxes::Difference,
            slab: scene.projection(),
            overlay: overlay.is_some(),
            oblique: scene.camera.turned().is_some(),
            folded: volumes.fold().is_folded() || overlay.is_some_and(|o| o.fold.is_folded()),
        }
    }

    pub fn constants(self) -> [(&'static str, f64); 15] {
        [
            ("LABELS", self.labels),
            ("LABEL_CONTOURS", self.label_contours),
            ("PSEUDO", self.pseudo),
            ("CONTOUR_A", self.contours.network_a),
            ("CONTOUR_B", self.contours.network_b),
            ("CONTOUR_FUSED", self.contours.fused),
            ("INTERPOLATE", self.interpolate),
            ("TWO_AXES", self.two_axes),
            ("DIFFERENCE", self.difference),
            ("SLAB_MAX", self.slab == Some(SlabProjection::Max)),
            ("SLAB_MIN", self.slab == Some(SlabProjection::Min)),
            ("SLAB_MEAN", self.slab == Some(SlabProjection::Mean)),
            ("OVERLAY", self.overlay),
            ("OBLIQUE", self.oblique),
            ("FOLDED", self.folded),
        ]
        .map(|(name, on)| (name, f64::from(u8::from(on))))
    }
}

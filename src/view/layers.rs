//! What is drawn over the picture.

use super::{ColourBy, Slab};
use crate::label::{ClassId, DoubtThresholds, Prediction};

/// How labels are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LabelStyle {
    #[default]
    Fill,
    Contour,
}

/// Whose class boundaries are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Contours {
    pub network_a: bool,
    pub network_b: bool,
    /// Of the mean of both: the pseudo-label itself.
    pub fused: bool,
}

impl Contours {
    pub const ALL: Self = Self { network_a: true, network_b: true, fused: true };
    pub const NONE: Self = Self { network_a: false, network_b: false, fused: false };
}

/// The switches of a viewer; every opacity and threshold is in 0..=1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LayerSettings {
    pub labels: bool,
    /// Of fills; contours are always opaque.
    pub label_opacity: f32,
    pub label_style: LabelStyle,
    /// Pseudo-labels, shown where nobody has labelled (everywhere while `labels` is off).
    pub pseudo: bool,
    pub pseudo_opacity: f32,
    /// Pseudo-labels coloured by what `doubt_by` says instead of by class alone.
    pub doubt: bool,
    pub doubt_by: ColourBy,
    /// What counts as doubtful.
    pub thresholds: DoubtThresholds,
    /// Outlines of what each network alone believes and of what they believe together, as far as `contours` says.
    pub network_contours: bool,
    pub contours: Contours,
    /// Pseudo-labels are the more opaque the surer what colours them is; what is trusted is not drawn fainter then.
    pub opacity_by_confidence: bool,
    pub crosshair: bool,
    /// Linear interpolation of the image inside the slice; labels are never interpolated.
    pub interpolation: bool,
    /// What of the image the slice looks through; labels and overlays are always those of the slice itself. `None` is thin.
    pub slab: Option<Slab>,
    /// The class pointed at in the list: the others are faded.
    pub highlight: Option<ClassId>,
}

impl Default for LayerSettings {
    fn default() -> Self {
        Self {
            labels: true,
            label_opacity: 0.5,
            label_style: LabelStyle::Fill,
            pseudo: true,
            pseudo_opacity: 0.5,
            doubt: true,
            doubt_by: ColourBy::default(),
            thresholds: DoubtThresholds::default(),
            network_contours: false,
            contours: Contours::ALL,
            opacity_by_confidence: false,
            crosshair: true,
            interpolation: true,
            slab: None,
            highlight: None,
        }
    }
}

impl LayerSettings {
    /// One press of the opacity keys.
    pub const OPACITY_STEP: f32 = 0.1;

    /// The outlines that are drawn.
    pub fn shown_contours(&self) -> Contours {
        if self.network_contours { self.contours } else { Contours::NONE }
    }

    /// What colours the pseudo-labels; `None`: their class alone.
    pub fn coloured_by(&self) -> Option<ColourBy> {
        self.doubt.then_some(self.doubt_by)
    }

    /// The planes that are needed for it. Where the class alone chooses the colour, opacity goes by dual confidence.
    pub fn planes_by(&self) -> ColourBy {
        if self.opacity_by_confidence && !self.doubt { ColourBy::DualConfidence } else { self.doubt_by }
    }

    pub fn colour_by(&mut self, by: Option<ColourBy>) {
        self.doubt = by.is_some();
        self.doubt_by = by.unwrap_or(self.doubt_by);
    }

    /// These settings as far as a prediction can follow them.
    pub fn fitting(self, prediction: Option<&Prediction>) -> Self {
        Self { doubt_by: prediction.map_or(self.doubt_by, |p| self.doubt_by.or_known(p)), ..self }
    }

    /// Changes the label opacity by `delta`, clamped to 0..=1.
    pub fn nudge_label_opacity(&mut self, delta: f32) {
        // A NaN would survive a clamp.
        let wanted = self.label_opacity + delta;
        self.label_opacity = if wanted.is_finite() { wanted.clamp(0.0, 1.0) } else { self.label_opacity };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_opacity_stays_between_invisible_and_opaque() {
        let mut layers = LayerSettings::default();
        for _ in 0..20 {
            layers.nudge_label_opacity(LayerSettings::OPACITY_STEP);
        }
        assert_eq!(layers.label_opacity, 1.0);
        layers.nudge_label_opacity(-5.0);
        assert_eq!(layers.label_opacity, 0.0);
        layers.nudge_label_opacity(f32::NAN);
        assert_eq!(layers.label_opacity, 0.0);
    }
}

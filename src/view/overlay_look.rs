//! How a second image over the first looks.

use super::{OverlayColourMap, WindowLevel};

/// Half of one of 255 levels counts as the lower edge itself: a background that lies on it would else be speckled by the
/// rounding of its interpolation.
const HIDDEN_SHARE: f64 = 0.5 / 255.0;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OverlayLook {
    /// Of the overlay's own intensities. Nothing is drawn at its lower edge and below.
    pub window: WindowLevel,
    pub map: OverlayColourMap,
    /// 0..=1, the same wherever something is drawn.
    pub opacity: f32,
}

impl OverlayLook {
    /// Place of an intensity on the colour map, 0..=1; `None` where nothing is drawn, as for NaN.
    pub fn share(&self, intensity: f64) -> Option<f64> {
        let share = self.window.grey(intensity);
        (share > HIDDEN_SHARE).then_some(share)
    }

    /// The opacity in 0..=1 whatever was set; NaN is 0.
    pub fn weight(&self) -> f32 {
        if self.opacity > 0.0 { self.opacity.min(1.0) } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(opacity: f32) -> OverlayLook {
        OverlayLook { window: WindowLevel::between(2.0, 12.0), map: OverlayColourMap::Hot, opacity }
    }

    #[test]
    fn what_is_not_above_the_lower_edge_is_not_drawn_and_what_is_beyond_the_upper_one_is() {
        for nothing in [f64::NEG_INFINITY, -5.0, 2.0, 2.0 + 1e-9, f64::NAN] {
            assert_eq!(look(1.0).share(nothing), None, "{nothing}");
        }
        assert_eq!([7.0, 12.0, f64::INFINITY].map(|v| look(1.0).share(v)), [Some(0.5), Some(1.0), Some(1.0)]);
    }

    #[test]
    fn an_opacity_that_is_none_is_clamped() {
        let given = [0.3, -1.0, 7.0, f32::NAN, f32::INFINITY];
        assert_eq!(given.map(|opacity| look(opacity).weight()), [0.3, 0.0, 1.0, 0.0, 1.0]);
    }
}

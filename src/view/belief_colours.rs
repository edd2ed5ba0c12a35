//! The map with two axes: across what both networks believe, upwards how much it looks like the labels.
//!
//! Its corners are the class's own colour (both), dark amber (like the labels, but the networks doubt it), dark magenta
//! (sure, but unlike the labels) and nearly white (neither). They differ in lightness too, so that no eye needs the hue.

use super::DoubtColours;
use super::colour_space::{OkLab, linear_from_oklab, linear_from_srgb, oklab_from_linear, srgb_from_linear};
use crate::label::RegionCode;

const DOUBTED: [u8; 3] = [150, 90, 0];
const UNLIKE: [u8; 3] = [160, 0, 140];
/// How far the corners leave the class's own colour.
const DOUBTED_SHARE: f64 = 0.9;
const UNLIKE_SHARE: f64 = 0.8;
/// How magenta doubtful background unlike the labels is.
const UNLIKE_BACKGROUND_SHARE: f64 = 0.5;

/// Colours of the upper and the lower edge of the map; what lies between is their mixture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BeliefColours {
    pub doubt: DoubtColours,
}

impl BeliefColours {
    /// sRGB and weight of a voxel that looks like the labels.
    pub fn like_labels(&self, class_colour: [u8; 3], dual_confidence: u8) -> [u8; 4] {
        let [.., weight] = self.doubt.foreground(class_colour, dual_confidence);
        let look = self.doubt.look(dual_confidence);
        let own = oklab(class_colour);
        opaque(mixed(own, oklab(DOUBTED), DOUBTED_SHARE * look), weight)
    }

    /// The same of a voxel that does not look like the labels: it always stands out.
    pub fn unlike_labels(&self, class_colour: [u8; 3], dual_confidence: u8) -> [u8; 4] {
        let [r, g, b, _] = self.doubt.foreground(class_colour, 0);
        let sure = mixed(oklab(class_colour), oklab(UNLIKE), UNLIKE_SHARE);
        opaque(mixed(sure, oklab([r, g, b]), self.doubt.look(dual_confidence)), u8::MAX)
    }

    /// Background is seen where the networks doubt it; how much it looks like the labels only changes its colour.
    pub fn background_like_labels(&self, dual_confidence: u8) -> [u8; 4] {
        self.doubt.background(dual_confidence)
    }

    pub fn background_unlike_labels(&self, dual_confidence: u8) -> [u8; 4] {
        let [r, g, b, weight] = self.doubt.background(dual_confidence);
        opaque(mixed(oklab([r, g, b]), oklab(UNLIKE), UNLIKE_BACKGROUND_SHARE), weight)
    }

    /// Of a region of SGRS-Net; `None` is background. Agreement that is ambiguous looks as what the networks doubt, sureness
    /// of different classes as what is unlike the labels: the same four corners.
    pub fn region(&self, code: RegionCode, class_colour: Option<[u8; 3]>) -> [u8; 4] {
        let value = |sure: bool| if sure { u8::MAX } else { 0 };
        match (code, class_colour) {
            (RegionCode::AgreeSure, Some(class)) => self.like_labels(class, value(true)),
            (RegionCode::AgreeAmbiguous, Some(class)) => self.like_labels(class, value(false)),
            (RegionCode::DifferSure, Some(class)) => self.unlike_labels(class, value(true)),
            (RegionCode::DifferAmbiguous, Some(class)) => self.unlike_labels(class, value(false)),
            (RegionCode::AgreeSure, None) => self.background_like_labels(value(true)),
            (RegionCode::AgreeAmbiguous, None) => self.background_like_labels(value(false)),
            (RegionCode::DifferSure | RegionCode::DifferAmbiguous, None) => self.background_unlike_labels(value(false)),
        }
    }
}

fn oklab(colour: [u8; 3]) -> OkLab {
    oklab_from_linear(linear_from_srgb(colour))
}

fn mixed(from: OkLab, to: OkLab, share: f64) -> OkLab {
    std::array::from_fn(|i| from[i] + (to[i] - from[i]) * share)
}

fn opaque(colour: OkLab, weight: u8) -> [u8; 4] {
    let [r, g, b] = srgb_from_linear(linear_from_oklab(colour));
    [r, g, b, weight]
}

#[cfg(test)]
mod tests {
    use super::super::colour_space::seen::{self, EYES};
    use super::*;
    use crate::label::ClassTable;

    const COLOURS: BeliefColours = BeliefColours { doubt: DoubtColours { threshold: 0.25 } };

    fn corners(class: [u8; 3]) -> [[u8; 4]; 4] {
        [
            COLOURS.like_labels(class, 255),
            COLOURS.like_labels(class, 0),
            COLOURS.unlike_labels(class, 255),
            COLOURS.unlike_labels(class, 0),
        ]
    }

    #[test]
    fn the_corners_of_every_class_differ_for_every_eye() {
        for (eye, class) in EYES.iter().flat_map(|eye| ClassTable::PALETTE.map(|class| (eye, class))) {
            let corners = corners(class);
            for (i, a) in corners.iter().enumerate() {
                for b in &corners[..i] {
                    let d = seen::distance(eye, *a, *b);
                    assert!(d > seen::CLEAR, "{class:?}: {a:?} {b:?}: {d}");
                }
            }
        }
    }

    #[test]
    fn a_corner_of_doubt_looks_unlike_every_sure_class_for_every_eye() {
        for (eye, class) in EYES.iter().flat_map(|eye| ClassTable::PALETTE.map(|class| (eye, class))) {
            for (corner, other) in corners(class)[1..].iter().flat_map(|c| ClassTable::PALETTE.map(|o| (c, o))) {
                let [r, g, b] = other;
                let d = seen::distance(eye, *corner, [r, g, b, 255]);
                assert!(d > seen::CLEAR, "{class:?}: {corner:?} and {other:?}: {d}");
            }
        }
    }

    #[test]
    fn every_corner_is_seen_over_every_grey() {
        for (eye, class) in EYES.iter().flat_map(|eye| ClassTable::PALETTE.map(|class| (eye, class))) {
            for (corner, grey) in corners(class).iter().flat_map(|c| [0u8, 64, 128, 192, 255].map(|grey| (c, grey))) {
                let d = seen::distance(eye, seen::over_grey(*corner, grey, 0.5), [grey, grey, grey, 255]);
                assert!(d > seen::VISIBLE, "{class:?}: {corner:?} over {grey}: {d}");
            }
        }
    }

    #[test]
    fn belief_of_both_kinds_keeps_the_class_colour() {
        for class in ClassTable::PALETTE {
            let [r, g, b, _] = COLOURS.like_labels(class, 255);
            assert_eq!([r, g, b], class);
        }
    }

    #[test]
    fn background_is_seen_only_where_the_networks_doubt_it() {
        assert_eq!((COLOURS.background_like_labels(255)[3], COLOURS.background_unlike_labels(255)[3]), (0, 0));
        assert!(COLOURS.background_unlike_labels(0)[3] > 0);
        assert_ne!(COLOURS.background_unlike_labels(0), COLOURS.background_like_labels(0));
    }
}

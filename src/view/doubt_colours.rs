//! Hue says which class, lightness and saturation say how sure both networks are.

use super::colour_space::{linear_from_oklab, linear_from_srgb, oklab_from_linear, srgb_from_linear};

/// Lightness (OKLab) that full doubt moves towards, and how far it gets.
const DOUBT_LIGHTNESS: f64 = 0.98;
const DOUBT_LIGHTNESS_SHARE: f64 = 0.75;
/// Chroma that is left at full doubt: enough to tell the class, little enough to look washed out.
const DOUBT_CHROMA: f64 = 0.35;
/// How doubtful a voxel looks just below and just above the threshold; the gap makes the threshold visible.
const BELOW_THRESHOLD: f64 = 0.2;
const ABOVE_THRESHOLD: f64 = 0.5;
/// Weight of a sure fill relative to a doubtful one, so that doubt stands out over a bright picture too.
const SURE_WEIGHT: f64 = 0.8;
/// Weight and colour of doubtful background.
const BACKGROUND_WEIGHT: f64 = 0.55;
const BACKGROUND_DOUBT_COLOUR: [u8; 3] = [236, 226, 240];

/// Colours of pseudo-labels by class colour and dual confidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DoubtColours {
    /// Doubt (1 - dual confidence), 0..=1, from which a voxel counts as doubtful.
    pub threshold: f32,
}

impl DoubtColours {
    /// sRGB and a weight (the opacity of the layer is multiplied by `weight / 255`) of a foreground voxel.
    pub fn foreground(&self, class_colour: [u8; 3], dual_confidence: u8) -> [u8; 4] {
        let look = self.look(dual_confidence);
        let [lightness, a, b] = oklab_from_linear(linear_from_srgb(class_colour));
        let towards = (DOUBT_LIGHTNESS - lightness).max(0.0) * DOUBT_LIGHTNESS_SHARE;
        let chroma = 1.0 - (1.0 - DOUBT_CHROMA) * look;
        let shown = [lightness + towards * look, a * chroma, b * chroma];
        let [r, g, b] = srgb_from_linear(linear_from_oklab(shown));
        [r, g, b, weight_u8(SURE_WEIGHT + (1.0 - SURE_WEIGHT) * look)]
    }

    /// Like [`Self::foreground`] for a voxel that the networks call background: only doubt is visible.
    pub fn background(&self, dual_confidence: u8) -> [u8; 4] {
        let look = self.look(dual_confidence);
        let [r, g, b] = BACKGROUND_DOUBT_COLOUR;
        let weight = if look >= ABOVE_THRESHOLD { BACKGROUND_WEIGHT * look } else { 0.0 };
        [r, g, b, weight_u8(weight)]
    }

    /// How doubtful a voxel looks, 0..=1: growing with doubt, with a step at the threshold.
    pub(super) fn look(&self, dual_confidence: u8) -> f64 {
        let doubt = f64::from(255 - dual_confidence) / 255.0;
        let threshold = f64::from(self.threshold).clamp(0.0, 1.0);
        if doubt < threshold {
            BELOW_THRESHOLD * doubt / threshold
        } else if doubt == 0.0 {
            // A threshold of 0 must not make full agreement look doubtful.
            0.0
        } else {
            ABOVE_THRESHOLD + (1.0 - ABOVE_THRESHOLD) * (doubt - threshold) / (1.0 - threshold).max(f64::EPSILON)
        }
    }
}

fn weight_u8(weight: f64) -> u8 {
    // Weights are in 0..=1; `as` saturates.
    (weight * 255.0).round() as u8
}

#[cfg(test)]
mod tests {
    use super::super::colour_space::seen::{CLEAR, EYES, VISIBLE, distance, over_grey, seen};
    use super::*;
    use crate::label::ClassTable;

    const COLOURS: DoubtColours = DoubtColours { threshold: 0.25 };

    fn rgb([r, g, b, _]: [u8; 4]) -> [u8; 3] {
        [r, g, b]
    }

    #[test]
    fn sure_classes_differ_from_each_other_for_every_eye() {
        for eye in &EYES {
            let sure = ClassTable::PALETTE.map(|c| COLOURS.foreground(c, 255));
            for (i, a) in sure.iter().enumerate() {
                for (j, b) in sure[..i].iter().enumerate() {
                    let d = distance(eye, *a, *b);
                    assert!(d > CLEAR, "classes {} and {}: {d}", i + 1, j + 1);
                }
            }
        }
    }

    #[test]
    fn a_doubtful_voxel_looks_unlike_its_own_and_any_other_sure_class_for_every_eye() {
        for eye in &EYES {
            for (i, class) in ClassTable::PALETTE.iter().enumerate() {
                for (j, [r, g, b]) in ClassTable::PALETTE.into_iter().enumerate() {
                    let d = distance(eye, COLOURS.foreground(*class, 0), [r, g, b, 255]);
                    assert!(d > CLEAR, "{} {}: {d}", i + 1, j + 1);
                }
            }
        }
    }

    #[test]
    fn sure_and_doubtful_fills_are_seen_over_every_grey() {
        for eye in &EYES {
            for (class, confidence) in ClassTable::PALETTE.iter().flat_map(|c| [(c, 255u8), (c, 0)]) {
                let colour = COLOURS.foreground(*class, confidence);
                for grey in [0, 64, 128, 192, 255] {
                    let d = distance(eye, over_grey(colour, grey, 0.5), [grey, grey, grey, 255]);
                    assert!(d > VISIBLE, "{class:?} confidence {confidence} over grey {grey}: {d}");
                }
            }
        }
    }

    #[test]
    fn full_agreement_keeps_the_class_colour_and_doubt_only_grows_paler() {
        for class in ClassTable::PALETTE {
            assert_eq!(rgb(COLOURS.foreground(class, 255)), class);
            let lightness = |c| seen(&EYES[0], COLOURS.foreground(class, c))[0];
            for confidence in 0..255 {
                // 8-bit rounding moves the lightness by less than this.
                assert!(lightness(confidence) > lightness(confidence + 1) - 4e-3);
            }
        }
    }

    #[test]
    fn the_threshold_is_a_visible_step_and_decides_which_background_shows() {
        let class = ClassTable::PALETTE[0];
        let (above, below) = (COLOURS.foreground(class, 190), COLOURS.foreground(class, 193));
        let d = distance(&EYES[0], above, below);
        assert!(d > VISIBLE, "{d}");
        assert!(COLOURS.background(190)[3] > 0);
        assert_eq!(COLOURS.background(193)[3], 0);
    }

    #[test]
    fn extreme_thresholds_are_handled() {
        let class = ClassTable::PALETTE[1];
        assert_eq!(rgb(DoubtColours { threshold: 0.0 }.foreground(class, 255)), class);
        assert!(DoubtColours { threshold: 1.0 }.background(0)[3] > 0);
        assert_eq!(DoubtColours { threshold: 1.0 }.background(1)[3], 0);
    }
}

//! Colours of measures that say nothing of the class: nothing where there is nothing, the stronger the farther from it.

use super::colour_space::{linear_from_oklab, linear_from_srgb, oklab_from_linear, srgb_from_linear};

const SMALL_SPREAD: [u8; 3] = [132, 40, 130];
const LARGE_SPREAD: [u8; 3] = [255, 236, 130];
/// Below and above zero; blue and orange are told apart by every eye.
const LOWER: [u8; 3] = [40, 120, 255];
const HIGHER: [u8; 3] = [255, 150, 20];
/// Weight at the end of a scale.
const MOST_WEIGHT: f64 = 0.95;

/// sRGB and weight of 0 to the end of the scale (255).
pub(super) fn spread(value: u8) -> [u8; 4] {
    let share = f64::from(value) / 255.0;
    let oklab = |colour| oklab_from_linear(linear_from_srgb(colour));
    let (from, to) = (oklab(SMALL_SPREAD), oklab(LARGE_SPREAD));
    let [r, g, b] = srgb_from_linear(linear_from_oklab(std::array::from_fn(|i| from[i] + (to[i] - from[i]) * share)));
    [r, g, b, weight(share)]
}

/// sRGB and weight of a difference from -1 (0) over none (127) to 1 (255).
pub(super) fn shift(code: u8) -> [u8; 4] {
    let share = (f64::from(code) - f64::from(NO_SHIFT)) / f64::from(NO_SHIFT);
    let [r, g, b] = if share < 0.0 { LOWER } else { HIGHER };
    [r, g, b, weight(share.abs().min(1.0))]
}

const NO_SHIFT: u8 = 127;

/// The place of `second - first` on the scale of [`shift`]; the shader computes the same.
pub(super) fn shift_code(first: u8, second: u8) -> u8 {
    // 0..=255, because the sum is in 0..=510.
    ((255 + u16::from(second) - u16::from(first)) / 2) as u8
}

fn weight(share: f64) -> u8 {
    // The root lets small values be seen; in 0..=255.
    (255.0 * MOST_WEIGHT * share.sqrt()).round() as u8
}

#[cfg(test)]
mod tests {
    use super::super::colour_space::seen::{self, EYES};
    use super::*;

    #[test]
    fn nothing_is_clear_and_the_ends_are_strong() {
        assert_eq!((spread(0)[3], shift(shift_code(77, 77))[3]), (0, 0));
        assert_eq!((shift_code(255, 0), shift_code(0, 255)), (0, 255));
        for end in [spread(255), shift(0), shift(255)] {
            assert!(end[3] > 230, "{end:?}");
        }
    }

    #[test]
    fn less_and_more_are_told_apart_by_every_eye() {
        for eye in &EYES {
            assert!(seen::distance(eye, shift(0), shift(255)) > seen::CLEAR);
            assert!(seen::distance(eye, spread(40), spread(255)) > seen::CLEAR);
        }
    }

    #[test]
    fn a_stronger_shift_or_spread_weighs_more() {
        for code in 128..255 {
            assert!(shift(code + 1)[3] >= shift(code)[3] && spread(code + 1)[3] >= spread(code)[3]);
        }
    }
}

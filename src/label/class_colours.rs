//! The colours that classes get when nobody chooses one.

use super::ClassId;

/// Fill colours that stay apart for deuteranopes and over grey pictures (Okabe & Ito 2008, brightened).
pub(super) const COLOUR_BLIND_SAFE: [[u8; 3]; 8] = [
    [45, 212, 191],
    [96, 165, 250],
    [240, 180, 41],
    [204, 121, 167],
    [213, 94, 0],
    [240, 228, 66],
    [148, 103, 230],
    [120, 200, 80],
];

/// What follows after the first eight: dark, light and middle in turn, so that neighbours always differ in lightness.
///
/// Each was chosen in turn as the colour farthest, in CIE Lab, from all before it and from the background, with
/// distances under deuteranopia counted 2.5 times; lightness 40 to 88 and chroma 26 to 80, to be seen over any grey.
pub(super) const FURTHER: [[u8; 3]; 32] = [
    [228, 0, 84],
    [252, 204, 168],
    [252, 96, 216],
    [108, 96, 12],
    [228, 204, 252],
    [0, 144, 168],
    [12, 108, 72],
    [156, 192, 132],
    [228, 120, 96],
    [108, 84, 144],
    [228, 156, 252],
    [252, 84, 156],
    [132, 84, 60],
    [228, 216, 120],
    [0, 168, 108],
    [168, 36, 132],
    [12, 228, 120],
    [120, 144, 24],
    [0, 96, 192],
    [252, 180, 192],
    [228, 144, 60],
    [180, 72, 96],
    [120, 204, 216],
    [12, 144, 36],
    [192, 24, 12],
    [36, 192, 252],
    [252, 132, 156],
    [0, 108, 168],
    [132, 240, 180],
    [144, 132, 216],
    [0, 84, 216],
    [192, 228, 84],
];

pub(super) const BACKGROUND: [u8; 3] = [64, 70, 80];

/// The colour of a class that has none of its own; after 40 classes they repeat.
pub(super) fn default_colour(id: ClassId) -> [u8; 3] {
    let Some(place) = usize::from(id).checked_sub(1) else { return BACKGROUND };
    let place = place % (COLOUR_BLIND_SAFE.len() + FURTHER.len());
    COLOUR_BLIND_SAFE.iter().chain(&FURTHER).nth(place).copied().unwrap_or(BACKGROUND)
}

#[cfg(test)]
mod tests {
    use super::super::colour_difference::{Eye, difference, least_difference};
    use super::*;

    fn first(count: u8) -> Vec<[u8; 3]> {
        (1..=count).map(default_colour).collect()
    }

    #[test]
    fn the_first_eight_stay_apart_for_a_deuteranope() {
        assert!(least_difference(Eye::Deuteranope, &first(8)) > 11.0);
    }

    #[test]
    fn colours_stay_apart_also_from_the_background() {
        for (count, least) in [(24, 26.0), (40, 21.0)] {
            let colours: Vec<_> = first(count).into_iter().chain([BACKGROUND]).collect();
            let found = least_difference(Eye::Trichromat, &colours);
            assert!(found > least, "{count} colours: {found}");
        }
        // Twice what is just told apart side by side; a second sign (name, hover) is needed by such an eye.
        assert!(least_difference(Eye::Deuteranope, &first(40)) > 9.0);
    }

    #[test]
    fn neighbours_differ_clearly_and_colours_repeat_only_after_forty() {
        let colours = first(40);
        for pair in colours.windows(2) {
            assert!(difference(Eye::Trichromat, pair[0], pair[1]) > 30.0, "{pair:?}");
        }
        assert_eq!(default_colour(41), default_colour(1));
        assert_eq!(default_colour(0), BACKGROUND);
    }
}

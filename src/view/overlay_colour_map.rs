//! Colour maps of a second image over the first.

use serde::{Deserialize, Serialize};

/// A place on a map (0 to 1) and its sRGB colour.
type Stop = (f64, [u8; 3]);

const BLACK: [u8; 3] = [0; 3];
const WHITE: [u8; 3] = [255; 3];
const GREY: [Stop; 2] = [(0.0, BLACK), (1.0, WHITE)];
const INVERTED_GREY: [Stop; 2] = [(0.0, WHITE), (1.0, BLACK)];
/// Red, then green, then blue fill up, at the places where Matlab's `hot` has them.
const HOT: [Stop; 4] = [(0.0, BLACK), (0.375, [255, 0, 0]), (0.75, [255, 255, 0]), (1.0, WHITE)];
/// Every eighth of viridis (van der Walt and Smith 2015, public domain).
const VIRIDIS: [Stop; 9] = [
    (0.0, [68, 1, 84]),
    (0.125, [71, 44, 122]),
    (0.25, [59, 81, 139]),
    (0.375, [44, 113, 142]),
    (0.5, [33, 144, 141]),
    (0.625, [39, 173, 129]),
    (0.75, [92, 200, 99]),
    (0.875, [170, 220, 50]),
    (1.0, [253, 231, 37]),
];

/// From the lower to the upper edge of the overlay's window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OverlayColourMap {
    /// Black over red and yellow to white.
    #[default]
    Hot,
    /// Dark violet over green to yellow: even steps of lightness, the same to every eye.
    Viridis,
    Grey,
    /// White to black, as PET alone is read.
    InvertedGrey,
}

impl OverlayColourMap {
    pub const ALL: [Self; 4] = [Self::Hot, Self::Viridis, Self::Grey, Self::InvertedGrey];
    /// Entries of a table.
    pub const LENGTH: usize = 256;

    pub fn name(self) -> &'static str {
        match self {
            Self::Hot => "Hot",
            Self::Viridis => "Viridis",
            Self::Grey => "Grey",
            Self::InvertedGrey => "Inverted grey",
        }
    }

    /// Evenly spaced `[r, g, b, 255]`, sRGB; what lies between two entries is their mixture.
    pub fn table(self) -> [[u8; 4]; Self::LENGTH] {
        let stops: &[Stop] = match self {
            Self::Hot => &HOT,
            Self::Viridis => &VIRIDIS,
            Self::Grey => &GREY,
            Self::InvertedGrey => &INVERTED_GREY,
        };
        std::array::from_fn(|i| {
            let [r, g, b] = between(stops, i as f64 / (Self::LENGTH - 1) as f64);
            [r, g, b, u8::MAX]
        })
    }
}

/// Black without stops around `place`.
fn between(stops: &[Stop], place: f64) -> [u8; 3] {
    let around = stops.iter().zip(stops.iter().skip(1)).find(|(_, (end, _))| place <= *end);
    let Some(((start, from), (end, to))) = around else { return BLACK };
    let share = (place - start) / (end - start);
    // A mixture of bytes is one.
    std::array::from_fn(|c| (f64::from(from[c]) * (1.0 - share) + f64::from(to[c]) * share).round() as u8)
}

#[cfg(test)]
mod tests {
    use super::super::colour_space::seen::{EYES, VISIBLE, seen};
    use super::*;

    /// Bytes round lightness by up to this.
    const ROUNDING: f64 = 0.002;

    fn lightness(map: OverlayColourMap, eye: &[[f64; 3]; 3]) -> Vec<f64> {
        map.table().map(|colour| seen(eye, colour)[0]).to_vec()
    }

    #[test]
    fn every_map_grows_steadily_lighter_or_darker_for_every_eye() {
        for (map, eye) in OverlayColourMap::ALL.into_iter().flat_map(|map| EYES.iter().map(move |eye| (map, eye))) {
            let mut lightness = lightness(map, eye);
            if map == OverlayColourMap::InvertedGrey {
                lightness.reverse();
            }
            assert!(lightness.windows(2).all(|pair| pair[1] > pair[0] - ROUNDING), "{map:?}");
            assert!(lightness.windows(9).all(|pair| pair[8] > pair[0]), "{map:?}");
        }
    }

    #[test]
    fn viridis_spends_its_lightness_evenly() {
        let lightness = lightness(OverlayColourMap::Viridis, &EYES[0]);
        let even = (lightness[255] - lightness[0]) / 255.0;
        for (i, value) in lightness.iter().enumerate() {
            assert!((value - lightness[0] - even * i as f64).abs() < VISIBLE, "{i}");
        }
    }

    #[test]
    fn greys_are_exact_and_the_ends_are_those_of_the_names() {
        let [hot, viridis, grey, inverted] = OverlayColourMap::ALL.map(OverlayColourMap::table);
        for value in 0..=255u8 {
            let i = usize::from(value);
            assert_eq!((grey[i], inverted[255 - i]), ([value, value, value, 255], [value, value, value, 255]));
        }
        assert_eq!((hot[0], hot[255]), ([0, 0, 0, 255], [255; 4]));
        assert_eq!((viridis[0], viridis[255]), ([68, 1, 84, 255], [253, 231, 37, 255]));
    }

    #[test]
    fn neighbouring_entries_are_close_and_names_differ() {
        for map in OverlayColourMap::ALL {
            let table = map.table();
            assert!(table.windows(2).all(|pair| (0..3).all(|c| pair[0][c].abs_diff(pair[1][c]) <= 5)), "{map:?}");
            assert_eq!(OverlayColourMap::ALL.iter().filter(|other| other.name() == map.name()).count(), 1);
        }
    }
}

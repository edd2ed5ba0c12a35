//! sRGB to and from OKLab (Ottosson 2020), where equal distances look about equally different.

/// Lightness 0..=1 and two opponent axes.
pub(super) type OkLab = [f64; 3];
/// Linear light, 0..=1.
pub(super) type LinearRgb = [f64; 3];

pub(super) fn linear_from_srgb(colour: [u8; 3]) -> LinearRgb {
    colour.map(|c| {
        let c = f64::from(c) / 255.0;
        if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    })
}

/// Out-of-gamut light is clipped.
pub(super) fn srgb_from_linear(colour: LinearRgb) -> [u8; 3] {
    colour.map(|c| {
        let c = c.clamp(0.0, 1.0);
        let encoded = if c <= 0.003_130_8 { c * 12.92 } else { 1.055 * c.powf(1.0 / 2.4) - 0.055 };
        // In 0..=255 after the clamp.
        (encoded * 255.0).round() as u8
    })
}

pub(super) fn oklab_from_linear(colour: LinearRgb) -> OkLab {
    const LMS_FROM_RGB: [[f64; 3]; 3] = [
        [0.412_221_470_8, 0.536_332_536_3, 0.051_445_992_9],
        [0.211_903_498_2, 0.680_699_545_1, 0.107_396_956_6],
        [0.088_302_461_9, 0.281_718_837_6, 0.629_978_700_5],
    ];
    const LAB_FROM_ROOTS: [[f64; 3]; 3] = [
        [0.210_454_255_3, 0.793_617_785_0, -0.004_072_046_8],
        [1.977_998_495_1, -2.428_592_205_0, 0.450_593_709_9],
        [0.025_904_037_1, 0.782_771_766_2, -0.808_675_766_0],
    ];
    apply(&LAB_FROM_ROOTS, apply(&LMS_FROM_RGB, colour).map(f64::cbrt))
}

pub(super) fn linear_from_oklab(colour: OkLab) -> LinearRgb {
    const ROOTS_FROM_LAB: [[f64; 3]; 3] = [
        [1.0, 0.396_337_777_4, 0.215_803_757_3],
        [1.0, -0.105_561_345_8, -0.063_854_172_8],
        [1.0, -0.089_484_177_5, -1.291_485_548_0],
    ];
    const RGB_FROM_LMS: [[f64; 3]; 3] = [
        [4.076_741_662_1, -3.307_711_591_3, 0.230_969_929_2],
        [-1.268_438_004_6, 2.609_757_401_1, -0.341_319_396_5],
        [-0.004_196_086_3, -0.703_418_614_7, 1.707_614_701_0],
    ];
    apply(&RGB_FROM_LMS, apply(&ROOTS_FROM_LAB, colour).map(|c| c.powi(3)))
}

pub(super) fn apply(matrix: &[[f64; 3]; 3], v: [f64; 3]) -> [f64; 3] {
    matrix.map(|row| row[0] * v[0] + row[1] * v[1] + row[2] * v[2])
}

/// How colours look to an eye, for tests of colour maps.
#[cfg(test)]
pub(super) mod seen {
    use super::*;

    /// A difference (OKLab) that is seen at a glance between neighbouring areas.
    pub const CLEAR: f64 = 0.06;
    /// A difference that is just seen between neighbouring areas.
    pub const VISIBLE: f64 = 0.02;

    const TRICHROMAT: [[f64; 3]; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    /// Machado, Oliveira and Fernandes 2009, severity 1, on linear light.
    const DEUTERANOPE: [[f64; 3]; 3] =
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]];
    pub const EYES: [[[f64; 3]; 3]; 2] = [TRICHROMAT, DEUTERANOPE];

    pub fn seen(eye: &[[f64; 3]; 3], [r, g, b, _]: [u8; 4]) -> OkLab {
        oklab_from_linear(apply(eye, linear_from_srgb([r, g, b])).map(|c| c.clamp(0.0, 1.0)))
    }

    /// Of two colours without their weights.
    pub fn distance(eye: &[[f64; 3]; 3], a: [u8; 4], b: [u8; 4]) -> f64 {
        seen(eye, a).iter().zip(seen(eye, b)).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
    }

    /// A colour drawn over a grey picture with an opacity.
    pub fn over_grey([r, g, b, weight]: [u8; 4], grey: u8, opacity: f64) -> [u8; 4] {
        let (alpha, grey) = (opacity * f64::from(weight) / 255.0, f64::from(grey));
        let [r, g, b] = [r, g, b].map(|c| (grey + (f64::from(c) - grey) * alpha).round() as u8);
        [r, g, b, 255]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_grey_and_the_corners_of_the_cube_come_back() {
        let corners = (0..8u8).map(|i| [0, 1, 2].map(|bit| if i >> bit & 1 == 1 { 255 } else { 0 }));
        for colour in (0..=255).map(|g| [g; 3]).chain(corners) {
            let back = srgb_from_linear(linear_from_oklab(oklab_from_linear(linear_from_srgb(colour))));
            assert_eq!(back, colour);
        }
    }
}

//! How different two colours look, for tests of colour lists.

use std::array;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Eye {
    Trichromat,
    Deuteranope,
}

/// CIE 1976 difference in CIE Lab under D65; about 2.3 is just noticed.
pub(crate) fn difference(eye: Eye, a: [u8; 3], b: [u8; 3]) -> f64 {
    lab(eye, a).iter().zip(lab(eye, b)).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

/// The smallest difference between any two colours; infinite for fewer than two.
pub(crate) fn least_difference(eye: Eye, colours: &[[u8; 3]]) -> f64 {
    let pairs = colours.iter().enumerate().flat_map(|(i, a)| colours[..i].iter().map(move |b| (a, b)));
    pairs.map(|(a, b)| difference(eye, *a, *b)).fold(f64::INFINITY, f64::min)
}

fn lab(eye: Eye, colour: [u8; 3]) -> [f64; 3] {
    /// Machado, Oliveira and Fernandes 2009, severity 1, on linear light.
    const DEUTERANOPE: [[f64; 3]; 3] =
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]];
    /// IEC 61966-2-1, each row divided by the white point.
    const XYZ_FROM_RGB: [[f64; 3]; 3] = [
        [0.4124564 / 0.95047, 0.3575761 / 0.95047, 0.1804375 / 0.95047],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339 / 1.08883, 0.1191920 / 1.08883, 0.9503041 / 1.08883],
    ];
    let linear = colour.map(|c| {
        let c = f64::from(c) / 255.0;
        if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    });
    let seen = match eye {
        Eye::Trichromat => linear,
        Eye::Deuteranope => apply(&DEUTERANOPE, linear).map(|c| c.clamp(0.0, 1.0)),
    };
    let [x, y, z] = apply(&XYZ_FROM_RGB, seen)
        .map(|t| if t > 216.0 / 24389.0 { t.cbrt() } else { (24389.0 / 27.0 * t + 16.0) / 116.0 });
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

fn apply(matrix: &[[f64; 3]; 3], v: [f64; 3]) -> [f64; 3] {
    array::from_fn(|i| matrix[i][0] * v[0] + matrix[i][1] * v[1] + matrix[i][2] * v[2])
}

#[test]
fn black_and_white_are_a_hundred_apart_and_equal_colours_nothing() {
    for eye in [Eye::Trichromat, Eye::Deuteranope] {
        assert!((difference(eye, [0; 3], [255; 3]) - 100.0).abs() < 0.1);
        assert_eq!(difference(eye, [9, 99, 199], [9, 99, 199]), 0.0);
    }
    // Red and green of equal lightness are what a deuteranope mistakes.
    let (red, green) = ([200, 60, 60], [110, 110, 40]);
    assert!(difference(Eye::Deuteranope, red, green) < difference(Eye::Trichromat, red, green) / 2.0);
}

//! Student's t distribution with whole degrees of freedom.

use std::f64::consts::{FRAC_2_PI, FRAC_PI_2};

/// Beyond this the quantiles differ by less than a thousandth from those of the normal distribution.
const MOST_DEGREES: usize = 1000;
/// Halvings of a right angle: down to the precision of f64.
const HALVINGS: usize = 60;

/// The `t` with `P(|T| > t) = outside` for `degrees` >= 1 degrees of freedom (0 counts as 1). `outside` is clamped to
/// 1e-12 to 1.
pub(super) fn two_sided_quantile(outside: f64, degrees: usize) -> f64 {
    let degrees = degrees.clamp(1, MOST_DEGREES);
    let inside = 1.0 - if outside.is_nan() { 1e-12 } else { outside.clamp(1e-12, 1.0) };
    let (mut low, mut high) = (0.0, FRAC_PI_2);
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if probability_within(middle, degrees) < inside { low = middle } else { high = middle }
    }
    low.tan() * (degrees as f64).sqrt()
}

/// `P(|T| <= tan(angle) sqrt(degrees))` (Abramowitz and Stegun, "Handbook of Mathematical Functions", 26.7.3 and 26.7.4).
fn probability_within(angle: f64, degrees: usize) -> f64 {
    let (sin, cos) = angle.sin_cos();
    let is_odd = degrees % 2 == 1;
    if degrees == 1 {
        return FRAC_2_PI * angle;
    }
    // Odd: cos + 2/3 cos^3 + (2 4)/(3 5) cos^5 ...; even: 1 + 1/2 cos^2 + (1 3)/(2 4) cos^4 ...; up to cos^(degrees-2).
    let mut term = if is_odd { cos } else { 1.0 };
    let mut sum = term;
    let mut power = if is_odd { 1 } else { 0 };
    while power + 2 <= degrees - 2 {
        power += 2;
        term *= cos * cos * (power - 1) as f64 / power as f64;
        sum += term;
    }
    if is_odd { FRAC_2_PI * (angle + sin * sum) } else { sin * sum }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_printed_tables() {
        let table = [
            (1, 0.05, 12.706),
            (2, 0.05, 4.303),
            (3, 0.05, 3.182),
            (4, 0.01, 4.604),
            (5, 0.05, 2.571),
            (9, 0.001, 4.781),
            (30, 0.05, 2.042),
            (120, 0.05, 1.980),
        ];
        for (degrees, outside, t) in table {
            let found = two_sided_quantile(outside, degrees);
            assert!((found - t).abs() < 6e-4, "{degrees} {outside}: {found}");
        }
        assert!((two_sided_quantile(0.05, usize::MAX) - 1.962).abs() < 1e-3);
    }

    #[test]
    fn less_outside_or_fewer_degrees_never_give_a_smaller_quantile() {
        for degrees in 0..40 {
            for outside in [1.0, 0.5, 0.05, 0.01, 1e-6, 0.0, f64::NAN] {
                let t = two_sided_quantile(outside, degrees);
                assert!(t.is_finite() && t >= 0.0);
                assert!(t >= two_sided_quantile(outside, degrees + 1) - 1e-9);
                assert!(two_sided_quantile(outside / 2.0, degrees) >= t);
            }
        }
    }
}

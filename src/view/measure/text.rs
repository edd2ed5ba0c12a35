//! Lengths, areas and intensities as a reader writes them.

/// Stands for what cannot be measured.
pub(super) const NOTHING: &str = "–";

/// `12.4 mm`, `0.42 mm`, `35 µm`.
pub(super) fn length(mm: f64) -> String {
    match mm {
        _ if !mm.is_finite() => NOTHING.to_owned(),
        1.0.. => format!("{mm:.1} mm"),
        0.1.. => format!("{mm:.2} mm"),
        _ => format!("{:.0} µm", mm * 1e3),
    }
}

/// `3.2 cm²`, `42.0 mm²`, `0.25 mm²`, `900 µm²`.
pub(super) fn area(mm2: f64) -> String {
    match mm2 {
        _ if !mm2.is_finite() => NOTHING.to_owned(),
        100.0.. => format!("{:.1} cm²", mm2 / 100.0),
        1.0.. => format!("{mm2:.1} mm²"),
        0.01.. => format!("{mm2:.2} mm²"),
        _ => format!("{:.0} µm²", mm2 * 1e6),
    }
}

/// `41 ± 12`: both with as many digits as make two of the spread.
pub(super) fn spread(mean: f64, standard_deviation: f64) -> String {
    let scale = [standard_deviation, mean.abs()].into_iter().find(|s| *s > 0.0).unwrap_or(1.0);
    if !(1e-4..1e7).contains(&scale) {
        return format!("{mean:.2e} ± {standard_deviation:.1e}");
    }
    // Between 0 and 5.
    let digits = (1.0 - scale.log10().floor()).max(0.0) as usize;
    // A mean that rounds to nothing has no sign.
    let mean = if mean.abs() < 0.5 / 10f64.powi(digits as i32) { 0.0 } else { mean };
    format!("{mean:.digits$} ± {standard_deviation:.digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_areas_have_the_unit_a_reader_expects() {
        let lengths = [(1234.5, "1234.5 mm"), (12.44, "12.4 mm"), (0.416, "0.42 mm"), (0.035, "35 µm"), (0.0, "0 µm")];
        for (mm, text) in lengths {
            assert_eq!(length(mm), text);
        }
        let areas = [(321.0, "3.2 cm²"), (42.0, "42.0 mm²"), (0.25, "0.25 mm²"), (0.0009, "900 µm²")];
        for (mm2, text) in areas {
            assert_eq!(area(mm2), text);
        }
        assert_eq!((length(f64::NAN), area(f64::INFINITY)), (NOTHING.to_owned(), NOTHING.to_owned()));
    }

    #[test]
    fn a_spread_has_the_digits_it_deserves() {
        let spreads = [
            (41.3, 12.2, "41 ± 12"),
            (-870.4, 8.44, "-870.4 ± 8.4"),
            (0.5123, 0.0311, "0.512 ± 0.031"),
            (-0.4, 12.0, "0 ± 12"),
            (7.0, 0.0, "7.0 ± 0.0"),
            (0.0, 0.0, "0.0 ± 0.0"),
            (2e-9, 1e-9, "2.00e-9 ± 1.0e-9"),
            (1.0, f64::INFINITY, "1.00e0 ± inf"),
        ];
        for (mean, sd, text) in spreads {
            assert_eq!(spread(mean, sd), text);
        }
    }
}

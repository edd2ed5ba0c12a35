//! The scale bar in a viewer's corner.

/// A bar whose length in mm is 1, 2 or 5 times a power of ten.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScaleBar {
    pub length_mm: f64,
    /// Length on the screen, in the unit of the zoom.
    pub length_on_screen: f64,
}

impl ScaleBar {
    /// The longest bar that fits into `room` screen units at `zoom` screen units per mm; `None` without room.
    pub fn fitting(zoom: f64, room: f64) -> Option<Self> {
        let room_mm = room / zoom;
        if !(room_mm.is_finite() && room_mm > 0.0) {
            return None;
        }
        let exponent = room_mm.log10().floor();
        let decade = 10f64.powf(exponent);
        // The logarithm of an exact power of ten may fall just short of it.
        let step = [10.0, 5.0, 2.0, 1.0].into_iter().find(|s| s * decade <= room_mm * (1.0 + 1e-12))?;
        let length_mm = step * decade;
        Some(Self { length_mm, length_on_screen: length_mm * zoom })
    }

    /// The length with its unit: `20 mm`, `50 µm`, `0.5 mm`.
    pub fn text(&self) -> String {
        let (value, unit) =
            if self.length_mm < 0.1 { (self.length_mm * 1000.0, "µm") } else { (self.length_mm, "mm") };
        // Three digits after the point hold 1, 2 or 5 times a power of ten; rounding hides the error of powf.
        let rounded = (value * 1000.0).round() / 1000.0;
        format!("{rounded} {unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_bar_fits_and_uses_at_least_two_fifths_of_the_room(zoom in 0.001..5000.0f64, room in 20.0..300.0f64) {
            let bar = ScaleBar::fitting(zoom, room).unwrap();
            prop_assert!(bar.length_on_screen <= room * (1.0 + 1e-9));
            prop_assert!(bar.length_on_screen >= 0.399 * room);
        }
    }

    #[test]
    fn lengths_are_one_two_or_five() {
        let text = |zoom, room| ScaleBar::fitting(zoom, room).unwrap().text();
        assert_eq!(text(4.0, 100.0), "20 mm");
        assert_eq!(text(1.0, 100.0), "100 mm");
        assert_eq!(text(100.0, 70.0), "0.5 mm");
        assert_eq!(text(10_000.0, 70.0), "5 µm");
        assert_eq!(ScaleBar::fitting(1.0, 0.0), None);
        assert_eq!(ScaleBar::fitting(f64::NAN, 50.0), None);
    }
}

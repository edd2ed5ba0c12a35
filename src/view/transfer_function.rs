//! Which intensities of a volume are seen in the 3-D view, and in which colour.

use super::WindowLevel;

/// Entries of a table.
const TABLE_LENGTH: usize = 256;

/// Colour and opacity of one intensity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ControlPoint {
    /// After slope and intercept.
    pub intensity: f64,
    /// sRGB.
    pub colour: [u8; 3],
    /// Of a layer as thick as a voxel, 0 to 1.
    pub opacity: f64,
}

/// What is made of the intensities along a line of sight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum VolumeMode {
    /// Lit tissue that hides what lies behind it.
    #[default]
    Tissue,
    /// The brightest intensity, wherever it lies (maximum intensity projection).
    Brightest,
}

/// Colour and opacity by intensity: straight lines between control points, constant beyond the first and the last.
#[derive(Clone, Debug, PartialEq)]
pub struct TransferFunction {
    /// Ascending, finite.
    points: Vec<ControlPoint>,
    mode: VolumeMode,
}

impl TransferFunction {
    /// Points may come in any order; of two at one intensity the first ends what is below, the second begins what is above.
    /// Points without a finite intensity are left out and opacities clamped. Without points all is transparent.
    pub fn new(points: &[ControlPoint], mode: VolumeMode) -> Self {
        let mut points: Vec<_> = points.iter().copied().filter(|p| p.intensity.is_finite()).collect();
        for point in &mut points {
            point.opacity = if point.opacity.is_nan() { 0.0 } else { point.opacity.clamp(0.0, 1.0) };
        }
        points.sort_by(|a, b| a.intensity.total_cmp(&b.intensity));
        Self { points, mode }
    }

    pub fn points(&self) -> &[ControlPoint] {
        &self.points
    }

    pub fn mode(&self) -> VolumeMode {
        self.mode
    }

    /// From the first to the last control point: the intensities that [`Self::table`] covers.
    pub fn window(&self) -> WindowLevel {
        let ends = self.points.first().zip(self.points.last());
        ends.map_or(WindowLevel::new(0.0, 1.0), |(a, b)| WindowLevel::between(a.intensity, b.intensity))
    }

    /// Red, green, blue and opacity, 0 to 255 each, at 256 intensities spread evenly over [`Self::window`].
    pub fn table(&self) -> [[u8; 4]; TABLE_LENGTH] {
        let window = self.window();
        std::array::from_fn(|i| {
            let share = i as f64 / (TABLE_LENGTH - 1) as f64;
            // In 0..=255 because the colours and opacities are; the cast saturates.
            self.at(window.low() + share * window.width()).map(|c| c.round() as u8)
        })
    }

    /// Red, green, blue and opacity, 0 to 255 each. NaN is as the lowest intensity.
    fn at(&self, intensity: f64) -> [f64; 4] {
        let next = self.points.partition_point(|p| p.intensity <= intensity);
        let (Some(after), Some(before)) = (self.points.get(next), next.checked_sub(1)) else {
            let end = if next == 0 { self.points.first() } else { self.points.last() };
            return end.map_or([0.0; 4], rgba);
        };
        let before = &self.points[before];
        // Halved against overflow.
        let share = (intensity / 2.0 - before.intensity / 2.0) / (after.intensity / 2.0 - before.intensity / 2.0);
        let (from, to) = (rgba(before), rgba(after));
        std::array::from_fn(|i| from[i] + share.clamp(0.0, 1.0) * (to[i] - from[i]))
    }
}

fn rgba(point: &ControlPoint) -> [f64; 4] {
    let [r, g, b] = point.colour.map(f64::from);
    [r, g, b, 255.0 * point.opacity]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn point(intensity: f64, grey: u8, opacity: f64) -> ControlPoint {
        ControlPoint { intensity, colour: [grey; 3], opacity }
    }

    proptest! {
        #[test]
        fn rising_opacities_make_a_rising_table(mut opacities in prop::collection::vec(0.0..1.0f64, 1..9), step in 1e-3..1e3f64) {
            opacities.sort_by(f64::total_cmp);
            let points: Vec<_> = opacities.iter().enumerate().map(|(i, o)| point(-70.0 + step * i as f64, 9, *o)).collect();
            let table = TransferFunction::new(&points, VolumeMode::Tissue).table();
            prop_assert!(table.windows(2).all(|pair| pair[0][3] <= pair[1][3]));
            for (entry, opacity) in [(table[0], opacities[0]), (table[255], opacities[opacities.len() - 1])] {
                prop_assert!((f64::from(entry[3]) - 255.0 * opacity).abs() <= 1.0);
            }
        }

        #[test]
        fn any_points_make_a_table(points in prop::collection::vec((any::<f64>(), any::<u8>(), any::<f64>()), 0..6)) {
            let points: Vec<_> = points.into_iter().map(|(i, g, o)| point(i, g, o)).collect();
            let function = TransferFunction::new(&points, VolumeMode::Tissue);
            prop_assert!(function.window().width() > 0.0);
            prop_assert_eq!(function.table().len(), 256);
        }
    }

    #[test]
    fn between_points_colours_and_opacities_are_mixed_and_beyond_them_they_stay() {
        let function = TransferFunction::new(&[point(100.0, 200, 1.0), point(0.0, 100, 0.0)], VolumeMode::Tissue);
        assert_eq!(function.at(50.0), [150.0, 150.0, 150.0, 127.5]);
        assert_eq!(function.at(-1e9), [100.0, 100.0, 100.0, 0.0]);
        assert_eq!(function.at(f64::INFINITY), [200.0, 200.0, 200.0, 255.0]);
        assert_eq!((function.window().low(), function.window().high()), (0.0, 100.0));
    }

    #[test]
    fn two_points_at_one_intensity_are_a_step() {
        let points = [point(0.0, 0, 0.0), point(10.0, 0, 0.2), point(10.0, 0, 0.8), point(20.0, 0, 1.0)];
        let function = TransferFunction::new(&points, VolumeMode::Tissue);
        assert!((function.at(9.999)[3] - 0.2 * 255.0).abs() < 0.1);
        assert!((function.at(10.0)[3] - 0.8 * 255.0).abs() < 0.1);
    }

    #[test]
    fn opacities_are_clamped_and_points_nowhere_left_out() {
        let points = [point(0.0, 0, -3.0), point(1.0, 0, 7.0), point(2.0, 0, f64::NAN), point(f64::NAN, 0, 1.0)];
        let function = TransferFunction::new(&points, VolumeMode::Tissue);
        assert_eq!(function.points().iter().map(|p| p.opacity).collect::<Vec<_>>(), [0.0, 1.0, 0.0]);
        assert_eq!(TransferFunction::new(&[], VolumeMode::Tissue).table(), [[0; 4]; 256]);
    }
}

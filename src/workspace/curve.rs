//! A curve over training steps, bounded in length.

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    points: Vec<[f64; 2]>,
}

impl Curve {
    /// More than a screen is wide.
    const CAPACITY: usize = 4096;

    /// `(step, value)`; values that are not finite are left out, and points from this step on replaced. Beyond the capacity
    /// every second old point goes.
    pub fn push(&mut self, step: u64, value: f64) {
        if !value.is_finite() {
            return;
        }
        // A run that is continued from an older checkpoint takes steps again.
        self.points.truncate(self.points.partition_point(|point| point[0] < step as f64));
        if self.points.len() >= Self::CAPACITY {
            let mut index = 0usize;
            self.points.retain(|_| {
                index += 1;
                index % 2 == 1
            });
        }
        self.points.push([step as f64, value]);
    }

    /// Ascending steps.
    pub fn points(&self) -> &[[f64; 2]] {
        &self.points
    }

    pub fn last_value(&self) -> Option<f64> {
        self.points.last().map(|p| p[1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_run_keeps_its_first_and_last_point_in_bounded_memory() {
        let mut curve = Curve::default();
        (0..100_000).for_each(|step| curve.push(step, step as f64));
        assert!(curve.points().len() <= Curve::CAPACITY);
        assert_eq!(curve.points()[0], [0.0, 0.0]);
        assert_eq!(curve.last_value(), Some(99_999.0));
        assert!(curve.points().is_sorted_by(|a, b| a[0] < b[0]));
    }

    #[test]
    fn steps_that_are_taken_again_replace_the_points_there() {
        let mut curve = Curve::default();
        [10, 20, 30, 20].into_iter().zip([4.0, 3.0, 2.0, 1.0]).for_each(|(step, value)| curve.push(step, value));
        assert_eq!(curve.points(), [[10.0, 4.0], [20.0, 1.0]]);
    }

    #[test]
    fn a_loss_that_is_not_a_number_is_left_out() {
        let mut curve = Curve::default();
        curve.push(1, f64::NAN);
        assert!(curve.points().is_empty());
    }
}

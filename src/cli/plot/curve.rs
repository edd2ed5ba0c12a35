//! The held-out Dice of one run over time.

use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::worker::trainer::metrics_file::{MetricsError, MetricsLine, measurements, read_metrics};

/// Measurements in order of time, at least one.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    points: Vec<Point>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Training time, pauses left out.
    pub minutes: f64,
    /// Mean Dice of the held-out cases, 0 to 1.
    pub dice: f64,
}

#[derive(Debug, Error)]
pub enum CurveError {
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    #[error("{} holds no held-out Dice; train with held-out cases that have labels", path.display())]
    Empty { path: PathBuf },
}

impl Curve {
    /// The measurements in a `metrics.csv`. A continued run counts its seconds from 0 again; here they go on.
    pub fn read(path: &Path) -> Result<Self, CurveError> {
        let mut lines = read_metrics(path)?;
        let (mut before, mut last) = (0.0, 0.0);
        for line in &mut lines {
            if line.seconds < last {
                before += last;
            }
            last = line.seconds;
            line.seconds += before;
        }
        let point = |(line, dice): (&MetricsLine, f64)| Point { minutes: line.seconds / 60.0, dice };
        let points: Vec<Point> = measurements(&lines).map(point).collect();
        if points.is_empty() { Err(CurveError::Empty { path: path.into() }) } else { Ok(Self { points }) }
    }

    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// Times of the first and of the last measurement.
    pub fn span(&self) -> (f64, f64) {
        let at = |point: Option<&Point>| point.map_or(0.0, |p| p.minutes);
        (at(self.points.first()), at(self.points.last()))
    }

    /// Linear between measurements; the nearest one outside of them.
    pub fn dice_at(&self, minutes: f64) -> f64 {
        let after = self.points.partition_point(|p| p.minutes < minutes);
        let (left, right) = (self.points.get(after.wrapping_sub(1)), self.points.get(after));
        match (left, right) {
            (Some(l), Some(r)) => l.dice + (r.dice - l.dice) * (minutes - l.minutes) / (r.minutes - l.minutes),
            (one, other) => one.or(other).map_or(0.0, |p| p.dice),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::trainer::metrics_file::testing::fill;

    fn read(rows: &[(u64, Option<f32>, f64)]) -> Result<Curve, CurveError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.csv");
        fill(&path, rows);
        Curve::read(&path)
    }

    #[test]
    fn repeated_values_are_one_measurement_and_continued_time_goes_on() {
        let rows = [
            (1, None, 30.0),
            (2, Some(0.5), 60.0),
            (3, Some(0.5), 90.0),
            (4, Some(0.7), 120.0),
            (3, Some(0.7), 10.0),
            (4, Some(0.8), 60.0),
        ];
        let curve = read(&rows).unwrap();
        let points: Vec<_> = curve.points().iter().map(|p| (p.minutes, p.dice)).collect();
        assert_eq!(points, [(1.0, 0.5), (2.0, 0.7), (3.0, 0.8)]);
        assert_eq!(curve.span(), (1.0, 3.0));
    }

    #[test]
    fn between_measurements_the_curve_is_straight() {
        let curve = read(&[(1, Some(0.4), 60.0), (2, Some(0.8), 180.0)]).unwrap();
        for (minutes, dice) in [(0.0, 0.4), (1.0, 0.4), (1.5, 0.5), (3.0, 0.8), (9.0, 0.8)] {
            assert!((curve.dice_at(minutes) - dice).abs() < 1e-12, "{minutes}");
        }
    }

    #[test]
    fn a_run_without_held_out_cases_has_no_curve_and_is_told_what_to_do() {
        let error = read(&[(1, None, 5.0)]).unwrap_err();
        assert!(matches!(error, CurveError::Empty { .. }) && error.to_string().contains("held-out cases"));
        assert!(matches!(Curve::read(Path::new("nowhere.csv")), Err(CurveError::Metrics(_))));
    }
}

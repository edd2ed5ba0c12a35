//! The held-out Dice of one run over time.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

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
    #[error("{} cannot be read ({source}); name the metrics.csv of a run", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{} has no column '{column}'; name the metrics.csv of a run", path.display())]
    Column { path: PathBuf, column: &'static str },
    #[error("line {line} of {} is not a line of metrics; name the metrics.csv of a run", path.display())]
    Line { path: PathBuf, line: usize },
    #[error("{} holds no held-out Dice; train with held-out cases that have labels", path.display())]
    Empty { path: PathBuf },
}

impl Curve {
    /// The measurements in a `metrics.csv`. It repeats the newest Dice in every line, so a measurement is a line with
    /// another value than the one before. A resumed run counts its seconds from 0 again; here they go on.
    pub fn read(path: &Path) -> Result<Self, CurveError> {
        let text = std::fs::read_to_string(path).map_err(|source| CurveError::File { path: path.into(), source })?;
        let mut lines = text.lines().enumerate();
        let names: Vec<&str> = lines.next().map(|(_, header)| header.split(',').collect()).unwrap_or_default();
        let column = |column| {
            let missing = || CurveError::Column { path: path.into(), column };
            names.iter().position(|name| *name == column).ok_or_else(missing)
        };
        let (dice_at, seconds_at) = (column("dice_held_out")?, column("seconds")?);
        let (mut points, mut before, mut last) = (Vec::<Point>::new(), 0.0, 0.0);
        for (line, text) in lines {
            let wrong = || CurveError::Line { path: path.into(), line: line + 1 };
            let fields: Vec<&str> = text.split(',').collect();
            let seconds = number(&fields, seconds_at).ok_or_else(wrong)?;
            if seconds < last {
                before += last;
            }
            last = seconds;
            if fields.get(dice_at).is_none_or(|field| field.is_empty()) {
                continue;
            }
            let dice = number(&fields, dice_at).ok_or_else(wrong)?;
            if points.last().is_none_or(|p| p.dice != dice) {
                points.push(Point { minutes: (before + seconds) / 60.0, dice });
            }
        }
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

fn number(fields: &[&str], at: usize) -> Option<f64> {
    fields.get(at)?.trim().parse().ok().filter(|v: &f64| v.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "step,supervised,dice_held_out,seconds\n";

    fn read(text: &str) -> Result<Curve, CurveError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.csv");
        std::fs::write(&path, text).unwrap();
        Curve::read(&path)
    }

    #[test]
    fn repeated_values_are_one_measurement_and_resumed_time_goes_on() {
        let rows = "1,0.9,,30.0\n2,0.8,0.5000,60.0\n3,0.8,0.5000,90.0\n4,0.7,0.7000,120.0\n3,0.7,0.7000,10.0\n4,0.6,0.8000,60.0\n";
        let curve = read(&format!("{HEADER}{rows}")).unwrap();
        let points: Vec<_> = curve.points().iter().map(|p| (p.minutes, p.dice)).collect();
        assert_eq!(points, [(1.0, 0.5), (2.0, 0.7), (3.0, 0.8)]);
        assert_eq!(curve.span(), (1.0, 3.0));
    }

    #[test]
    fn between_measurements_the_curve_is_straight() {
        let curve = read(&format!("{HEADER}1,0,0.4,60\n2,0,0.8,180\n")).unwrap();
        for (minutes, dice) in [(0.0, 0.4), (1.0, 0.4), (1.5, 0.5), (3.0, 0.8), (9.0, 0.8)] {
            assert!((curve.dice_at(minutes) - dice).abs() < 1e-12, "{minutes}");
        }
    }

    #[test]
    fn other_files_are_refused_with_what_is_wrong() {
        assert!(matches!(read("step,seconds\n1,2\n"), Err(CurveError::Column { column: "dice_held_out", .. })));
        assert!(matches!(read(&format!("{HEADER}1,0,0.5,x\n")), Err(CurveError::Line { line: 2, .. })));
        assert!(matches!(read(&format!("{HEADER}1,0,,5\n")), Err(CurveError::Empty { .. })));
        assert!(matches!(Curve::read(Path::new("nowhere.csv")), Err(CurveError::File { .. })));
    }
}

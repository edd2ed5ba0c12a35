//! One line of the picture: a run, or the mean of several.

use super::curve::Curve;
use crate::metrics::Statistic;

/// Points in order of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// What the legend calls it.
    pub name: String,
    pub points: Vec<LinePoint>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinePoint {
    pub minutes: f64,
    pub dice: f64,
    /// Sample standard deviation over the runs; absent for a single one.
    pub sd: Option<f64>,
}

impl Line {
    /// Several runs are compared at every time one of them was measured at, from when all have begun until the first
    /// ends. `None` if there is no such time.
    pub fn of(name: &str, curves: &[Curve]) -> Option<Self> {
        let begin = curves.iter().map(|c| c.span().0).fold(f64::NEG_INFINITY, f64::max);
        let end = curves.iter().map(|c| c.span().1).fold(f64::INFINITY, f64::min);
        let mut times: Vec<f64> = curves.iter().flat_map(|c| c.points()).map(|p| p.minutes).collect();
        times.retain(|minutes| (begin..=end).contains(minutes));
        times.sort_unstable_by(f64::total_cmp);
        times.dedup();
        let point = |&minutes: &f64| {
            let over_runs = Statistic::of(curves.iter().map(|c| c.dice_at(minutes)))?;
            Some(LinePoint { minutes, dice: over_runs.mean, sd: over_runs.sd })
        };
        let points: Vec<LinePoint> = times.iter().filter_map(point).collect();
        let name = match curves.len() {
            1 => name.to_owned(),
            runs => format!("{name} (mean ± sd of {runs} runs)"),
        };
        (!points.is_empty()).then_some(Self { name, points })
    }

    /// Lowest and highest Dice that is drawn, the band included.
    pub fn dice_range(&self) -> (f64, f64) {
        let edges = self.points.iter().map(|p| (p.dice - p.sd.unwrap_or(0.0), p.dice + p.sd.unwrap_or(0.0)));
        edges.fold((1.0, 0.0), |(low, high), (l, h)| (f64::min(low, l), f64::max(high, h)))
    }

    pub fn end(&self) -> f64 {
        self.points.last().map_or(0.0, |p| p.minutes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::trainer::metrics_file::testing::fill;

    fn curve(points: &[(f64, f32)]) -> Curve {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.csv");
        let rows: Vec<_> =
            points.iter().zip(1..).map(|(&(minutes, dice), step)| (step, Some(dice), 60.0 * minutes)).collect();
        fill(&path, &rows);
        Curve::read(&path).unwrap()
    }

    #[test]
    fn the_mean_of_two_runs_covers_the_time_both_have() {
        let line =
            Line::of("m", &[curve(&[(0.0, 0.2), (4.0, 0.6)]), curve(&[(1.0, 0.5), (3.0, 0.7), (9.0, 0.9)])]).unwrap();
        let points: Vec<_> = line.points.iter().map(|p| (p.minutes, p.dice)).collect();
        let expected = [(1.0, 0.4), (3.0, 0.6), (4.0, (0.6 + 0.7 + 0.2 / 6.0) / 2.0)];
        for ((minutes, dice), (at, mean)) in points.iter().zip(expected) {
            assert!((minutes - at).abs() < 1e-12 && (dice - mean).abs() < 1e-12, "{points:?}");
        }
        assert_eq!((points.len(), line.name.as_str()), (3, "m (mean ± sd of 2 runs)"));
        // 0.3 and 0.5 at the first common time.
        assert!((line.points[0].sd.unwrap() - 0.02f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn a_single_run_is_its_measurements_and_runs_that_never_overlap_are_none() {
        let line = Line::of("one", &[curve(&[(0.0, 0.2), (4.0, 0.6)])]).unwrap();
        assert_eq!((line.points.len(), line.points[0].sd, line.dice_range()), (2, None, (0.2, 0.6)));
        assert_eq!((line.name.as_str(), line.end()), ("one", 4.0));
        assert_eq!(Line::of("none", &[curve(&[(0.0, 0.2), (1.0, 0.3)]), curve(&[(2.0, 0.5)])]), None);
    }
}

//! `chiaro plot`: held-out Dice over training time, out of the `metrics.csv` of runs.

mod chart;
mod curve;
mod line;

use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;
use thiserror::Error;

use self::chart::TRAINING_AXES;
pub(super) use self::chart::{Axes, REVIEW_AXES};
use self::curve::{Curve, CurveError};
pub(super) use self::line::{Line, LinePoint};
use crate::io::{IoError, write_atomically};

/// Lines that can be told apart by colour.
const MOST_LINES: usize = chart::COLOURS.len();

#[derive(Args, Clone, Debug)]
pub struct PlotArgs {
    /// PNG file to write
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Heading of the picture
    #[arg(long, default_value = "")]
    pub title: String,
    /// Where the Dice axis begins; what lies below runs along it. Chosen to show everything if not given
    #[arg(long, value_name = "DICE", value_parser = dice)]
    pub lowest: Option<f64>,
    /// One line each: the metrics.csv of a run, or of several runs whose mean and standard deviation are drawn
    #[arg(required = true, num_args = 1..=MOST_LINES, value_name = "NAME=FILE[,FILE...]")]
    pub lines: Vec<NamedRuns>,
}

/// What one line of the picture is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedRuns {
    pub name: String,
    pub files: Vec<PathBuf>,
}

#[derive(Debug, Error)]
pub enum PlotError {
    #[error(transparent)]
    Curve(#[from] CurveError),
    #[error("the runs of '{name}' have no time in common; draw them as lines of their own")]
    Apart { name: String },
    #[error("the picture could not be drawn: {0}")]
    Drawing(String),
    #[error(transparent)]
    File(#[from] IoError),
}

impl FromStr for NamedRuns {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, files) = text.split_once('=').ok_or("must be NAME=FILE")?;
        let files: Vec<PathBuf> = files.split(',').filter(|f| !f.is_empty()).map(PathBuf::from).collect();
        if name.is_empty() || files.is_empty() {
            return Err("must be NAME=FILE".to_owned());
        }
        Ok(Self { name: name.to_owned(), files })
    }
}

fn dice(text: &str) -> Result<f64, String> {
    let dice: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.0..1.0).contains(&dice) { Ok(dice) } else { Err("must be from 0 to below 1".to_owned()) }
}

/// Prints the path of the picture.
pub fn run(args: &PlotArgs) -> Result<(), PlotError> {
    let lines = args.lines.iter().map(line_of).collect::<Result<Vec<_>, _>>()?;
    let axes = Axes { title: &args.title, lowest: args.lowest, ..TRAINING_AXES };
    write_chart(&args.out, &axes, &lines)?;
    println!("{}", args.out.display());
    Ok(())
}

/// Draws at most as many lines as there are colours.
pub(super) fn write_chart(path: &Path, axes: &Axes, lines: &[Line]) -> Result<(), PlotError> {
    let png = chart::draw(axes, lines).map_err(|e| PlotError::Drawing(e.to_string()))?;
    Ok(write_atomically(path, |file| file.write_all(&png))?)
}

fn line_of(runs: &NamedRuns) -> Result<Line, PlotError> {
    let curves = runs.files.iter().map(|file| Curve::read(file)).collect::<Result<Vec<_>, _>>()?;
    Line::of(&runs.name, &curves).ok_or_else(|| PlotError::Apart { name: runs.name.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::trainer::metrics_file::testing::fill;

    #[test]
    fn a_line_is_named_and_has_one_or_more_files() {
        let runs: NamedRuns = "cps=a.csv,b.csv".parse().unwrap();
        assert_eq!(runs, NamedRuns { name: "cps".into(), files: vec!["a.csv".into(), "b.csv".into()] });
        for wrong in ["a.csv", "=a.csv", "cps=", "cps=,"] {
            assert!(wrong.parse::<NamedRuns>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_axis_begins_at_a_dice() {
        assert_eq!(dice("0.7"), Ok(0.7));
        assert!(["1", "-0.1", "nan", "high"].iter().all(|wrong| dice(wrong).is_err()));
    }

    #[test]
    fn runs_become_a_picture_of_the_promised_size() {
        let folder = tempfile::tempdir().unwrap();
        let csv = |name: &str, dice: [f32; 3]| {
            let path = folder.path().join(name);
            fill(&path, &[(0, Some(dice[0]), 0.0), (1, Some(dice[1]), 60.0), (2, Some(dice[2]), 120.0)]);
            path
        };
        let files = vec![csv("a.csv", [0.5, 0.7, 0.8]), csv("b.csv", [0.4, 0.6, 0.75])];
        let lines = vec![
            NamedRuns { name: "both".into(), files: files.clone() },
            NamedRuns { name: "one".into(), files: files[..1].to_vec() },
        ];
        let out = folder.path().join("curve.png");
        run(&PlotArgs { out: out.clone(), title: "Dice".into(), lowest: Some(0.45), lines }).unwrap();
        let picture = image::open(&out).unwrap().to_rgb8();
        assert_eq!(picture.dimensions(), (1600, 1000));
        for colour in &chart::COLOURS[..2] {
            let is_close = |p: &image::Rgb<u8>| p.0.iter().zip(colour).all(|(a, b)| a.abs_diff(*b) < 12);
            assert!(picture.pixels().filter(|p| is_close(p)).count() > 500, "a line of {colour:?} is missing");
        }
    }
}

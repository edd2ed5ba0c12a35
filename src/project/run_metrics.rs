//! Reading `metrics.csv` of a training run.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// What is read back of a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MetricsLine {
    pub step: u64,
    /// Sum of the networks' terms with their weights.
    pub loss: f64,
    /// The newest mean Dice of the held-out cases, 0 to 1, if there has been one.
    pub dice_held_out: Option<f64>,
    /// Training time, pauses left out; a continued run counts from 0 again.
    pub seconds: f64,
}

#[derive(Debug, Error)]
pub enum MetricsError {
    #[error("{} cannot be read ({source}); name the metrics.csv of a run", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{} has no column '{column}'; name the metrics.csv of a run", path.display())]
    Column { path: PathBuf, column: &'static str },
    #[error("line {line} of {} is not a line of metrics; name the metrics.csv of a run", path.display())]
    Line { path: PathBuf, line: usize },
}

/// Every line in the order of the file. A last line that was torn off is left out.
pub fn read_metrics(path: &Path) -> Result<Vec<MetricsLine>, MetricsError> {
    let text = fs::read_to_string(path).map_err(|source| MetricsError::File { path: path.into(), source })?;
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let mut lines = whole.lines().enumerate();
    let names: Vec<&str> = lines.next().map(|(_, header)| header.split(',').collect()).unwrap_or_default();
    let column = |column| {
        let missing = || MetricsError::Column { path: path.into(), column };
        names.iter().position(|name| *name == column).ok_or_else(missing)
    };
    let (step, seconds, dice) = (column("step")?, column("seconds")?, column("dice_held_out")?);
    let (supervised, unlabelled) = (column("supervised")?, column("unlabelled")?);
    let weight = column("unsupervised_weight")?;
    let line_of = |text: &str| {
        let fields: Vec<&str> = text.split(',').collect();
        let number = |at: usize| fields.get(at)?.trim().parse().ok().filter(|v: &f64| v.is_finite());
        let dice_held_out = match fields.get(dice)?.trim() {
            "" => None,
            _ => Some(number(dice)?),
        };
        // A loss that is no number is a fact about the run, not about the file.
        let loss =
            number(supervised).zip(number(unlabelled)).zip(number(weight)).map_or(f64::NAN, |((s, u), w)| s + w * u);
        Some(MetricsLine {
            step: fields.get(step)?.trim().parse().ok()?,
            loss,
            dice_held_out,
            seconds: number(seconds)?,
        })
    };
    let wrong = |line: usize| MetricsError::Line { path: path.into(), line: line + 1 };
    lines.map(|(at, text)| line_of(text).ok_or_else(|| wrong(at))).collect()
}

/// Those with a new Dice: a file repeats the newest one in every line.
pub fn measurements(lines: &[MetricsLine]) -> impl Iterator<Item = (&MetricsLine, f64)> {
    let mut last = None;
    lines.iter().filter_map(move |line| {
        let dice = line.dice_held_out.filter(|dice| last != Some(*dice))?;
        last = Some(dice);
        Some((line, dice))
    })
}

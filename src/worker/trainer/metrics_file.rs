//! `metrics.csv` of a run: one line per report of the trainer.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::learn::StepReport;

/// Columns that every run fills.
const COLUMNS: [&str; 7] =
    ["step", "supervised", "unlabelled", "unsupervised_weight", "learning_rate", "dice_held_out", "seconds"];
/// Those that only some methods fill: what the neural process learns, and its health (methods 4.4).
const NAMED: [&str; 6] = ["np_nll", "np_nll_pseudo", "np_kl", "np_kl_flipped", "np_std", "np_calibration"];

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

/// Appends one line; a new file gets its header first.
pub fn append_metrics(path: &Path, report: &StepReport, seconds: f64, dice_held_out: Option<f32>) -> io::Result<()> {
    let is_new = !path.exists();
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    let mut text = String::new();
    if is_new {
        text = COLUMNS.iter().chain(&NAMED).copied().collect::<Vec<_>>().join(",") + "\n";
    }
    let dice = dice_held_out.map(|d| format!("{d:.4}")).unwrap_or_default();
    let StepReport { step, supervised, unlabelled, unsupervised_weight, learning_rate, named } = report;
    text += &format!(
        "{step},{supervised:.5},{unlabelled:.5},{unsupervised_weight:.4},{learning_rate:.6},{dice},{seconds:.1}"
    );
    // A run of an older program goes on with the columns it began with.
    let named_columns: &[&str] = if is_new || has_named_columns(path) { &NAMED } else { &[] };
    for wanted in named_columns {
        let value = named.iter().find(|(name, _)| name == wanted).map(|(_, v)| format!("{v:.5}"));
        text += &format!(",{}", value.unwrap_or_default());
    }
    text.push('\n');
    file.write_all(text.as_bytes())
}

fn has_named_columns(path: &Path) -> bool {
    let first_line = File::open(path).and_then(|file| {
        let mut line = String::new();
        BufReader::new(file).read_line(&mut line).map(|_| line)
    });
    first_line.is_ok_and(|line| line.trim_end().split(',').count() > COLUMNS.len())
}

/// Every line in the order of the file.
pub fn read_metrics(path: &Path) -> Result<Vec<MetricsLine>, MetricsError> {
    let text = fs::read_to_string(path).map_err(|source| MetricsError::File { path: path.into(), source })?;
    let mut lines = text.lines().enumerate();
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

#[cfg(test)]
pub mod testing {
    use super::*;

    pub fn report(step: u64) -> StepReport {
        StepReport {
            step,
            supervised: 0.5,
            unlabelled: 0.25,
            unsupervised_weight: 0.4,
            learning_rate: 0.01,
            named: vec![("np_kl", 0.125)],
        }
    }

    /// A file of rows of step, held-out Dice and seconds.
    pub fn fill(path: &Path, rows: &[(u64, Option<f32>, f64)]) {
        for &(step, dice, seconds) in rows {
            append_metrics(path, &report(step), seconds, dice).unwrap();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{fill, report};
    use super::*;

    #[test]
    fn lines_are_read_back_as_they_were_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.csv");
        fill(&path, &[(10, None, 1.0), (20, Some(0.5), 2.0), (30, Some(0.5), 3.0), (40, Some(0.75), 4.5)]);
        let lines = read_metrics(&path).unwrap();
        assert_eq!(lines[0], MetricsLine { step: 10, loss: 0.6, dice_held_out: None, seconds: 1.0 });
        let measured: Vec<_> = measurements(&lines).map(|(line, dice)| (line.step, dice)).collect();
        assert_eq!(measured, [(20, 0.5), (40, 0.75)]);
        assert!(fs::read_to_string(&path).unwrap().lines().all(|line| line.split(',').count() == 13));
    }

    #[test]
    fn a_run_of_an_older_program_keeps_its_columns() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.csv");
        fs::write(&path, COLUMNS.join(",") + "\n").unwrap();
        append_metrics(&path, &report(1), 1.0, None).unwrap();
        assert!(fs::read_to_string(&path).unwrap().lines().all(|line| line.split(',').count() == COLUMNS.len()));
        assert_eq!(read_metrics(&path).unwrap().len(), 1);
    }

    #[test]
    fn other_files_are_refused_with_what_is_wrong() {
        let read = |text: &str| {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("metrics.csv");
            fs::write(&path, text).unwrap();
            read_metrics(&path)
        };
        assert!(matches!(read("step,seconds\n1,2\n"), Err(MetricsError::Column { column: "dice_held_out", .. })));
        let header = COLUMNS.join(",");
        assert!(matches!(read(&format!("{header}\n1,0,0,0,0,0.5,x\n")), Err(MetricsError::Line { line: 2, .. })));
        assert!(matches!(read(&format!("{header}\n1,0,0,0\n")), Err(MetricsError::Line { line: 2, .. })));
        assert!(matches!(read_metrics(Path::new("nowhere.csv")), Err(MetricsError::File { .. })));
    }
}

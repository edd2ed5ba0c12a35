//! `metrics.csv` of a run: one line per report of the trainer.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::Path;

use crate::learn::StepReport;
pub use crate::project::{MetricsError, MetricsLine, measurements, read_metrics};

/// Columns that every run fills.
const COLUMNS: [&str; 7] =
    ["step", "supervised", "unlabelled", "unsupervised_weight", "learning_rate", "dice_held_out", "seconds"];
/// Those that only some runs fill: what the neural process learns, and its health (methods 4.4).
const NAMED: [&str; 8] = [
    "np_nll",
    "np_nll_pseudo",
    "np_kl",
    "np_kl_flipped",
    "np_std",
    "np_calibration",
    "reserved_nll",
    "reserved_np_nll",
];

/// Appends one line; a new file gets its header first, and one of an older program keeps the columns it began with.
pub fn append_metrics(path: &Path, report: &StepReport, seconds: f64, dice_held_out: Option<f32>) -> io::Result<()> {
    let begun = first_line(path)?;
    let header = begun.clone().unwrap_or_else(|| COLUMNS.iter().chain(&NAMED).copied().collect::<Vec<_>>().join(","));
    let value = |column: &str| match column {
        "step" => report.step.to_string(),
        "supervised" => format!("{:.5}", report.supervised),
        "unlabelled" => format!("{:.5}", report.unlabelled),
        "unsupervised_weight" => format!("{:.4}", report.unsupervised_weight),
        "learning_rate" => format!("{:.6}", report.learning_rate),
        "dice_held_out" => dice_held_out.map(|dice| format!("{dice:.4}")).unwrap_or_default(),
        "seconds" => format!("{seconds:.1}"),
        wanted => {
            let found = report.named.iter().find(|(name, _)| *name == wanted);
            found.map(|(_, value)| format!("{value:.5}")).unwrap_or_default()
        }
    };
    let line = header.split(',').map(value).collect::<Vec<_>>().join(",");
    let text = if begun.is_some() { format!("{line}\n") } else { format!("{header}\n{line}\n") };
    OpenOptions::new().create(true).append(true).open(path)?.write_all(text.as_bytes())
}

/// `None` of a file that is missing or empty.
fn first_line(path: &Path) -> io::Result<Option<String>> {
    let file = match File::open(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let mut line = String::new();
    BufReader::new(file).read_line(&mut line)?;
    Ok(Some(line.trim_end().to_owned()).filter(|line| !line.is_empty()))
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
    use std::fs;

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
        assert!(fs::read_to_string(&path).unwrap().lines().all(|line| line.split(',').count() == 15));
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
    fn a_line_that_a_full_disk_tore_off_costs_only_itself() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.csv");
        fill(&path, &[(10, None, 1.0), (20, Some(0.5), 2.0)]);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, &text[..text.len() - 30]).unwrap();
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

//! What a project's newest run left, for a window that opens the project again.

use super::trainer::best::Best;
use super::trainer::metrics_file::{MetricsLine, measurements, read_metrics};
use super::trainer::run_folder::RunFolder;
use crate::learn::{Calibration, checkpoint_step};
use crate::project::Project;
use crate::rounds::Round;

#[derive(Clone, Debug, PartialEq)]
pub struct PastRun {
    pub name: String,
    /// Steps of the newest checkpoint, from which it can be continued.
    pub step: u64,
    /// `(step, loss)`, ascending.
    pub loss: Vec<(u64, f64)>,
    /// `(step, mean Dice of the held-out cases)`, ascending.
    pub dice: Vec<(u64, f64)>,
    /// Step and Dice of the best networks on held-out cases.
    pub best: Option<(u64, f32)>,
    pub calibration: Option<Box<Calibration>>,
    /// Of all runs of the project, oldest first.
    pub rounds: Vec<Round>,
}

impl PastRun {
    /// The newest run that has a checkpoint. What cannot be read of it is left out: the run can be continued all the same.
    pub fn of(project: &Project) -> Option<Self> {
        let (run, checkpoint) = RunFolder::newest(project)?;
        let lines = read_metrics(&run.metrics_path()).unwrap_or_else(|error| {
            log::warn!("the curves of run {} are left out: {error}", run.name);
            Vec::new()
        });
        let lines = last_taken(lines);
        Some(Self {
            step: checkpoint_step(&checkpoint)?,
            loss: lines.iter().map(|line| (line.step, line.loss)).collect(),
            dice: measurements(&lines).map(|(line, dice)| (line.step, dice)).collect(),
            best: Best::of(&run.dir).map(|best| (best.step, best.dice)),
            calibration: run.read_calibration().map(Box::new),
            rounds: recorded_rounds(project),
            name: run.name,
        })
    }
}

/// What cannot be read of them is left out, as above.
fn recorded_rounds(project: &Project) -> Vec<Round> {
    let recorded = project.load_rounds().map(|recorded| recorded.rounds);
    recorded.unwrap_or_else(|error| {
        log::warn!("the rounds so far are left out: {error}");
        Vec::new()
    })
}

/// A continued run takes those steps again that its last checkpoint did not hold.
fn last_taken(lines: Vec<MetricsLine>) -> Vec<MetricsLine> {
    let mut kept: Vec<MetricsLine> = Vec::with_capacity(lines.len());
    for line in lines {
        kept.truncate(kept.partition_point(|before| before.step < line.step));
        kept.push(line);
    }
    kept
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::label::ClassTable;

    #[test]
    fn the_newest_run_with_a_checkpoint_is_recalled_without_the_steps_it_took_twice() {
        let folder = tempfile::tempdir().unwrap();
        let project =
            Project::create(&folder.path().join("study"), ClassTable::from_names(&["A"]).unwrap(), Vec::new()).unwrap();
        assert_eq!(PastRun::of(&project), None);
        let run = project.run_dir("002-cps");
        let checkpoint = run.join("step-00000020");
        fs::create_dir_all(&checkpoint).unwrap();
        fs::write(checkpoint.join("meta.json"), "{}").unwrap();
        fs::create_dir_all(project.run_dir("003-cps")).unwrap();
        let header = "step,supervised,unlabelled,unsupervised_weight,learning_rate,dice_held_out,seconds";
        let rows = "10,1,0,0,0,,1\n20,0.5,0,0,0,0.4,2\n30,0.4,0,0,0,0.6,3\n30,0.3,0,0,0,0.7,1\n";
        fs::write(run.join("metrics.csv"), format!("{header}\n{rows}")).unwrap();
        let past = PastRun::of(&project).unwrap();
        assert_eq!((past.name.as_str(), past.step, past.calibration), ("002-cps", 20, None));
        assert_eq!(past.loss, [(10, 1.0), (20, 0.5), (30, 0.3)]);
        assert_eq!(past.dice, [(20, 0.4), (30, 0.7)]);
        fs::write(run.join("metrics.csv"), "not a table").unwrap();
        assert!(PastRun::of(&project).unwrap().loss.is_empty(), "a damaged file costs the curves only");
    }
}

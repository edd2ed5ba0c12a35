//! `rounds` in a run's folder: what the rounds came to, and the networks of some of them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::io::write_atomically;
use crate::learn::{LearnError, Trainer, newest_checkpoint};
use crate::volume::CaseId;
use crate::worker::protocol::RoundReport;

const FOLDER: &str = "rounds";
const FILE: &str = "rounds.json";
/// Rounds whose networks are kept, besides the first and the best one.
const NEWEST_KEPT: usize = 6;
/// A smaller drop is not worth a warning.
const FORGOTTEN: f32 = 0.05;

/// A round as the file keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Round {
    pub report: RoundReport,
    /// Dice on what was labelled in cases that the networks learn from.
    #[serde(default)]
    pub known: Vec<(CaseId, f32)>,
}

/// All rounds of a run, oldest first.
#[derive(Default, Serialize, Deserialize)]
struct File {
    rounds: Vec<Round>,
}

pub struct RoundStore {
    dir: PathBuf,
    file: File,
}

impl RoundStore {
    /// Of a run so far. A damaged file costs the history, not the run.
    pub fn open(run_dir: &Path) -> Self {
        let dir = run_dir.join(FOLDER);
        let file = match fs::read(dir.join(FILE)) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|error| {
                log::warn!("the rounds of {} cannot be read: {error}", run_dir.display());
                File::default()
            }),
            Err(_) => File::default(),
        };
        Self { dir, file }
    }

    pub fn rounds(&self) -> &[Round] {
        &self.file.rounds
    }

    /// The number of the round after all that have left something.
    pub fn next_number(&self) -> u32 {
        let in_file = self.rounds().iter().map(|r| r.report.number);
        in_file.chain(self.kept()).max().unwrap_or(0).saturating_add(1)
    }

    /// Numbers of the rounds whose networks are kept, ascending.
    pub fn kept(&self) -> Vec<u32> {
        let Ok(entries) = fs::read_dir(&self.dir) else { return Vec::new() };
        let number = |e: io::Result<fs::DirEntry>| e.ok()?.file_name().to_str()?.parse().ok();
        let mut numbers: Vec<u32> = entries.filter_map(number).collect();
        numbers.sort_unstable();
        numbers
    }

    /// Networks of a round, if they are kept.
    pub fn checkpoint(&self, number: u32) -> Option<PathBuf> {
        newest_checkpoint(&self.dir.join(name(number)))
    }

    /// Folder of a round inside the run's.
    pub fn checkpoint_name(number: u32) -> String {
        format!("{FOLDER}/{}", name(number))
    }

    /// Cases among the known ones that the best earlier round knew clearly better.
    pub fn forgotten(&self, known: &[(CaseId, f32)]) -> Vec<CaseId> {
        let best_of = |case: &CaseId| {
            let earlier = self.rounds().iter().flat_map(|r| &r.known).filter(|(id, _)| id == case);
            earlier.map(|(_, dice)| *dice).fold(0.0, f32::max)
        };
        let is_forgotten = |(case, dice): &&(CaseId, f32)| best_of(case) - dice > FORGOTTEN;
        known.iter().filter(is_forgotten).map(|(case, _)| case.clone()).collect()
    }

    /// Keeps a round and its networks as they are now, and thins those before: the newest six, the best and the first stay.
    pub fn keep(&mut self, trainer: &Trainer, round: Round) -> Result<(), LearnError> {
        let number = round.report.number;
        trainer.save_into(&self.dir.join(name(number)))?;
        self.file.rounds.push(round);
        let path = self.dir.join(FILE);
        let failed =
            |e: &dyn ToString| LearnError::Checkpoint { path: path.clone(), action: "written", reason: e.to_string() };
        let text = serde_json::to_vec_pretty(&self.file).map_err(|e| failed(&e))?;
        write_atomically(&path, |out| out.write_all(&text)).map_err(|e| failed(&e))?;
        for old in thinned(&self.kept(), self.best()) {
            // It costs space, nothing else.
            if let Err(e) = fs::remove_dir_all(self.dir.join(name(old))) {
                log::warn!("an old round could not be removed: {e}");
            }
        }
        Ok(())
    }

    /// Of equals the first.
    fn best(&self) -> Option<u32> {
        let measured = self.rounds().iter().filter_map(|r| Some((r.report.mean?, r.report.number)));
        measured.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, number)| number)
    }
}

fn name(number: u32) -> String {
    format!("{number:03}")
}

/// Those of ascending numbers that go.
fn thinned(kept: &[u32], best: Option<u32>) -> Vec<u32> {
    let older = kept.len().saturating_sub(NEWEST_KEPT);
    kept.iter().take(older).skip(1).copied().filter(|number| Some(*number) != best).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(number: u32, mean: Option<f32>, known: f32) -> Round {
        let report = RoundReport {
            number,
            step: 10 * u64::from(number),
            seconds: 1.5,
            corrected_voxels: 3,
            rejected_voxels: 0,
            held_out: vec![("h".into(), 0.5)],
            mean,
            checkpoint: RoundStore::checkpoint_name(number),
        };
        Round { report, known: vec![("a".into(), known)] }
    }

    #[test]
    fn the_newest_six_the_first_and_the_best_stay_however_many_rounds_there_are() {
        let mut kept: Vec<u32> = Vec::new();
        for number in 1..=30 {
            kept.push(number);
            let gone = thinned(&kept, Some(7));
            kept.retain(|n| !gone.contains(n));
            assert!(kept.len() <= NEWEST_KEPT + 3, "{kept:?}");
            assert!(kept.contains(&1) && kept.contains(&number) && (number < 7 || kept.contains(&7)));
        }
        assert_eq!(kept, [1, 7, 25, 26, 27, 28, 29, 30]);
    }

    #[test]
    fn the_best_round_is_the_first_of_the_highest_and_one_without_a_score_is_not_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = RoundStore::open(folder.path());
        assert_eq!((store.best(), store.next_number()), (None, 1));
        let means = [None, Some(0.5), Some(0.7), Some(0.7), Some(0.6)];
        store.file.rounds = (1..).zip(means).map(|(number, mean)| round(number, mean, 0.9)).collect();
        assert_eq!((store.best(), store.next_number()), (Some(3), 6));
    }

    #[test]
    fn a_drop_below_the_best_earlier_round_is_noticed_and_a_small_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = RoundStore::open(folder.path());
        assert!(store.forgotten(&[("a".into(), 0.1)]).is_empty(), "nothing to compare with");
        store.file.rounds = vec![round(1, None, 0.9), round(2, None, 0.8)];
        assert!(store.forgotten(&[("a".into(), 0.86), ("b".into(), 0.1)]).is_empty());
        assert_eq!(store.forgotten(&[("a".into(), 0.84)]), [CaseId::from("a")]);
    }

    #[test]
    fn a_damaged_file_costs_the_history_and_no_number_is_used_twice() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("rounds/004")).unwrap();
        fs::write(folder.path().join("rounds/rounds.json"), "{").unwrap();
        let store = RoundStore::open(folder.path());
        assert!(store.rounds().is_empty() && store.checkpoint(4).is_none());
        assert_eq!(store.next_number(), 5);
    }
}

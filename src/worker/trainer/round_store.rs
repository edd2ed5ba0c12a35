//! The rounds of a run: what they came to, in the project's record, and the networks of some of them, in the run's folder.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::run_folder::RunFolder;
use super::session::SessionError;
use crate::learn::{Trainer, newest_checkpoint};
use crate::project::Project;
use crate::rounds::{KeepRounds, Round, best_round, kept_rounds};
use crate::volume::CaseId;

/// In a run's folder.
const FOLDER: &str = "rounds";
/// A smaller drop is not worth a warning.
const FORGOTTEN: f64 = 0.05;

pub struct RoundStore {
    project: Project,
    run_dir: PathBuf,
    /// Of this run, oldest first.
    rounds: Vec<Round>,
    next_number: u32,
}

impl RoundStore {
    /// Of a run so far. A damaged record costs the history, not the run.
    pub fn open(project: &Project, run: &RunFolder) -> Self {
        let recorded = project.load_rounds().unwrap_or_else(|error| {
            log::warn!("the rounds so far are left out: {error}");
            Default::default()
        });
        let numbers = recorded.rounds.iter().map(|round| round.number);
        let next_number = numbers.chain(kept_numbers(&run.dir)).max().unwrap_or(0).saturating_add(1);
        let rounds = recorded.rounds.into_iter().filter(|round| round.model == run.name).collect();
        Self { project: project.clone(), run_dir: run.dir.clone(), rounds, next_number }
    }

    pub fn rounds(&self) -> &[Round] {
        &self.rounds
    }

    /// The number of the round after all that the project has had.
    pub fn next_number(&self) -> u32 {
        self.next_number
    }

    /// Cases among the known ones that the best earlier round knew clearly better.
    pub fn forgotten(&self, known: &BTreeMap<CaseId, f64>) -> Vec<CaseId> {
        let best_of =
            |case: &CaseId| self.rounds.iter().filter_map(|round| round.known.get(case)).copied().fold(0.0, f64::max);
        let is_forgotten = |(case, dice): &(&CaseId, &f64)| best_of(case) - *dice > FORGOTTEN;
        known.iter().filter(is_forgotten).map(|(case, _)| case.clone()).collect()
    }

    /// Keeps a round and its networks as they are now; returns the round as it is recorded, and the rounds whose networks
    /// had to go for it.
    pub fn keep(&mut self, trainer: &Trainer, round: Round) -> Result<(Round, Vec<u32>), SessionError> {
        let (number, name) = (round.number, folder_name(round.number));
        trainer.save_into(&self.run_dir.join(&name))?;
        let round = Round { checkpoint: Some(name), ..round };
        self.project.append_round(&round)?;
        self.rounds.push(round.clone());
        self.next_number = self.next_number.max(number.saturating_add(1));
        Ok((round, self.thin()?))
    }

    fn thin(&mut self) -> Result<Vec<u32>, SessionError> {
        let there = kept_numbers(&self.run_dir);
        let kept = kept_rounds(&there, best_round(&self.rounds), KeepRounds::default());
        let mut gone = Vec::new();
        for number in there.into_iter().filter(|number| !kept.contains(number)) {
            if let Err(error) = fs::remove_dir_all(self.run_dir.join(folder_name(number))) {
                // It costs space, nothing else.
                log::warn!("an old round could not be removed: {error}");
                continue;
            }
            gone.push(number);
            if let Some(round) = self.rounds.iter_mut().find(|round| round.number == number) {
                round.checkpoint = None;
                self.project.append_round(round)?;
            }
        }
        Ok(gone)
    }
}

/// Networks of a round, if they are kept.
pub fn kept_networks(run_dir: &Path, number: u32) -> Option<PathBuf> {
    newest_checkpoint(&run_dir.join(folder_name(number)))
}

/// Numbers of the rounds whose networks are kept, ascending.
fn kept_numbers(run_dir: &Path) -> Vec<u32> {
    let Ok(entries) = fs::read_dir(run_dir.join(FOLDER)) else { return Vec::new() };
    let number = |e: io::Result<fs::DirEntry>| e.ok()?.file_name().to_str()?.parse().ok();
    let mut numbers: Vec<u32> = entries.filter_map(number).collect();
    numbers.sort_unstable();
    numbers
}

/// Folder of a round inside the run's.
fn folder_name(number: u32) -> String {
    format!("{FOLDER}/{number:03}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::label::ClassTable;

    fn round(number: u32, model: &str, known: f64) -> Round {
        Round {
            number,
            started_unix_s: 0,
            ended_unix_s: 1,
            model: model.into(),
            step: 10 * u64::from(number),
            checkpoint: Some(folder_name(number)),
            held_out: [("h".into(), 0.5), ("i".into(), 0.6)].into(),
            known: [("a".into(), known)].into(),
            labelled_voxels: 10,
            labelled_cases: 1,
            corrections: BTreeMap::new(),
        }
    }

    fn project() -> (tempfile::TempDir, Project, RunFolder) {
        let folder = tempfile::tempdir().unwrap();
        let project =
            Project::create(&folder.path().join("study"), ClassTable::from_names(&["A"]).unwrap(), Vec::new()).unwrap();
        let run = RunFolder { name: "002-cps".into(), dir: project.run_dir("002-cps") };
        (folder, project, run)
    }

    #[test]
    fn numbers_go_on_over_the_runs_of_a_project_and_none_is_used_twice() {
        let (_folder, project, run) = project();
        assert_eq!(RoundStore::open(&project, &run).next_number(), 1);
        project.append_round(&round(3, "001-cps", 0.5)).unwrap();
        project.append_round(&round(4, &run.name, 0.5)).unwrap();
        let store = RoundStore::open(&project, &run);
        assert_eq!((store.rounds().len(), store.next_number()), (1, 5));
        fs::create_dir_all(run.dir.join("rounds/007")).unwrap();
        assert_eq!(RoundStore::open(&project, &run).next_number(), 8, "its record was lost");
    }

    #[test]
    fn a_thinned_round_stays_in_the_record_without_its_networks() {
        let (_folder, project, run) = project();
        for number in 1..=40 {
            project.append_round(&round(number, &run.name, 0.5)).unwrap();
            fs::create_dir_all(run.dir.join(folder_name(number))).unwrap();
        }
        let mut store = RoundStore::open(&project, &run);
        let gone = store.thin().unwrap();
        let there = kept_numbers(&run.dir);
        assert!(there.len() <= KeepRounds::default().total && there.contains(&1) && there.contains(&40));
        let recorded = project.load_rounds().unwrap().rounds;
        assert_eq!((recorded.len(), gone.len() + there.len()), (40, 40));
        assert!(recorded.iter().all(|round| round.checkpoint.is_some() == there.contains(&round.number)));
    }

    #[test]
    fn a_drop_below_the_best_earlier_round_is_noticed_and_a_small_one_is_not() {
        let (_folder, project, run) = project();
        let mut store = RoundStore::open(&project, &run);
        let known = |dice| BTreeMap::from([("a".into(), dice)]);
        assert!(store.forgotten(&known(0.1)).is_empty(), "nothing to compare with");
        store.rounds = vec![round(1, &run.name, 0.9), round(2, &run.name, 0.8)];
        assert!(store.forgotten(&known(0.86)).is_empty());
        assert_eq!(store.forgotten(&known(0.84)), [CaseId::from("a")]);
    }
}

//! `rounds.jsonl`: one line per finished round of training, append-only.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;

use serde::{Deserialize, Serialize};

use super::json_lines::append_line;
use super::{Project, ProjectError};
use crate::rounds::Round;

pub(super) const FILE_NAME: &str = "rounds.jsonl";
const FORMAT: u32 = 1;

/// The rounds of a project, ascending by number.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RecordedRounds {
    pub rounds: Vec<Round>,
    /// Lines that a crash cut off or that cannot be understood.
    pub damaged_lines: usize,
}

#[derive(Serialize)]
struct Line<'a> {
    format: u32,
    #[serde(flatten)]
    round: &'a Round,
}

#[derive(Deserialize)]
struct Format {
    format: u32,
}

impl Project {
    /// Records a finished round. One with the number of an earlier line replaces it, for example once its checkpoint was
    /// thinned. Dice values that are no numbers are left out.
    pub fn append_round(&self, round: &Round) -> Result<(), ProjectError> {
        let path = self.dir().join(FILE_NAME);
        let mut round = round.clone();
        for dice in [&mut round.held_out, &mut round.known] {
            dice.retain(|_, dice| dice.is_finite());
        }
        let line = Line { format: FORMAT, round: &round };
        let json = serde_json::to_string(&line).map_err(|e| ProjectError::unreadable(&path, e))?;
        append_line(&path, &json).map_err(ProjectError::file("write", &path))
    }

    /// None in a project that has not trained in rounds.
    ///
    /// # Errors
    /// A file that cannot be read, or with a round that a newer version recorded.
    pub fn load_rounds(&self) -> Result<RecordedRounds, ProjectError> {
        let path = self.dir().join(FILE_NAME);
        let bytes = match fs::read(&path) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(RecordedRounds::default()),
            read => read.map_err(ProjectError::file("read", &path))?,
        };
        let (mut rounds, mut damaged_lines) = (BTreeMap::new(), 0);
        for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            match serde_json::from_slice(line) {
                Ok(Format { format }) if format > FORMAT => {
                    let (found, supported) = (format.into(), FORMAT.into());
                    return Err(ProjectError::NewerFormat { path, found, supported });
                }
                _ => {}
            }
            match serde_json::from_slice::<Round>(line) {
                Ok(round) => drop(rounds.insert(round.number, round)),
                Err(_) => damaged_lines += 1,
            }
        }
        Ok(RecordedRounds { rounds: rounds.into_values().collect(), damaged_lines })
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Fixture;
    use super::*;
    use crate::rounds::CorrectionEffort;

    fn round(number: u32) -> Round {
        let effort = CorrectionEffort { voxels_changed: 120, seconds: 35, regions_touched: 4 };
        Round {
            number,
            started_unix_s: 1_700_000_000,
            ended_unix_s: 1_700_000_060,
            model: "001-cps".into(),
            step: 50 * u64::from(number),
            checkpoint: Some(format!("step-{number:08}")),
            held_out: [("a".into(), 0.1 + 0.2), ("b".into(), 1.0)].into(),
            known: [("c".into(), 0.75)].into(),
            labelled_voxels: 12_345,
            labelled_cases: 3,
            corrections: [("c".into(), effort)].into(),
        }
    }

    fn numbers(read: &RecordedRounds) -> Vec<u32> {
        read.rounds.iter().map(|round| round.number).collect()
    }

    #[test]
    fn rounds_come_back_as_they_were_and_a_later_line_replaces_an_earlier_one() {
        let f = Fixture::new();
        assert_eq!(f.project.load_rounds().unwrap(), RecordedRounds::default());
        for number in [1, 3, 2] {
            f.project.append_round(&round(number)).unwrap();
        }
        f.project.append_round(&Round { checkpoint: None, ..round(1) }).unwrap();
        let read = f.project.load_rounds().unwrap();
        assert_eq!(read.rounds, [Round { checkpoint: None, ..round(1) }, round(2), round(3)]);
        assert_eq!(read.damaged_lines, 0);
    }

    #[test]
    fn a_dice_that_is_no_number_costs_itself_only() {
        let f = Fixture::new();
        let mut bad = round(1);
        bad.held_out.insert("nan".into(), f64::NAN);
        f.project.append_round(&bad).unwrap();
        assert_eq!(f.project.load_rounds().unwrap().rounds, [round(1)]);
    }

    #[test]
    fn a_file_cut_off_anywhere_gives_the_whole_rounds_and_goes_on() {
        let f = Fixture::new();
        (1..=3).for_each(|n| f.project.append_round(&round(n)).unwrap());
        let path = f.project.dir().join(FILE_NAME);
        let bytes = fs::read(&path).unwrap();
        // Not every byte: each line waits for the disk.
        let ends = (0..bytes.len()).filter(|&at| bytes[at] == b'\n' || at > 0 && bytes[at - 1] == b'\n');
        for len in (0..bytes.len()).step_by(11).chain(ends) {
            fs::write(&path, &bytes[..len]).unwrap();
            let before = numbers(&f.project.load_rounds().unwrap());
            let ended = bytes[..len].iter().filter(|b| **b == b'\n').count();
            assert!(before.len() == ended || before.len() == ended + 1 && bytes[len] == b'\n', "cut at {len}");
            f.project.append_round(&round(9)).unwrap();
            let after = f.project.load_rounds().unwrap();
            assert_eq!(numbers(&after), [before, vec![9]].concat(), "cut at {len}");
            assert!(after.damaged_lines <= 1);
        }
    }

    #[test]
    fn rounds_of_a_newer_version_are_refused_and_unknown_facts_are_not() {
        let f = Fixture::new();
        f.project.append_round(&round(1)).unwrap();
        let path = f.project.dir().join(FILE_NAME);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace("{\"format\":1", "{\"format\":1,\"mood\":\"good\"")).unwrap();
        assert_eq!(f.project.load_rounds().unwrap().rounds, [round(1)]);
        fs::write(&path, text.replace("{\"format\":1", "{\"format\":2")).unwrap();
        assert!(matches!(f.project.load_rounds(), Err(ProjectError::NewerFormat { found: 2, supported: 1, .. })));
    }
}

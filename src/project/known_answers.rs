//! What a reviewer answered where the right answer is known: `review/known-answers.jsonl`, one line per answer.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::json_lines::append_line;
use super::{Project, ProjectError, review_file};
use crate::rounds::unix_seconds;
use crate::volume::CaseId;

/// Cases have files with another ending in this folder.
const FILE_NAME: &str = "known-answers.jsonl";
const FORMAT: u32 = 1;

/// About a region of a pseudo-label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    Accept,
    Reject,
}

/// One answer; it changed no label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KnownAnswer {
    pub case: CaseId,
    /// A voxel (x, y, z) of the region that was asked about.
    pub place: [usize; 3],
    /// The networks whose pseudo-label was asked about.
    pub model: String,
    pub step: u64,
    /// Share (0 to 1) of the region's labelled voxels that were predicted to be what they are.
    pub agreement: f64,
    pub given: Decision,
    pub right: Decision,
}

#[derive(Serialize)]
struct Line<'a> {
    format: u32,
    /// Seconds since 1970-01-01 UTC.
    answered_unix_s: u64,
    #[serde(flatten)]
    answer: &'a KnownAnswer,
}

#[derive(Deserialize)]
struct Format {
    format: u32,
}

impl KnownAnswer {
    pub fn agrees(&self) -> bool {
        self.given == self.right
    }

    /// Accepted although the labels say otherwise.
    pub fn is_wrongly_accepted(&self) -> bool {
        (self.given, self.right) == (Decision::Accept, Decision::Reject)
    }
}

impl Project {
    /// With the time of now.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn append_known_answer(&self, answer: &KnownAnswer) -> Result<(), ProjectError> {
        let (path, folder) = (self.known_answers_path(), self.dir().join(review_file::FOLDER));
        fs::create_dir_all(&folder).map_err(ProjectError::file("create", &folder))?;
        let line = Line { format: FORMAT, answered_unix_s: unix_seconds(), answer };
        let json = serde_json::to_string(&line).map_err(|e| ProjectError::unreadable(&path, e))?;
        append_line(&path, &json).map_err(ProjectError::file("write", &path))
    }

    /// In the order they were given. Lines that a crash cut off or that cannot be understood are left out.
    ///
    /// # Errors
    /// A file that cannot be read, or with an answer that a newer version recorded.
    pub fn load_known_answers(&self) -> Result<Vec<KnownAnswer>, ProjectError> {
        let path = self.known_answers_path();
        let bytes = match fs::read(&path) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            read => read.map_err(ProjectError::file("read", &path))?,
        };
        let mut answers = Vec::new();
        for line in bytes.split(|byte| *byte == b'\n') {
            match serde_json::from_slice(line) {
                Ok(Format { format }) if format > FORMAT => {
                    let (found, supported) = (format.into(), FORMAT.into());
                    return Err(ProjectError::NewerFormat { path, found, supported });
                }
                _ => answers.extend(serde_json::from_slice::<KnownAnswer>(line)),
            }
        }
        Ok(answers)
    }

    fn known_answers_path(&self) -> PathBuf {
        self.dir().join(review_file::FOLDER).join(FILE_NAME)
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Fixture;
    use super::*;

    fn answer(step: u64, given: Decision) -> KnownAnswer {
        KnownAnswer {
            case: "h".into(),
            place: [3, 4, 5],
            model: "001-cps".into(),
            step,
            agreement: 0.25,
            given,
            right: Decision::Reject,
        }
    }

    #[test]
    fn answers_come_back_in_their_order_with_a_date_and_a_cut_off_line_costs_only_itself() {
        let f = Fixture::new();
        assert!(f.project.load_known_answers().unwrap().is_empty());
        let all = [answer(1, Decision::Accept), answer(2, Decision::Reject)];
        all.iter().for_each(|answer| f.project.append_known_answer(answer).unwrap());
        assert_eq!(f.project.load_known_answers().unwrap(), all);
        let path = f.project.known_answers_path();
        let text = fs::read_to_string(&path).unwrap();
        assert!(
            text.lines().all(|line| line.contains("\"answered_unix_s\":") && line.contains("\"right\":\"reject\""))
        );

        fs::write(&path, &text[..text.len() - 9]).unwrap();
        f.project.append_known_answer(&all[1]).unwrap();
        assert_eq!(f.project.load_known_answers().unwrap(), all);
    }

    #[test]
    fn answers_of_a_newer_version_are_refused() {
        let f = Fixture::new();
        f.project.append_known_answer(&answer(1, Decision::Accept)).unwrap();
        let path = f.project.known_answers_path();
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace("{\"format\":1", "{\"format\":2")).unwrap();
        assert!(matches!(f.project.load_known_answers(), Err(ProjectError::NewerFormat { found: 2, .. })));
    }

    #[test]
    fn an_answer_agrees_in_both_directions_and_only_one_of_its_errors_is_lazy() {
        assert!(!answer(1, Decision::Accept).agrees() && answer(1, Decision::Accept).is_wrongly_accepted());
        assert!(answer(1, Decision::Reject).agrees() && !answer(1, Decision::Reject).is_wrongly_accepted());
        let timid = KnownAnswer { right: Decision::Accept, ..answer(1, Decision::Reject) };
        assert!(!timid.agrees() && !timid.is_wrongly_accepted());
    }
}

//! From which networks the accepted voxels of each case came, as far as the project's files tell.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;

use serde::Deserialize;

use super::audit_chain::for_each_line;
use super::{ModelStep, Project, ProjectError, SourceModel, audit, read_metrics};
use crate::rounds::Round;
use crate::volume::CaseId;

/// Read once for the export of a whole study.
pub(super) struct Lineage<'a> {
    project: &'a Project,
    /// `None` where the newest acceptance was logged without its networks.
    accepted: BTreeMap<CaseId, Option<ModelStep>>,
    rounds: Vec<Round>,
}

/// The part of an audit line that is needed here.
#[derive(Deserialize)]
struct Seen {
    event: String,
    case: Option<CaseId>,
    #[serde(flatten)]
    model: Option<ModelStep>,
}

impl<'a> Lineage<'a> {
    /// What cannot be read is unknown; an export does not fail for it.
    pub fn of(project: &'a Project) -> Self {
        let told = |error: ProjectError| log::warn!("an export leaves out where labels came from: {error}");
        let accepted = accepted_models(project).map_err(told).unwrap_or_default();
        let rounds = project.load_rounds().map_err(told).map(|read| read.rounds).unwrap_or_default();
        Self { project, accepted, rounds }
    }

    pub fn model_of(&self, case: &CaseId) -> Option<SourceModel> {
        let ModelStep { run, step } = self.accepted.get(case)?.clone()?;
        let (round, held_out_dice) = (self.round_of(&run, step), self.held_out_dice(&run, step));
        Some(SourceModel { run, step, round, held_out_dice })
    }

    /// The round in which the step was taken. `None` while that round still runs.
    fn round_of(&self, run: &str, step: u64) -> Option<u32> {
        self.rounds.iter().find(|round| round.model == run && round.step >= step).map(|round| round.number)
    }

    /// The newest that the run had measured at that step.
    fn held_out_dice(&self, run: &str, step: u64) -> Option<f64> {
        let lines = read_metrics(&self.project.run_dir(run).join("metrics.csv")).ok()?;
        let until = lines.iter().filter(|line| line.step <= step && line.dice_held_out.is_some());
        // Of steps taken twice the last line holds: `max_by_key` gives the last of equals.
        until.max_by_key(|line| line.step)?.dice_held_out
    }
}

fn accepted_models(project: &Project) -> Result<BTreeMap<CaseId, Option<ModelStep>>, ProjectError> {
    let path = project.dir().join(audit::FILE_NAME);
    let file = File::open(&path).map_err(ProjectError::file("read", &path))?;
    let mut models = BTreeMap::new();
    for_each_line(BufReader::new(file), |line, _| {
        if let Ok(Seen { event, case: Some(case), model }) = serde_json::from_slice(line)
            && event == "accepted"
        {
            models.insert(case, model);
        }
    })
    .map_err(ProjectError::file("read", &path))?;
    Ok(models)
}

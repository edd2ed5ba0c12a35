//! The folder of one run: its name, `plan.toml`, `metrics.csv`.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};

use super::best::Best;
use super::session::SessionError;
use crate::io::write_atomically;
use crate::learn::{Calibration, LearnError, Method, Plan, StepReport, newest_checkpoint};
use crate::project::Project;
use crate::worker::protocol::CheckpointChoice;

/// Columns of `metrics.csv`.
const COLUMNS: &str = "step,supervised,unlabelled,unsupervised_weight,learning_rate,dice_held_out,seconds";
/// Those that only some methods fill: what the neural process learns, and its health (methods 4.4).
const NAMED: &[&str] = &["np_nll", "np_nll_pseudo", "np_kl", "np_kl_flipped", "np_std", "np_calibration"];

/// `models/NNN-method`; the number grows with every run of the project.
#[derive(Clone, Debug)]
pub struct RunFolder {
    pub name: String,
    pub dir: PathBuf,
}

impl RunFolder {
    /// A name that no run of the project has; the folder is made by the first write.
    pub fn new(project: &Project, method: Method) -> Self {
        let last = run_names(&project.models_dir()).iter().filter_map(|n| run_number(n)).max().unwrap_or(0);
        let name = format!("{:03}-{method}", last + 1);
        Self { dir: project.run_dir(&name), name }
    }

    /// The newest run that has a checkpoint, and that checkpoint.
    pub fn newest(project: &Project) -> Option<(Self, PathBuf)> {
        let mut names = run_names(&project.models_dir());
        names.sort_by_key(|n| run_number(n));
        names.into_iter().rev().find_map(|name| {
            let dir = project.run_dir(&name);
            newest_checkpoint(&dir).map(|checkpoint| (Self { name, dir }, checkpoint))
        })
    }

    /// The checkpoint that somebody chose of the newest run.
    pub fn chosen(project: &Project, choice: CheckpointChoice) -> Result<(Self, PathBuf), SessionError> {
        let (run, last) =
            Self::newest(project).ok_or_else(|| LearnError::NoCheckpoint { dir: project.models_dir() })?;
        let checkpoint = match choice {
            CheckpointChoice::Last => last,
            CheckpointChoice::Best => {
                let best = Best::of(&run.dir).ok_or_else(|| SessionError::NoBest { run: run.name.clone() })?;
                best.path(&run.dir)
            }
        };
        Ok((run, checkpoint))
    }

    pub fn write_plan(&self, plan: &Plan) -> io::Result<()> {
        fs::create_dir_all(&self.dir)?;
        let text = plan.to_commented_toml().map_err(io::Error::other)?;
        write_atomically(&self.dir.join("plan.toml"), |out| out.write_all(text.as_bytes())).map_err(io::Error::other)
    }

    pub fn write_calibration(&self, calibration: &Calibration) -> io::Result<()> {
        let text = serde_json::to_vec_pretty(calibration)?;
        write_atomically(&self.dir.join("calibration.json"), |out| out.write_all(&text)).map_err(io::Error::other)
    }

    /// Appends one line; a new file gets its header first.
    pub fn append_metrics(&self, report: &StepReport, seconds: f64, dice_held_out: Option<f32>) -> io::Result<()> {
        let path = self.dir.join("metrics.csv");
        let is_new = !path.exists();
        let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
        let mut text = String::new();
        if is_new {
            text += COLUMNS;
            NAMED.iter().for_each(|name| text += &format!(",{name}"));
            text.push('\n');
        }
        // A run of an older program goes on with the columns it began with.
        let named_columns = if is_new || has_named_columns(&path) { NAMED } else { &[] };
        let dice = dice_held_out.map(|d| format!("{d:.4}")).unwrap_or_default();
        let StepReport { step, supervised, unlabelled, unsupervised_weight, learning_rate, named } = report;
        text += &format!(
            "{step},{supervised:.5},{unlabelled:.5},{unsupervised_weight:.4},{learning_rate:.6},{dice},{seconds:.1}"
        );
        for wanted in named_columns {
            let value = named.iter().find(|(name, _)| name == wanted).map(|(_, v)| format!("{v:.5}"));
            text += &format!(",{}", value.unwrap_or_default());
        }
        text.push('\n');
        file.write_all(text.as_bytes())
    }
}

fn has_named_columns(path: &Path) -> bool {
    let first_line = File::open(path).and_then(|file| {
        let mut line = String::new();
        BufReader::new(file).read_line(&mut line).map(|_| line)
    });
    first_line.is_ok_and(|line| line.trim_end() != COLUMNS)
}

/// The newest checkpoint of a project's newest run.
pub fn newest_run_checkpoint(project: &Project) -> Option<PathBuf> {
    RunFolder::newest(project).map(|(_, checkpoint)| checkpoint)
}

fn run_names(models_dir: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(models_dir) else { return Vec::new() };
    entries.filter_map(|e| e.ok()?.file_name().into_string().ok()).filter(|n| run_number(n).is_some()).collect()
}

fn run_number(name: &str) -> Option<u32> {
    name.split('-').next()?.parse().ok()
}

//! The folder of one run: its name, `plan.toml`, `metrics.csv`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::best::Best;
use super::session::SessionError;
use crate::io::write_atomically;
use crate::learn::{Calibration, LearnError, Method, Plan, newest_checkpoint};
use crate::project::Project;
use crate::worker::protocol::CheckpointChoice;

const CALIBRATION: &str = "calibration.json";

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
        write_atomically(&self.dir.join(CALIBRATION), |out| out.write_all(&text)).map_err(io::Error::other)
    }

    /// What [`Self::write_calibration`] wrote last; `None` if there is none or it is damaged.
    pub fn read_calibration(&self) -> Option<Calibration> {
        serde_json::from_slice(&fs::read(self.dir.join(CALIBRATION)).ok()?).ok()
    }

    pub fn metrics_path(&self) -> PathBuf {
        self.dir.join("metrics.csv")
    }
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

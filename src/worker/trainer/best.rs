//! The checkpoint with the best held-out Dice beside the newest ones: published scores are of the one or of the other
//! (methods 1.7), and a run reports both.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::io::write_atomically;
use crate::learn::{LearnError, Trainer};
use crate::volume::CaseId;

const FOLDER: &str = "best";
const FILE: &str = "best.json";

/// The highest point of a run's held-out curve, as its file says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Best {
    pub step: u64,
    pub dice: f32,
    /// Cases it was measured on; none in files of older programs.
    #[serde(default)]
    measured_on: Vec<CaseId>,
    /// Folder of the checkpoint, beside the file.
    checkpoint: PathBuf,
}

impl Best {
    /// Of a run so far; `None` before the first point of its curve.
    pub fn of(run_dir: &Path) -> Option<Self> {
        let bytes = fs::read(run_dir.join(FOLDER).join(FILE)).ok()?;
        let best: Self = serde_json::from_slice(&bytes).ok()?;
        best.path(run_dir).is_dir().then_some(best)
    }

    pub fn path(&self, run_dir: &Path) -> PathBuf {
        run_dir.join(FOLDER).join(&self.checkpoint)
    }

    /// Of equals the first stays; a score of another set of cases does not compare, and the newer one is kept.
    pub fn is_as_good_as(&self, dice: f32, cases: &[CaseId]) -> bool {
        self.measured_on == cases && self.dice >= dice
    }

    /// Keeps the networks as they are now, and only then forgets those before.
    pub fn save(trainer: &Trainer, dice: f32, cases: Vec<CaseId>, run_dir: &Path) -> Result<Self, LearnError> {
        let folder = run_dir.join(FOLDER);
        let written = trainer.save_into(&folder)?;
        let checkpoint = PathBuf::from(written.file_name().unwrap_or_default());
        let best = Self { step: trainer.steps_done(), dice, measured_on: cases, checkpoint };
        let failed = |e: &dyn ToString| LearnError::Checkpoint {
            path: folder.join(FILE),
            action: "written",
            reason: e.to_string(),
        };
        let text = serde_json::to_vec_pretty(&best).map_err(|e| failed(&e))?;
        write_atomically(&folder.join(FILE), |out| out.write_all(&text)).map_err(|e| failed(&e))?;
        if let Err(e) = remove_other_folders(&folder, &best.checkpoint) {
            log::warn!("an older best checkpoint could not be removed: {e}");
        }
        Ok(best)
    }
}

fn remove_other_folders(dir: &Path, kept: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() && path.file_name() != Some(kept.as_os_str()) {
            fs::remove_dir_all(path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::geometry::{Affine, Extent};
    use crate::label::LabelMap;
    use crate::learn::data::TrainCase;
    use crate::learn::{DeviceChoice, Fingerprint, Plan, TrainSettings, choose_device, newest_checkpoint};
    use crate::volume::{Grid, Image, Voxels};

    fn trainer() -> Trainer {
        let extent = Extent::new(16, 16, 16).unwrap();
        let class = Grid::from_fn(extent, |v| u8::from(v.x > 7));
        let image = Arc::new(Image::new(Voxels::U8(class.clone()), 1.0, 0.0, Affine::identity()));
        let cases = vec![TrainCase::new("a".into(), image, LabelMap::imported(class), false)];
        let plan = Plan::new(&Fingerprint::of(&cases, vec![0, 1], false), &TrainSettings::default());
        let plan = Plan { base_width: 2, patch: [8; 3], ..plan };
        Trainer::new(plan, cases, &choose_device(&DeviceChoice::Cpu).unwrap().0).unwrap()
    }

    fn set(ids: &[&str]) -> Vec<CaseId> {
        ids.iter().map(|id| (*id).into()).collect()
    }

    #[test]
    fn only_the_best_checkpoint_is_kept_and_the_newest_are_counted_without_it() {
        let run = tempfile::tempdir().unwrap();
        let mut trainer = trainer();
        assert_eq!(Best::of(run.path()), None);
        let first = Best::save(&trainer, 0.5, set(&["h", "i"]), run.path()).unwrap();
        assert_eq!(Best::of(run.path()), Some(first.clone()));
        for _ in 0..4 {
            trainer.step().unwrap();
            trainer.save(run.path()).unwrap();
        }
        assert!(first.is_as_good_as(0.5, &set(&["h", "i"])) && !first.is_as_good_as(0.6, &set(&["h", "i"])));
        assert!(!first.is_as_good_as(0.4, &set(&["h", "j"])), "scores of other cases do not compare");
        assert!(first.path(run.path()).is_dir(), "two newer checkpoints must not remove it");
        assert!(newest_checkpoint(run.path()).unwrap().ends_with("step-00000004"));
        let second = Best::save(&trainer, 0.6, set(&["h", "i"]), run.path()).unwrap();
        assert_eq!((second.step, Best::of(run.path())), (4, Some(second.clone())));
        assert!(!first.path(run.path()).exists() && second.path(run.path()).join("meta.json").is_file());
    }

    #[test]
    fn a_best_file_without_its_checkpoint_counts_as_none() {
        let run = tempfile::tempdir().unwrap();
        let best = Best::save(&trainer(), 0.5, set(&["h"]), run.path()).unwrap();
        fs::remove_dir_all(best.path(run.path())).unwrap();
        assert_eq!(Best::of(run.path()), None);
    }
}

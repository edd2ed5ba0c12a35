//! `CASE.json` beside an exported mask of labels: where they came from.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::ProjectError;
use super::class_origins::{ClassOrigins, KNOWN};
use crate::io::{WrittenFile, write_verified};
use crate::label::{ClassId, ClassTable, Origin};
use crate::volume::CaseId;

const FORMAT: u32 = 1;
const PROGRAM: &str = "Chiaro";

/// Belongs to the mask whose SHA-256 it names, and to no other of the same name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MaskSidecar {
    pub format: u32,
    pub program: String,
    pub version: String,
    pub case: CaseId,
    pub mask: MaskFile,
    /// Voxels nobody said anything about; they are 0 in the mask as background is.
    pub unknown_voxels: u64,
    /// The classes of the study and all others that occur, ascending.
    pub classes: Vec<ClassShares>,
    /// The newest networks from which voxels of this case were accepted. Absent if none were or nobody noted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_from: Option<SourceModel>,
    /// Hash of the line of the project's `audit.jsonl` that says this mask was exported: vouches for all before it.
    pub audit_hash: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaskFile {
    pub file: String,
    /// Lower-case hexadecimal.
    pub sha256: String,
}

/// The known voxels of one class, and which shares of them (0 to 1, together 1) were painted by hand, accepted from
/// pseudo-labels and read from a file. Shares of nothing are 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassShares {
    pub id: ClassId,
    pub name: String,
    pub voxels: u64,
    pub manual: f64,
    pub accepted: f64,
    pub imported: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SourceModel {
    /// Name of the training run.
    pub run: String,
    pub step: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round: Option<u32>,
    /// Mean Dice of held-out cases as last measured up to that step, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_out_dice: Option<f64>,
}

pub(super) fn file_name(case: &CaseId) -> String {
    format!("{case}.json")
}

impl MaskSidecar {
    pub(super) fn new(
        case: &CaseId,
        mask: &WrittenFile,
        origins: &ClassOrigins,
        table: &ClassTable,
        model: Option<SourceModel>,
        audit_hash: String,
    ) -> Self {
        let mut ids: Vec<ClassId> = table.all().iter().map(|class| class.id).chain(origins.classes()).collect();
        ids.sort_unstable();
        ids.dedup();
        let classes: Vec<ClassShares> = ids.into_iter().map(|id| ClassShares::of(id, table, origins)).collect();
        let has_accepted = classes.iter().any(|class| class.accepted > 0.0);
        let file = mask.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Self {
            format: FORMAT,
            program: PROGRAM.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            case: case.clone(),
            mask: MaskFile { file, sha256: mask.sha256.clone() },
            unknown_voxels: origins.unknown(),
            classes,
            accepted_from: model.filter(|_| has_accepted),
            audit_hash,
        }
    }

    /// Writes `OUT/CASE.json`, read back before it replaces an older one.
    pub(super) fn write(&self, out: &Path) -> Result<PathBuf, ProjectError> {
        let path = out.join(file_name(&self.case));
        let json = serde_json::to_vec_pretty(self).map_err(|e| ProjectError::unreadable(&path, e))?;
        write_verified(&path, &json)?;
        Ok(path)
    }

    /// # Errors
    /// Files that are missing, that Chiaro did not write, or that a newer Chiaro wrote.
    pub fn read(path: &Path) -> Result<Self, ProjectError> {
        let bytes = fs::read(path).map_err(ProjectError::file("read", path))?;
        let read: Self = serde_json::from_slice(&bytes).map_err(|e| ProjectError::unreadable(path, e))?;
        match read.format {
            _ if read.program != PROGRAM => Err(ProjectError::unreadable(path, "Chiaro did not write it")),
            newer if newer > FORMAT => {
                let (found, supported) = (newer.into(), FORMAT.into());
                Err(ProjectError::NewerFormat { path: path.to_owned(), found, supported })
            }
            _ => Ok(read),
        }
    }

    /// Whether any voxel of the mask is a pseudo-label that somebody accepted: such a mask is no gold standard.
    pub fn has_accepted_voxels(&self) -> bool {
        self.classes.iter().any(|class| class.accepted > 0.0)
    }
}

impl ClassShares {
    fn of(id: ClassId, table: &ClassTable, origins: &ClassOrigins) -> Self {
        let voxels: u64 = KNOWN.iter().map(|origin| origins.voxels(id, *origin)).sum();
        let share = |origin| origins.voxels(id, origin) as f64 / voxels.max(1) as f64;
        Self {
            id,
            name: table.name(id).to_owned(),
            voxels,
            manual: share(Origin::Manual),
            accepted: share(Origin::Accepted),
            imported: share(Origin::Imported),
        }
    }
}

#[cfg(test)]
#[path = "mask_sidecar_tests.rs"]
mod tests;

//! Whether an audit log is as it was written.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use super::audit_chain::{ChainedLine, NOTHING, for_each_line};
use super::{Project, ProjectError, audit, audit_chain};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditCheck {
    /// Every chained line follows the one before.
    Whole {
        lines: usize,
        /// Of these the ones without hashes, from older programs or cut off by a crash. The next chained line vouches
        /// for them; at the end of the log nothing does yet.
        unchained: usize,
    },
    /// The first line that was changed, or before which lines are changed, missing or new; counted from 1.
    BrokenAt { line: usize },
    /// Whole but for a last line that a crash cut off, which is not counted. The next event is added after it.
    TornEnd { lines: usize, unchained: usize },
}

/// Reads `audit.jsonl` from its beginning and compares every hash.
pub fn verify_audit(path: &Path) -> Result<AuditCheck, ProjectError> {
    let file = File::open(path).map_err(ProjectError::file("read", path))?;
    let (mut lines, mut unchained, mut is_torn) = (0, 0, false);
    let mut hash = Some(NOTHING.to_owned());
    for_each_line(BufReader::new(file), |line, is_ended| {
        let Some(previous) = &hash else { return };
        if !is_ended {
            is_torn = true;
            return;
        }
        let line = ChainedLine::of(line);
        lines += 1;
        unchained += usize::from(!line.is_chained());
        hash = line.follow(previous);
    })
    .map_err(ProjectError::file("read", path))?;
    Ok(match (hash, is_torn) {
        (None, _) => AuditCheck::BrokenAt { line: lines },
        (_, true) => AuditCheck::TornEnd { lines, unchained },
        (_, false) => AuditCheck::Whole { lines, unchained },
    })
}

impl Project {
    /// Whether the project's audit log is as it was written.
    pub fn verify_audit(&self) -> Result<AuditCheck, ProjectError> {
        verify_audit(&self.dir().join(audit::FILE_NAME))
    }

    /// Hash of the newest line of the audit log; `None` of a log without lines.
    pub fn last_audit_hash(&self) -> Result<Option<String>, ProjectError> {
        let path = self.dir().join(audit::FILE_NAME);
        audit_chain::last_hash(&path).map_err(ProjectError::file("read", &path))
    }
}

//! `audit.jsonl`: who did what and when, append-only, one JSON object per line, chained by
//! hashes ([`super::audit_chain`]).

use std::env;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::{ProjectError, audit_chain};
use crate::volume::CaseId;

pub(super) const FILE_NAME: &str = "audit.jsonl";

/// The networks a prediction came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelStep {
    /// Name of the training run.
    pub run: String,
    pub step: u64,
}

/// What happened. Names cases and files relative to their folder, never a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum AuditEvent {
    Created {
        cases: usize,
    },
    Opened,
    /// Cases were added to the list.
    Added {
        cases: usize,
    },
    /// Labels that came with a case from a file.
    Imported {
        case: CaseId,
        voxels: usize,
    },
    /// A stroke, fill or other edit by hand; `tool` as the undo list names it.
    Painted {
        case: CaseId,
        tool: String,
        voxels: usize,
    },
    /// Pseudo-labels taken over into the labels, and whose they were.
    Accepted {
        case: CaseId,
        voxels: usize,
        #[serde(flatten, skip_serializing_if = "Option::is_none")]
        model: Option<ModelStep>,
    },
    /// Pseudo-labels judged wrong.
    Rejected {
        case: CaseId,
        voxels: usize,
    },
    Undone {
        case: CaseId,
        tool: String,
    },
    Redone {
        case: CaseId,
        tool: String,
    },
    Saved {
        case: CaseId,
        revision: u64,
    },
    Trained {
        run: String,
        step: u64,
    },
    Exported {
        case: CaseId,
        what: &'static str,
        file: String,
        sha256: String,
    },
}

#[derive(Serialize)]
struct Line<'a> {
    /// UTC, RFC 3339.
    time: String,
    user: String,
    #[serde(flatten)]
    event: &'a AuditEvent,
}

/// Appends one line to the chain and waits until the disk has it. Returns the line's hash.
pub(super) fn append(dir: &Path, event: &AuditEvent) -> Result<String, ProjectError> {
    let path = dir.join(FILE_NAME);
    let user = env::var("USER").or_else(|_| env::var("USERNAME")).unwrap_or_else(|_| "unknown".to_owned());
    let line = Line { time: utc(SystemTime::now()), user, event };
    let content = serde_json::to_string(&line).map_err(|e| ProjectError::unreadable(&path, e))?;
    audit_chain::append(&path, &content).map_err(ProjectError::file("write", &path))
}

/// `2026-03-01T09:30:00Z`.
pub(super) fn utc(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    let (year, month, day) = civil_from_days(seconds / 86_400);
    let (h, m, s) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{h:02}:{m:02}:{s:02}Z")
}

/// Gregorian date of a day number since 1970-01-01 (Hinnant, "chrono-compatible low-level date algorithms").
fn civil_from_days(days: u64) -> (u64, u64, u64) {
    let z = days + 719_468;
    let day_of_era = z % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // Months counted from March, so that the leap day is the last of the year.
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + z / 146_097 * 400 + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn utc_knows_leap_days_and_year_ends() {
        let at = |seconds| utc(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(0), "1970-01-01T00:00:00Z");
        assert_eq!(at(951_827_696), "2000-02-29T12:34:56Z");
        assert_eq!(at(1_735_689_599), "2024-12-31T23:59:59Z");
        assert_eq!(at(4_107_542_400), "2100-03-01T00:00:00Z");
    }

    #[test]
    fn events_are_appended_as_one_json_object_per_line() {
        let dir = tempfile::tempdir().unwrap();
        append(dir.path(), &AuditEvent::Opened).unwrap();
        let painted = AuditEvent::Painted { case: "a".into(), tool: "Brush".into(), voxels: 12 };
        append(dir.path(), &painted).unwrap();
        let text = fs::read_to_string(dir.path().join(FILE_NAME)).unwrap();
        let lines: Vec<serde_json::Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        assert_eq!(lines[0]["event"], "opened");
        assert_eq!((&lines[1]["case"], &lines[1]["voxels"]), (&"a".into(), &12.into()));
        assert!(lines[1]["time"].is_string() && lines[1]["user"].is_string());
    }
}

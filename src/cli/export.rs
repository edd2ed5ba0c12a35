//! `chiaro export`: masks and volumes out of a project.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use thiserror::Error;

use crate::project::{Project, ProjectError, Source, export_labels, export_statistics};
use crate::volume::CaseId;

/// Write verified masks on the grid of their images
#[derive(Args, Clone, Debug)]
pub struct ExportArgs {
    /// Project folder
    pub dir: PathBuf,
    /// Folder to write to; an existing file stays until its successor is verified
    #[arg(long, value_name = "FOLDER")]
    pub out: PathBuf,
    /// What to export
    #[arg(long, value_enum, default_value_t = What::Labels)]
    pub what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// Labels as NIfTI masks; unknown voxels become 0
    Labels,
    /// The newest pseudo-labels as NIfTI masks
    Pseudo,
    /// The same masks, and beside each CASE.mean, CASE.scaled and CASE.np: how probable the shown classes are, 0 to 1
    Probabilities,
    Meshes,
    /// Class volumes in ml as CSV
    Stats,
}

#[derive(Debug, Error)]
pub enum ExportError {
    /// Wrong usage, not failed work.
    #[error("export of {0} is not available yet; use --what labels, pseudo, probabilities or stats")]
    NotAvailable(&'static str),
    #[error(transparent)]
    Project(#[from] ProjectError),
}

/// Prints what was done on stderr and the written paths on stdout.
pub fn run(args: ExportArgs) -> Result<(), ExportError> {
    let source = match args.what {
        What::Labels => Source::Labels,
        What::Pseudo => Source::Pseudo,
        What::Stats => {
            let report = export_statistics(&Project::load(&args.dir)?, &args.out)?;
            tell_left_out(&report.skipped, &report.unreadable);
            println!("{}", report.path.display());
            return Ok(());
        }
        What::Probabilities => Source::Probabilities,
        What::Meshes => return Err(ExportError::NotAvailable("meshes")),
    };
    let report = export_labels(&Project::load(&args.dir)?, &args.out, source)?;
    tell_left_out(&report.skipped, &report.unreadable);
    eprintln!("{} files written and verified.", report.written.len());
    for (_, file) in &report.written {
        println!("{}", file.path.display());
    }
    println!("{}", report.classes.display());
    Ok(())
}

fn tell_left_out(skipped: &[CaseId], unreadable: &[(CaseId, String)]) {
    if !skipped.is_empty() {
        let names: Vec<&str> = skipped.iter().map(CaseId::as_str).collect();
        eprintln!("Nothing to export for {} cases: {}.", names.len(), names.join(", "));
    }
    for (case, reason) in unreadable {
        eprintln!("Case {case} was left out: {reason}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_that_does_not_exist_yet_is_refused_as_usage_before_anything_is_read() {
        let args = ExportArgs { dir: "nowhere".into(), out: "nowhere".into(), what: What::Meshes };
        assert!(matches!(run(args), Err(ExportError::NotAvailable(_))));
    }
}

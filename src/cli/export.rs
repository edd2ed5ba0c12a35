//! `chiaro export`: masks and volumes out of a project.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::io::mesh::MeshFrame;
use crate::project::{Project, ProjectError, Source, export_labels, export_meshes, export_statistics};
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
    /// Mesh coordinates as ITK and Slicer have them (left, posterior, superior) instead of those of NIfTI
    #[arg(long)]
    pub lps: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// Labels as NIfTI masks; unknown voxels become 0. CASE.json beside each says where its labels came from
    Labels,
    /// The newest pseudo-labels as NIfTI masks
    Pseudo,
    /// The same masks, and beside each CASE.mean, CASE.scaled and CASE.np: how probable the shown classes are, 0 to 1
    Probabilities,
    /// Surfaces of the labels: an STL per class and a coloured PLY per case, in mm
    Meshes,
    /// Class volumes in ml as CSV
    Stats,
}

/// Prints what was done on stderr and the written paths on stdout.
pub fn run(args: ExportArgs) -> Result<(), ProjectError> {
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
        What::Meshes => {
            let frame = if args.lps { MeshFrame::Lps } else { MeshFrame::Ras };
            let report = export_meshes(&Project::load(&args.dir)?, &args.out, frame)?;
            tell_left_out(&report.skipped, &report.unreadable);
            eprintln!("{} files written, every STL read again.", report.written.len());
            report.written.iter().for_each(|path| println!("{}", path.display()));
            return Ok(());
        }
    };
    let report = export_labels(&Project::load(&args.dir)?, &args.out, source)?;
    tell_left_out(&report.skipped, &report.unreadable);
    eprintln!("{} files written and verified.", report.written.len());
    for (_, file) in &report.written {
        println!("{}", file.path.display());
    }
    report.sidecars.iter().for_each(|path| println!("{}", path.display()));
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

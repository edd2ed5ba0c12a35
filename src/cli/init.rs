//! `chiaro init`: a project from folders of images and labels.

use std::path::PathBuf;

use clap::Args;

use crate::project::{self, InitRequest, ProjectError};

/// Make a project from folders of NIfTI files
#[derive(Args, Clone, Debug)]
pub struct InitArgs {
    /// Project folder to make (new, or holding nothing but the files named below)
    pub dir: PathBuf,
    /// Folder of images; the file name without its extension becomes the case
    #[arg(long, value_name = "FOLDER")]
    pub images: PathBuf,
    /// Folder of complete masks, named like their images
    #[arg(long, value_name = "FOLDER")]
    pub labels: Option<PathBuf>,
    /// Class list: a name or `id name` per line, or JSON or TOML
    #[arg(long, value_name = "FILE")]
    pub classes: Option<PathBuf>,
    /// Cases that never take part in training, one per line
    #[arg(long, value_name = "FILE")]
    pub held_out: Option<PathBuf>,
}

/// Prints what was made on stderr and the project folder on stdout.
pub fn run(args: InitArgs) -> Result<(), ProjectError> {
    let InitArgs { dir, images, labels, classes, held_out } = args;
    let report = project::init(&InitRequest { dir, images, labels, classes, held_out })?;
    for notice in &report.notices {
        eprintln!("{notice}");
    }
    let project = &report.project;
    let classes: Vec<String> = project.classes().foreground().map(|c| format!("{} {}", c.id, c.name)).collect();
    eprintln!(
        "{} cases: {} labelled, {} held out. Classes: {}.",
        project.cases().len(),
        report.labelled.len(),
        report.held_out.len(),
        if classes.is_empty() { "none yet".to_owned() } else { classes.join(", ") }
    );
    println!("{}", project.dir().display());
    Ok(())
}

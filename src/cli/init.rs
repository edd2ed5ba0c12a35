//! `chiaro init`: a project from folders of images and labels.

use std::path::PathBuf;

use clap::Args;

use crate::learn::{Anatomy, PatientAxis};
use crate::project::{self, InitRequest, ProjectError};
use crate::worker::trainer::set_anatomy;

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
    /// Where a mirror image is as likely as the image: left-right, anterior-posterior, head-feet (nowhere if not given)
    #[arg(long, value_delimiter = ',', value_name = "AXES")]
    pub mirror: Vec<PatientAxis>,
    /// Largest angle by which training may turn crops, degrees; 0 forbids it
    #[arg(long, value_name = "DEGREES", value_parser = clap::value_parser!(u8).range(0..=180))]
    pub rotation: Option<u8>,
}

/// Prints what was made on stderr and the project folder on stdout.
pub fn run(args: InitArgs) -> Result<(), ProjectError> {
    let InitArgs { dir, images, labels, classes, held_out, mirror, rotation } = args;
    let mut report = project::init(&InitRequest { dir, images, labels, classes, held_out })?;
    let anatomy = Anatomy { mirror: mirror.into(), rotation_deg: rotation.map(f64::from) };
    if anatomy != Anatomy::default() {
        set_anatomy(&mut report.project, &anatomy);
        report.project.save()?;
    }
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

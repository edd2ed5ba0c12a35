//! Export of masks and volumes: verified files on the image's grid, class names beside them.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::project::absolute;
use super::{AuditEvent, Project, ProjectError};
use crate::io::{NiftiGeometry, WrittenFile, read_geometry, write_atomically, write_mask};
use crate::label::{ClassId, ClassTable};
use crate::volume::{CaseId, Grid};

/// Which masks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The class plane of the labels; unknown voxels become 0.
    Labels,
    /// The fused class plane of the newest predictions.
    Pseudo,
}

#[derive(Clone, Debug)]
pub struct ExportReport {
    pub written: Vec<(CaseId, WrittenFile)>,
    /// Cases that have nothing to export.
    pub skipped: Vec<CaseId>,
    /// The sidecar with class numbers, names and colours.
    pub classes: PathBuf,
}

#[derive(Serialize)]
struct Sidecar<'a> {
    classes: Vec<ListedClass<'a>>,
}

#[derive(Serialize)]
struct ListedClass<'a> {
    id: ClassId,
    name: &'a str,
    colour: [u8; 3],
}

impl Source {
    fn name(self) -> &'static str {
        match self {
            Self::Labels => "labels",
            Self::Pseudo => "pseudo-labels",
        }
    }
}

/// Writes `OUT/CASE.nii.gz` for every case that has the source, and `OUT/classes.json`. An existing file stays until
/// its successor is verified.
pub fn export_labels(project: &Project, out: &Path, source: Source) -> Result<ExportReport, ProjectError> {
    fs::create_dir_all(out).map_err(ProjectError::file("create", out))?;
    check_target(project, out)?;
    let (mut written, mut skipped) = (Vec::new(), Vec::new());
    for case in project.cases() {
        let geometry = read_geometry(&project.image_path(&case.id)?)?;
        match project.mask(&case.id, &geometry, source)? {
            Some(class) => {
                written.push((case.id.clone(), export_case(project, out, source, &case.id, &class, &geometry)?))
            }
            None => skipped.push(case.id.clone()),
        }
    }
    if written.is_empty() {
        return Err(ProjectError::NothingToExport(source.name()));
    }
    Ok(ExportReport { written, skipped, classes: write_sidecar(out, project.classes())? })
}

/// Writes a CSV with the volume of every class in every case that has labels: `case,class,name,voxels,volume_ml`.
/// Returns the cases without labels.
pub fn write_statistics(project: &Project, path: &Path) -> Result<Vec<CaseId>, ProjectError> {
    let mut csv = String::from("case,class,name,voxels,volume_ml\n");
    let mut skipped = Vec::new();
    for case in project.cases() {
        let geometry = read_geometry(&project.image_path(&case.id)?)?;
        let Some(class) = project.mask(&case.id, &geometry, Source::Labels)? else {
            skipped.push(case.id.clone());
            continue;
        };
        let mut counts = [0usize; 256];
        class.as_slice().iter().for_each(|&c| counts[usize::from(c)] += 1);
        let voxel_ml = geometry.affine.voxel_volume_mm3() / 1000.0;
        for c in project.classes().foreground() {
            let voxels = counts[usize::from(c.id)];
            let (id, name) = (csv_field(case.id.as_str()), csv_field(&c.name));
            csv += &format!("{id},{},{name},{voxels},{:.6}\n", c.id, voxels as f64 * voxel_ml);
        }
    }
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir).map_err(ProjectError::file("create", dir))?;
    }
    write_atomically(path, |file| file.write_all(csv.as_bytes()))?;
    Ok(skipped)
}

impl Project {
    fn mask(
        &self,
        case: &CaseId,
        geometry: &NiftiGeometry,
        source: Source,
    ) -> Result<Option<Grid<ClassId>>, ProjectError> {
        match source {
            Source::Labels if !self.has_labels(case)? => Ok(None),
            Source::Labels => {
                let labels = self.load_labels(case, geometry.extent)?;
                Ok((labels.known_count() > 0).then(|| labels.class().clone()))
            }
            Source::Pseudo => Ok(self.load_prediction(case)?.map(|p| p.class)),
        }
    }
}

fn export_case(
    project: &Project,
    out: &Path,
    source: Source,
    case: &CaseId,
    class: &Grid<ClassId>,
    geometry: &NiftiGeometry,
) -> Result<WrittenFile, ProjectError> {
    let file = format!("{case}.nii.gz");
    let written = write_mask(&out.join(&file), class, geometry)?;
    let sha256 = written.sha256.clone();
    project.audit(&AuditEvent::Exported { case: case.clone(), what: source.name(), file, sha256 })?;
    Ok(written)
}

/// Refuses a folder where the export would replace the project's own files or one of its images.
fn check_target(project: &Project, out: &Path) -> Result<(), ProjectError> {
    let out = absolute(out)?;
    for name in Project::OWN_NAMES {
        let own = project.dir().join(name);
        if out.starts_with(&own) {
            return Err(ProjectError::ExportOntoSource { path: own });
        }
    }
    for case in project.cases() {
        let target = out.join(format!("{}.nii.gz", case.id));
        let image = project.image_path(&case.id)?;
        if target.exists() && image.exists() && absolute(&target)? == absolute(&image)? {
            return Err(ProjectError::ExportOntoSource { path: target });
        }
    }
    Ok(())
}

fn write_sidecar(out: &Path, classes: &ClassTable) -> Result<PathBuf, ProjectError> {
    let path = out.join("classes.json");
    let listed = classes.all().iter().map(|c| ListedClass { id: c.id, name: &c.name, colour: c.colour });
    let sidecar = Sidecar { classes: listed.collect() };
    let json = serde_json::to_vec_pretty(&sidecar).map_err(|e| ProjectError::unreadable(&path, e))?;
    write_atomically(&path, |file| file.write_all(&json))?;
    Ok(path)
}

fn csv_field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

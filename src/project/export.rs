//! Export of masks and volumes: verified files on the image's grid, class names beside them.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::project::absolute;
use super::{AuditEvent, Project, ProjectError};
use crate::io::{NiftiGeometry, WrittenFile, read_geometry, write_atomically, write_mask};
use crate::label::{Class, ClassId, ClassTable};
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

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatisticsReport {
    pub path: PathBuf,
    /// Cases without labels.
    pub skipped: Vec<CaseId>,
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

/// Writes `OUT/volumes.csv` with the volume of every class in every case that has labels:
/// `case,class,name,voxels,volume_ml`.
pub fn export_statistics(project: &Project, out: &Path) -> Result<StatisticsReport, ProjectError> {
    fs::create_dir_all(out).map_err(ProjectError::file("create", out))?;
    check_target(project, out)?;
    let mut csv = String::from("case,class,name,voxels,volume_ml\n");
    let mut skipped = Vec::new();
    for case in project.cases() {
        let geometry = read_geometry(&project.image_path(&case.id)?)?;
        match project.mask(&case.id, &geometry, Source::Labels)? {
            Some(class) => csv += &volume_lines(case.id.as_str(), &class, &geometry, project.classes()),
            None => skipped.push(case.id.clone()),
        }
    }
    let path = out.join("volumes.csv");
    write_atomically(&path, |file| file.write_all(csv.as_bytes()))?;
    Ok(StatisticsReport { path, skipped })
}

fn volume_lines(case: &str, class: &Grid<ClassId>, geometry: &NiftiGeometry, classes: &ClassTable) -> String {
    let mut counts = [0usize; 256];
    class.as_slice().iter().for_each(|&c| counts[usize::from(c)] += 1);
    let voxel_ml = geometry.affine.voxel_volume_mm3() / 1000.0;
    let line = |c: &Class| {
        let voxels = counts[usize::from(c.id)];
        let (case, name) = (csv_field(case), csv_field(&c.name));
        format!("{case},{},{name},{voxels},{:.6}\n", c.id, voxels as f64 * voxel_ml)
    };
    classes.foreground().map(line).collect()
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

#[cfg(test)]
mod tests {
    use super::super::fixture::{Fixture, paint};
    use super::*;
    use crate::io::read_mask;

    fn audit_of(project: &Project) -> String {
        fs::read_to_string(project.dir().join("audit.jsonl")).unwrap()
    }

    fn labelled() -> Fixture {
        let f = Fixture::new();
        let mut labels = f.load();
        paint(&mut labels, 3..9, 2);
        f.save(&labels);
        f
    }

    #[test]
    fn exported_labels_have_the_class_plane_the_class_names_and_an_audit_line_with_their_hash() {
        let (f, out) = (labelled(), tempfile::tempdir().unwrap());
        let report = export_labels(&f.project, out.path(), Source::Labels).unwrap();
        let mask = read_mask(&out.path().join("a.nii.gz")).unwrap();
        assert_eq!(&mask.class, f.load().class());
        assert_eq!(mask.header.affine, f.geometry.affine);
        assert!(audit_of(&f.project).contains(&report.written[0].1.sha256));
        assert!(!audit_of(&f.project).contains(&out.path().display().to_string()));
        let names: serde_json::Value = serde_json::from_slice(&fs::read(&report.classes).unwrap()).unwrap();
        assert_eq!((&names["classes"][2]["id"], &names["classes"][2]["name"]), (&2.into(), &"two".into()));
    }

    #[test]
    fn strokes_that_are_only_in_the_journal_are_exported_too() {
        let (f, out) = (labelled(), tempfile::tempdir().unwrap());
        let mut labels = f.load();
        let delta = paint(&mut labels, 30..33, 1);
        f.project.journal().append(&f.case, &delta, labels.revision()).unwrap();
        export_labels(&f.project, out.path(), Source::Labels).unwrap();
        assert_eq!(read_mask(&out.path().join("a.nii.gz")).unwrap().class.as_slice()[30], 1);
    }

    #[test]
    fn cases_where_nobody_said_anything_are_skipped_and_named() {
        let (f, out) = (Fixture::new(), tempfile::tempdir().unwrap());
        f.save(&f.load());
        assert!(matches!(
            export_labels(&f.project, out.path(), Source::Labels),
            Err(ProjectError::NothingToExport("labels"))
        ));
        assert_eq!(export_statistics(&f.project, out.path()).unwrap().skipped, ["a".into()]);
    }

    #[test]
    fn an_export_never_replaces_an_image_or_a_file_of_the_project() {
        let f = labelled();
        for folder in ["images", "labels", "labels/deeper", "pseudo/a"] {
            let refused = export_labels(&f.project, &f.project.dir().join(folder), Source::Labels);
            assert!(matches!(refused, Err(ProjectError::ExportOntoSource { .. })), "{folder}");
        }
        assert_eq!(export_labels(&f.project, &f.project.dir().join("out"), Source::Labels).unwrap().written.len(), 1);
    }

    #[test]
    fn statistics_give_millilitres_per_class() {
        let (f, out) = (labelled(), tempfile::tempdir().unwrap());
        let report = export_statistics(&f.project, out.path()).unwrap();
        // 6 voxels of 1 x 1.5 x 2 mm.
        assert_eq!(
            fs::read_to_string(report.path).unwrap(),
            "case,class,name,voxels,volume_ml\na,1,one,0,0.000000\na,2,two,6,0.018000\n"
        );
        assert_eq!(csv_field("a, \"b\""), "\"a, \"\"b\"\"\"");
    }
}

//! Surfaces of the labelled structures for other programs.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use super::export::{check_target, sentences};
use super::labels::sha256_of;
use super::{AuditEvent, Project, ProjectError, Source};
use crate::geometry::Affine;
use crate::io::mesh::{MeshFrame, MeshPart, check_stl, write_ply, write_stl};
use crate::io::write_atomically;
use crate::label::{Class, ClassId, SurfaceBricks, SurfaceMesh};
use crate::volume::{CaseId, Grid};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeshReport {
    pub written: Vec<PathBuf>,
    /// Cases without labels.
    pub skipped: Vec<CaseId>,
    /// Cases whose files cannot be read, and why.
    pub unreadable: Vec<(CaseId, String)>,
}

/// Writes for every case that has labels `OUT/CASE.N-NAME.stl` per class and `OUT/CASE.ply` with all of them in their
/// colours; coordinates are the patient's in mm. Every STL is read again and compared with the surface.
///
/// # Errors
/// A file cannot be written or differs from its surface, or no case has labels.
pub fn export_meshes(project: &Project, out: &Path, frame: MeshFrame) -> Result<MeshReport, ProjectError> {
    fs::create_dir_all(out).map_err(ProjectError::file("create", out))?;
    check_target(project, out)?;
    let mut report = MeshReport { written: Vec::new(), skipped: Vec::new(), unreadable: Vec::new() };
    let mut unreadable = Vec::new();
    for case in project.cases() {
        match project.planes(&case.id, Source::Labels) {
            Ok(Some(planes)) => {
                let surfaces = surfaces(project, &planes.class, planes.geometry.affine)?;
                report.written.extend(export_case(project, out, &case.id, &surfaces, frame)?);
            }
            Ok(None) => report.skipped.push(case.id.clone()),
            Err(reason) => unreadable.push((case.id.clone(), reason)),
        }
    }
    report.unreadable = sentences(unreadable, report.written.is_empty())?;
    if report.written.is_empty() {
        return Err(ProjectError::NothingToExport("labels of a class"));
    }
    Ok(report)
}

/// Of every class that has voxels.
fn surfaces<'a>(
    project: &'a Project,
    plane: &Grid<ClassId>,
    affine: Affine,
) -> Result<Vec<(&'a Class, SurfaceMesh)>, ProjectError> {
    let mut found = Vec::new();
    for class in project.classes().foreground() {
        let mesh = SurfaceBricks::of_class(plane, class.id, affine, &|| false).and_then(|bricks| bricks.joined())?;
        if !mesh.is_empty() {
            found.push((class, mesh));
        }
    }
    Ok(found)
}

fn export_case(
    project: &Project,
    out: &Path,
    case: &CaseId,
    surfaces: &[(&Class, SurfaceMesh)],
    frame: MeshFrame,
) -> Result<Vec<PathBuf>, ProjectError> {
    let mut written = Vec::new();
    for (class, mesh) in surfaces {
        let path = out.join(format!("{case}.{}-{}.stl", class.id, file_part(&class.name)));
        write_atomically(&path, |file| write_stl(mesh, frame, file))?;
        let mut again = BufReader::new(File::open(&path).map_err(ProjectError::file("read", &path))?);
        check_stl(&mut again, mesh, frame).map_err(|e| ProjectError::unreadable(&path, e))?;
        written.push(path);
    }
    if !surfaces.is_empty() {
        let path = out.join(format!("{case}.ply"));
        let parts: Vec<MeshPart<'_>> =
            surfaces.iter().map(|(class, mesh)| MeshPart { name: &class.name, colour: class.colour, mesh }).collect();
        write_atomically(&path, |file| write_ply(&parts, frame, file))?;
        written.push(path);
    }
    for path in &written {
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let sha256 = sha256_of(path)?.unwrap_or_default();
        project.audit(&AuditEvent::Exported { case: case.clone(), what: "meshes", file, sha256 })?;
    }
    Ok(written)
}

/// Letters, digits and hyphens of a name: safe on every system.
fn file_part(name: &str) -> String {
    let mut part = String::new();
    for letter in name.chars().flat_map(char::to_lowercase) {
        match letter {
            letter if letter.is_alphanumeric() => part.push(letter),
            _ if part.ends_with('-') || part.is_empty() => {}
            _ => part.push('-'),
        }
    }
    let part = part.trim_end_matches('-');
    if part.is_empty() { "class".to_owned() } else { part.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Fixture, paint};
    use super::*;

    #[test]
    fn every_class_with_voxels_gets_a_surface_where_the_patient_is() {
        let (f, out) = (Fixture::new(), tempfile::tempdir().unwrap());
        let mut labels = f.load();
        paint(&mut labels, 26..29, 2);
        f.save(&labels);
        let report = export_meshes(&f.project, out.path(), MeshFrame::Ras).unwrap();
        let names: Vec<_> =
            report.written.iter().map(|p| p.file_name().unwrap().to_string_lossy().into_owned()).collect();
        assert_eq!(names, ["a.2-two.stl", "a.ply"]);
        let stl = fs::read(&report.written[0]).unwrap();
        assert!(stl.len() > 84 && (stl.len() - 84).is_multiple_of(50));
        // The first corner lies near the painted voxels, in mm.
        let number = |at: usize| f64::from(f32::from_le_bytes(stl[at..at + 4].try_into().unwrap()));
        let corner = [number(96), number(100), number(104)];
        let centre = f.geometry.affine.world_from_voxel([2.0, 1.0, 1.0]);
        assert!((0..3).all(|axis| (corner[axis] - centre[axis]).abs() < 4.0), "{corner:?} {centre:?}");
    }

    #[test]
    fn a_study_without_labels_has_nothing_to_export() {
        let (f, out) = (Fixture::new(), tempfile::tempdir().unwrap());
        let refused = export_meshes(&f.project, out.path(), MeshFrame::Ras);
        assert!(matches!(refused, Err(ProjectError::NothingToExport(_))));
    }

    #[test]
    fn class_names_become_file_names_that_every_system_takes() {
        for (name, part) in
            [("Left  Ventricle", "left-ventricle"), ("a/b: c?", "a-b-c"), ("??", "class"), ("Ödem", "ödem")]
        {
            assert_eq!(file_part(name), part);
        }
    }
}

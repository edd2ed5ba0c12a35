//! Volumes of the labelled structures as a table.

use std::fs;
use std::path::{Path, PathBuf};

use super::case_planes::CasePlanes;
use super::export::{check_target, sentences};
use super::{Project, ProjectError, Source};
use crate::io::write_atomically;
use crate::label::{Class, ClassTable};
use crate::volume::CaseId;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatisticsReport {
    pub path: PathBuf,
    /// Cases without labels.
    pub skipped: Vec<CaseId>,
    /// Cases whose files cannot be read, and why.
    pub unreadable: Vec<(CaseId, String)>,
}

/// Writes `OUT/volumes.csv` with the volume of every class in every case that has labels:
/// `case,class,name,voxels,volume_ml`. A case that cannot be read is passed over, unless nothing else is left.
pub fn export_statistics(project: &Project, out: &Path) -> Result<StatisticsReport, ProjectError> {
    fs::create_dir_all(out).map_err(ProjectError::file("create", out))?;
    check_target(project, out)?;
    let mut csv = String::from("case,class,name,voxels,volume_ml\n");
    let (mut skipped, mut unreadable) = (Vec::new(), Vec::new());
    for case in project.cases() {
        match project.planes(&case.id, Source::Labels) {
            Ok(Some(planes)) => csv += &volume_lines(case.id.as_str(), &planes, project.classes()),
            Ok(None) => skipped.push(case.id.clone()),
            Err(reason) => unreadable.push((case.id.clone(), reason)),
        }
    }
    let is_all = skipped.len() + unreadable.len() == project.cases().len();
    let unreadable = sentences(unreadable, is_all)?;
    let path = out.join("volumes.csv");
    write_atomically(&path, |file| file.write_all(csv.as_bytes()))?;
    Ok(StatisticsReport { path, skipped, unreadable })
}

fn volume_lines(case: &str, planes: &CasePlanes, classes: &ClassTable) -> String {
    let mut counts = [0usize; 256];
    planes.class.as_slice().iter().for_each(|&c| counts[usize::from(c)] += 1);
    let voxel_ml = planes.geometry.affine.voxel_volume_mm3() / 1000.0;
    let line = |c: &Class| {
        let voxels = counts[usize::from(c.id)];
        let (case, name) = (csv_field(case), csv_field(&c.name));
        format!("{case},{},{name},{voxels},{:.6}\n", c.id, voxels as f64 * voxel_ml)
    };
    classes.foreground().map(line).collect()
}

fn csv_field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Fixture, paint};
    use super::*;

    #[test]
    fn cases_without_labels_are_skipped_and_unreadable_ones_named() {
        let (f, out) = (Fixture::new(), tempfile::tempdir().unwrap());
        f.save(&f.load());
        assert_eq!(export_statistics(&f.project, out.path()).unwrap().skipped, ["a".into()]);
        fs::write(f.project.dir().join("images/a.nii.gz"), b"damaged").unwrap();
        assert!(matches!(export_statistics(&f.project, out.path()), Err(ProjectError::Io(_))));
    }

    #[test]
    fn statistics_give_millilitres_per_class() {
        let (f, out) = (Fixture::new(), tempfile::tempdir().unwrap());
        let mut labels = f.load();
        paint(&mut labels, 3..9, 2);
        f.save(&labels);
        let report = export_statistics(&f.project, out.path()).unwrap();
        // 6 voxels of 1 x 1.5 x 2 mm.
        assert_eq!(
            fs::read_to_string(report.path).unwrap(),
            "case,class,name,voxels,volume_ml\na,1,one,0,0.000000\na,2,two,6,0.018000\n"
        );
        assert_eq!(csv_field("a, \"b\""), "\"a, \"\"b\"\"\"");
    }
}

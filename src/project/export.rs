//! Export of masks and volumes: verified files on the image's grid, class names beside them, and beside each mask of
//! labels where they came from.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::case_planes::CasePlanes;
use super::lineage::Lineage;
use super::mask_sidecar::{self, MaskSidecar};
use super::project::absolute;
use super::{AuditEvent, Project, ProjectError};
use crate::io::{WrittenFile, write_atomically, write_mask, write_probability};
use crate::label::{ClassId, ClassTable, ProbabilityKind};
use crate::volume::CaseId;

/// Which masks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The class plane of the labels; unknown voxels become 0.
    Labels,
    /// The fused class plane of the newest predictions.
    Pseudo,
    /// The same, and beside each mask how probable its classes are.
    Probabilities,
}

#[derive(Clone, Debug)]
pub struct ExportReport {
    pub written: Vec<(CaseId, WrittenFile)>,
    /// Cases that have nothing to export.
    pub skipped: Vec<CaseId>,
    /// Cases whose files cannot be read, and why.
    pub unreadable: Vec<(CaseId, String)>,
    /// The list of class numbers, names and colours.
    pub classes: PathBuf,
    /// Of labels: the facts beside each mask, [`MaskSidecar`].
    pub sidecars: Vec<PathBuf>,
}

const CLASS_LIST: &str = "classes.json";

#[derive(Serialize)]
struct ClassList<'a> {
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
            Self::Probabilities => "probabilities",
        }
    }
}

/// Writes `OUT/CASE.nii.gz` for every case that has the source, for probabilities also `OUT/CASE.KIND.nii.gz`, and
/// `OUT/classes.json`; for labels also `OUT/CASE.json` ([`MaskSidecar`]). An existing file stays until its successor is verified. A case that cannot be read is passed
/// over, unless nothing else is left.
pub fn export_labels(project: &Project, out: &Path, source: Source) -> Result<ExportReport, ProjectError> {
    fs::create_dir_all(out).map_err(ProjectError::file("create", out))?;
    check_target(project, out)?;
    if source == Source::Probabilities {
        check_names(project)?;
    }
    match source {
        Source::Labels => check_sidecars(project, out)?,
        Source::Pseudo | Source::Probabilities => check_no_labels(project, out)?,
    }
    let lineage = Lineage::of(project);
    let (mut written, mut sidecars, mut skipped, mut unreadable) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for case in project.cases() {
        match project.planes(&case.id, source) {
            Ok(Some(planes)) => {
                let (files, audit_hash) = export_case(project, out, source, &case.id, &planes)?;
                if let (Some(mask), Some(origins)) = (files.first(), &planes.origins) {
                    let model = lineage.model_of(&case.id);
                    let sidecar = MaskSidecar::new(&case.id, mask, origins, project.classes(), model, audit_hash);
                    sidecars.push(sidecar.write(out)?);
                }
                written.extend(files.into_iter().map(|file| (case.id.clone(), file)));
            }
            Ok(None) => skipped.push(case.id.clone()),
            Err(reason) => unreadable.push((case.id.clone(), reason)),
        }
    }
    let unreadable = sentences(unreadable, written.is_empty())?;
    if written.is_empty() {
        return Err(ProjectError::NothingToExport(source.name()));
    }
    Ok(ExportReport { written, skipped, unreadable, classes: write_class_list(out, project.classes())?, sidecars })
}

/// Why cases could not be read, in words; the first of them as an error if nothing could be written.
pub(super) fn sentences(
    unreadable: Vec<(CaseId, ProjectError)>,
    is_all: bool,
) -> Result<Vec<(CaseId, String)>, ProjectError> {
    let listed = unreadable.iter().map(|(case, reason)| (case.clone(), reason.to_string())).collect();
    match unreadable.into_iter().next() {
        Some((_, reason)) if is_all => Err(reason),
        _ => Ok(listed),
    }
}

/// The files, and the hash of the last line that the audit log has about them.
fn export_case(
    project: &Project,
    out: &Path,
    source: Source,
    case: &CaseId,
    planes: &CasePlanes,
) -> Result<(Vec<WrittenFile>, String), ProjectError> {
    let CasePlanes { geometry, class, probabilities, .. } = planes;
    let mut written = vec![write_mask(&out.join(mask_file(case)), class, geometry)?];
    for (kind, plane) in probabilities {
        written.push(write_probability(&out.join(probability_file(case, *kind)), plane, geometry)?);
    }
    let mut audit_hash = String::new();
    for WrittenFile { path, sha256, .. } in &written {
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (case, sha256) = (case.clone(), sha256.clone());
        audit_hash = project.audit(&AuditEvent::Exported { case, what: source.name(), file, sha256 })?;
    }
    Ok((written, audit_hash))
}

fn mask_file(case: &CaseId) -> String {
    format!("{case}.nii.gz")
}

fn probability_file(case: &CaseId, kind: ProbabilityKind) -> String {
    format!("{case}.{}.nii.gz", kind.name())
}

/// Refuses cases whose masks would be named like the probabilities of others.
fn check_names(project: &Project) -> Result<(), ProjectError> {
    let masks: BTreeMap<String, &CaseId> = project.cases().iter().map(|case| (mask_file(&case.id), &case.id)).collect();
    for case in project.cases() {
        let twin = ProbabilityKind::ALL.into_iter().find_map(|kind| masks.get(&probability_file(&case.id, kind)));
        if let Some(other) = twin {
            return Err(ProjectError::ExportNames { case: case.id.clone(), other: (*other).clone() });
        }
    }
    Ok(())
}

/// Refuses cases whose facts would be named like the list of classes, and files beside the masks that others wrote:
/// image folders often have a `CASE.json` with the facts of the scanner.
fn check_sidecars(project: &Project, out: &Path) -> Result<(), ProjectError> {
    for case in project.cases() {
        let file = mask_sidecar::file_name(&case.id);
        // Many disks tell no letter cases apart.
        if file.eq_ignore_ascii_case(CLASS_LIST) {
            return Err(ProjectError::SidecarName { case: case.id.clone() });
        }
        let path = out.join(file);
        if path.exists() && MaskSidecar::read(&path).is_err() {
            return Err(ProjectError::ExportOntoForeign { path });
        }
    }
    Ok(())
}

/// Refuses pseudo-labels where exported labels are, which the facts beside them tell: the names of both are the same.
fn check_no_labels(project: &Project, out: &Path) -> Result<(), ProjectError> {
    let sidecars = project.cases().iter().map(|case| (&case.id, out.join(mask_sidecar::file_name(&case.id))));
    match sidecars.into_iter().find(|(_, path)| MaskSidecar::read(path).is_ok()) {
        Some((case, _)) => Err(ProjectError::ExportOntoLabels { path: out.join(mask_file(case)) }),
        None => Ok(()),
    }
}

/// Refuses a folder where the export would replace the project's own files or one of its images.
pub(super) fn check_target(project: &Project, out: &Path) -> Result<(), ProjectError> {
    let out = absolute(out)?;
    for name in Project::OWN_NAMES {
        let own = project.dir().join(name);
        if out.starts_with(&own) {
            return Err(ProjectError::ExportOntoSource { path: own });
        }
    }
    let images = project.cases().iter().map(|case| project.image_path(&case.id)).collect::<Result<Vec<_>, _>>()?;
    let images: BTreeSet<PathBuf> =
        images.iter().filter(|image| image.exists()).map(|image| absolute(image)).collect::<Result<_, _>>()?;
    let files = |case: &CaseId| {
        ProbabilityKind::ALL.map(|kind| probability_file(case, kind)).into_iter().chain([mask_file(case)])
    };
    for target in project.cases().iter().flat_map(|case| files(&case.id)).map(|file| out.join(file)) {
        if target.exists() && images.contains(&absolute(&target)?) {
            return Err(ProjectError::ExportOntoSource { path: target });
        }
    }
    Ok(())
}

fn write_class_list(out: &Path, classes: &ClassTable) -> Result<PathBuf, ProjectError> {
    let path = out.join(CLASS_LIST);
    let listed = classes.all().iter().map(|c| ListedClass { id: c.id, name: &c.name, colour: c.colour });
    let list = ClassList { classes: listed.collect() };
    let json = serde_json::to_vec_pretty(&list).map_err(|e| ProjectError::unreadable(&path, e))?;
    write_atomically(&path, |file| file.write_all(&json))?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::super::CaseEntry;
    use super::super::fixture::{Fixture, geometry, paint, write_test_image};
    use super::*;
    use crate::geometry::{Affine, Extent};
    use crate::io::{NiftiGeometry, read_image, read_mask};
    use crate::label::{Prediction, Probabilities, Provenance};
    use crate::volume::Grid;

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
    }

    /// Class 1 everywhere; network A says so with 255, 128 and 0 in turn, network B prefers class 2 with 155.
    fn predict(f: &Fixture, extent: Extent, geometry: &NiftiGeometry) {
        let plane = |value: u8| Grid::filled(extent, value);
        let prediction = Prediction {
            provenance: Provenance { case: f.case.clone(), label_revision: 0, model: "run".into(), step: 1 },
            class: plane(1),
            confidence_a: Grid::from_fn(extent, |v| [255, 128, 0][v.x % 3]),
            confidence_b: plane(155),
            class_a: plane(1),
            class_b: plane(2),
            dual_confidence: plane(9),
            probabilities: Probabilities { np: Some(plane(51)), ..Probabilities::default() },
        };
        f.project.save_prediction(&prediction, geometry).unwrap();
    }

    #[test]
    fn probabilities_lie_beside_their_masks_on_the_grid_of_the_image_and_are_audited() {
        let (f, out) = (Fixture::new(), tempfile::tempdir().unwrap());
        predict(&f, f.extent(), &f.geometry);
        let report = export_labels(&f.project, out.path(), Source::Probabilities).unwrap();
        let names: Vec<_> = report.written.iter().map(|(_, w)| w.path.file_name().unwrap().to_owned()).collect();
        assert_eq!(names, ["a.nii.gz", "a.mean.nii.gz", "a.np.nii.gz"]);
        assert!(read_mask(&out.path().join("a.nii.gz")).unwrap().class.as_slice().iter().all(|c| *c == 1));
        let (mean, np) =
            (read_image(&report.written[1].1.path).unwrap(), read_image(&report.written[2].1.path).unwrap());
        // Network B leaves class 1 the 100 that it does not give to class 2.
        for (x, stored) in [177.0, 114.0, 50.0].into_iter().enumerate() {
            assert!((mean.image.intensity_at(x) - stored / 255.0).abs() < 1e-6);
        }
        assert!((np.image.intensity_at(7) - 0.2).abs() < 1e-6);
        assert_eq!((mean.header.affine, np.header.affine), (f.geometry.affine, f.geometry.affine));
        assert!(report.written.iter().all(|(_, file)| audit_of(&f.project).contains(&file.sha256)));
    }

    #[test]
    fn a_mask_that_would_be_named_like_another_cases_probability_is_refused_before_anything_is_written() {
        let (root, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let geometry = geometry(Affine::identity());
        let cases = ["a", "a.mean"].map(|id| {
            let image = root.path().join(format!("images/{id}.nii.gz"));
            write_test_image(&image, &geometry);
            CaseEntry::new(id.into(), image)
        });
        let project = Project::create(root.path(), ClassTable::from_names(&["one"]).unwrap(), cases.into()).unwrap();
        let refused = export_labels(&project, out.path(), Source::Probabilities).unwrap_err();
        assert!(refused.to_string().contains("'a.mean'"), "{refused}");
        assert_eq!(fs::read_dir(out.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_case_that_cannot_be_read_is_named_and_the_others_are_exported() {
        let (root, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let geometry = geometry(Affine::identity());
        let image = |id: &str| root.path().join(format!("images/{id}.nii.gz"));
        write_test_image(&image("a"), &geometry);
        fs::write(image("b"), b"damaged").unwrap();
        let cases = ["b", "a"].map(|id| CaseEntry::new(id.into(), image(id)));
        let classes = ClassTable::from_names(&["one"]).unwrap();
        let project = Project::create(root.path(), classes, cases.into()).unwrap();
        project.import_labels(&"a".into(), Grid::filled(geometry.extent, 1), &geometry).unwrap();
        let report = export_labels(&project, out.path(), Source::Labels).unwrap();
        assert_eq!((report.written.len(), &report.unreadable[0].0), (1, &"b".into()));
        assert!(report.unreadable[0].1.contains("b.nii.gz"), "{}", report.unreadable[0].1);
        fs::write(image("a"), b"damaged").unwrap();
        assert!(matches!(export_labels(&project, out.path(), Source::Labels), Err(ProjectError::Io(_))));
    }

    #[test]
    fn a_prediction_of_another_shape_than_the_image_is_passed_over() {
        let (f, out) = (Fixture::new(), tempfile::tempdir().unwrap());
        let extent = Extent::new(2, 2, 2).unwrap();
        predict(&f, extent, &NiftiGeometry::from_affine(extent, f.geometry.affine, f.geometry.stored_type));
        let refused = export_labels(&f.project, out.path(), Source::Pseudo);
        assert!(matches!(refused, Err(ProjectError::PredictionShape { .. })));
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
}

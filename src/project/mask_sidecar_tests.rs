use std::fs;

use super::*;
use crate::edit::{Acceptance, Delta, Direction, accept};
use crate::label::LabelValue;
use crate::project::fixture::{Fixture, write_test_image};
use crate::project::{AuditCheck, AuditEvent, CaseEntry, ModelStep, Project, Source, export_labels};
use crate::rounds::Round;
use crate::volume::Grid;

/// Class 1: two voxels by hand, one from a file, one accepted; class 2: three accepted; one voxel of background by hand.
fn mixed() -> Fixture {
    let f = Fixture::new();
    let mut labels = f.load();
    let value = |range, class, origin| (range, LabelValue::new(class, origin));
    let known = [value(0..2, 1, Origin::Manual), value(2..3, 1, Origin::Imported), value(3..4, 0, Origin::Manual)];
    Delta::between(&labels, known).unwrap().apply(&mut labels, Direction::Forward).unwrap();
    let predicted = Grid::from_fn(f.extent(), |v| if f.extent().index(v) == 4 { 1 } else { 2 });
    accept(&mut labels, &predicted, &Acceptance::Case, |i| (4..8).contains(&i), &[false; 256]).unwrap();
    f.save(&labels);
    f
}

fn accepted(f: &Fixture, model: Option<(&str, u64)>) {
    let model = model.map(|(run, step)| ModelStep { run: run.into(), step });
    f.project.audit(&AuditEvent::Accepted { case: f.case.clone(), voxels: 4, model }).unwrap();
}

/// The sidecar of case `a` and the mask's SHA-256.
fn export(f: &Fixture) -> (MaskSidecar, String) {
    let out = tempfile::tempdir().unwrap();
    let report = export_labels(&f.project, out.path(), Source::Labels).unwrap();
    assert_eq!(report.sidecars, [out.path().join("a.json")]);
    (MaskSidecar::read(&report.sidecars[0]).unwrap(), report.written[0].1.sha256.clone())
}

#[test]
fn a_mask_has_the_shares_of_its_classes_and_its_hashes_beside_it() {
    let f = mixed();
    let (sidecar, sha256) = export(&f);
    let shares = |c: &ClassShares| (c.id, c.voxels, c.manual, c.accepted, c.imported);
    let found: Vec<_> = sidecar.classes.iter().map(shares).collect();
    assert_eq!(found, [(0, 1, 1.0, 0.0, 0.0), (1, 4, 0.5, 0.25, 0.25), (2, 3, 0.0, 1.0, 0.0)]);
    assert_eq!((sidecar.classes[2].name.as_str(), sidecar.unknown_voxels), ("two", 60 - 8));
    assert_eq!(sidecar.mask, MaskFile { file: "a.nii.gz".into(), sha256 });
    assert_eq!(f.project.last_audit_hash().unwrap(), Some(sidecar.audit_hash.clone()));
    assert!(matches!(f.project.verify_audit().unwrap(), AuditCheck::Whole { unchained: 0, .. }));
    assert!(sidecar.has_accepted_voxels() && sidecar.accepted_from.is_none(), "nobody noted whose labels they were");
}

#[test]
fn the_newest_accepted_networks_are_named_with_their_round_and_dice() {
    let f = mixed();
    accepted(&f, Some(("001-cps", 20)));
    accepted(&f, Some(("002-cps", 35)));
    let model = |f: &Fixture| export(f).0.accepted_from;
    let bare = SourceModel { run: "002-cps".into(), step: 35, round: None, held_out_dice: None };
    assert_eq!(model(&f), Some(bare.clone()));
    let run = f.project.run_dir("002-cps");
    fs::create_dir_all(&run).unwrap();
    let header = "step,supervised,unlabelled,unsupervised_weight,learning_rate,dice_held_out,seconds";
    // Steps 30 and 40 were taken again after a restart, which at first had no Dice.
    let rows = "10,1,0,0,0,,1\n30,1,0,0,0,0.4,2\n40,1,0,0,0,0.5,3\n30,1,0,0,0,0.6,1\n35,1,0,0,0,,1\n40,1,0,0,0,0.7,2\n";
    fs::write(run.join("metrics.csv"), format!("{header}\n{rows}")).unwrap();
    for (number, model, step) in [(1, "001-cps", 90), (2, "002-cps", 30), (3, "002-cps", 60), (4, "002-cps", 90)] {
        let held_out = Default::default();
        let round = Round {
            number,
            started_unix_s: 0,
            ended_unix_s: 1,
            model: model.into(),
            step,
            checkpoint: None,
            held_out,
            known: Default::default(),
            labelled_voxels: 0,
            labelled_cases: 0,
            corrections: Default::default(),
        };
        f.project.append_round(&round).unwrap();
    }
    assert_eq!(model(&f), Some(SourceModel { round: Some(3), held_out_dice: Some(0.6), ..bare }));
    accepted(&f, None);
    assert_eq!(model(&f), None, "the newest acceptance was logged without its networks");
}

#[test]
fn labels_without_accepted_voxels_name_no_networks() {
    let f = Fixture::new();
    let mut labels = f.load();
    crate::project::fixture::paint(&mut labels, 0..3, 1);
    f.save(&labels);
    accepted(&f, Some(("001-cps", 20)));
    let (sidecar, _) = export(&f);
    assert!(!sidecar.has_accepted_voxels() && sidecar.accepted_from.is_none(), "the acceptance was undone");
}

#[test]
fn a_sidecar_is_replaced_and_a_foreign_file_is_not() {
    let (f, out) = (mixed(), tempfile::tempdir().unwrap());
    export_labels(&f.project, out.path(), Source::Labels).unwrap();
    let first = MaskSidecar::read(&out.path().join("a.json")).unwrap();
    export_labels(&f.project, out.path(), Source::Labels).unwrap();
    let second = MaskSidecar::read(&out.path().join("a.json")).unwrap();
    assert_eq!(MaskSidecar { audit_hash: first.audit_hash.clone(), ..second.clone() }, first);
    assert_ne!(second.audit_hash, first.audit_hash);
    fs::remove_file(out.path().join("a.nii.gz")).unwrap();
    fs::write(out.path().join("a.json"), r#"{"EchoTime": 0.03}"#).unwrap();
    let refused = export_labels(&f.project, out.path(), Source::Labels);
    assert!(matches!(refused, Err(ProjectError::ExportOntoForeign { .. })));
    assert!(!out.path().join("a.nii.gz").exists(), "nothing was written before the refusal");
}

#[test]
fn pseudo_labels_do_not_replace_exported_labels() {
    let (f, out) = (mixed(), tempfile::tempdir().unwrap());
    export_labels(&f.project, out.path(), Source::Labels).unwrap();
    let mask = fs::read(out.path().join("a.nii.gz")).unwrap();
    for source in [Source::Pseudo, Source::Probabilities] {
        let refused = export_labels(&f.project, out.path(), source).unwrap_err();
        assert!(matches!(&refused, ProjectError::ExportOntoLabels { .. }) && refused.to_string().contains("a.nii.gz"));
    }
    assert_eq!(fs::read(out.path().join("a.nii.gz")).unwrap(), mask);
}

#[test]
fn a_case_named_like_the_class_list_is_refused() {
    let (root, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let f = Fixture::new();
    let image = root.path().join("images/Classes.nii.gz");
    write_test_image(&image, &f.geometry);
    let table = ClassTable::from_names(&["one"]).unwrap();
    let project = Project::create(root.path(), table, vec![CaseEntry::new("Classes".into(), image)]).unwrap();
    let refused = export_labels(&project, out.path(), Source::Labels);
    assert!(matches!(refused, Err(ProjectError::SidecarName { .. })));
}

#[test]
fn sidecars_of_a_newer_version_and_of_others_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (sidecar, _) = export(&mixed());
    let path = folder.path().join("a.json");
    let read = |sidecar: &MaskSidecar| {
        fs::write(&path, serde_json::to_vec(sidecar).unwrap()).unwrap();
        MaskSidecar::read(&path)
    };
    assert_eq!(read(&sidecar).unwrap(), sidecar);
    let newer = MaskSidecar { format: FORMAT + 1, ..sidecar.clone() };
    assert!(matches!(read(&newer), Err(ProjectError::NewerFormat { .. })));
    assert!(read(&MaskSidecar { program: "other".into(), ..sidecar }).is_err());
}

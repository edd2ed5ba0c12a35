//! A whole day at the window, on a screen of its own and with a real pointer; what it leaves is read by a reader that
//! shares nothing with the program.
#![cfg(target_os = "linux")]
#![allow(clippy::panic, clippy::unwrap_used)]

#[path = "day/close_request.rs"]
mod close_request;
#[path = "day/desktop.rs"]
mod desktop;
#[path = "day/nifti1.rs"]
mod nifti1;
#[path = "day/screen.rs"]
mod screen;
#[path = "day/study.rs"]
mod study;

use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use desktop::Desktop;
use nifti1::Nifti1;
use study::{CASES, FIRST_OPEN, RADIUS_MM, Rod, Study, labelled, rods, truth};

/// Shown while the networks learn.
const LIVE: &str = "case_4";
/// Shown after the pause.
const LATER: &str = "case_5";
/// In the rod of class 1 of every case, in the axial slice shown first, off the cross.
const PROBE: [usize; 3] = [10, 7, 8];
/// A stroke that is taken back.
const MISTAKE: Rod = Rod { from: [8.0, 27.0, 8.0], to: [13.0, 27.0, 8.0] };
/// The networks find the rods.
const GOOD_DICE: f64 = 0.6;

#[test]
fn a_day_of_labelling_learning_accepting_and_exporting_leaves_the_masks_that_were_made() {
    let home = tempfile::tempdir().unwrap();
    let Some(mut desktop) = Desktop::start(home.path()) else { return };
    let study = Study::make(&desktop, home.path());
    let [first_export, second_export] = ["evening", "morning"].map(|name| home.path().join(name));

    open(&mut desktop, &study);
    label_by_hand(&mut desktop, &study);
    learn(&mut desktop, &study);
    accept_under_pointer(&mut desktop, &study, LIVE);
    pause(&mut desktop);
    accept_in_another_case(&mut desktop, &study);
    export_to_typed_folder(&mut desktop, &study, &first_export);
    assert!(desktop.close().success());

    open(&mut desktop, &study);
    desktop.wait_for("the labels of yesterday", |desktop| desktop.is_coloured(probe()));
    assert!(desktop.close().success());
    desktop.run(&["export", study.dir.to_str().unwrap(), "--out", second_export.to_str().unwrap()]);

    for case in CASES {
        let mask = read_mask(&study, &first_export, case);
        assert_eq!(mask.classes(), read_mask(&study, &second_export, case).classes(), "{case} after the night");
    }
    for case in ["case_1", "case_2", "case_6"] {
        assert_eq!(read_mask(&study, &first_export, case).classes(), truth(case), "{case}");
    }
    check_strokes(&read_mask(&study, &first_export, FIRST_OPEN));
    for case in [LIVE, LATER] {
        check_accepted(&read_mask(&study, &first_export, case));
    }
}

#[test]
fn a_stroke_survives_a_kill_two_seconds_later() {
    let home = tempfile::tempdir().unwrap();
    let Some(mut desktop) = Desktop::start(home.path()) else { return };
    let study = Study::make(&desktop, home.path());
    open(&mut desktop, &study);
    let stroke = rods(FIRST_OPEN)[0];
    desktop.key("4");
    desktop.drag(screen::axial(stroke.from), screen::axial(stroke.to));
    sleep(Duration::from_secs(2));
    desktop.kill_program();
    assert!(!study.has_label_file(FIRST_OPEN), "the stroke was saved, which proves nothing about the journal");

    open(&mut desktop, &study);
    desktop.wait_for("the stroke on the screen", |desktop| desktop.is_coloured(probe()));
    desktop.kill_program();
    let out = home.path().join("export");
    desktop.run(&["export", study.dir.to_str().unwrap(), "--out", out.to_str().unwrap()]);
    let mask = read_mask(&study, &out, FIRST_OPEN);
    check_stroke(&mask, 1, &stroke);
}

fn probe() -> desktop::Pixel {
    screen::axial(PROBE.map(|i| i as f64))
}

/// Opens the study and waits until its first open case is drawn.
fn open(desktop: &mut Desktop, study: &Study) {
    // The pointer would be a part of the picture.
    desktop.hover(screen::BARE_PANEL);
    desktop.open(&study.dir);
    desktop.wait_for("the picture of a case", |desktop| desktop.is_bright(probe()));
}

/// A stroke in each of two views, one that is taken back, and the rest of the case is background.
fn label_by_hand(desktop: &mut Desktop, study: &Study) {
    let [along, upright] = rods(FIRST_OPEN);
    let painted = |count| move |_: &mut Desktop| study.count("painted", Some(FIRST_OPEN)) == count;
    for key in ["4", "b", "ctrl+1"] {
        desktop.key(key);
    }
    desktop.drag(screen::axial(along.from), screen::axial(along.to));
    desktop.wait_for("the axial stroke", painted(1));
    desktop.key("ctrl+2");
    desktop.drag(screen::coronal(upright.from), screen::coronal(upright.to));
    desktop.wait_for("the coronal stroke", painted(2));
    desktop.drag(screen::axial(MISTAKE.from), screen::axial(MISTAKE.to));
    desktop.wait_for("the mistaken stroke", painted(3));
    desktop.key("ctrl+z");
    desktop.wait_for("undo", |_| study.count("undone", Some(FIRST_OPEN)) == 1);
    desktop.key("shift+j");
    desktop.wait_for("the completed case", painted(4));
}

/// Trains on the CPU with an unlabelled case on the screen, and resizes the window meanwhile, until the networks find
/// the rods.
fn learn(desktop: &mut Desktop, study: &Study) {
    show(desktop, FIRST_OPEN, LIVE);
    desktop.click(screen::DEVICE_CHOICE);
    desktop.wait_for("the list of devices", |desktop| desktop.is_coloured(screen::DEVICE_CHOSEN));
    desktop.click(screen::DEVICE_CPU);
    desktop.wait_for("the closed list", |desktop| !desktop.is_coloured(screen::DEVICE_CHOSEN));
    desktop.key("l");
    desktop.wait_for("the first step", |_| study.steps() > 0);
    let plan = fs::read_to_string(study.run_dir().join("plan.toml")).unwrap();
    // Networks for a GPU are wider.
    assert!(plan.lines().any(|line| line == "base_width = 8"), "{plan}");
    for size in [[1000, 700], [1390, 890], [960, 620], screen::WINDOW] {
        let before = study.steps();
        desktop.resize(size);
        desktop.wait_for("learning at another window size", |_| study.steps() > before);
    }
    desktop.key("r");
    desktop.wait_for("networks that find the rods", |_| study.held_out_dice().is_some_and(|dice| dice > GOOD_DICE));
    desktop.wait_for("a pseudo-label on the screen", |desktop| desktop.is_coloured_near(probe()));
}

/// Takes the region under the pointer; presses that come too early find nothing to accept and say so.
fn accept_under_pointer(desktop: &mut Desktop, study: &Study, case: &str) {
    let [corner, size] = screen::UNDER_POINTER;
    desktop.hover(probe());
    desktop.wait_for("the voxel under the pointer", |desktop| {
        desktop.part(corner, size).pixels().any(|pixel| pixel.0[0] > 120)
    });
    let accepted = |_: &Desktop| study.count("accepted", Some(case)) == 1;
    desktop.act_until("an accepted region", |desktop| desktop.key("Return"), accepted);
}

/// Pauses, and waits until no step comes any more.
fn pause(desktop: &mut Desktop) {
    let [corner, size] = screen::STEP_NUMBER;
    desktop.key("l");
    desktop.wait_for("a pause in learning", |desktop| {
        let before = desktop.part(corner, size);
        sleep(Duration::from_secs(4));
        desktop.part(corner, size) == before
    });
}

/// Another case gets its pseudo-labels as soon as it is shown, also while learning is paused.
fn accept_in_another_case(desktop: &mut Desktop, study: &Study) {
    choose(desktop, LIVE, LATER);
    desktop.wait_for("pseudo-labels on the screen", |desktop| desktop.is_coloured_near(probe()));
    accept_under_pointer(desktop, study, LATER);
}

/// Shows an unlabelled case before anything has learned.
fn show(desktop: &mut Desktop, before: &str, case: &str) {
    choose(desktop, before, case);
    desktop.wait_for("an unlabelled case", |desktop| desktop.is_bright(probe()) && !desktop.is_coloured(probe()));
}

/// Shows a case with a click on its row.
fn choose(desktop: &mut Desktop, before: &str, case: &str) {
    let rows = [before, case].map(screen::case_row);
    let [chosen, _] = rows.map(|row| desktop.pixel(row));
    desktop.click(rows[1]);
    desktop.hover(screen::BARE_PANEL);
    desktop.wait_for("the chosen case", |desktop| {
        let [old, new] = rows.map(|row| desktop.pixel(row));
        old != chosen && new == chosen
    });
}

fn export_to_typed_folder(desktop: &mut Desktop, study: &Study, folder: &Path) {
    let before = desktop.pixel(screen::BARE_PANEL);
    desktop.key("ctrl+e");
    desktop.wait_for("the question for a folder", |desktop| desktop.pixel(screen::BARE_PANEL) != before);
    // The field has the keyboard one frame after it is drawn.
    sleep(Duration::from_secs(1));
    desktop.type_text(folder.to_str().unwrap());
    desktop.key("Return");
    desktop.wait_for("the exported masks", |_| folder.join("classes.json").exists());
    assert_eq!(study.count("exported", None), CASES.len());
}

/// A mask that lies exactly where its image lies and holds nothing but the study's classes.
fn read_mask(study: &Study, folder: &Path, case: &str) -> Nifti1 {
    let image = Nifti1::read_gz(&study.image_path(case));
    let mask = Nifti1::read_gz(&folder.join(format!("{case}.nii.gz")));
    assert_eq!(mask.dim(), image.dim(), "{case}");
    assert_eq!(mask.grid_bytes(), image.grid_bytes(), "{case}: qform, sform or spacing");
    assert!(mask.classes().iter().all(|class| *class <= 2), "{case}: unknown classes");
    mask
}

/// Both strokes are there, the one taken back is not, and nothing else.
fn check_strokes(mask: &Nifti1) {
    let strokes = rods(FIRST_OPEN);
    for (class, stroke) in [1, 2].into_iter().zip(&strokes) {
        check_stroke(mask, class, stroke);
    }
    assert!(labelled(mask).filter(|(voxel, _)| MISTAKE.distance_mm(*voxel) < RADIUS_MM).all(|(_, class)| class == 0));
}

/// The class lies along the whole stroke, and nowhere else.
fn check_stroke(mask: &Nifti1, class: u8, stroke: &Rod) {
    // Half a voxel from the pointer, half a voxel at the rim.
    const MARGIN_MM: f64 = 1.5;
    for (voxel, found) in labelled(mask) {
        let distance_mm = stroke.distance_mm(voxel);
        if distance_mm < 0.5 {
            assert_eq!(found, class, "on the stroke, at {voxel:?}");
        } else if distance_mm > RADIUS_MM + MARGIN_MM {
            assert_ne!(found, class, "{distance_mm} mm away from the stroke, at {voxel:?}");
        }
    }
}

/// One region, of the class under the pointer.
fn check_accepted(mask: &Nifti1) {
    for (voxel, class) in labelled(mask) {
        assert!(class == 1 || (class == 0 && voxel != PROBE), "class {class} at {voxel:?}");
    }
}

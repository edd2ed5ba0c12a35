//! The windows and menus around the tools: operations, list of edits, settings, classes, measurements, layouts.
#![allow(clippy::panic, clippy::unwrap_used)]

#[path = "common/window_harness.rs"]
mod window_harness;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chiaro::geometry::Plane;
use chiaro::label::LabelMap;
use chiaro::project::{CaseState, ClassPreset};
use chiaro::view::{Chord, KeyAction, KeymapPreset};
use chiaro::workspace::{CaseFilter, ComparisonState, Layout, PendingState, Tool};
use eframe::egui::accesskit::Role;
use eframe::egui::{DroppedFile, Event, Key, Modifiers, PointerButton, Pos2, pos2, vec2};
use egui_kittest::kittest::Queryable as _;

use window_harness::Window;

const BODY: u8 = 1;
/// A class list that is long enough to be searched.
const PRESET: [&str; 2] = ["Abdomen", "Abdominal organs"];

impl Window {
    /// A place in the axial view, in voxels from the middle.
    fn place(&self, from_middle: [f64; 2]) -> Pos2 {
        self.around_middle(Plane::Axial, from_middle)
    }

    /// Paints something and opens the window of operations at growing it; returns once the outcome is shown.
    fn begin_to_grow(&mut self) {
        self.dab(Key::Num1, self.place([0.0, 0.0]));
        self.click_role(Role::Button, "Change a class");
        self.click_role(Role::ComboBox, "Operation");
        self.click_role(Role::Button, "Grow or shrink");
        self.wait_for("the outcome", |app| {
            let pending = app.workspace().pending();
            pending.is_some_and(|p| p.name.starts_with("Grow") && matches!(p.state, PendingState::Ready(_)))
        });
        self.steps(2);
    }

    fn has_operations(&self) -> bool {
        self.harness.query_by_role_and_label(Role::ComboBox, "Operation").is_some()
    }

    /// Names of the edits and how many of them are done.
    fn edits(&self) -> (Vec<String>, usize) {
        let history = &self.case().history;
        (history.names().map(str::to_owned).collect(), history.undo_count())
    }

    fn adopt_preset(&mut self) {
        let [region, preset] = PRESET;
        self.menu(&["Class list", "Use a preset", region, preset]);
    }

    /// Width of a view, points.
    fn width(&self, view: Plane) -> f32 {
        self.view(view).width()
    }

    fn measured(&self) -> Vec<&str> {
        self.case().measurements.all().iter().map(|measured| measured.text.as_str()).collect()
    }

    /// What stands beside a distance between two places of a view.
    fn distance_text(&self, view: Plane, from: Pos2, to: Pos2) -> String {
        let affine = &self.case().image.affine;
        let [from, to] = [from, to].map(|pos| affine.world_from_voxel(self.position_at(view, pos)));
        let mm = (0..3).map(|axis| (to[axis] - from[axis]).powi(2)).sum::<f64>().sqrt();
        format!("{mm:.1} mm")
    }
}

#[test]
fn an_operation_is_seen_before_it_is_applied_as_one_step() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_unlabelled(dir.path());
    window.begin_to_grow();
    let before = window.labels();
    let shown = LabelMap::clone(window.case().shown_labels());
    assert!(shown.known_count() > before.known_count());
    assert_eq!(window.edits().1, 1);

    window.click_role(Role::Button, "Apply");
    assert_eq!(window.labels().class(), shown.class());
    assert_eq!(window.labels().origin(), shown.origin());
    assert_eq!(window.edits().1, 2);
    assert!(window.workspace().pending().is_none() && window.has_operations());
    window.click_role(Role::Button, "Close");
    window.key(Modifiers::COMMAND, Key::Z);
    assert_eq!(window.labels().class(), before.class());
}

#[test]
fn closing_the_window_of_operations_leaves_the_labels_as_they_were() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_unlabelled(dir.path());
    window.begin_to_grow();
    let before = window.labels();
    assert_ne!(window.case().shown_labels().class(), before.class());
    window.click_role(Role::Button, "Close");
    assert!(window.workspace().pending().is_none() && !window.has_operations());
    assert_eq!(window.labels(), before);
    assert_eq!(window.case().shown_labels().class(), before.class());
    assert_eq!(window.edits().1, 1);
}

#[test]
fn escape_closes_the_windows_over_the_views_one_after_the_other() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_unlabelled(dir.path());
    window.begin_to_grow();
    let before = window.labels();
    window.key(Modifiers::SHIFT, Key::U);
    window.key(Modifiers::NONE, Key::Escape);
    assert!(window.workspace().pending().is_none() && !window.has_operations());
    assert!(window.shows("As it was opened"));
    window.key(Modifiers::NONE, Key::Escape);
    assert!(!window.shows("As it was opened"));
    assert_eq!(window.labels(), before);
}

#[test]
fn the_label_menu_marks_a_case_as_done_and_a_done_one_as_in_progress() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_unlabelled(dir.path());
    let done = |window: &Window| window.workspace().study().unwrap().count(CaseFilter::State(CaseState::Done));
    let before = done(&window);
    window.menu(&["Label", "Mark this case as done"]);
    assert_eq!(done(&window), before + 1);
    window.menu(&["Label", "Mark this case as in progress"]);
    assert_eq!(done(&window), before);
}

#[test]
fn the_list_of_edits_goes_back_and_forth_with_one_click() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_unlabelled(dir.path());
    let mut states = vec![window.labels()];
    // The third is larger, so that no two edits have one name.
    for (class, place) in [(Key::Num1, [-10.0, 0.0]), (Key::Num2, [0.0, 0.0]), (Key::Num1, [10.0, 0.0])] {
        window.dab(class, window.place(place));
        states.push(window.labels());
        window.key(Modifiers::NONE, Key::CloseBracket);
    }
    let (names, done) = window.edits();
    assert_eq!((names.len(), done), (3, 3));
    window.key(Modifiers::SHIFT, Key::U);
    for (row, done) in [(names[0].as_str(), 1), (names[2].as_str(), 3), ("As it was opened", 0), (names[1].as_str(), 2)]
    {
        window.click_role(Role::Button, row);
        assert_eq!(window.edits(), (names.clone(), done), "{row}");
        assert_eq!(window.labels().class(), states[done].class(), "{row}");
    }
    window.key(Modifiers::SHIFT, Key::U);
    assert!(!window.shows("As it was opened"), "the same key closes the list");
    window.menu(&["Label", "List of edits…"]);
    assert!(window.shows("As it was opened"));
}

#[test]
fn with_the_keys_of_another_program_a_key_does_what_it_does_there() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_unlabelled(dir.path());
    window.dab(Key::Num1, window.place([0.0, 0.0]));
    let painted = window.labels();
    window.key(Modifiers::NONE, Key::Z);
    assert_eq!(window.labels(), painted);
    window.key(Modifiers::NONE, Key::Num2);
    assert_eq!(window.tool(), Tool::PanZoom);

    window.key(Modifiers::COMMAND, Key::Comma);
    window.click_role(Role::Button, "3D Slicer");
    assert_eq!(window.workspace().preferences().keymap.preset(), KeymapPreset::Slicer);
    window.click_role(Role::Button, "Close");
    window.key(Modifiers::NONE, Key::Z);
    assert_eq!(window.labels().known_count(), 0);
    window.key(Modifiers::NONE, Key::Num2);
    assert_eq!(window.tool(), Tool::Brush);
}

#[test]
fn an_action_gets_the_key_that_is_pressed_for_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_unlabelled(dir.path());
    let key = Chord::char('K');
    assert_eq!(window.workspace().preferences().keymap.action(key), None);
    window.key(Modifiers::COMMAND, Key::Comma);
    window.type_into("Search an action", "fill holes");
    window.click("Add a key for Fill holes");
    window.key(Modifiers::NONE, Key::K);
    assert_eq!(window.workspace().preferences().keymap.action(key), Some(KeyAction::FillHoles));
    assert!(window.shows("Take K away") && !window.has_operations());
    window.click_role(Role::Button, "Close");
    window.key(Modifiers::NONE, Key::K);
    let chosen = window.harness.get_by_role_and_label(Role::ComboBox, "Operation").value();
    assert_eq!(chosen.as_deref(), Some("Fill holes"));
}

#[test]
fn a_preset_brings_its_classes_and_a_long_list_can_be_searched() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_unlabelled(dir.path());
    assert!(window.shows("Class Body") && !window.shows("Search classes"));
    window.adopt_preset();
    let preset = ClassPreset::all().iter().find(|preset| preset.name == PRESET[1]).unwrap();
    let study = window.workspace().study().unwrap();
    let number = |name: &str| study.classes.all().iter().find(|class| class.name == name).map(|class| class.id);
    assert!(preset.classes.foreground().all(|class| number(&class.name).is_some()));
    assert_eq!((number("Body"), number("Cap")), (Some(BODY), Some(2)), "what is labelled keeps its name");
    let left = number("Left kidney").unwrap();
    assert!(window.shows("Class Spleen"));

    window.type_into("Search classes", "kidney");
    for (class, found) in [("Left kidney", true), ("Right kidney", true), ("Spleen", false), ("Background", false)] {
        assert_eq!(window.shows(&format!("Class {class}")), found, "{class}");
    }
    window.click("Class Left kidney");
    assert_eq!(window.workspace().tools().class, left);
}

#[test]
fn the_class_under_the_pointer_in_the_list_stands_out_in_the_views() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_unlabelled(dir.path());
    let row = window.harness.get_by_label("Class Body").rect().center();
    for (pos, highlight) in [(row, Some(BODY)), (window.place([0.0, 0.0]), None)] {
        window.harness.hover_at(pos);
        window.steps(3);
        assert_eq!(window.workspace().views().layers.highlight, highlight);
    }
}

#[test]
fn a_dragged_distance_says_the_millimetres_between_its_ends_until_it_is_removed() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_demo(dir.path());
    // Thick slices: a voxel is not a millimetre.
    window.show_case(3);
    window.click_role(Role::Button, "Measure a distance");
    let view = Plane::Coronal;
    let [from, to, elsewhere] = [[-10.2, -7.1], [9.4, 8.3], [-4.0, 9.2]].map(|place| window.around_middle(view, place));
    window.drag(from, to, PointerButton::Primary);
    assert_eq!(window.measured(), [window.distance_text(view, from, to)]);
    // Its end is moved.
    window.drag(to, elsewhere, PointerButton::Primary);
    let first = window.distance_text(view, from, elsewhere);
    assert_eq!(window.measured(), std::slice::from_ref(&first));
    let second = [[4.0, -9.0], [11.0, 2.0]].map(|place| window.around_middle(view, place));
    window.drag(second[0], second[1], PointerButton::Primary);
    assert_eq!(window.measured(), [first.clone(), window.distance_text(view, second[0], second[1])]);
    window.click_role(Role::Button, "Remove the last");
    assert_eq!(window.measured(), [first]);
    window.drag(second[0], second[1], PointerButton::Primary);
    window.click_role(Role::Button, "Remove all");
    assert!(window.measured().is_empty());
    assert_eq!(window.labels().known_count(), 0);
}

#[test]
fn the_large_layout_gives_the_axial_view_more_room_and_moved_borders_go_back() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_unlabelled(dir.path());
    assert!((window.width(Plane::Axial) - window.width(Plane::Coronal)).abs() < 2.0);
    window.menu(&["View", Layout::OnePlusThree.name()]);
    assert_eq!(window.workspace().views().layout, Layout::OnePlusThree);
    let width = window.width(Plane::Axial);
    for view in [Plane::Coronal, Plane::Sagittal] {
        assert!(width > 1.5 * window.width(view), "{view:?}");
    }
    let (axial, coronal) = (window.view(Plane::Axial), window.view(Plane::Coronal));
    let border = pos2((axial.right() + coronal.left()) / 2.0, axial.center().y);
    window.drag(border, border - vec2(100.0, 0.0), PointerButton::Primary);
    assert!(window.width(Plane::Axial) < width - 50.0);
    assert!(window.workspace().preferences().arrangement.is_some(), "kept for the next start");
    window.menu(&["View", "Put the panes back"]);
    assert!((window.width(Plane::Axial) - width).abs() < 1.0);
    assert_eq!(window.workspace().preferences().arrangement, None);
    assert_eq!(window.labels().known_count(), 0);
}

#[test]
fn the_view_menu_stays_while_its_switches_are_tried_and_closes_with_a_choice() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_unlabelled(dir.path());
    let is_smooth = |window: &Window| window.workspace().views().layers.interpolation;
    let before = is_smooth(&window);
    window.menu(&["View", "Smooth picture"]);
    assert!(is_smooth(&window) != before && window.shows("Smooth picture"));
    window.menu(&["Smooth picture"]);
    assert_eq!(is_smooth(&window), before);
    window.menu(&["Fit"]);
    assert!(!window.shows("Smooth picture"));
}

#[test]
fn another_readers_mask_is_compared_in_a_table_and_one_of_another_grid_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_demo(dir.path());
    window.show_case(0);
    let compare = |window: &mut Window, case: &str| {
        window.menu(&["Label", "Compare with another label map…"]);
        let path = dir.path().join(format!("truth/{case}.nii.gz"));
        window.harness.get_by_role_and_label(Role::TextInput, "File").type_text(&path.display().to_string());
        window.steps(2);
        window.click_role(Role::Button, "Compare");
        window.wait_for("the comparison", |app| {
            let comparison = app.workspace().comparison();
            comparison.is_some_and(|comparison| !matches!(comparison.state, ComparisonState::Working))
        });
        window.steps(3);
    };
    let shown = window.case().id.to_string();
    compare(&mut window, &shown);
    let Some(ComparisonState::Ready(found)) = window.workspace().comparison().map(|c| &c.state) else {
        panic!("no table")
    };
    assert_eq!(found.mean_dice(), Some(1.0));
    assert!(window.shows("Mean") && window.shows("Copy as CSV"));

    let thick = window.workspace().study().unwrap().cases[3].id.clone();
    compare(&mut window, thick.as_str());
    let Some(ComparisonState::Refused(sentence)) = window.workspace().comparison().map(|c| &c.state) else {
        panic!("a mask of another grid was taken")
    };
    assert!(window.shows(sentence), "{sentence}");
    window.show_case(1);
    assert!(window.workspace().comparison().is_none());
}

#[test]
fn pictures_of_every_thirtieth_slice_of_the_active_view_go_into_a_folder() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_demo(dir.path());
    window.key(Modifiers::COMMAND, Key::K);
    window.harness.event(Event::Text("pictures of all".to_owned()));
    window.steps(2);
    window.key(Modifiers::NONE, Key::Enter);
    let slices = window.case().camera(window.workspace().views().active).straight().slice_count();
    window.click("Every so many slices");
    window.harness.event(Event::Text("30".to_owned()));
    window.key(Modifiers::NONE, Key::Enter);
    let pictures = slices.div_ceil(30);
    window.click_role(Role::Button, &format!("Write {pictures} pictures"));
    let folder = dir.path().join("pictures/axial-slices");
    let said = format!("{pictures} pictures were written to '{}'.", folder.display());
    let is_picture = |entry: std::io::Result<fs::DirEntry>| entry.is_ok_and(|e| e.path().extension().is_some());
    window.wait_for("the pictures", |_| {
        fs::read_dir(&folder).is_ok_and(|files| files.map(is_picture).filter(|is| *is).count() == pictures)
    });
    // The last one lies there a moment before the thread says so.
    for _ in 0..100 {
        window.steps(1);
        if window.shows(&said) {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert!(window.shows(&said));
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!((names.len(), names[1].to_str()), (pictures, Some("slice-0031.png")));
}

#[test]
fn the_clipping_box_is_dragged_by_its_faces_and_set_back() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_unlabelled(dir.path());
    window.menu(&["View", Layout::SceneLarge.name()]);
    window.menu(&["Clipping box of the 3-D view", "Clipping box"]);
    window.key(Modifiers::NONE, Key::Escape);
    let whole = window.case().clip.unwrap();
    assert!(whole.is_whole());
    let dot = window.harness.get_by_label("Cut from the left").rect().center();
    let middle = window.harness.get_by_label("3-D view").rect().center();
    window.drag(dot, dot.lerp(middle, 0.5), PointerButton::Primary);
    let cut = window.case().clip.unwrap();
    let share = cut.bounds().voxel_count() as f64 / whole.bounds().voxel_count() as f64;
    assert!((0.6..0.9).contains(&share), "a quarter is cut away: {share}");
    window.menu(&["Clipping box of the 3-D view", "Show all of it again"]);
    assert_eq!(window.case().clip, Some(whole));
    window.click("Clipping box");
    assert_eq!(window.case().clip, None);
}

#[derive(Debug)]
struct Dropped(PathBuf);

impl DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        Err("nobody asks for them".to_owned())
    }
}

#[test]
fn volumes_that_are_dropped_on_the_window_become_cases_behind_the_others() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_demo(dir.path());
    let before: Vec<_> = window.workspace().study().unwrap().cases.iter().map(|line| line.id.clone()).collect();
    let shown = window.case().id.clone();
    let scans = tempfile::tempdir().unwrap();
    let image = std::fs::read_dir(dir.path().join("images")).unwrap().next().unwrap().unwrap().path();
    std::fs::copy(image, scans.path().join("late.nii.gz")).unwrap();
    window.harness.input_mut().dropped_files.push(Arc::new(Dropped(scans.path().to_owned())));
    let count = before.len();
    window.wait_for("another case", |app| app.workspace().study().unwrap().cases.len() > count);
    let cases = &window.workspace().study().unwrap().cases;
    assert!(cases.iter().map(|line| &line.id).eq(before.iter().chain([&"late".into()])));
    assert_eq!(window.case().id, shown);
}

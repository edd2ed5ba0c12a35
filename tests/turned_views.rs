//! Views turned about the crosshair: the handles are dragged, the turned plane is painted on, and all is straight again.
#![allow(clippy::panic, clippy::unwrap_used)]

#[path = "common/window_harness.rs"]
mod window_harness;

use chiaro::edit::ObliqueStroke;
use chiaro::geometry::Plane;
use chiaro::workspace::Tool;
use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers, PointerButton, Pos2, Vec2};
use egui_kittest::kittest::Queryable as _;

use window_harness::Window;

const HANDLE: &str = "second handle of the coronal line in the axial view";
const STRAIGHTEN: &str = "Straighten the views, in the axial view";

impl Window {
    /// Where the cross is seen in a view.
    fn cross(&self, view: Plane) -> Pos2 {
        self.at(view, self.case().cross())
    }

    /// Takes a handle so many degrees clockwise around the cross of the axial view.
    fn drag_handle(&mut self, degrees: f32) {
        let (cross, handle) = (self.cross(Plane::Axial), self.harness.get_by_label(HANDLE).rect().center());
        let turned = Vec2::angled((handle - cross).angle() + degrees.to_radians()) * (handle - cross).length();
        self.drag(handle, cross + turned, PointerButton::Primary);
    }

    fn degrees(&self) -> [f64; 3] {
        Plane::ALL.map(|view| self.case().turned_degrees(view).round())
    }
}

#[test]
fn dragging_a_handle_turns_the_other_planes_and_a_disc_paints_on_them_until_all_is_straightened() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_unlabelled(dir.path());
    let before = Plane::ALL.map(|view| window.case().camera(view).clone());
    assert!(!window.shows(STRAIGHTEN));

    window.drag_handle(30.0);
    assert_eq!(window.degrees(), [0.0, 30.0, 30.0]);
    assert_eq!(window.workspace().views().active, Plane::Axial);
    assert!(window.shows(STRAIGHTEN));
    assert!(window.case().camera(Plane::Coronal).edge_letters().iter().any(|letters| letters.len() == 2));

    window.click_role(Role::Button, "Brush");
    window.click_role(Role::Button, "Disc");
    assert_eq!(window.tool(), Tool::Brush);
    assert!(window.harness.query_by_label(HANDLE).is_none(), "handles would be in the brush's way");
    let [from, to] = [Vec2::new(-30.0, 12.0), Vec2::new(25.0, 20.0)].map(|by| window.cross(Plane::Coronal) + by);
    let [first, last] = [from, to].map(|pos| window.position_at(Plane::Coronal, pos));
    window.drag(from, to, PointerButton::Primary);
    let case = window.case();
    let normal = case.camera(Plane::Coronal).turned().unwrap().plane().normal();
    let diameter_mm = window.workspace().tools().brush.diameter_mm(None, case.image.spacing_mm());
    let stroke = ObliqueStroke { diameter_mm, normal, world_from_voxel: case.image.affine, from: first, to: last };
    let class = window.workspace().tools().class;
    let expected: Vec<usize> = stroke.voxels(case.extent()).indices().collect();
    let painted = window.voxels_of(class);
    // The pointer moves in steps and in f32: a voxel on the very rim may be on either side.
    let apart = expected.iter().filter(|index| !painted.contains(index)).count()
        + painted.iter().filter(|index| !expected.contains(index)).count();
    assert!(painted.len() > 50 && apart * 50 <= painted.len(), "{apart} of {}", painted.len());
    let coordinates: Vec<_> = painted.iter().map(|&index| case.extent().voxel(index)).collect();
    let axis = case.normal_axis(Plane::Coronal);
    let slices: std::collections::BTreeSet<_> = coordinates.iter().map(|v| v.to_array()[axis]).collect();
    assert!(slices.len() > 5, "a turned plane goes through many slices");

    window.click(STRAIGHTEN);
    assert_eq!(Plane::ALL.map(|view| window.case().camera(view).clone()), before);
    assert!(!window.shows(STRAIGHTEN));
    window.key(Modifiers::COMMAND, Key::Z);
    assert_eq!(window.labels().known_count(), 0);
}

#[test]
fn keys_turn_the_active_view_by_five_degrees_and_straighten_all() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_unlabelled(dir.path());
    window.key(Modifiers::SHIFT, Key::ArrowRight);
    window.key(Modifiers::SHIFT, Key::ArrowRight);
    assert_eq!(window.degrees(), [0.0, 10.0, 10.0]);
    window.key(Modifiers::SHIFT, Key::ArrowLeft);
    assert_eq!(window.degrees(), [0.0, 5.0, 5.0]);
    let (number, _) = window.case().slice_number(Plane::Axial);
    window.key(Modifiers::NONE, Key::PageUp);
    assert_eq!(window.case().slice_number(Plane::Axial).0, number + 1);
    let strip = window.harness.get_by_label("Coronal slice").rect();
    window.drag(strip.center_top() + Vec2::new(0.0, 2.0), strip.center_top(), PointerButton::Primary);
    let (number, count) = window.case().slice_number(Plane::Coronal);
    assert_eq!(number, count);
    window.key(Modifiers::SHIFT, Key::O);
    assert!(!window.case().is_turned());
}

#[test]
fn a_polygon_on_turned_views_is_refused_in_a_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_unlabelled(dir.path());
    window.key(Modifiers::SHIFT, Key::ArrowRight);
    window.click_role(Role::Button, "Polygon");
    let at = window.cross(Plane::Axial);
    window.click_at(at, PointerButton::Primary);
    assert!(window.workspace().drawing().is_none());
    assert!(window.workspace().notices().iter().any(|n| n.text == "Straighten the views to draw an outline."));
    assert!(window.harness.query_by_label_contains("Straighten the views to draw an outline").is_some());
}

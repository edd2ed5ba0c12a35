//! The tools at work: real pointer events in the views, and the labels that come of them.
#![allow(clippy::panic, clippy::unwrap_used)]

#[path = "common/window_harness.rs"]
mod window_harness;

use std::collections::BTreeSet;

use chiaro::edit::{
    AdaptiveSettings, ConfidenceSettings, FillScope, Likeness, LiveWire, Outline, Selection, StrokeSegment, VoxelSet,
    Watch, adaptive, in_plane,
};
use chiaro::geometry::{Plane, Voxel};
use chiaro::label::{ClassId, LabelValue};
use chiaro::workspace::Tool;
use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers, PointerButton, Pos2};
use egui_kittest::kittest::Queryable as _;

use window_harness::Window;

const VIEW: Plane = Plane::Axial;
/// Classes of the demo study.
const BODY: ClassId = 1;
const CAP: ClassId = 2;
/// Voxels from the middle of the slice; all corners lie between voxel centres.
const POLYGON: [[f64; 2]; 4] = [[-9.3, -8.2], [11.4, -6.6], [8.7, 10.1], [-7.2, 7.9]];

impl Window {
    fn choose(&mut self, tool: &str) {
        self.click_role(Role::Button, tool);
    }

    fn click_primary(&mut self, pos: Pos2) {
        self.click_at(pos, PointerButton::Primary);
    }

    fn undo(&mut self) {
        self.key(Modifiers::COMMAND, Key::Z);
    }

    /// A ball of about 10 mm.
    fn choose_large_ball(&mut self) {
        self.choose("Brush");
        self.choose("Ball");
        for _ in 0..3 {
            self.key(Modifiers::NONE, Key::CloseBracket);
        }
    }

    fn place(&self, from_middle: [f64; 2]) -> Pos2 {
        self.around_middle(VIEW, from_middle)
    }

    fn places<const N: usize>(&self, from_middle: [[f64; 2]; N]) -> [Pos2; N] {
        from_middle.map(|place| self.place(place))
    }

    /// Around a square from its first corner back to it.
    fn around_square(&self, half_side: f64) -> [Pos2; 5] {
        let (low, high) = (-half_side, half_side);
        self.places([[low, low], [high, low], [high, high], [low, high], [low, low]])
    }

    /// The polygon with these corners in the shown slice.
    fn outline(&self, corners: &[Pos2]) -> Outline {
        let case = self.case();
        let axis = case.normal_axis(VIEW);
        let points = corners.iter().map(|&corner| in_plane(axis, self.position_at(VIEW, corner)));
        Outline { axis, slice: case.camera(VIEW).straight().slice(), points: points.collect() }
    }

    fn enclosed(&self, corners: &[Pos2]) -> Vec<usize> {
        indices(&self.outline(corners).voxels(self.case().extent()))
    }

    /// What a live wire through these corners encloses.
    fn enclosed_by_wire(&self, corners: &[Pos2]) -> Vec<usize> {
        let case = self.case();
        let Outline { axis, slice, points: corners } = self.outline(corners);
        let mut points = vec![corners[0]];
        for (&from, &to) in corners.iter().zip(corners.iter().cycle().skip(1)) {
            let wire = LiveWire::new(&case.image, axis, slice, from).unwrap();
            points.extend(wire.path_to(to).into_iter().skip(1));
        }
        indices(&Outline { axis, slice, points }.voxels(case.extent()))
    }

    /// Where the brush is pressed once.
    fn dab_at(&self, pos: Pos2) -> StrokeSegment {
        let case = self.case();
        let position = self.position_at(VIEW, pos);
        StrokeSegment {
            brush: self.workspace().tools().brush,
            plane_normal_axis: case.normal_axis(VIEW),
            from: position,
            to: position,
            spacing_mm: case.image.spacing_mm(),
        }
    }

    /// The first voxel near the middle of the shown slice that is wanted, and its place.
    fn find(&self, wanted: impl Fn(Voxel) -> bool) -> (Voxel, Pos2) {
        let case = self.case();
        let [x, y, _] = case.extent().to_array().map(|n| n / 2);
        let z = case.camera(VIEW).straight().slice();
        let near = |middle: usize| (middle - 15..middle + 15).step_by(3);
        let mut voxels = near(y).flat_map(|y| near(x).map(move |x| Voxel::new(x, y, z)));
        let found = voxels.find(|voxel| wanted(*voxel)).unwrap();
        (found, self.at(VIEW, found.to_f64()))
    }

    /// What a click of a tool that follows intensities takes; nothing where it is refused.
    fn selected(&self, seed: Voxel, scope: FillScope, likeness: Likeness) -> Vec<usize> {
        let selected = Selection { seed, scope, likeness }.voxels(&self.case().image, &Watch::default());
        selected.map(|set| indices(&set)).unwrap_or_default()
    }
}

fn indices(set: &VoxelSet) -> Vec<usize> {
    set.indices().collect()
}

#[test]
fn a_polygon_paints_the_voxels_it_encloses_as_one_step_that_can_be_undone() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_unlabelled(dir.path());
    let before = window.labels();
    window.choose("Polygon");
    assert_eq!(window.tool(), Tool::Polygon);
    let corners = window.places(POLYGON);
    corners.iter().for_each(|&corner| window.click_primary(corner));
    assert_eq!(window.labels().known_count(), 0, "nothing is painted before Enter");
    window.key(Modifiers::NONE, Key::Enter);
    let enclosed = window.enclosed(&corners);
    assert!(enclosed.len() > 200);
    assert_eq!(window.voxels_of(BODY), enclosed);
    assert_eq!((window.labels().known_count(), window.case().history.undo_count()), (enclosed.len(), 1));
    window.undo();
    assert_eq!(window.labels().class(), before.class());
    assert_eq!(window.labels().origin(), before.origin());
}

#[test]
fn corners_of_a_polygon_are_moved_and_taken_back_before_it_paints() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_unlabelled(dir.path());
    window.key(Modifiers::NONE, Key::Num3);
    let corners = window.places(POLYGON);
    corners.iter().for_each(|&corner| window.click_primary(corner));
    let elsewhere = window.place([13.2, -2.4]);
    window.drag(corners[1], elsewhere, PointerButton::Primary);
    let drawn = window.workspace().drawing().unwrap().outline.clone();
    assert_eq!(drawn, window.outline(&[corners[0], elsewhere, corners[2], corners[3]]));
    window.click_at(window.place([0.0, 0.0]), PointerButton::Secondary);
    assert_eq!(window.labels().known_count(), 0);
    window.key(Modifiers::NONE, Key::Enter);
    assert_eq!(window.voxels_of(BODY), window.enclosed(&[corners[0], elsewhere, corners[2]]));
}

#[test]
fn a_polygon_is_given_up_with_escape_and_closed_on_its_first_corner() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_unlabelled(dir.path());
    window.choose("Polygon");
    let corners = window.places(POLYGON);
    corners.iter().for_each(|&corner| window.click_primary(corner));
    window.key(Modifiers::NONE, Key::Escape);
    assert!(window.workspace().drawing().is_none());
    assert_eq!((window.labels().known_count(), window.case().history.undo_count()), (0, 0));
    corners.iter().chain(corners.first()).for_each(|&corner| window.click_primary(corner));
    assert!(window.workspace().drawing().is_none());
    assert_eq!(window.voxels_of(BODY), window.enclosed(&corners));
}

#[test]
fn a_lasso_stays_open_when_the_button_comes_up_and_is_filled_by_a_click_inside() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_unlabelled(dir.path());
    window.choose("Lasso");
    let corners = window.places([[-8.3, -7.2], [0.4, -11.6], [9.7, -4.1], [6.2, 8.9], [-7.7, 6.3]]);
    let path: Vec<Pos2> = corners.iter().chain(corners.first()).copied().collect();
    window.draw(&path, PointerButton::Primary);
    assert!(window.workspace().drawing().is_some());
    assert_eq!(window.labels().known_count(), 0);
    window.click_primary(window.place([0.0, 0.0]));
    assert!(window.workspace().drawing().is_none());
    assert_eq!(window.voxels_of(BODY), window.enclosed(&corners));
    assert_eq!(window.case().history.undo_count(), 1);
}

#[test]
fn scissors_cut_the_chosen_class_through_all_slices_and_leave_the_others() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_unlabelled(dir.path());
    window.choose_large_ball();
    window.dab(Key::Num1, window.place([-6.0, 0.0]));
    window.dab(Key::Num2, window.place([6.0, 0.0]));
    let before = window.labels();
    window.key(Modifiers::COMMAND, Key::Num1);
    window.choose("Scissors");
    // The right half of the one ball and all of the other.
    let corners = window.places([[-6.3, -9.3], [13.3, -9.3], [13.3, 9.3], [-6.3, 9.3]]);
    let path: Vec<Pos2> = corners.iter().chain(corners.first()).copied().collect();
    window.draw(&path, PointerButton::Primary);

    let extent = window.case().extent();
    let cut: BTreeSet<usize> = window.outline(&corners).through_volume(extent, 0..usize::MAX).indices().collect();
    let after = window.labels();
    let mut slices_cut = BTreeSet::new();
    for index in 0..extent.voxel_count() {
        let old = before.value_at(index);
        let is_cut = old.class == BODY && cut.contains(&index);
        assert_eq!(after.value_at(index), if is_cut { LabelValue::UNKNOWN } else { old });
        slices_cut.extend(is_cut.then(|| extent.voxel(index).z));
    }
    assert!(slices_cut.len() > 5 && !window.voxels_of(BODY).is_empty());
    assert!(window.voxels_of(CAP).iter().any(|index| cut.contains(index)));
}

#[test]
fn a_live_wire_joins_its_corners_along_the_picture_and_is_closed_by_a_double_click() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_unlabelled(dir.path());
    window.choose("Line along edges");
    let corners = window.places([[-9.2, -6.1], [10.3, -3.2], [1.1, 9.4]]);
    window.click_primary(corners[0]);
    window.harness.hover_at(corners[1]);
    window.steps(2);
    let path = window.workspace().drawing().unwrap().path.clone();
    let normal = window.case().normal_axis(VIEW);
    let ends = [0, 1].map(|i| in_plane(normal, window.voxel_at(VIEW, corners[i]).to_f64()));
    assert_eq!([path.first(), path.last()], [Some(&ends[0]), Some(&ends[1])]);
    assert!(path.windows(2).all(|step| (0..2).all(|axis| (step[0][axis] - step[1][axis]).abs() <= 1.0)));
    window.click_primary(corners[1]);
    window.harness.hover_at(corners[2]);
    window.steps(2);
    assert_eq!(window.labels().known_count(), 0);
    for pressed in [true, false, true, false] {
        window.button(corners[2], PointerButton::Primary, pressed);
    }
    window.steps(2);
    assert!(window.workspace().drawing().is_none());
    let enclosed = window.enclosed_by_wire(&corners);
    assert!(!enclosed.is_empty());
    assert_eq!(window.voxels_of(BODY), enclosed);
    assert_eq!(window.case().history.undo_count(), 1);
}

#[test]
fn a_click_paints_what_the_line_of_one_intensity_encloses() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_unlabelled(dir.path());
    window.choose("Outline of equal intensity");
    let extent = window.case().extent();
    let line = |window: &Window, voxel: Voxel| window.workspace().level_line(VIEW, voxel.to_f64());
    let enclosed = |window: &Window, voxel| line(window, voxel).map_or(0, |line| line.voxels(extent).voxel_count());
    let (voxel, at) = window.find(|voxel| (50..1000).contains(&enclosed(&window, voxel)));
    window.click_primary(at);
    assert_eq!(window.voxels_of(BODY), indices(&line(&window, voxel).unwrap().voxels(extent)));
}

#[test]
fn a_click_fills_what_is_alike_in_the_slice_or_in_the_volume() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_unlabelled(dir.path());
    let similar = Likeness::Within { tolerance: window.workspace().tolerance() };
    let same_tissue = Likeness::SameTissue(ConfidenceSettings::default());
    let in_slice = FillScope::Slice { axis: window.case().normal_axis(VIEW) };
    // Structures, not the tissue around them.
    for (reach, scope, sizes) in [("This slice", in_slice, 50..1000), ("Volume", FillScope::Volume, 500..20_000)] {
        for (tool, likeness) in [("Fill similar intensity", similar), ("Grow a region", same_tissue)] {
            window.choose(tool);
            window.choose(reach);
            let (seed, at) = window.find(|seed| sizes.contains(&window.selected(seed, scope, likeness).len()));
            window.click_primary(at);
            window.settle();
            assert_eq!(window.voxels_of(BODY), window.selected(seed, scope, likeness), "{tool}, {reach}");
            assert_eq!(window.case().history.undo_count(), 1);
            window.undo();
            assert_eq!(window.labels().known_count(), 0);
        }
    }
}

#[test]
fn a_click_removes_an_island_and_with_the_right_button_all_others() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_unlabelled(dir.path());
    let places = window.places([[-8.0, 0.0], [8.0, 0.0]]);
    window.dab(Key::Num1, places[0]);
    let first = window.voxels_of(BODY);
    window.dab(Key::Num1, places[1]);
    let both = window.voxels_of(BODY);
    let second: Vec<usize> = both.iter().copied().filter(|index| !first.contains(index)).collect();
    window.choose("Islands");
    for (button, left) in [(PointerButton::Primary, &second), (PointerButton::Secondary, &first)] {
        window.click_at(places[0], button);
        window.settle();
        assert_eq!(&window.voxels_of(BODY), left, "{button:?}");
        window.undo();
        assert_eq!(window.voxels_of(BODY), both);
    }
}

#[test]
fn the_class_under_the_pointer_is_picked_and_nothing_where_nobody_said() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_unlabelled(dir.path());
    let places = window.places([[-8.0, 0.0], [8.0, 0.0]]);
    window.dab(Key::Num2, places[0]);
    window.key(Modifiers::COMMAND, Key::Num1);
    let before = window.labels();
    window.choose("Pick the class under the pointer");
    for (place, class) in [(places[1], BODY), (places[0], CAP)] {
        window.click_primary(place);
        assert_eq!(window.workspace().tools().class, class);
    }
    assert_eq!(window.labels(), before);
}

#[test]
fn one_press_paints_a_square_in_its_slice_or_a_ball_through_several() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_unlabelled(dir.path());
    let at = window.place([2.3, -3.4]);
    // 6 mm at voxels of 1 mm.
    for (shape, slices) in [("Square", 1), ("Ball", 6)] {
        window.choose("Brush");
        window.choose(shape);
        let extent = window.case().extent();
        window.click_primary(at);
        let painted = window.voxels_of(BODY);
        assert_eq!(painted, indices(&window.dab_at(at).voxels(extent)), "{shape}");
        assert_eq!(painted.iter().map(|&index| extent.voxel(index).z).collect::<BTreeSet<_>>().len(), slices);
        assert!(shape != "Square" || painted.len() == 36);
        window.click_at(at, PointerButton::Secondary);
        assert_eq!(window.labels().known_count(), 0, "the right button erases the same voxels");
    }
}

#[test]
fn a_ball_at_the_cross_is_the_same_in_all_three_views() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_demo(dir.path());
    // Thick slices: round in millimetres, not in voxels.
    window.show_case(3);
    assert_ne!(window.case().image.spacing_mm()[0], window.case().image.spacing_mm()[2]);
    window.choose("Brush");
    window.choose("Ball");
    let cross = window.case().cursor.to_f64();
    let mut balls = Vec::new();
    for view in Plane::ALL {
        // Off the middle of the voxel within the slice, where rounding cannot choose another one.
        let normal = window.case().normal_axis(view);
        let position = std::array::from_fn(|axis| cross[axis] + if axis == normal { 0.0 } else { 0.3 });
        let at = window.at(view, position);
        window.click_primary(at);
        balls.push(window.voxels_of(BODY));
        window.click_at(at, PointerButton::Secondary);
        assert_eq!(window.labels().known_count(), 0);
    }
    assert!(balls[0].len() > 50);
    assert_eq!((&balls[0], &balls[0]), (&balls[1], &balls[2]));
}

#[test]
fn within_intensity_limits_a_stroke_paints_only_those_intensities() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_unlabelled(dir.path());
    window.choose("Brush");
    // From the tissue through the bright structures.
    let [from, to] = window.places([[-22.3, 0.4], [22.4, 0.4]]);
    window.drag(from, to, PointerButton::Primary);
    let all = window.voxels_of(BODY);
    window.undo();
    let mut intensities: Vec<f64> = all.iter().map(|&index| window.case().image.intensity_at(index)).collect();
    intensities.sort_by(f64::total_cmp);
    window.click_role(Role::CheckBox, "Intensities");
    window.harness.get_by_label("Highest intensity painted").set_value_accesskit(intensities[intensities.len() / 2]);
    window.steps(3);
    let limit = window.workspace().tools().intensity_limit.unwrap();
    window.drag(from, to, PointerButton::Primary);
    let painted = window.voxels_of(BODY);
    let is_within = |index: &usize| limit.contains(window.case().image.intensity_at(*index));
    assert_eq!(painted, all.iter().copied().filter(is_within).collect::<Vec<_>>());
    assert!(!painted.is_empty() && painted.len() < all.len());
}

#[test]
fn a_brush_that_follows_edges_paints_only_the_tissue_under_its_middle() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_unlabelled(dir.path());
    window.choose("Brush");
    window.click_role(Role::CheckBox, "Follow edges");
    let settings = AdaptiveSettings::default();
    let tissue = |window: &Window, pos: Pos2| indices(&adaptive(&window.dab_at(pos), &window.case().image, &settings));
    let (_, at) = window.find(|voxel| (5..25).contains(&tissue(&window, window.at(VIEW, voxel.to_f64())).len()));
    assert!(window.dab_at(at).voxels(window.case().extent()).voxel_count() > 25);
    window.click_primary(at);
    assert_eq!(window.voxels_of(BODY), tissue(&window, at));
}

/// Something done with a tool.
type Work = fn(&mut Window);

#[test]
fn no_tool_changes_a_locked_class() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_unlabelled(dir.path());
    window.choose_large_ball();
    window.dab(Key::Num2, window.place([0.0, 0.0]));
    window.key(Modifiers::COMMAND, Key::Num1);
    window.click("Lock Cap");
    let locked = window.voxels_of(CAP);
    // Each of them covers the locked ball and more than the one before it.
    let work: [(&str, Work); 6] = [
        ("brush", |window| {
            let [from, to] = window.places([[-10.0, 0.0], [10.0, 0.0]]);
            window.drag(from, to, PointerButton::Primary);
        }),
        ("right button", |window| {
            let [from, to] = window.places([[-6.0, 0.0], [6.0, 0.0]]);
            window.drag(from, to, PointerButton::Secondary);
        }),
        ("polygon", |window| {
            window.choose("Polygon");
            window.around_square(9.3).iter().for_each(|&corner| window.click_primary(corner));
        }),
        ("lasso", |window| {
            window.choose("Lasso");
            window.draw(&window.around_square(11.3), PointerButton::Primary);
            window.click_primary(window.place([0.0, 0.0]));
        }),
        ("scissors", |window| {
            // With background chosen they cut every class.
            window.key(Modifiers::COMMAND, Key::Num0);
            window.choose("Scissors");
            window.draw(&window.around_square(12.3), PointerButton::Primary);
            window.key(Modifiers::COMMAND, Key::Num1);
        }),
        ("fill similar", |window| {
            window.choose("Fill similar intensity");
            let likeness = Likeness::Within { tolerance: window.workspace().tolerance() };
            let scope = FillScope::Slice { axis: window.case().normal_axis(VIEW) };
            let is_locked = |index: &usize| window.case().labels().value_at(*index).class == CAP;
            let (_, at) = window.find(|seed| {
                let selected = window.selected(seed, scope, likeness);
                selected.iter().any(is_locked) && !selected.iter().all(is_locked)
            });
            window.click_primary(at);
            window.settle();
        }),
    ];
    for (tool, work) in work {
        let before = window.labels();
        work(&mut window);
        assert_ne!(window.labels().class(), before.class(), "{tool} does something");
        assert_eq!(window.voxels_of(CAP), locked, "{tool}");
    }
}

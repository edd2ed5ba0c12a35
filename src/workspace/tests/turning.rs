//! Views turned about the linked cross.

use super::*;
use crate::edit::{BrushShape, BrushSize, ObliqueStroke, Operation};
use crate::geometry::{PatientSide, Voxel};
use crate::label::LabelValue;

const SIZE: [f64; 2] = [300.0, 200.0];

fn look(ws: &mut Workspace, action: ViewAction) -> Vec<Effect> {
    apply(ws, Action::View(action))
}

fn turn(ws: &mut Workspace, view: Plane, degrees: f64) {
    look(ws, ViewAction::Turn { view, degrees });
}

/// A study with its case fitted into the views.
fn fitted() -> Workspace {
    let mut ws = study(&["a", "b"]);
    Plane::ALL.into_iter().for_each(|view| {
        look(&mut ws, ViewAction::Fit { view, size: SIZE });
    });
    ws
}

fn degrees(ws: &Workspace) -> [f64; 3] {
    Plane::ALL.map(|view| ws.case().unwrap().turned_degrees(view).round())
}

fn position_at(ws: &Workspace, view: Plane, place: [f64; 2]) -> [f64; 3] {
    ws.case().unwrap().camera(view).voxel_from_screen(place, SIZE)
}

fn cameras(ws: &Workspace) -> [crate::view::ViewCamera; 3] {
    Plane::ALL.map(|view| ws.case().unwrap().camera(view).clone())
}

/// How far a voxel position lies from the plane of a view, voxels of 1 mm.
fn height(ws: &Workspace, view: Plane, position: [f64; 3]) -> f64 {
    ws.case().unwrap().camera(view).turned().unwrap().plane().height_mm(position)
}

#[test]
fn turning_in_one_view_turns_the_planes_of_the_others_and_straightening_brings_the_old_picture_back() {
    let mut ws = fitted();
    let before = cameras(&ws);
    turn(&mut ws, Plane::Axial, 20.0);
    turn(&mut ws, Plane::Axial, 3.0);
    assert_eq!(degrees(&ws), [0.0, 23.0, 23.0]);
    assert!(ws.case().unwrap().is_turned());
    turn(&mut ws, Plane::Coronal, -40.0);
    look(&mut ws, ViewAction::Zoom { view: Plane::Axial, factor: 2.0, pointer: [9.0, 9.0], size: SIZE });
    look(&mut ws, ViewAction::Straighten);
    assert!(!ws.case().unwrap().is_turned());
    assert_eq!((cameras(&ws), degrees(&ws)), (before, [0.0; 3]));
}

#[test]
fn turning_back_by_the_same_angle_straightens_too() {
    let mut ws = fitted();
    turn(&mut ws, Plane::Sagittal, 5.0);
    turn(&mut ws, Plane::Sagittal, -5.0);
    assert!(!ws.case().unwrap().is_turned());
}

#[test]
fn a_line_is_turned_to_where_the_pointer_is() {
    let mut ws = fitted();
    let direction = [30.0, -30.0];
    look(&mut ws, ViewAction::TurnTo { view: Plane::Axial, line: Plane::Coronal, direction });
    let [(line, [x, y]), (_, upright)] = ws.case().unwrap().lines(Plane::Axial);
    assert!(line == Plane::Coronal && (x + y).abs() < 1e-9 && (x * upright[0] + y * upright[1]).abs() < 1e-9);
    assert_eq!(degrees(&ws), [0.0, 45.0, 45.0]);
}

#[test]
fn the_planes_follow_the_cross_and_every_view_goes_through_it() {
    let mut ws = fitted();
    turn(&mut ws, Plane::Axial, 30.0);
    turn(&mut ws, Plane::Coronal, 15.0);
    let clicked = position_at(&ws, Plane::Sagittal, [170.0, 90.0]);
    look(&mut ws, ViewAction::MoveCursor(clicked));
    assert!(Plane::ALL.iter().all(|&view| height(&ws, view, clicked).abs() < 1e-9));
    assert_eq!(ws.case().unwrap().cursor, extent().nearest_voxel(clicked).unwrap());
    let again = position_at(&ws, Plane::Sagittal, [170.0, 90.0]);
    assert!((0..3).all(|a| (again[a] - clicked[a]).abs() < 1e-9), "the clicked view stays where it is");

    let (number, count) = ws.case().unwrap().slice_number(Plane::Coronal);
    look(&mut ws, ViewAction::StepSlice { view: Plane::Coronal, steps: 1 });
    assert_eq!(ws.case().unwrap().slice_number(Plane::Coronal), (number + 1, count));
    assert!((height(&ws, Plane::Coronal, clicked) + 1.0).abs() < 1e-9, "a step is the smallest spacing");
    let cross = ws.case().unwrap().cross();
    assert!(Plane::ALL.iter().all(|&view| height(&ws, view, cross).abs() < 1e-9));
    look(&mut ws, ViewAction::SetSlice { view: Plane::Coronal, slice: 0 });
    assert_eq!(ws.case().unwrap().slice_number(Plane::Coronal).0, 1);
    look(&mut ws, ViewAction::StepSlice { view: Plane::Coronal, steps: i64::MAX });
    assert_eq!(ws.case().unwrap().slice_number(Plane::Coronal), (count, count));
}

#[test]
fn a_view_whose_plane_stays_keeps_the_slices_of_the_file() {
    let mut ws = fitted();
    let straight = ws.case().unwrap().slice_number(Plane::Axial);
    turn(&mut ws, Plane::Axial, 30.0);
    assert_eq!(ws.case().unwrap().slice_number(Plane::Axial), straight);
    let before = ws.case().unwrap().cross();
    look(&mut ws, ViewAction::StepSlice { view: Plane::Axial, steps: 1 });
    let after = ws.case().unwrap().cross();
    assert_eq!(ws.case().unwrap().slice_number(Plane::Axial), (straight.0 + 1, straight.1));
    let moved: Vec<_> = (0..3).map(|axis| (after[axis] - before[axis]).abs()).collect();
    assert!(moved[0] < 1e-9 && moved[1] < 1e-9 && (moved[2] - 1.0).abs() < 1e-9, "{moved:?}");
    assert_eq!(degrees(&ws), [0.0, 30.0, 30.0]);
    look(&mut ws, ViewAction::SetSlice { view: Plane::Axial, slice: 0 });
    assert_eq!(ws.case().unwrap().cursor.z, 0);
}

#[test]
fn the_cross_never_leaves_the_volume_by_a_click_and_nonsense_moves_nothing() {
    let mut ws = fitted();
    turn(&mut ws, Plane::Axial, 30.0);
    look(&mut ws, ViewAction::MoveCursor([-500.0, 3.0, 900.0]));
    assert_eq!(ws.case().unwrap().cursor, Voxel::new(0, 3, 7));
    look(&mut ws, ViewAction::MoveCursor([f64::NAN, 3.0, 4.0]));
    assert_eq!(ws.case().unwrap().cursor, Voxel::new(0, 3, 7));
}

#[test]
fn another_case_begins_straight_and_the_turned_one_stays_as_it_was() {
    let mut ws = fitted();
    turn(&mut ws, Plane::Axial, 30.0);
    apply(&mut ws, Action::Case(CaseAction::Show("b".into())));
    read(&mut ws, "b");
    assert!(!ws.case().unwrap().is_turned());
    apply(&mut ws, Action::Case(CaseAction::Show("a".into())));
    assert_eq!(degrees(&ws), [0.0, 30.0, 30.0]);
}

#[test]
fn the_patient_side_mirrors_turned_views_too() {
    let mut ws = fitted();
    turn(&mut ws, Plane::Axial, 30.0);
    look(&mut ws, ViewAction::SetPatientSide(PatientSide::Neurological));
    let letters = |ws: &Workspace| ws.case().unwrap().camera(Plane::Coronal).edge_letters();
    assert_eq!((&letters(&ws)[0][..1], degrees(&ws)), ("L", [0.0, 30.0, 30.0]));
    look(&mut ws, ViewAction::Straighten);
    assert_eq!(letters(&ws), ["L", "R", "S", "I"]);
}

/// A disc of 5 mm from one place of a turned coronal view to another.
fn disc_stroke(ws: &mut Workspace) -> (ObliqueStroke, Vec<Effect>) {
    turn(ws, Plane::Axial, 35.0);
    apply(ws, Action::Tool(ToolAction::SetBrushShape(BrushShape::Disc)));
    apply(ws, Action::Tool(ToolAction::SetBrushSize(BrushSize::Mm(5.0))));
    apply(ws, Action::Tool(ToolAction::Select(Tool::Brush)));
    let [from, to] = [[120.0, 80.0], [170.0, 110.0]].map(|place| position_at(ws, Plane::Coronal, place));
    let turned = ws.case().unwrap().camera(Plane::Coronal).turned().unwrap().plane().normal();
    let stroke =
        ObliqueStroke { diameter_mm: 5.0, normal: turned, world_from_voxel: ws.case().unwrap().image.affine, from, to };
    let mut effects = edit(ws, EditAction::StrokeBegin { view: Plane::Coronal, position: from, inverted: false });
    effects.extend(edit(ws, EditAction::StrokeMove { position: to }));
    effects.extend(edit(ws, EditAction::StrokeEnd));
    (stroke, effects)
}

#[test]
fn a_disc_paints_what_the_turned_plane_cuts_under_it_as_one_step() {
    let mut ws = fitted();
    let before = labels(&ws).clone();
    let (stroke, _) = disc_stroke(&mut ws);
    let painted: Vec<usize> = stroke.voxels(extent()).indices().collect();
    let found: Vec<usize> =
        (0..extent().voxel_count()).filter(|&i| labels(&ws).value_at(i) != LabelValue::UNKNOWN).collect();
    assert_eq!(found, painted);
    assert!(painted.len() > 20, "{}", painted.len());
    edit(&mut ws, EditAction::Undo);
    assert_eq!((labels(&ws).class(), labels(&ws).origin()), (before.class(), before.origin()));
}

#[test]
fn tools_of_one_slice_ask_for_straight_views_and_write_nothing() {
    let mut ws = fitted();
    turn(&mut ws, Plane::Axial, 35.0);
    let (view, position, inverted) = (Plane::Coronal, [5.0, 5.0, 4.0], false);
    let said = |ws: &mut Workspace, tool: Option<Tool>, action: Action| {
        tool.into_iter().for_each(|tool| {
            apply(ws, Action::Tool(ToolAction::Select(tool)));
        });
        let effects = apply(ws, action);
        assert!(notices(&effects).iter().any(|text| text.starts_with("Straighten the views to ")), "{effects:?}");
        assert!(effects.iter().all(|effect| matches!(effect, Effect::Notify(_))), "{effects:?}");
        assert_eq!((labels(ws).known_count(), ws.case().unwrap().history.undo_count()), (0, 0));
    };
    let click = || Action::Edit(EditAction::Click { view, position, inverted });
    let press = || Action::Edit(EditAction::Outline(OutlineAction::Press { view, position, inverted }));
    for tool in [Tool::FillSimilar, Tool::GrowRegion, Tool::LevelTrace, Tool::Island] {
        said(&mut ws, Some(tool), click());
    }
    for tool in [Tool::Polygon, Tool::Lasso, Tool::LiveWire, Tool::Scissors] {
        said(&mut ws, Some(tool), press());
        assert!(ws.drawing().is_none());
    }
    said(&mut ws, Some(Tool::Fill), Action::Edit(EditAction::Fill { view, position, inverted }));
    said(&mut ws, None, Action::Edit(EditAction::CompleteSlice(view)));
    said(&mut ws, None, Action::Edit(EditAction::CopySliceToNext(view)));
    said(&mut ws, None, Action::Pseudo(PseudoAction::AcceptSlice(view)));
    let operation = Box::new(Operation::FillHoles { slices_along: None });
    said(&mut ws, None, Action::Edit(EditAction::Propose { operation, slice_of: Some(view) }));
    apply(&mut ws, Action::Tool(ToolAction::SetAdaptive(true)));
    apply(&mut ws, Action::Tool(ToolAction::SetBrushShape(BrushShape::Disc)));
    said(&mut ws, Some(Tool::Brush), Action::Edit(EditAction::StrokeBegin { view, position, inverted }));
    apply(&mut ws, Action::Tool(ToolAction::SetAdaptive(false)));
    assert!(ws.level_line(view, position).is_none());
}

#[test]
fn an_outline_left_open_is_applied_only_once_the_views_are_straight_again() {
    let mut ws = fitted();
    apply(&mut ws, Action::Tool(ToolAction::Select(Tool::Polygon)));
    for position in [[2.0, 2.0, 4.0], [8.0, 2.0, 4.0], [8.0, 8.0, 4.0]] {
        let press = OutlineAction::Press { view: Plane::Axial, position, inverted: false };
        edit(&mut ws, EditAction::Outline(press));
        edit(&mut ws, EditAction::Outline(OutlineAction::Release));
    }
    turn(&mut ws, Plane::Axial, 35.0);
    let effects = edit(&mut ws, EditAction::Outline(OutlineAction::Apply));
    assert_eq!(notices(&effects), ["Straighten the views to apply the outline."]);
    assert!(ws.drawing().is_some() && labels(&ws).known_count() == 0);
    look(&mut ws, ViewAction::Straighten);
    edit(&mut ws, EditAction::Outline(OutlineAction::Apply));
    assert!(ws.drawing().is_none() && labels(&ws).known_count() > 10);
}

#[test]
fn a_ball_paints_the_same_whether_the_views_are_turned_or_not() {
    let [mut ws, mut turned] = [fitted(), fitted()];
    turn(&mut turned, Plane::Coronal, 35.0);
    for ws in [&mut ws, &mut turned] {
        apply(ws, Action::Tool(ToolAction::SetBrushShape(BrushShape::Ball)));
        paint(ws);
    }
    assert!(labels(&ws).known_count() > 0 && labels(&ws).class() == labels(&turned).class());
}

#[test]
fn distances_on_a_turned_plane_are_those_between_the_places() {
    let mut ws = fitted();
    turn(&mut ws, Plane::Axial, 35.0);
    let [from, to] = [[120.0, 80.0], [180.0, 130.0]].map(|place| position_at(&ws, Plane::Coronal, place));
    let begin = MeasureAction::Begin { view: Plane::Coronal, position: from, ruler: Ruler::Distance };
    for action in [begin, MeasureAction::Move(to), MeasureAction::Release] {
        apply(&mut ws, Action::Measure(action));
    }
    let case = ws.case().unwrap();
    let mm = 60f64.hypot(50.0) / case.camera(Plane::Coronal).zoom();
    assert_eq!(case.measurements.all()[0].text, format!("{mm:.1} mm"));
}

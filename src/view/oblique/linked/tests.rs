use super::*;
use crate::geometry::vector::{length, minus};
use proptest::prelude::*;

fn extent() -> Extent {
    Extent::new(40, 30, 20).unwrap()
}

fn planes(spacing_mm: [f64; 3]) -> LinkedPlanes {
    LinkedPlanes::new(&Affine::from_spacing(spacing_mm), extent(), PatientSide::Radiological).unwrap()
}

fn views() -> impl Strategy<Value = Plane> {
    (0usize..3).prop_map(|i| Plane::ALL[i])
}

fn farthest(a: &LinkedPlanes, b: &LinkedPlanes) -> f64 {
    let directions = |p: &ObliquePlane| [p.right(), p.down(), p.normal(), p.centre_mm()];
    let pairs = Plane::ALL.into_iter().flat_map(|v| directions(a.plane(v)).into_iter().zip(directions(b.plane(v))));
    // The larger of a number and NaN is the number.
    pairs.map(|(a, b)| length(minus(a, b))).inspect(|away| assert!(away.is_finite())).fold(0.0, f64::max)
}

fn farthest_from_perpendicular(linked: &LinkedPlanes) -> f64 {
    let [a, b, c] = Plane::ALL.map(|v| *linked.plane(v));
    let frames = [a, b, c].map(|p| [p.right(), p.down(), p.normal()]);
    let all = [frames[0], frames[1], frames[2], [a.normal(), b.normal(), c.normal()]];
    let mut worst = 0f64;
    for [u, v, w] in all {
        for (x, y) in [(u, v), (v, w), (w, u)] {
            assert!(dot(x, y).is_finite());
            worst = worst.max(dot(x, y).abs()).max((length(x) - 1.0).abs());
        }
    }
    worst
}

proptest! {
    #[test]
    fn turning_back_is_the_identity(turns in prop::collection::vec((views(), -400.0..400.0f64), 1..12)) {
        let start = planes([1.0, 2.0, -3.0]);
        let mut linked = start.clone();
        for &(view, degrees) in &turns {
            linked.turn(view, degrees);
        }
        for &(view, degrees) in turns.iter().rev() {
            linked.turn(view, -degrees);
        }
        prop_assert!(farthest(&start, &linked) < 1e-12 && !linked.is_turned(), "{:e}", farthest(&start, &linked));
    }

    #[test]
    fn a_turned_view_keeps_its_own_plane_and_its_lines_turn_clockwise_by_the_angle(
        before in prop::collection::vec((views(), -90.0..90.0f64), 0..4), view in views(), degrees in -170.0..170.0f64,
    ) {
        let mut linked = planes([1.0; 3]);
        before.iter().for_each(|&(view, degrees)| linked.turn(view, degrees));
        let (own, lines) = (*linked.plane(view), view.others().map(|other| linked.line_in(view, other)));
        linked.turn(view, degrees);
        prop_assert_eq!(*linked.plane(view), own);
        let (s, c) = degrees.to_radians().sin_cos();
        for (other, [x, y]) in view.others().into_iter().zip(lines) {
            // The y axis of the screen runs down, so that this is clockwise.
            let expected = [x * c - y * s, x * s + y * c];
            let line = linked.line_in(view, other);
            prop_assert!((line[0] - expected[0]).abs() < 1e-9 && (line[1] - expected[1]).abs() < 1e-9);
        }
    }

    #[test]
    fn steps_there_and_back_end_where_they_began_and_stay_inside(
        turns in prop::collection::vec((views(), -90.0..90.0f64), 0..4), view in views(), steps in 1i64..5,
    ) {
        let mut linked = planes([2.0, 1.5, 3.0]);
        turns.iter().for_each(|&(view, degrees)| linked.turn(view, degrees));
        let start = linked.clone();
        linked.step(view, steps);
        prop_assert!((length(minus(linked.cross_mm(), start.cross_mm())) - 1.5 * steps as f64).abs() < 1e-9);
        linked.step(view, -steps);
        prop_assert!(farthest(&start, &linked) < 1e-9);
        linked.step(view, i64::MAX);
        let (number, count) = linked.step_number(view);
        prop_assert_eq!(number, count);
        linked.step(view, i64::MIN);
        prop_assert_eq!(linked.step_number(view), (1, count));
    }
}

proptest! {
    #[test]
    fn turning_to_a_direction_brings_the_line_there_by_at_most_a_quarter_turn(
        before in prop::collection::vec((views(), -90.0..90.0f64), 0..4), view in views(), which in 0usize..2,
        degrees in -360.0..360.0f64, length in 0.01..500.0f64,
    ) {
        let mut linked = planes([1.0, 2.0, -3.0]);
        before.iter().for_each(|&(view, degrees)| linked.turn(view, degrees));
        let other = view.others()[which];
        let (own, start) = (*linked.plane(view), linked.line_in(view, other));
        let (s, c) = degrees.to_radians().sin_cos();
        linked.turn_to(view, other, [length * c, length * s]);
        let line = linked.line_in(view, other);
        prop_assert!((line[0] * s - line[1] * c).abs() < 1e-9, "{line:?}");
        prop_assert!(line[0] * start[0] + line[1] * start[1] > -1e-9 && *linked.plane(view) == own);
    }
}

#[test]
fn a_direction_without_length_turns_nothing() {
    let start = planes([1.0; 3]);
    let mut linked = start.clone();
    for direction in [[0.0, 0.0], [f64::NAN, 1.0]] {
        linked.turn_to(Plane::Axial, Plane::Coronal, direction);
    }
    assert_eq!(linked, start);
}

#[test]
fn the_planes_of_the_turned_lines_are_turned_by_the_angle_and_the_view_itself_is_not() {
    let mut linked = planes([1.0, 2.0, -3.0]);
    let degrees = |linked: &LinkedPlanes| Plane::ALL.map(|view| linked.turned_degrees(view).round());
    assert_eq!(degrees(&linked), [0.0; 3]);
    linked.turn(Plane::Axial, -23.0);
    assert_eq!(degrees(&linked), [0.0, 23.0, 23.0]);
    linked.set_patient_side(PatientSide::Neurological);
    assert_eq!(degrees(&linked), [0.0, 23.0, 23.0]);
}

#[test]
fn after_a_hundred_thousand_turns_everything_is_still_perpendicular() {
    let mut linked = planes([1.0; 3]);
    for i in 0..100_000u32 {
        linked.turn(Plane::ALL[(i % 3) as usize], f64::from(i % 41) - 19.3);
    }
    let worst = farthest_from_perpendicular(&linked);
    assert!(worst < 2e-15, "{worst:e}");
}

#[test]
fn straight_planes_are_the_slices_of_the_slice_views() {
    let linked = planes([1.0, 2.0, -3.0]);
    let axial = linked.plane(Plane::Axial);
    assert_eq!((axial.right(), axial.down(), axial.normal()), ([-1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, 1.0]));
    assert_eq!(linked.plane(Plane::Coronal).edge_letters(), ["R", "L", "S", "I"]);
    assert_eq!(linked.plane(Plane::Sagittal).edge_letters(), ["A", "P", "S", "I"]);
    assert_eq!(linked.plane(Plane::Sagittal).normal(), [1.0, 0.0, 0.0]);
    assert_eq!(linked.cross_mm(), [19.5, 29.0, -28.5]);
}

#[test]
fn a_coronal_plane_turned_in_the_axial_view_has_two_letters() {
    let mut linked = planes([1.0; 3]);
    linked.turn(Plane::Axial, 30.0);
    // Clockwise, seen from the feet: what ran to the patient's left now runs to the left and back.
    assert_eq!(linked.plane(Plane::Coronal).edge_letters(), ["RA", "LP", "S", "I"]);
    assert_eq!(linked.plane(Plane::Axial).edge_letters(), ["R", "L", "A", "P"]);
    assert!(linked.is_turned());
    linked.move_cross([1.0, 2.0, 3.0]);
    linked.reset();
    assert!(!linked.is_turned());
    assert_eq!(linked.cross_mm(), [1.0, 2.0, 3.0]);
}

#[test]
fn the_patient_side_mirrors_axial_and_coronal_only_and_twice_is_nothing() {
    let mut linked = planes([1.0; 3]);
    linked.turn(Plane::Sagittal, 20.0);
    let before = linked.clone();
    linked.set_patient_side(PatientSide::Neurological);
    assert_eq!(linked.plane(Plane::Axial).right(), [1.0, 0.0, 0.0]);
    assert_eq!(linked.plane(Plane::Sagittal), before.plane(Plane::Sagittal));
    linked.set_patient_side(PatientSide::Radiological);
    assert_eq!(linked, before);
}

#[test]
fn nonsense_changes_nothing_and_a_sheared_grid_has_perpendicular_planes() {
    let sheared = Affine { rows: [[1.0, 0.4, 0.1, 0.0], [0.0, 2.0, -0.3, 0.0], [0.1, 0.0, 3.0, 0.0]] };
    let mut linked = LinkedPlanes::new(&sheared, extent(), PatientSide::Neurological).unwrap();
    assert!(farthest_from_perpendicular(&linked) < 1e-14);
    let before = linked.clone();
    linked.turn(Plane::Axial, f64::NAN);
    linked.turn(Plane::Axial, f64::INFINITY);
    linked.move_cross([0.0, f64::INFINITY, 0.0]);
    assert_eq!(linked, before);
    let flat = Affine::from_spacing([1.0, 0.0, 1.0]);
    assert_eq!(LinkedPlanes::new(&flat, extent(), PatientSide::Radiological), None);
}

#[test]
fn a_cross_outside_may_come_back_but_not_go_farther() {
    let mut linked = planes([1.0; 3]);
    linked.move_cross([0.0, 0.0, 500.0]);
    linked.step(Plane::Axial, 3);
    assert_eq!(linked.cross_mm()[2], 500.0);
    linked.step(Plane::Axial, -2);
    assert_eq!(linked.cross_mm()[2], 498.0);
    assert_eq!(linked.step_number(Plane::Axial), (20, 20));
}

use proptest::prelude::*;

use super::*;

const SIZE: [f64; 2] = [640.0, 400.0];
const EXTENT: [usize; 3] = [60, 80, 40];

fn camera() -> OrbitCamera {
    OrbitCamera::fitted(Extent::from_array(EXTENT).unwrap(), &Affine::from_spacing([1.0, 0.5, 3.0]))
}

fn cameras() -> impl Strategy<Value = OrbitCamera> {
    let drags = prop::collection::vec([-300.0..300.0f64, -300.0..300.0f64], 0..20);
    (drags, -4.0..4.0f64, 0.3..9.0f64).prop_map(|(drags, roll, zoom)| {
        let mut camera = camera();
        camera.roll_by(roll);
        for drag in drags {
            camera.orbit_by(drag, SIZE);
        }
        camera.zoom_at([100.0, 300.0], SIZE, zoom);
        camera
    })
}

fn close(a: &[f64], b: &[f64], tolerance: f64) -> bool {
    a.iter().zip(b).all(|(a, b)| (a - b).abs() < tolerance)
}

proptest! {
    #[test]
    fn all_of_a_sight_line_is_seen_where_it_was_asked_for(camera in cameras(), p in [0.0..640.0f64, 0.0..400.0f64], away in -500.0..500.0f64) {
        let line = camera.sight_line(p, SIZE);
        prop_assert!(close(&camera.screen_from_world(line.at(away), SIZE), &p, 1e-6));
        prop_assert!((camera.height_mm(line.at(away)) + away).abs() < 1e-6);
    }

    #[test]
    fn the_axes_are_a_right_handed_rotation_after_any_drags(camera in cameras()) {
        let [right, up, towards] = camera.axes();
        for (a, b, wanted) in [(right, right, 1.0), (up, up, 1.0), (towards, towards, 1.0), (right, up, 0.0), (up, towards, 0.0), (right, towards, 0.0)] {
            prop_assert!((dot(a, b) - wanted).abs() < 1e-12);
        }
        prop_assert!(close(&cross(right, up), &towards, 1e-12));
    }

    #[test]
    fn superior_stays_up_until_the_picture_is_rolled(drags in prop::collection::vec([-300.0..300.0f64, -300.0..300.0f64], 0..30)) {
        let mut camera = camera();
        for drag in drags {
            camera.orbit_by(drag, SIZE);
            let [right, down, _] = camera.on_screen(AnatomicalDirection::Superior);
            prop_assert!(right.abs() < 1e-12 && down < 1e-12);
        }
    }

    #[test]
    fn zooming_keeps_what_is_under_the_pointer(mut camera in cameras(), pointer in [250.0..390.0f64, 150.0..250.0f64], factor in 0.5..2.0f64) {
        let before = camera.sight_line(pointer, SIZE).origin_mm;
        camera.zoom_at(pointer, SIZE, factor);
        // Panning stops beyond the case; there the picture may slide.
        prop_assume!(length(minus(camera.centre_mm, camera.fitted.centre_mm)) < 0.99 * camera.fitted.view_mm);
        prop_assert!(close(&camera.screen_from_world(before, SIZE), &pointer, 1e-6));
    }

    #[test]
    fn the_matrix_and_the_screen_agree(camera in cameras(), p in prop::array::uniform3(-50.0..150.0f64)) {
        let matrix = camera.clip_from_world(SIZE, 200.0);
        let [x, y, depth, w]: [f64; 4] =
            std::array::from_fn(|row| (0..4).map(|c| f64::from(matrix[c][row]) * if c < 3 { p[c] } else { 1.0 }).sum());
        let screen = [(x + 1.0) / 2.0 * SIZE[0], (1.0 - y) / 2.0 * SIZE[1]];
        prop_assert!(close(&screen, &camera.screen_from_world(p, SIZE), 0.05));
        prop_assert!((depth - (0.5 - camera.height_mm(p) / 400.0)).abs() < 1e-4);
        prop_assert_eq!(w, 1.0);
    }

    #[test]
    fn panning_moves_what_was_in_the_middle_with_the_pointer(mut camera in cameras(), delta in [-20.0..20.0f64, -20.0..20.0f64]) {
        let middle = camera.centre_mm();
        camera.pan_by(delta, SIZE);
        prop_assume!(length(minus(camera.centre_mm, camera.fitted.centre_mm)) < 0.99 * camera.fitted.view_mm);
        prop_assert!(close(&camera.screen_from_world(middle, SIZE), &[320.0 + delta[0], 200.0 + delta[1]], 1e-6));
    }
}

#[test]
fn each_side_of_the_patient_faces_the_viewer_who_stands_there() {
    use AnatomicalDirection::*;
    // Side, what is at the right edge, what is at the top.
    for (side, right, top) in [
        (Anterior, Left, Superior),
        (Posterior, Right, Superior),
        (Right, Anterior, Superior),
        (Left, Posterior, Superior),
        (Superior, Right, Anterior),
        (Inferior, Left, Anterior),
    ] {
        let mut camera = camera();
        camera.roll_by(1.0);
        camera.look_from(side);
        assert!(close(&camera.on_screen(side), &[0.0, 0.0, 1.0], 1e-12), "{side:?}");
        assert!(close(&camera.on_screen(right), &[1.0, 0.0, 0.0], 1e-12), "{side:?}");
        assert!(close(&camera.on_screen(top), &[0.0, -1.0, 0.0], 1e-12), "{side:?}");
    }
}

#[test]
fn the_front_of_the_case_follows_the_pointer() {
    for roll in [0.0, 0.7, 3.0] {
        let mut camera = camera();
        camera.roll_by(roll);
        let front = add(camera.centre_mm(), scaled(camera.axes()[2], 20.0));
        camera.orbit_by([6.0, 4.0], SIZE);
        let seen = camera.screen_from_world(front, SIZE);
        let [right, down] = [seen[0] - 320.0, seen[1] - 200.0];
        assert!(right > 2.0 && down > 1.0 && (right / down - 1.5).abs() < 0.1, "{roll}: {seen:?}");
    }
}

#[test]
fn a_fitted_volume_is_in_view_from_all_six_sides() {
    let mut camera = camera();
    for side in AnatomicalDirection::ALL {
        camera.look_from(side);
        for corner in 0..8usize {
            let voxel = std::array::from_fn(|a| if corner >> a & 1 == 1 { EXTENT[a] as f64 - 0.5 } else { -0.5 });
            let world = Affine::from_spacing([1.0, 0.5, 3.0]).world_from_voxel(voxel);
            let seen = camera.screen_from_world(world, SIZE);
            assert!(seen[0] > 0.0 && seen[0] < SIZE[0] && seen[1] > 0.0 && seen[1] < SIZE[1], "{side:?}: {seen:?}");
        }
    }
}

#[test]
fn panning_and_zooming_never_lose_the_case() {
    let mut camera = camera();
    camera.pan_by([1e12, -1e12], SIZE);
    camera.zoom_at([0.0, 0.0], SIZE, 1e30);
    camera.zoom_at([0.0, 0.0], SIZE, 1e-30);
    let middle = camera.screen_from_world([30.0, 20.0, 60.0], SIZE);
    assert!(middle.iter().zip(SIZE).all(|(p, side)| (-side..2.0 * side).contains(p)), "{middle:?}");
}

#[test]
fn nonsense_leaves_a_usable_camera() {
    let mut camera = camera();
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        camera.orbit_by([bad, 1.0], SIZE);
        camera.orbit_by([1.0, 1.0], [bad, 0.0]);
        camera.pan_by([1.0, bad], SIZE);
        camera.roll_by(bad);
        camera.zoom_at([bad, 0.0], SIZE, 1.1);
        camera.zoom_at([0.0, 0.0], SIZE, bad);
        camera.zoom_at([0.0, 0.0], [0.0, 0.0], 1.0);
        camera.centre_on([bad; 3]);
        camera.fit(Extent::new(1, 1, 1).unwrap(), &Affine::from_spacing([bad; 3]));
    }
    let line = camera.sight_line([3.0, 3.0], SIZE);
    assert!(line.origin_mm.iter().chain(&line.direction).all(|c| c.is_finite()));
}

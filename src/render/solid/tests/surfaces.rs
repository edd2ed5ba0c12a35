use super::*;
use crate::geometry::{Voxel, VoxelBox};

#[test]
fn a_red_ball_is_red_in_the_middle_and_leaves_the_corners_to_the_background() {
    let Some(mut stage) = Stage::new() else { return };
    stage.add_ball(1, MIDDLE, 15.0);
    let picture = stage.picture(&scene(&[look(1, RED, 1.0)]), None);
    assert!(is_red(middle(&picture)), "{:?}", middle(&picture));
    for (x, y) in [(0.0, 0.0), (199.0, 0.0), (0.0, 159.0), (199.0, 159.0)] {
        assert_eq!(at(&picture, x, y), BACKGROUND);
    }
}

#[test]
fn the_outline_of_a_ball_has_the_radius_the_camera_says() {
    let Some(mut stage) = Stage::new() else { return };
    stage.add_ball(1, MIDDLE, 15.0);
    let mut scene = scene(&[look(1, RED, 1.0)]);
    for (drag, zoom) in [([0.0, 0.0], 1.0), ([70.0, 33.0], 1.4), ([-500.0, 90.0], 0.6)] {
        let size = SIZE.map(f64::from);
        scene.camera.orbit_by(drag, size);
        scene.camera.zoom_at(size.map(|side| side / 2.0), size, zoom);
        let wanted = 15.0 * scene.camera.units_per_mm(size);
        let found = disc_radius_px(&stage.picture(&scene, None));
        assert!((found - wanted).abs() < 1.5, "{found} instead of {wanted}");
    }
}

#[test]
fn a_nearer_ball_hides_a_farther_one_from_both_sides() {
    let Some(mut stage) = Stage::new() else { return };
    stage.add_ball(1, [30.0, 45.0, 30.0], 9.0);
    stage.add_ball(2, [30.0, 15.0, 30.0], 9.0);
    let mut scene = scene(&[look(1, RED, 1.0), look(2, GREEN, 1.0)]);
    assert!(is_red(middle(&stage.picture(&scene, None))));
    scene.camera.look_from(AnatomicalDirection::Posterior);
    assert!(is_green(middle(&stage.picture(&scene, None))));
}

#[test]
fn a_ball_off_the_middle_is_drawn_where_the_camera_says() {
    let Some(mut stage) = Stage::new() else { return };
    let centre = [44.0, 20.0, 41.0];
    stage.add_ball(1, centre, 6.0);
    let mut scene = scene(&[look(1, RED, 1.0)]);
    scene.camera.orbit_by([40.0, 25.0], SIZE.map(f64::from));
    scene.camera.roll_by(0.4);
    let [x, y] = scene.camera.screen_from_world(affine().world_from_voxel(centre), SIZE.map(f64::from));
    assert!(is_red(at(&stage.picture(&scene, None), x, y)));
}

#[test]
fn hidden_removed_and_unnamed_classes_are_not_drawn() {
    let Some(mut stage) = Stage::new() else { return };
    stage.add_ball(1, MIDDLE, 15.0);
    let hidden = SurfaceLook { visible: false, ..look(1, RED, 1.0) };
    for looks in [vec![hidden], vec![look(1, RED, 0.0)], vec![look(1, RED, f32::NAN)], vec![look(2, RED, 1.0)], vec![]]
    {
        assert_eq!(middle(&stage.picture(&scene(&looks), None)), BACKGROUND);
    }
    assert!(is_red(middle(&stage.picture(&scene(&[look(1, RED, 1.0)]), None))));
    stage.renderer.remove_surface(1);
    assert_eq!(middle(&stage.picture(&scene(&[look(1, RED, 1.0)]), None)), BACKGROUND);
}

#[test]
fn through_a_translucent_ball_one_sees_what_is_in_it_but_not_what_is_behind_that() {
    let Some(mut stage) = Stage::new() else { return };
    stage.add_ball(1, MIDDLE, 18.0);
    stage.add_ball(2, MIDDLE, 7.0);
    let clear = middle(&stage.picture(&scene(&[look(2, GREEN, 1.0)]), None));
    let picture = stage.picture(&scene(&[look(1, RED, 0.3), look(2, GREEN, 1.0)]), None);
    let [r, g, _] = middle(&picture);
    assert!(g > 80 && g < clear[1] && r > clear[0], "{r} {g} {clear:?}");
    // Beside the inner ball both sides of the outer one lie before the background.
    let beside = at(&picture, 100.0 + 25.0, 80.0);
    assert!(is_drawn(beside) && beside[0] > beside[1], "{beside:?}");
}

#[test]
fn a_picture_is_drawn_again_only_when_something_changed() {
    let Some(mut stage) = Stage::new() else { return };
    stage.add_ball(1, MIDDLE, 15.0);
    let mut scene = scene(&[look(1, RED, 1.0)]);
    let is_drawn = |stage: &mut Stage, scene: &SolidScene| {
        stage.renderer.prepare(&stage.gpu.device, &stage.gpu.queue, VIEW, scene, None).unwrap()
    };
    assert!(is_drawn(&mut stage, &scene));
    assert!(!is_drawn(&mut stage, &scene));
    scene.camera.orbit_by([1.0, 0.0], [200.0, 160.0]);
    assert!(is_drawn(&mut stage, &scene));
    stage.add_ball(2, MIDDLE, 5.0);
    assert!(is_drawn(&mut stage, &scene));
    assert!(!is_drawn(&mut stage, &scene));
}

#[test]
fn a_box_cuts_opaque_and_translucent_surfaces_at_its_faces() {
    let Some(mut stage) = Stage::new() else { return };
    stage.add_ball(1, MIDDLE, 15.0);
    let mut scene = scene(&[look(1, RED, 1.0)]);
    let size = SIZE.map(f64::from);
    for opacity in [1.0, 0.6] {
        scene.surfaces[0].opacity = opacity;
        // From voxel 30 on along x: half of the ball.
        let bounds = VoxelBox { lo: Voxel::new(30, 0, 0), ..extent().full_box() };
        scene.surface_clip = Some(SurfaceClip { world_from_voxel: affine(), bounds });
        let picture = stage.picture(&scene, None);
        for (x, shown) in [(24.0, false), (36.0, true)] {
            let [px, py] = scene.camera.screen_from_world(affine().world_from_voxel([x, 30.0, 30.0]), size);
            assert_eq!(at(&picture, px, py) != BACKGROUND, shown, "{x} with opacity {opacity}");
        }
        scene.surface_clip = None;
        let [px, py] = scene.camera.screen_from_world(affine().world_from_voxel([24.0, 30.0, 30.0]), size);
        assert_ne!(at(&stage.picture(&scene, None), px, py), BACKGROUND);
    }
}

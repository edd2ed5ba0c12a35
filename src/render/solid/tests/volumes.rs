use std::sync::Arc;

use super::*;
use crate::geometry::{Voxel, VoxelBox};
use crate::view::{ControlPoint, TransferFunction, TransferPreset, VolumeMode, WindowLevel};

/// Nothing up to 500, then white of an opacity.
fn white_above_500(opacity: f64, mode: VolumeMode) -> TransferFunction {
    let point = |intensity, opacity| ControlPoint { intensity, colour: [255; 3], opacity };
    TransferFunction::new(&[point(0.0, 0.0), point(499.0, 0.0), point(501.0, opacity), point(1000.0, opacity)], mode)
}

fn volume_look(transfer: TransferFunction) -> VolumeLook {
    VolumeLook {
        transfer: Arc::new(transfer),
        world_from_voxel: affine(),
        clip: extent().full_box(),
        density: 1.0,
        max_steps: VolumeLook::MAX_STEPS_SOFTWARE,
    }
}

pub fn volume_scene(opacity: f64, surfaces: &[SurfaceLook]) -> SolidScene {
    let look = volume_look(white_above_500(opacity, VolumeMode::Tissue));
    SolidScene { volume: Some(look), ..scene(surfaces) }
}

#[test]
fn a_bright_ball_is_a_lit_disc_of_its_radius() {
    let Some(mut stage) = Stage::new() else { return };
    let volumes = stage.volumes(&bright_ball(15.0));
    let mut scene = volume_scene(1.0, &[]);
    for drag in [[0.0, 0.0], [61.0, 30.0]] {
        scene.camera.orbit_by(drag, SIZE.map(f64::from));
        let picture = stage.picture(&scene, Some(&volumes));
        let wanted = 15.0 * scene.camera.units_per_mm(SIZE.map(f64::from));
        let found = disc_radius_px(&picture);
        assert!((found - wanted).abs() < 1.5, "{found} instead of {wanted}");
        let (lit, rim) = (middle(&picture)[1], at(&picture, 100.0 + 0.9 * wanted, 80.0 + 0.3 * wanted)[1]);
        assert!(lit > 200 && rim < lit - 40, "{lit} {rim}");
    }
}

#[test]
fn the_clipping_box_cuts_half_of_it_away() {
    let Some(mut stage) = Stage::new() else { return };
    let volumes = stage.volumes(&bright_ball(15.0));
    let mut scene = volume_scene(1.0, &[]);
    if let Some(look) = &mut scene.volume {
        look.clip = VoxelBox { lo: Voxel::new(30, 0, 0), hi: Voxel::new(999, 999, 999) };
    }
    // From the front the patient's right, where x is large, is at the left.
    let picture = stage.picture(&scene, Some(&volumes));
    assert!(is_drawn(at(&picture, 90.0, 80.0)));
    assert_eq!(at(&picture, 110.0, 80.0), BACKGROUND);
    let wanted = 15.0 * scene.camera.units_per_mm(SIZE.map(f64::from)) / 2f64.sqrt();
    assert!((disc_radius_px(&picture) - wanted).abs() < 1.5);
}

#[test]
fn a_surface_shows_through_transparent_tissue_and_not_through_dense() {
    let Some(mut stage) = Stage::new() else { return };
    let volumes = stage.volumes(&bright_ball(20.0));
    stage.add_ball(1, MIDDLE, 8.0);
    let looks = [look(1, RED, 1.0)];
    let alone = middle(&stage.picture(&scene(&looks), None));
    let thin = middle(&stage.picture(&volume_scene(0.03, &looks), Some(&volumes)));
    assert!(thin[1] > alone[1] + 10 && thin[0] > thin[1] + 30, "{alone:?} {thin:?}");
    let [r, g, _] = middle(&stage.picture(&volume_scene(1.0, &looks), Some(&volumes)));
    assert!(r.abs_diff(g) < 10);
}

#[test]
fn a_surface_in_front_hides_the_volume_and_a_translucent_one_tints_it() {
    let Some(mut stage) = Stage::new() else { return };
    let volumes = stage.volumes(&bright_ball(10.0));
    stage.add_ball(1, [30.0, 52.0, 30.0], 7.0);
    assert!(is_red(middle(&stage.picture(&volume_scene(1.0, &[look(1, RED, 1.0)]), Some(&volumes)))));
    let [r, g, b] = middle(&stage.picture(&volume_scene(1.0, &[look(1, RED, 0.4)]), Some(&volumes)));
    assert!(r > g + 40 && g > 60 && b > 60, "{r} {g} {b}");
    let mut behind = volume_scene(1.0, &[look(1, RED, 0.4)]);
    behind.camera.look_from(AnatomicalDirection::Posterior);
    let [r, g, _] = middle(&stage.picture(&behind, Some(&volumes)));
    assert!(r.abs_diff(g) < 10, "behind dense tissue nothing is tinted: {r} {g}");
}

#[test]
fn the_brightest_is_seen_through_everything_in_front_of_it() {
    let Some(mut stage) = Stage::new() else { return };
    let value = |d: f64| {
        if d < 4.0 {
            1000
        } else if d < 20.0 {
            500
        } else {
            0
        }
    };
    let voxels = Grid::from_fn(extent(), |v| value(length(minus(v.to_f64(), MIDDLE))));
    let volumes = stage.volumes(&Image::new(Voxels::I16(voxels), 1.0, 0.0, affine()));
    let transfer = TransferPreset::Brightest.function(&WindowLevel::between(0.0, 1000.0));
    let scene = SolidScene { volume: Some(volume_look(transfer)), background: [0; 3], ..scene(&[]) };
    let picture = stage.picture(&scene, Some(&volumes));
    let inside = 10.0 * scene.camera.units_per_mm(SIZE.map(f64::from));
    assert!(middle(&picture)[0] > 240);
    assert!(at(&picture, 100.0 + inside, 80.0)[0].abs_diff(128) < 8);
    assert_eq!(at(&picture, 2.0, 2.0), [0; 3]);
}

#[test]
fn density_and_fewer_steps_change_opacity_as_they_should() {
    let Some(mut stage) = Stage::new() else { return };
    let volumes = stage.volumes(&bright_ball(15.0));
    let mut brightness = |density, max_steps| {
        let mut scene = SolidScene { background: [0; 3], ..volume_scene(0.02, &[]) };
        if let Some(look) = &mut scene.volume {
            (look.density, look.max_steps) = (density, max_steps);
        }
        f64::from(middle(&stage.picture(&scene, Some(&volumes)))[1])
    };
    let normal = brightness(1.0, 1000);
    assert!(brightness(2.0, 1000) > 1.3 * normal);
    assert!(brightness(0.5, 1000) < 0.7 * normal);
    assert!((brightness(1.0, 60) / normal - 1.0).abs() < 0.2, "long steps are as opaque as many short ones");
}

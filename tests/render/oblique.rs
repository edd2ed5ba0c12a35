//! Planes turned about the cross.

use chiaro::geometry::vector::dot;
use chiaro::geometry::{Affine, PatientSide, Plane};
use chiaro::label::LabelMap;
use chiaro::render::{PredictionState, SliceScene};
use chiaro::view::{
    LabelStyle, LayerSettings, LinkedPlanes, OverlayColourMap, OverlayLook, Slab, SlabProjection, WindowLevel,
};
use image::RgbaImage;

use super::case::{Case, SIZE, assert_rich, drawn, oblique, offscreen};

/// Of a thousand pixels so many may differ: where a position lies on the border of two voxels, the last digit of its f32
/// decides.
const ON_A_BORDER: f64 = 1.0;

fn assert_nearly_same(gpu: &RgbaImage, cpu: &RgbaImage, what: &str) {
    let apart = |(g, c): (&image::Rgba<u8>, &image::Rgba<u8>)| g.0.iter().zip(c.0).any(|(a, b)| a.abs_diff(b) > 1);
    let wrong = gpu.pixels().zip(cpu.pixels()).filter(|pair| apart(*pair)).count();
    let most = ON_A_BORDER / 1000.0 * f64::from(SIZE[0] * SIZE[1]);
    assert!(wrong as f64 <= most, "{what}: {wrong} pixels differ");
}

fn check(case: &Case, scenes: &[(&str, SliceScene)]) {
    let Some(gpu) = offscreen() else { return };
    let mut renderer = gpu.slice_renderer();
    renderer.set_volumes(&gpu.device, Some(case.volumes(&gpu)));
    for (what, scene) in scenes {
        let cpu = case.reference(scene);
        assert_rich(&cpu);
        assert_nearly_same(&drawn(&gpu, &mut renderer, scene), &cpu, what);
    }
}

/// The scene with its plane turned by so many degrees in the axial, the coronal and the sagittal view, off the voxel centres.
pub fn turned(case: &Case, plane: Plane, degrees: [f64; 3], change: impl FnOnce(&mut LayerSettings)) -> SliceScene {
    let mut scene = case.scene(plane, change);
    let affine = case.image.affine;
    let mut linked = LinkedPlanes::new(&affine, case.image.extent(), PatientSide::Radiological).unwrap();
    linked.move_cross(affine.world_from_voxel([5.3, 8.9, 4.2]));
    Plane::ALL.into_iter().zip(degrees).for_each(|(view, degrees)| linked.turn(view, degrees));
    scene.camera.show_plane(&affine, *linked.plane(plane));
    scene
}

#[test]
fn turned_planes_are_drawn_as_the_reference_draws_them_in_every_view_and_storage_order() {
    let permuted = Affine { rows: [[0.0, 0.0, 1.7, 0.0], [-0.9, 0.0, 0.0, 0.0], [0.0, 1.1, 0.0, 0.0]] };
    for affine in [Affine::identity(), Affine::from_spacing([-0.7, 0.7, 4.0]), permuted, oblique()] {
        let case = Case::new(affine);
        for degrees in [[20.0, 0.0, 0.0], [-33.0, 51.0, 12.0]] {
            let scenes = Plane::ALL.map(|plane| (plane.name(), turned(&case, plane, degrees, |_| {})));
            check(&case, &scenes);
        }
    }
}

#[test]
fn turned_planes_are_drawn_as_the_reference_draws_them_with_every_layer_setting() {
    let case = Case::new(Affine::from_spacing([0.9, 1.1, 2.0]));
    let scene = |change: fn(&mut LayerSettings)| turned(&case, Plane::Coronal, [25.0, -10.0, 40.0], change);
    let mut stale = scene(|l| l.network_contours = true);
    stale.prediction = PredictionState::Stale;
    let mut close = scene(|l| (l.label_style, l.network_contours) = (LabelStyle::Contour, true));
    close.camera.zoom_at([80.3, 61.9], close.view_size, 4.7);
    let mut far = close.clone();
    far.camera.zoom_at([80.0, 60.0], far.view_size, 0.06);
    check(
        &case,
        &[
            ("contours", scene(|l| l.label_style = LabelStyle::Contour)),
            ("nearest", scene(|l| l.interpolation = false)),
            ("no labels", scene(|l| l.labels = false)),
            ("no pseudo-labels", scene(|l| l.pseudo = false)),
            ("network contours", scene(|l| (l.network_contours, l.labels) = (true, false))),
            ("stale", stale),
            ("close", close),
            ("far", far),
        ],
    );
}

#[test]
fn turned_slabs_are_drawn_as_the_reference_draws_them() {
    let case = Case::new(Affine::from_spacing([-1.1, 0.8, 3.0]));
    let mut scenes = Vec::new();
    for projection in SlabProjection::ALL {
        for interpolation in [true, false] {
            let slab = Some(Slab { thickness_mm: 7.0, projection });
            let change = |l: &mut LayerSettings| (l.slab, l.interpolation, l.labels) = (slab, interpolation, false);
            scenes.push((projection.name(), turned(&case, Plane::Sagittal, [30.0, 20.0, 0.0], change)));
        }
    }
    check(&case, &scenes);
}

#[test]
fn an_overlay_under_a_turned_plane_is_drawn_as_the_reference_draws_it() {
    let mut case = Case::new(Affine::from_spacing([0.9, 1.1, 2.0]));
    let other = Case::new(oblique());
    case.overlay = Some(other.image);
    for interpolation in [true, false] {
        let mut scene = turned(&case, Plane::Axial, [15.0, -35.0, 20.0], |l| l.interpolation = interpolation);
        let window = WindowLevel::auto(case.overlay.as_ref().unwrap());
        scene.overlay = Some(OverlayLook { window, map: OverlayColourMap::Hot, opacity: 0.7 });
        check(&case, &[("overlay", scene)]);
    }
}

/// Judged without the reference: straight slices are.
#[test]
fn a_plane_turned_by_nothing_shows_the_straight_slice() {
    let Some(gpu) = offscreen() else { return };
    let case = Case::new(Affine::from_spacing([0.9, -1.1, 2.0]));
    let mut renderer = gpu.slice_renderer();
    renderer.set_volumes(&gpu.device, Some(case.volumes(&gpu)));
    let contours = |l: &mut LayerSettings| (l.label_style, l.network_contours) = (LabelStyle::Contour, true);
    let changes: [fn(&mut LayerSettings); 3] = [|_| {}, |l| l.interpolation = false, contours];
    for (plane, change) in Plane::ALL.into_iter().flat_map(|plane| changes.map(|change| (plane, change))) {
        let straight = case.scene(plane, change);
        let mut linked = LinkedPlanes::new(&case.image.affine, case.image.extent(), PatientSide::Radiological).unwrap();
        linked.move_cross(case.image.affine.world_from_voxel([3.0; 3]));
        let mut turned = straight.clone();
        turned.camera.show_plane(&case.image.affine, *linked.plane(plane));
        assert!(turned.camera.turned().is_some());
        let picture = drawn(&gpu, &mut renderer, &straight);
        assert_rich(&picture);
        assert_nearly_same(&drawn(&gpu, &mut renderer, &turned), &picture, plane.name());
    }
}

/// Judged without the reference: an intensity that grows evenly through space is what linear interpolation reproduces.
#[test]
fn an_even_slope_is_shown_evenly_through_any_plane_and_slab() {
    const SLOPE: [f64; 3] = [3.0, -2.0, 1.5];
    let Some(gpu) = offscreen() else { return };
    let affine = Affine::from_spacing([0.9, 1.1, 2.0]);
    let value = |voxel: [f64; 3]| dot(affine.world_from_voxel(voxel), SLOPE);
    // The case's intensities are scaled by 1.5.
    let mut case = Case::with_intensities(affine, 0.0, |v| (value(v.to_f64()) / 1.5) as f32);
    case.labels = LabelMap::unknown(case.image.extent());
    let mut renderer = gpu.slice_renderer();
    renderer.set_volumes(&gpu.device, Some(case.volumes(&gpu)));
    for thickness_mm in [0.0, 2.0] {
        for projection in SlabProjection::ALL {
            let slab = Some(Slab { thickness_mm, projection });
            let scene = turned(&case, Plane::Axial, [0.0, 20.0, -30.0], |l| (l.slab, l.pseudo) = (slab, false));
            let normal = scene.camera.turned().unwrap().plane().normal();
            let rise = dot(normal, SLOPE).abs() * thickness_mm / 2.0;
            let more = [rise, -rise, 0.0][SlabProjection::ALL.iter().position(|p| *p == projection).unwrap()];
            let picture = drawn(&gpu, &mut renderer, &scene);
            let mut judged = 0;
            for (x, y, pixel) in picture.enumerate_pixels() {
                let voxel = scene.camera.voxel_from_screen([f64::from(x) + 0.5, f64::from(y) + 0.5], scene.view_size);
                // All samples lie between voxel centres.
                let n = case.image.extent().to_array();
                if (0..3).all(|a| voxel[a] > 1.5 && voxel[a] < n[a] as f64 - 2.5) {
                    let level = 255.0 * scene.window.grey(value(voxel) + more);
                    assert!((f64::from(pixel.0[0]) - level).abs() <= 1.0, "{projection:?} {x} {y}: {pixel:?} {level}");
                    judged += 1;
                }
            }
            assert!(judged > 500, "{judged}");
        }
    }
}

#[test]
fn a_straightened_view_draws_the_old_picture() {
    let case = Case::new(oblique());
    let before = case.scene(Plane::Coronal, |_| {});
    let mut scene = turned(&case, Plane::Coronal, [40.0, 0.0, 0.0], |_| {});
    assert_ne!(case.reference(&scene), case.reference(&before));
    scene.camera.straighten();
    assert_eq!(case.reference(&scene), case.reference(&before));
}

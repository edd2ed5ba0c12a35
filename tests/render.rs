//! The slice shader against the CPU reference, pixel by pixel, on whatever adapter there is.
#![allow(clippy::panic, clippy::unwrap_used)]

#[path = "render/case.rs"]
mod case;
#[path = "render/folded.rs"]
mod folded;
#[path = "render/oblique.rs"]
mod oblique;
#[path = "render/overlay.rs"]
mod overlay;
#[path = "render/slab.rs"]
mod slab;
#[path = "render/two_predictions.rs"]
mod two_predictions;

use case::{Case, SIZE, assert_rich, assert_same, check, drawn, oblique, offscreen, offscreen_with};
use chiaro::geometry::{Affine, Extent, PatientSide, Plane, Voxel, VoxelBox};
use chiaro::label::{LabelMap, LabelValue, Origin, Probabilities};
use chiaro::render::wgpu::TextureFormat;
use chiaro::render::{GpuVolumes, PredictionSlot, PredictionState, RenderError, ViewId};
use chiaro::view::{ColourBy, Contours, LabelStyle, LayerSettings, SliceCamera, WindowLevel};

const FIRST: PredictionSlot = PredictionSlot::First;

#[test]
fn the_shader_draws_what_the_reference_draws_in_every_plane_and_storage_order() {
    let flipped = Affine::from_spacing([-0.8, 1.0, -3.0]);
    let permuted = Affine { rows: [[0.0, 0.0, 1.7, 0.0], [-0.9, 0.0, 0.0, 0.0], [0.0, 1.1, 0.0, 0.0]] };
    for affine in [Affine::identity(), Affine::from_spacing([0.7, 0.7, 4.0]), flipped, permuted, oblique()] {
        let case = Case::new(affine);
        let scenes = Plane::ALL.map(|plane| (plane.name(), case.scene(plane, |_| {})));
        check(&case, &scenes);
    }
}

#[test]
fn the_shader_draws_what_the_reference_draws_with_every_layer_setting() {
    let case = Case::new(Affine::from_spacing([0.9, 1.1, 2.0]));
    let scene = |change: fn(&mut LayerSettings)| case.scene(Plane::Axial, change);
    let mut stale = scene(|l| l.network_contours = true);
    stale.prediction = PredictionState::Stale;
    let mut absent = scene(|l| l.network_contours = true);
    absent.prediction = PredictionState::Absent;
    let mut neurological = scene(|_| {});
    neurological.camera.set_patient_side(PatientSide::Neurological);
    let mut close = scene(|l| (l.label_style, l.network_contours) = (LabelStyle::Contour, true));
    close.camera.zoom_at([50.3, 61.9], close.view_size, 4.7);
    let mut far = close.clone();
    far.camera.zoom_at([80.0, 60.0], far.view_size, 0.06);
    check(
        &case,
        &[
            ("fill", scene(|_| {})),
            ("contours", scene(|l| l.label_style = LabelStyle::Contour)),
            ("nearest", scene(|l| l.interpolation = false)),
            ("no labels", scene(|l| l.labels = false)),
            ("opaque labels", scene(|l| l.label_opacity = 1.0)),
            ("no pseudo-labels", scene(|l| l.pseudo = false)),
            ("no doubt", scene(|l| l.doubt = false)),
            ("doubt of the networks", scene(|l| l.thresholds.networks = 0.8)),
            ("doubt of likeness", scene(|l| l.thresholds.unlike_labels = 0.1)),
            ("network contours", scene(|l| (l.network_contours, l.labels) = (true, false))),
            ("contour of one network", scene(|l| (l.network_contours, l.contours) = (true, only(true, false)))),
            ("fused contour", scene(|l| (l.network_contours, l.contours) = (true, only(false, true)))),
            ("opacity by confidence", scene(|l| l.opacity_by_confidence = true)),
            ("stale", stale),
            ("absent", absent),
            ("neurological", neurological),
            ("close", close),
            ("far", far),
        ],
    );
}

fn only(network_a: bool, fused: bool) -> Contours {
    Contours { network_a, fused, ..Contours::NONE }
}

#[test]
fn the_shader_draws_what_the_reference_draws_whatever_colours_the_pseudo_labels() {
    let Some(gpu) = offscreen() else { return };
    let mut case = Case::new(Affine::identity());
    let mut renderer = gpu.slice_renderer();
    renderer.set_volumes(&gpu.device, Some(case.volumes(&gpu)));
    let mut seen = Vec::new();
    // From two planes to one and back, with planes of the card reused.
    for by in ColourBy::ALL.into_iter().chain([ColourBy::BothAxes]) {
        let scene = case.scene(Plane::Axial, |l| (l.labels, l.doubt_by) = (false, by));
        renderer.colour_by(&gpu.device, &gpu.queue, FIRST, &case.prediction, by).unwrap();
        let picture = drawn(&gpu, &mut renderer, &scene);
        assert_rich(&picture);
        assert_same(&picture, &case.reference(&scene), by.name());
        seen.push(picture);
    }
    // Colouring by probability shows the mean here; each other choice has planes of its own.
    assert_eq!(seen.first(), seen.last());
    assert!((1..ColourBy::ALL.len()).all(|i| !seen[..i].contains(&seen[i])));

    case.prediction.probabilities = Probabilities::default();
    renderer.set_prediction(&gpu.device, &gpu.queue, FIRST, Some(&case.prediction), ColourBy::BothAxes).unwrap();
    let scene = case.scene(Plane::Axial, |l| l.doubt_by = ColourBy::BothAxes);
    let fitting = case.scene(Plane::Axial, |l| *l = l.fitting(Some(&case.prediction)));
    for (what, scene) in [("two axes, one plane", scene), ("one axis", fitting)] {
        assert_same(&drawn(&gpu, &mut renderer, &scene), &case.reference(&scene), what);
    }
}

#[test]
fn a_target_that_encodes_srgb_itself_shows_the_same_picture() {
    let Some(gpu) = offscreen_with(TextureFormat::Rgba8UnormSrgb) else { return };
    let case = Case::new(Affine::identity());
    let mut renderer = gpu.slice_renderer();
    renderer.set_volumes(&gpu.device, Some(case.volumes(&gpu)));
    let scene = case.scene(Plane::Sagittal, |_| {});
    assert_same(&drawn(&gpu, &mut renderer, &scene), &case.reference(&scene), "sRGB target");
}

#[test]
fn windows_are_right_for_hounsfield_units_huge_tiny_and_missing_values() {
    let windows: [(&str, f32, WindowLevel); 3] = [
        ("hounsfield", 1.0, WindowLevel::new(40.0, 400.0)),
        ("huge", 1e4, WindowLevel::new(3e6, 4e6)),
        ("tiny", 1e-7, WindowLevel::new(2e-5, 5e-5)),
    ];
    for (what, scale, window) in windows {
        let case = Case::with_intensities(Affine::identity(), f64::from(-20.0 * scale), |v| {
            let [x, y, z] = v.to_f64();
            match (v.x, v.y) {
                (3, 4) => f32::NAN,
                (8, 9) => f32::INFINITY,
                (5, 12) => f32::NEG_INFINITY,
                _ => scale * (300.0 * (x * 0.7).sin() + 25.0 * y - 60.0 * z) as f32,
            }
        });
        let mut scene = case.scene(Plane::Axial, |l| (l.labels, l.interpolation) = (false, false));
        scene.window = window;
        check(&case, &[(what, scene)]);
    }
}

#[test]
fn an_uploaded_box_changes_the_picture_there_and_nowhere_else() {
    let Some(gpu) = offscreen() else { return };
    let mut case = Case::new(Affine::identity());
    let mut renderer = gpu.slice_renderer();
    renderer.set_volumes(&gpu.device, Some(case.volumes(&gpu)));
    let scene = case.scene(Plane::Axial, |l| l.label_opacity = 0.9);
    let before = drawn(&gpu, &mut renderer, &scene);

    let dirty = VoxelBox { lo: Voxel::new(4, 5, 2), hi: Voxel::new(7, 8, 5) };
    let outside = Voxel::new(10, 14, 3);
    paint(&mut case.labels, dirty, LabelValue::new(1, Origin::Manual));
    paint(&mut case.labels, VoxelBox::of_voxel(outside), LabelValue::new(2, Origin::Manual));
    renderer.upload_box(&gpu.queue, &case.labels, &dirty);
    let after = drawn(&gpu, &mut renderer, &scene);

    let mut changed = 0;
    for ((x, y, old), new) in before.enumerate_pixels().zip(after.pixels()) {
        let place = [f64::from(x) + 0.5, f64::from(y) + 0.5];
        let voxel = case.image.extent().nearest_voxel(scene.camera.voxel_from_screen(place, scene.view_size));
        if old != new {
            changed += 1;
            // Contours of known background look one voxel around themselves.
            assert!(voxel.is_some_and(|v| dirty.grown(1, case.image.extent()).contains(v)), "{x} {y} {voxel:?}");
        }
    }
    assert!(changed > 0);

    renderer.upload_box(&gpu.queue, &case.labels, &VoxelBox::of_voxel(outside));
    assert_same(&drawn(&gpu, &mut renderer, &scene), &case.reference(&scene), "after both uploads");
}

fn paint(labels: &mut LabelMap, area: VoxelBox, value: LabelValue) {
    let extent = labels.extent();
    for v in area.voxels() {
        labels.write_run(extent.index(v), 1, value);
    }
}

#[test]
fn removing_the_prediction_leaves_the_labels_and_replacing_it_shows_the_new_one() {
    let Some(gpu) = offscreen() else { return };
    let mut case = Case::new(Affine::identity());
    let mut renderer = gpu.slice_renderer();
    renderer.set_volumes(&gpu.device, Some(case.volumes(&gpu)));
    let mut scene = case.scene(Plane::Coronal, |l| l.network_contours = true);
    case.prediction.class = case.prediction.class.map(|c| (c + 1) % 3);
    renderer.set_prediction(&gpu.device, &gpu.queue, FIRST, Some(&case.prediction), ColourBy::default()).unwrap();
    assert_same(&drawn(&gpu, &mut renderer, &scene), &case.reference(&scene), "replaced");
    renderer.set_prediction(&gpu.device, &gpu.queue, FIRST, None, ColourBy::default()).unwrap();
    let without = drawn(&gpu, &mut renderer, &scene);
    scene.prediction = PredictionState::Absent;
    assert_same(&without, &case.reference(&scene), "removed");
}

#[test]
fn views_sharing_a_renderer_keep_their_own_scene_and_rectangle_even_beyond_the_target() {
    let Some(gpu) = offscreen() else { return };
    let case = Case::new(oblique());
    let mut renderer = gpu.slice_renderer();
    renderer.set_volumes(&gpu.device, Some(case.volumes(&gpu)));
    let (w, h) = (SIZE[0] as f32, SIZE[1] as f32);
    let scenes = Plane::ALL.map(|plane| case.scene(plane, |l| l.labels = plane != Plane::Coronal));
    let ids = [ViewId(1), ViewId(2), ViewId(3)];
    // The second begins left of the target, the third reaches beyond its lower right corner.
    let lefts_tops = [[w, 0.0], [-40.0, 0.0], [w + 30.0, h + 10.0]];
    for (id, scene) in ids.iter().zip(&scenes) {
        renderer.prepare(&gpu.device, &gpu.queue, *id, scene);
    }
    let canvas = gpu.canvas([2 * SIZE[0], 2 * SIZE[1]]);
    let views: Vec<_> = ids.iter().zip(lefts_tops).map(|(id, [x, y])| (*id, [x, y, w, h])).collect();
    gpu.draw(&canvas, &renderer, &views).unwrap();
    let picture = gpu.read(&canvas).unwrap();
    for (scene, [left, top]) in scenes.iter().zip(lefts_tops) {
        let cpu = case.reference(scene);
        for (x, y, pixel) in cpu.enumerate_pixels() {
            let (px, py) = (i64::from(x) + left as i64, i64::from(y) + top as i64);
            let (Ok(px), Ok(py)) = (u32::try_from(px), u32::try_from(py)) else { continue };
            if px < picture.width() && py < picture.height() {
                let difference = picture.get_pixel(px, py).0.iter().zip(pixel.0).map(|(a, b)| a.abs_diff(b)).max();
                assert!(difference <= Some(1), "{:?} at {x}, {y}", scene.camera.plane());
            }
        }
    }
}

#[test]
fn an_unsuitable_volume_is_an_error_and_a_foreign_scene_is_black() {
    let Some(gpu) = offscreen() else { return };
    let case = Case::new(Affine::identity());
    let other_grid = LabelMap::unknown(Extent::new(2, 2, 2).unwrap());
    let refused = GpuVolumes::new(&gpu.device, &gpu.queue, &case.image, &other_grid);
    assert!(matches!(refused, Err(RenderError::GridMismatch { .. })));

    let mut renderer = gpu.slice_renderer();
    renderer.set_volumes(&gpu.device, Some(case.volumes(&gpu)));
    renderer.upload_box(&gpu.queue, &other_grid, &other_grid.extent().full_box());
    let mut foreign = case.scene(Plane::Axial, |_| {});
    foreign.camera =
        SliceCamera::new(&Affine::identity(), other_grid.extent(), Plane::Axial, PatientSide::Radiological).into();
    assert!(drawn(&gpu, &mut renderer, &foreign).pixels().all(|p| p.0 == [0, 0, 0, 255]));
    let scene = case.scene(Plane::Axial, |_| {});
    assert_same(&drawn(&gpu, &mut renderer, &scene), &case.reference(&scene), "unharmed");
}

//! Slices looked through as one.

use chiaro::geometry::{Affine, Plane};
use chiaro::label::LabelMap;
use chiaro::render::SliceScene;
use chiaro::view::{LayerSettings, Slab, SlabProjection};

use super::case::{Case, SIZE, assert_rich, assert_same, check, drawn, oblique, offscreen};

fn slab(thickness_mm: f64, projection: SlabProjection) -> Option<Slab> {
    Some(Slab { thickness_mm, projection })
}

/// Every plane and projection, in the middle of the volume and at both of its ends.
fn scenes(case: &Case, thickness_mm: f64, change: fn(&mut LayerSettings)) -> Vec<(&'static str, SliceScene)> {
    let mut scenes = Vec::new();
    for (plane, projection) in
        Plane::ALL.into_iter().flat_map(|p| SlabProjection::ALL.map(|projection| (p, projection)))
    {
        let scene = case.scene(plane, |l| {
            l.slab = slab(thickness_mm, projection);
            change(l);
        });
        for slice in [0, 4, usize::MAX] {
            let mut there = scene.clone();
            there.camera.straight_mut().set_slice(slice);
            scenes.push((projection.name(), there));
        }
    }
    scenes
}

#[test]
fn slabs_are_drawn_as_the_reference_draws_them_in_every_plane_and_storage_order() {
    let permuted = Affine { rows: [[0.0, 0.0, 1.7, 0.0], [-0.9, 0.0, 0.0, 0.0], [0.0, 1.1, 0.0, 0.0]] };
    for affine in [Affine::from_spacing([0.7, -0.9, 4.0]), permuted, oblique()] {
        let case = Case::new(affine);
        check(&case, &scenes(&case, 9.0, |_| {}));
    }
    let case = Case::new(Affine::from_spacing([-1.1, 0.8, 3.0]));
    check(&case, &scenes(&case, 9.0, |l| (l.interpolation, l.labels) = (false, false)));
}

#[test]
fn missing_and_infinite_values_in_a_slab_are_as_dark_and_as_bright_as_can_be() {
    let case = Case::with_intensities(Affine::identity(), 0.0, |v| match (v.x, v.y, v.z % 2) {
        (3, 4, _) | (6, 9, 1) => f32::NAN,
        (8, 9, 0) => f32::INFINITY,
        (5, 12, 1) => f32::NEG_INFINITY,
        _ => (30 * v.x + 7 * v.y + 11 * v.z) as f32,
    });
    check(&case, &scenes(&case, 4.0, |l| (l.labels, l.pseudo, l.interpolation) = (false, false, false)));
}

/// Judged without the reference: a picture whose intensity is the slice's number, squared.
#[test]
fn a_slab_shows_the_brightest_darkest_and_mean_of_its_slices_and_of_no_others() {
    let Some(gpu) = offscreen() else { return };
    let value = |z: usize| (z * z) as f64;
    let mut case = Case::with_intensities(Affine::from_spacing([1.0, 1.0, 2.5]), 0.0, |v| value(v.z) as f32);
    case.labels = LabelMap::unknown(case.image.extent());
    let mut renderer = gpu.slice_renderer();
    renderer.set_volumes(&gpu.device, Some(case.volumes(&gpu)));
    // Two slices on either side lie within 6 mm of the shown one, fewer at the volume's end.
    for (slice, slices) in [(3, 1..=5), (0, 0..=2), (8, 6..=8)] {
        let (first, last) = (value(*slices.start()), value(*slices.end()));
        let mean = slices.clone().map(value).sum::<f64>() / slices.count() as f64;
        for (projection, expected) in SlabProjection::ALL.into_iter().zip([last, first, mean]) {
            let mut scene = case.scene(Plane::Axial, |l| (l.slab, l.pseudo) = (slab(12.0, projection), false));
            scene.camera.straight_mut().set_slice(slice);
            let shown = drawn(&gpu, &mut renderer, &scene).get_pixel(SIZE[0] / 2, SIZE[1] / 2).0[0];
            let expected = 1.5 * expected;
            let level = 255.0 * scene.window.grey(expected);
            assert!((f64::from(shown) - level).abs() <= 1.0, "{projection:?} of {slice}: {shown}, should be {level}");
        }
    }
}

#[test]
fn a_slab_that_holds_one_slice_is_the_thin_slice_and_a_thicker_one_is_not() {
    let Some(gpu) = offscreen() else { return };
    let case = Case::new(Affine::from_spacing([0.9, 1.1, 2.0]));
    let mut renderer = gpu.slice_renderer();
    renderer.set_volumes(&gpu.device, Some(case.volumes(&gpu)));
    let mut picture = |slab| drawn(&gpu, &mut renderer, &case.scene(Plane::Axial, |l| l.slab = slab));
    let thin = picture(None);
    for projection in SlabProjection::ALL {
        for thickness_mm in [0.0, 3.9, -8.0, f64::NAN, f64::INFINITY] {
            assert_eq!(picture(slab(thickness_mm, projection)), thin, "{thickness_mm}");
        }
        assert_ne!(picture(slab(4.0, projection)), thin);
    }
}

#[test]
fn labels_over_a_slab_are_those_of_the_shown_slice() {
    let Some(gpu) = offscreen() else { return };
    let mut case = Case::new(Affine::identity());
    let everywhere = Case::new(Affine::identity());
    case.labels = LabelMap::unknown(case.image.extent());
    for v in case.image.extent().full_box().voxels().filter(|v| v.z == 3) {
        case.labels.write_run(everywhere.labels.extent().index(v), 1, everywhere.labels.value(v));
    }
    let mut renderer = gpu.slice_renderer();
    let mut picture = |case: &Case, slab| {
        renderer.set_volumes(&gpu.device, Some(case.volumes(&gpu)));
        let scene = case.scene(Plane::Axial, |l| (l.slab, l.label_opacity, l.pseudo) = (slab, 1.0, false));
        drawn(&gpu, &mut renderer, &scene)
    };
    let thick = slab(6.0, SlabProjection::Mean);
    let here = picture(&case, thick);
    assert_rich(&here);
    assert_same(&here, &picture(&everywhere, thick), "labels of the shown slice");
    assert_ne!(here, picture(&case, None));
}

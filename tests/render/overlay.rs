//! A second image over the first.

use chiaro::geometry::{Affine, Extent, Plane, Voxel};
use chiaro::render::{RenderError, SliceScene};
use chiaro::view::{LayerSettings, OverlayColourMap, OverlayLook, Slab, SlabProjection, WindowLevel};
use chiaro::volume::{Grid, Image, Voxels};

use super::case::{Case, SIZE, assert_rich, assert_same, check, drawn, oblique, offscreen};

pub const LOOK: OverlayLook =
    OverlayLook { window: WindowLevel::new(60.0, 90.0), map: OverlayColourMap::Hot, opacity: 0.6 };

/// Whole numbers around the window, different in every direction.
pub fn overlay(extent: [usize; 3], affine: Affine) -> Image {
    let value = |v: Voxel| ((v.x * 31 + v.y * 17 + v.z * 47) % 130) as i16;
    Image::new(Voxels::I16(Grid::from_fn(Extent::from_array(extent).unwrap(), value)), 1.0, 0.0, affine)
}

/// Turned about two axes, around the middle of [`Case`] with voxels of 1 mm.
pub fn turned(spacing_mm: f64, extent: [usize; 3]) -> Affine {
    let ((s, c), (t, d)) = (33f64.to_radians().sin_cos(), (-21f64).to_radians().sin_cos());
    let columns = [[c, s * d, s * t], [-s, c * d, c * t], [0.0, -t, d]].map(|column| column.map(|x| x * spacing_mm));
    let mut rows: [[f64; 4]; 3] = std::array::from_fn(|r| [columns[0][r], columns[1][r], columns[2][r], 0.0]);
    let middle = extent.map(|n| (n - 1) as f64 / 2.0);
    for (row, centre) in rows.iter_mut().zip([6.0, 8.0, 4.0]) {
        row[3] = centre - (row[0] * middle[0] + row[1] * middle[1] + row[2] * middle[2]);
    }
    Affine { rows }
}

fn scene(case: &Case, plane: Plane, change: impl FnOnce(&mut LayerSettings)) -> SliceScene {
    SliceScene { overlay: Some(LOOK), ..case.scene(plane, change) }
}

fn plain(layers: &mut LayerSettings) {
    (layers.labels, layers.pseudo) = (false, false);
}

#[test]
fn overlays_on_every_kind_of_grid_are_drawn_as_the_reference_draws_them() {
    let shifted = |spacing, offset: [f64; 3]| {
        let mut affine = Affine::from_spacing(spacing);
        affine.rows.iter_mut().zip(offset).for_each(|(row, mm)| row[3] = mm);
        affine
    };
    let grids = [
        ("the same grid", [13, 17, 9], Affine::identity()),
        ("coarser", [5, 5, 4], shifted([3.1, 3.7, 2.9], [0.13, 0.27, 0.41])),
        ("finer, a part, stored backwards", [11, 14, 10], shifted([-0.53, 0.61, -0.7], [9.1, 3.3, 6.7])),
        ("turned and finer", [20, 21, 19], turned(0.63, [20, 21, 19])),
        ("turned, coarser, a part", [4, 3, 5], turned(2.3, [4, 3, 5])),
        ("one voxel", [1, 1, 1], shifted([4.2, 5.1, 3.3], [5.2, 7.1, 3.3])),
    ];
    let mut case = Case::new(Affine::identity());
    for (what, extent, affine) in grids {
        case.overlay = Some(overlay(extent, affine));
        let scenes = Plane::ALL.into_iter().flat_map(|plane| {
            [true, false].map(|on| (what, scene(&case, plane, |l| (l.interpolation, l.pseudo) = (on, !on))))
        });
        check(&case, &scenes.collect::<Vec<_>>());
    }
}

#[test]
fn overlays_over_an_oblique_image_are_drawn_as_the_reference_draws_them_with_every_look() {
    let mut case = Case::new(oblique());
    let mut affine = turned(2.1, [12, 12, 12]);
    let middle = case.image.affine.world_from_voxel([6.0, 8.0, 4.0]);
    affine.rows.iter_mut().zip(middle).zip([6.0, 8.0, 4.0]).for_each(|((row, to), from)| row[3] += to - from);
    case.overlay = Some(overlay([12, 12, 12], affine));
    let look = |change: fn(&mut OverlayLook), layers: fn(&mut LayerSettings)| {
        let mut scene = scene(&case, Plane::Sagittal, layers);
        scene.overlay.iter_mut().for_each(change);
        scene
    };
    let slab = Some(Slab { thickness_mm: 5.0, projection: SlabProjection::Max });
    let mut scenes: Vec<_> = OverlayColourMap::ALL
        .into_iter()
        .map(|map| {
            let mut scene = scene(&case, Plane::Axial, |_| {});
            scene.overlay = Some(OverlayLook { map, ..LOOK });
            (map.name(), scene)
        })
        .collect();
    scenes.extend([
        ("alone", look(|_| {}, plain)),
        ("opaque", look(|o| o.opacity = 1.0, plain)),
        ("invisible", look(|o| o.opacity = f32::NAN, |_| {})),
        ("more than opaque", look(|o| o.opacity = 7.0, |_| {})),
        ("narrow window", look(|o| o.window = WindowLevel::between(40.5, 42.5), |l| l.interpolation = false)),
        ("below contours", look(|_| {}, |l| l.network_contours = true)),
    ]);
    scenes.push(("over a slab", scene(&case, Plane::Axial, |l| l.slab = slab)));
    check(&case, &scenes);
}

/// Judged without the reference: an overlay whose intensity is a slope through space, which interpolation reproduces.
#[test]
fn an_overlay_lies_where_its_affine_says_whatever_the_two_grids_are() {
    let Some(gpu) = offscreen() else { return };
    let slope = |world: [f64; 3]| 100.0 + 4.0 * world[0] - 3.0 * world[1] + 5.0 * world[2];
    let mut case = Case::new(Affine::from_spacing([0.9, -1.1, 1.6]));
    let extent = Extent::new(24, 25, 26).unwrap();
    let mut affine = turned(1.7, extent.to_array());
    affine.rows[1][3] -= 16.0;
    let value = |v: Voxel| slope(affine.world_from_voxel(v.to_f64())) as f32;
    case.overlay = Some(Image::new(Voxels::F32(Grid::from_fn(extent, value)), 1.0, 0.0, affine));
    let mut renderer = gpu.slice_renderer();
    renderer.set_volumes(&gpu.device, Some(case.volumes(&gpu)));
    let window = WindowLevel::between(0.0, 300.0);
    for plane in Plane::ALL {
        let mut scene = scene(&case, plane, plain);
        scene.overlay = Some(OverlayLook { window, map: OverlayColourMap::Grey, opacity: 1.0 });
        let picture = drawn(&gpu, &mut renderer, &scene);
        assert_rich(&picture);
        for (x, y, pixel) in picture.enumerate_pixels() {
            let position = scene.camera.voxel_from_screen([f64::from(x) + 0.5, f64::from(y) + 0.5], scene.view_size);
            if case.image.extent().nearest_voxel(position).is_some() {
                let level = 255.0 * window.grey(slope(case.image.affine.world_from_voxel(position)));
                assert!(
                    (f64::from(pixel.0[0]) - level).abs() <= 1.0,
                    "{plane:?} {x} {y}: {pixel:?}, should be {level}"
                );
            }
        }
    }
}

#[test]
fn nothing_is_drawn_outside_the_overlay_nor_at_its_lower_edge_nor_without_a_look() {
    let Some(gpu) = offscreen() else { return };
    let mut case = Case::new(Affine::identity());
    let mut renderer = gpu.slice_renderer();
    renderer.set_volumes(&gpu.device, Some(case.volumes(&gpu)));
    let with = scene(&case, Plane::Axial, |_| {});
    let without = drawn(&gpu, &mut renderer, &SliceScene { overlay: None, ..with.clone() });
    assert_eq!(drawn(&gpu, &mut renderer, &with), without, "a look without an overlay");

    let mut far = turned(1.0, [9, 9, 9]);
    far.rows[0][3] = 1e12;
    let extent = Extent::new(9, 9, 9).unwrap();
    let empty = |value: f32| Image::new(Voxels::F32(Grid::filled(extent, value)), 1.0, 0.0, turned(2.0, [9, 9, 9]));
    for (what, image) in
        [("far away", overlay([9, 9, 9], far)), ("at the edge", empty(15.0)), ("missing values", empty(f32::NAN))]
    {
        case.overlay = Some(image);
        renderer.set_volumes(&gpu.device, Some(case.volumes(&gpu)));
        assert_eq!(drawn(&gpu, &mut renderer, &with), without, "{what}");
    }

    case.overlay = Some(overlay([9, 9, 9], turned(2.0, [9, 9, 9])));
    renderer.set_volumes(&gpu.device, Some(case.volumes(&gpu)));
    assert_ne!(drawn(&gpu, &mut renderer, &with), without);
    assert_eq!(drawn(&gpu, &mut renderer, &SliceScene { overlay: None, ..with.clone() }), without, "no look");
}

#[test]
fn an_overlay_is_replaced_removed_and_leaves_with_its_case() {
    let Some(gpu) = offscreen() else { return };
    let mut case = Case::new(Affine::identity());
    let mut renderer = gpu.slice_renderer();
    let base = case.image.affine;
    let set = renderer.set_overlay(&gpu.device, &gpu.queue, Some(&case.image), &base);
    assert!(set.is_ok(), "without volumes nothing happens");
    renderer.set_volumes(&gpu.device, Some(case.volumes(&gpu)));
    let scene = scene(&case, Plane::Coronal, |_| {});
    let without = drawn(&gpu, &mut renderer, &scene);
    for extent in [[13, 17, 9], [6, 5, 7]] {
        case.overlay = Some(overlay(extent, turned(1.9, extent)));
        renderer.set_overlay(&gpu.device, &gpu.queue, case.overlay.as_ref(), &base).unwrap();
        assert_same(&drawn(&gpu, &mut renderer, &scene), &case.reference(&scene), "replaced");
    }
    renderer.set_overlay(&gpu.device, &gpu.queue, None, &base).unwrap();
    assert_eq!(drawn(&gpu, &mut renderer, &scene), without);

    renderer.set_overlay(&gpu.device, &gpu.queue, case.overlay.as_ref(), &base).unwrap();
    assert_ne!(drawn(&gpu, &mut renderer, &scene), without);
    case.overlay = None;
    renderer.set_volumes(&gpu.device, Some(case.volumes(&gpu)));
    assert_eq!(drawn(&gpu, &mut renderer, &scene), without);
}

#[test]
fn an_overlay_that_lies_nowhere_is_an_error_and_none_is_left() {
    let Some(gpu) = offscreen() else { return };
    let case = Case::new(Affine::identity());
    let mut renderer = gpu.slice_renderer();
    renderer.set_volumes(&gpu.device, Some(case.volumes(&gpu)));
    let scene = scene(&case, Plane::Axial, |_| {});
    let without = drawn(&gpu, &mut renderer, &scene);
    let flat = Affine::from_spacing([1.0, 0.0, 1.0]);
    let lost = Affine::from_spacing([1.0, f64::NAN, 1.0]);
    let (good, base) = (overlay([5, 5, 5], turned(2.0, [5; 3])), case.image.affine);
    for (image, base) in [(overlay([5, 5, 5], flat), base), (overlay([5, 5, 5], Affine::identity()), lost)] {
        renderer.set_overlay(&gpu.device, &gpu.queue, Some(&good), &case.image.affine).unwrap();
        let refused = renderer.set_overlay(&gpu.device, &gpu.queue, Some(&image), &base);
        assert!(matches!(refused, Err(RenderError::UnplacedOverlay)));
        assert_eq!(drawn(&gpu, &mut renderer, &scene), without);
    }
    assert_eq!(without.dimensions(), (SIZE[0], SIZE[1]));
}

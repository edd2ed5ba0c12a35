//! Volumes that are longer than the device's 3-D textures.

use chiaro::geometry::{Affine, Extent, Plane, Voxel, VoxelBox};
use chiaro::label::{LabelMap, LabelValue, Origin};
use chiaro::render::{GpuVolumes, PredictionSlot, RenderError, SliceScene};
use chiaro::view::{ColourBy, LabelStyle, LayerSettings, OverlayLook, Slab, SlabProjection, WindowLevel};
use chiaro::volume::{Grid, Image, Voxels};

use super::case::{Case, assert_rich, assert_same, check_on, drawn, oblique, offscreen, offscreen_with_volume_limit};
use super::oblique::turned as turned_plane;
use super::overlay::{LOOK, overlay, turned};

/// Fills most of the largest texture, so that it is cut along more than the long axis.
const SIZE: [usize; 3] = [40, 12, 9];
const LIMIT: u32 = 18;

#[test]
fn folded_volumes_are_drawn_as_the_reference_draws_them_in_every_plane_and_along_every_axis() {
    let (Some(whole), Some(gpu)) = (offscreen(), offscreen_with_volume_limit(LIMIT)) else { return };
    for (size, affine) in [
        (SIZE, Affine::identity()),
        ([9, 40, 8], Affine::from_spacing([0.9, -1.1, 2.0])),
        ([10, 7, 33], oblique()),
        ([19, 17, 12], Affine::identity()),
        ([62, 1, 61], Affine::identity()),
    ] {
        let case = Case::with_size(size, affine);
        let scenes = Plane::ALL.map(|plane| (plane.name(), case.scene(plane, |_| {})));
        let pictures = [&whole, &gpu].map(|gpu| {
            let mut renderer = gpu.slice_renderer();
            renderer.set_volumes(&gpu.device, Some(case.volumes(gpu)));
            scenes.each_ref().map(|(_, scene)| drawn(gpu, &mut renderer, scene))
        });
        assert!(pictures[0] == pictures[1], "{size:?} does not look as on a device that holds it whole");
        check_on(&gpu, &case, &scenes);
    }
}

#[test]
fn folded_volumes_are_drawn_as_the_reference_draws_them_with_every_layer() {
    let Some(gpu) = offscreen_with_volume_limit(LIMIT) else { return };
    let case = Case::with_size(SIZE, Affine::from_spacing([0.9, 1.1, 2.0]));
    let scene = |change: fn(&mut LayerSettings)| case.scene(Plane::Axial, change);
    let thick = |projection| {
        let slab = Some(Slab { thickness_mm: 15.0, projection });
        case.scene(Plane::Sagittal, |l| (l.slab, l.labels) = (slab, false))
    };
    check_on(
        &gpu,
        &case,
        &[
            ("contours", scene(|l| (l.label_style, l.network_contours) = (LabelStyle::Contour, true))),
            ("nearest", scene(|l| l.interpolation = false)),
            ("no labels", scene(|l| (l.labels, l.network_contours) = (false, true))),
            ("no pseudo-labels", scene(|l| l.pseudo = false)),
            ("brightest of a slab", thick(SlabProjection::Max)),
            ("darkest of a slab", thick(SlabProjection::Min)),
            ("mean of a slab", thick(SlabProjection::Mean)),
        ],
    );
    let mut renderer = gpu.slice_renderer();
    renderer.set_volumes(&gpu.device, Some(case.volumes(&gpu)));
    for by in ColourBy::ALL {
        let scene = case.scene(Plane::Coronal, |l| (l.labels, l.doubt_by) = (false, by));
        renderer.colour_by(&gpu.device, &gpu.queue, PredictionSlot::First, &case.prediction, by).unwrap();
        assert_same(&drawn(&gpu, &mut renderer, &scene), &case.reference(&scene), by.name());
    }
}

#[test]
fn turned_planes_through_a_folded_volume_look_as_through_one_that_is_not() {
    let (Some(whole), Some(gpu)) = (offscreen(), offscreen_with_volume_limit(LIMIT)) else { return };
    let mut case = Case::with_size(SIZE, Affine::from_spacing([0.4, 1.1, 1.6]));
    case.overlay = Some(overlay([9, 31, 8], turned(0.9, [9, 31, 8])));
    let pictures = [whole, gpu].map(|gpu| {
        let mut renderer = gpu.slice_renderer();
        renderer.set_volumes(&gpu.device, Some(case.volumes(&gpu)));
        Plane::ALL.map(|plane| {
            [None, Some(Slab { thickness_mm: 6.0, projection: SlabProjection::Mean })].map(|slab| {
                let under = turned_plane(&case, plane, [-33.0, 51.0, 12.0], |l| {
                    (l.slab, l.label_style, l.network_contours) = (slab, LabelStyle::Contour, true);
                });
                let picture = drawn(&gpu, &mut renderer, &SliceScene { overlay: Some(LOOK), ..under });
                assert_rich(&picture);
                picture
            })
        })
    });
    assert!(pictures[0] == pictures[1]);
}

#[test]
fn boxes_painted_across_the_pieces_of_a_folded_volume_arrive_whole_and_nothing_else_does() {
    let Some(gpu) = offscreen_with_volume_limit(LIMIT) else { return };
    let mut case = Case::with_size(SIZE, Affine::identity());
    let mut renderer = gpu.slice_renderer();
    renderer.set_volumes(&gpu.device, Some(case.volumes(&gpu)));
    let boxes = [
        [[12, 2, 1], [15, 6, 6]],
        [[10, 0, 2], [30, 12, 5]],
        [[39, 11, 0], [40, 12, 9]],
        [[0, 0, 3], [40, 1, 4]],
        [[25, 5, 0], [99, 99, 99]],
    ];
    for (number, [lo, hi]) in boxes.into_iter().enumerate() {
        let area = VoxelBox { lo: Voxel::from(lo), hi: Voxel::from(hi) }.intersect(&case.image.extent().full_box());
        for v in area.voxels() {
            let value = LabelValue::new(1 + (number % 2) as u8, Origin::Manual);
            case.labels.write_run(case.image.extent().index(v), 1, value);
        }
        renderer.upload_box(&gpu.queue, &case.labels, &VoxelBox { lo: Voxel::from(lo), hi: Voxel::from(hi) });
        for plane in Plane::ALL {
            let scene = case.scene(plane, |l| l.label_opacity = 0.9);
            assert_same(&drawn(&gpu, &mut renderer, &scene), &case.reference(&scene), plane.name());
        }
    }
    let before = case.scene(Plane::Axial, |_| {});
    let shown = drawn(&gpu, &mut renderer, &before);
    case.labels = LabelMap::unknown(case.image.extent());
    let nothing = VoxelBox { lo: Voxel::from([9, 5, 3]), hi: Voxel::from([9, 8, 8]) };
    renderer.upload_box(&gpu.queue, &case.labels, &nothing);
    assert_eq!(drawn(&gpu, &mut renderer, &before), shown);
}

#[test]
fn an_overlay_is_drawn_as_the_reference_draws_it_whether_it_the_image_or_both_are_folded() {
    let Some(gpu) = offscreen_with_volume_limit(LIMIT) else { return };
    let (small, long) = ([13, 14, 9], [7, 50, 6]);
    for (image, over) in [(small, long), (SIZE, [9, 8, 7]), (SIZE, long), (SIZE, [20, 21, 4])] {
        let mut case = Case::with_size(image, Affine::identity());
        // Across the middle of the image.
        case.overlay = Some(overlay(over, turned(1.3, over)));
        let scene = |plane, on| {
            let under = case.scene(plane, |l| (l.interpolation, l.pseudo, l.labels) = (on, false, false));
            SliceScene { overlay: Some(LOOK), ..under }
        };
        let scenes = Plane::ALL.into_iter().flat_map(|plane| [true, false].map(|on| (plane.name(), scene(plane, on))));
        check_on(&gpu, &case, &scenes.collect::<Vec<_>>());
        let window = WindowLevel::between(-500.0, 500.0);
        let all = SliceScene { overlay: Some(OverlayLook { window, ..LOOK }), ..case.scene(Plane::Axial, |_| {}) };
        check_on(&gpu, &case, &[("over everything", all)]);
    }
}

#[test]
fn what_is_longer_than_this_adapter_s_textures_is_drawn() {
    let Some(gpu) = offscreen() else { return };
    let limit = gpu.device.limits().max_texture_dimension_3d as usize;
    let size = [3, limit + 5, 2];
    let mut case = Case::with_size(size, Affine::identity());
    case.image = overlay(size, Affine::identity());
    case.overlay = Some(overlay([limit + 70, 2, 3], Affine::from_spacing([0.1, 3.0, 1.0])));
    let mut scene = SliceScene { overlay: Some(LOOK), ..case.scene(Plane::Axial, |_| {}) };
    scene.camera.straight_mut().set_slice(1);
    // Both ends and the border of the two pieces; pixel centres stay away from the borders of voxels.
    for row in [5, limit / 2 + 2, limit] {
        scene.camera.centre_on([1.13, row as f64 + 0.21, 1.0]);
        scene.camera.zoom_at([80.0, 60.0], scene.view_size, 7.3 / scene.camera.straight().units_per_voxel()[0].abs());
        let cpu = case.reference(&scene);
        assert_rich(&cpu);
        let mut renderer = gpu.slice_renderer();
        renderer.set_volumes(&gpu.device, Some(case.volumes(&gpu)));
        assert_same(&drawn(&gpu, &mut renderer, &scene), &cpu, "beyond the limit");
    }
}

#[test]
fn more_voxels_than_the_largest_texture_has_texels_are_an_error_that_says_so() {
    let Some(gpu) = offscreen_with_volume_limit(LIMIT) else { return };
    let extent = Extent::new(19, 18, 18).unwrap();
    let image = Image::new(Voxels::U8(Grid::filled(extent, 1)), 1.0, 0.0, Affine::identity());
    let refused = GpuVolumes::new(&gpu.device, &gpu.queue, &image, &LabelMap::unknown(extent));
    let Err(error @ RenderError::VolumeTooLarge { .. }) = refused else { panic!("not refused") };
    assert!(error.to_string().contains("19 x 18 x 18 voxels"), "{error}");

    let case = Case::with_size([4, 5, 6], Affine::identity());
    let mut renderer = gpu.slice_renderer();
    renderer.set_volumes(&gpu.device, Some(case.volumes(&gpu)));
    let refused = renderer.set_overlay(&gpu.device, &gpu.queue, Some(&image), &case.image.affine);
    assert!(matches!(refused, Err(RenderError::VolumeTooLarge { .. })));
    let scene = SliceScene { overlay: Some(LOOK), ..case.scene(Plane::Axial, |_| {}) };
    assert_same(&drawn(&gpu, &mut renderer, &scene), &case.reference(&scene), "no overlay is left");
}

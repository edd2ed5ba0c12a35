use super::*;
use crate::geometry::vector::length;
use crate::geometry::{PatientSide, Plane};
use crate::view::{LinkedPlanes, SliceCamera};
use proptest::prelude::*;

const SIZE: [f64; 2] = [640.0, 400.0];

fn cameras() -> impl Strategy<Value = (ObliqueCamera, LinkedPlanes, Plane)> {
    let spacing = prop::array::uniform3(0.05f64..8.0);
    let flips = prop::array::uniform3(any::<bool>());
    let extent = prop::array::uniform3(1usize..200);
    let turns = prop::array::uniform3(-180.0..180.0f64);
    (spacing, flips, extent, turns, 0usize..3).prop_map(|(spacing, flips, n, turns, view)| {
        let affine = Affine::from_spacing(std::array::from_fn(|a| if flips[a] { -spacing[a] } else { spacing[a] }));
        let extent = Extent::from_array(n).unwrap();
        let mut linked = LinkedPlanes::new(&affine, extent, PatientSide::Radiological).unwrap();
        Plane::ALL.into_iter().zip(turns).for_each(|(view, degrees)| linked.turn(view, degrees));
        let view = Plane::ALL[view];
        let mut camera = ObliqueCamera::new(&affine, extent, *linked.plane(view)).unwrap();
        camera.fit(SIZE);
        (camera, linked, view)
    })
}

fn close(a: &[f64], b: &[f64], tolerance: f64) -> bool {
    a.iter().zip(b).all(|(a, b)| (a - b).abs() < tolerance)
}

proptest! {
    #[test]
    fn screen_to_voxel_to_screen_is_the_identity_and_voxels_lie_in_the_plane(
        (mut camera, _, _) in cameras(), p in [0.0..640.0f64, 0.0..400.0f64], factor in 0.2..8.0f64, pan in [-90.0..90.0f64, -90.0..90.0f64],
    ) {
        camera.zoom_at([100.0, 50.0], SIZE, factor);
        camera.pan_by(pan);
        let voxel = camera.voxel_from_screen(p, SIZE);
        prop_assert!(close(&camera.screen_from_voxel(voxel, SIZE), &p, 1e-6));
        let world = camera.world_from_voxel.world_from_voxel(voxel);
        prop_assert!(camera.plane().height_mm(world).abs() < 1e-6);
        prop_assert!(close(&camera.world_from_screen(p, SIZE), &world, 1e-6));
    }

    #[test]
    fn a_millimetre_is_as_long_in_every_direction_on_the_screen(
        (camera, _, _) in cameras(), p in [0.0..640.0f64, 0.0..400.0f64], q in [0.0..640.0f64, 0.0..400.0f64],
    ) {
        let mm = length(minus(camera.world_from_screen(p, SIZE), camera.world_from_screen(q, SIZE)));
        prop_assert!((mm * camera.zoom() - (p[0] - q[0]).hypot(p[1] - q[1])).abs() < 1e-6);
    }

    #[test]
    fn zooming_keeps_what_is_under_the_pointer(
        (mut camera, _, _) in cameras(), pointer in [0.0..640.0f64, 0.0..400.0f64], factors in prop::collection::vec(0.3..3.0f64, 1..6),
    ) {
        let before = camera.voxel_from_screen(pointer, SIZE);
        factors.into_iter().for_each(|factor| camera.zoom_at(pointer, SIZE, factor));
        prop_assert!(close(&camera.voxel_from_screen(pointer, SIZE), &before, 1e-6));
    }

    #[test]
    fn the_cross_stays_on_the_screen_while_planes_turn_and_the_picture_stays_while_it_moves(
        (mut camera, mut linked, view) in cameras(), turned in 0usize..3, degrees in -90.0..90.0f64, to in [0.0..640.0f64, 0.0..400.0f64],
    ) {
        camera.zoom_at([100.0, 50.0], SIZE, 1.7);
        let cross = camera.screen_from_world(linked.cross_mm(), SIZE);
        linked.turn(Plane::ALL[turned], degrees);
        camera.set_plane(*linked.plane(view));
        prop_assert!(close(&camera.screen_from_world(linked.cross_mm(), SIZE), &cross, 1e-6));
        let (corner, target) = (camera.voxel_from_screen([0.0; 2], SIZE), camera.world_from_screen(to, SIZE));
        linked.move_cross(target);
        camera.set_plane(*linked.plane(view));
        prop_assert!(close(&camera.voxel_from_screen([0.0; 2], SIZE), &corner, 1e-6));
        prop_assert!(close(&camera.screen_from_world(target, SIZE), &to, 1e-6));
    }

    #[test]
    fn straight_planes_show_what_the_slice_camera_shows(
        spacing in prop::array::uniform3(0.3..4.0f64), flips in prop::array::uniform3(any::<bool>()), n in prop::array::uniform3(1usize..60),
        view in 0usize..3, p in [0.0..640.0f64, 0.0..400.0f64],
    ) {
        let affine = Affine::from_spacing(std::array::from_fn(|a| if flips[a] { -spacing[a] } else { spacing[a] }));
        // An odd number of slices has one in the middle.
        let (extent, view) = (Extent::from_array(n.map(|n| n | 1)).unwrap(), Plane::ALL[view]);
        let mut slices = SliceCamera::new(&affine, extent, view, PatientSide::Radiological);
        slices.fit(SIZE);
        let linked = LinkedPlanes::new(&affine, extent, PatientSide::Radiological).unwrap();
        let mut camera = ObliqueCamera::new(&affine, extent, *linked.plane(view)).unwrap();
        camera.fit(SIZE);
        prop_assume!((slices.zoom() - camera.zoom()).abs() < 1e-9);
        prop_assert!(close(&camera.voxel_from_screen(p, SIZE), &slices.voxel_from_screen(p, SIZE), 1e-6));
    }

    #[test]
    fn fit_shows_the_whole_volume((camera, _, _) in cameras()) {
        let n = camera.extent().to_array();
        prop_assume!(camera.zoom() * camera.spacing_mm().into_iter().fold(f64::INFINITY, f64::min) < MAX_UNITS_PER_VOXEL - 1e-6);
        for corner in 0..8usize {
            let voxel = std::array::from_fn(|a| if corner >> a & 1 == 1 { n[a] as f64 - 0.5 } else { -0.5 });
            let [x, y] = camera.screen_from_voxel(voxel, SIZE);
            prop_assert!((0.0..=SIZE[0]).contains(&x) && (0.0..=SIZE[1]).contains(&y), "{x} {y}");
        }
    }

    #[test]
    fn a_step_along_the_normal_leads_one_millimetre_out_of_the_plane((camera, _, _) in cameras()) {
        let step = add(camera.voxel_from_screen([9.0, 9.0], SIZE), camera.voxels_per_mm_along_normal());
        prop_assert!((camera.plane().height_mm(camera.world_from_voxel.world_from_voxel(step)) - 1.0).abs() < 1e-6);
        prop_assert!(close(&camera.screen_from_voxel(step, SIZE), &[9.0, 9.0], 1e-6));
    }
}

#[test]
fn nonsense_leaves_a_usable_camera() {
    let extent = Extent::new(5, 5, 5).unwrap();
    let linked = LinkedPlanes::new(&Affine::identity(), extent, PatientSide::Radiological).unwrap();
    let mut camera = ObliqueCamera::new(&Affine::identity(), extent, *linked.plane(Plane::Axial)).unwrap();
    camera.fit([0.0, 0.0]);
    camera.zoom_at([f64::NAN, 3.0], SIZE, f64::INFINITY);
    camera.pan_by([f64::NAN, 1e300]);
    camera.centre_on([f64::INFINITY, 0.0, 0.0]);
    assert!(camera.zoom() > 0.0 && camera.voxel_from_screen([1.0, 2.0], SIZE).iter().all(|c| c.is_finite()));
    assert_eq!(ObliqueCamera::new(&Affine::from_spacing([0.0; 3]), extent, *linked.plane(Plane::Axial)), None);
}

#[test]
fn a_plane_cuts_the_voxels_it_passes_through() {
    let extent = Extent::new(9, 9, 9).unwrap();
    let affine = Affine::from_spacing([1.0, 1.0, 4.0]);
    let mut linked = LinkedPlanes::new(&affine, extent, PatientSide::Radiological).unwrap();
    let cuts = |linked: &LinkedPlanes, z| {
        ObliqueCamera::new(&affine, extent, *linked.plane(Plane::Axial)).unwrap().cuts([4.0, 4.0, z])
    };
    assert!(cuts(&linked, 4.5) && cuts(&linked, 3.5) && !cuts(&linked, 4.51) && !cuts(&linked, 3.49));
    // At 45 degrees a voxel of 1 by 4 mm is 5 / sqrt(2) mm wide and a step along z leads 4 / sqrt(2) mm away.
    linked.turn(Plane::Sagittal, 45.0);
    assert!(cuts(&linked, 4.62) && !cuts(&linked, 4.63));
}

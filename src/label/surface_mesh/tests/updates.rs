//! Bricks made again after a stroke.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::geometry::VoxelBox;
use crate::label::SurfaceError;

fn meshes(surface: &SurfaceBricks) -> Vec<(usize, SurfaceMesh)> {
    surface.bricks().map(|(number, mesh)| (number, mesh.clone())).collect()
}

fn any_box(extent: Extent) -> impl Strategy<Value = VoxelBox> {
    let [x, y, z] = extent.to_array();
    ((0..x, 0..y, 0..z), (1usize..14, 1usize..14, 1usize..14)).prop_map(|(lo, size)| VoxelBox {
        lo: Voxel::new(lo.0, lo.1, lo.2),
        hi: Voxel::new(lo.0 + size.0, lo.1 + size.1, lo.2 + size.2),
    })
}

/// A ball with rough skin and dust around it.
fn rough(extent: Extent) -> Grid<ClassId> {
    let smooth = ball(extent, [35.0, 30.0, 24.0], 20.0);
    Grid::from_fn(extent, |v| if noise(v, 5) < 3 { 1 } else { smooth.at(v) })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn updating_the_touched_bricks_equals_making_all_anew(
        strokes in prop::collection::vec((any_box(Extent::new(72, 66, 50).unwrap()), 0u8..3, 1usize..100), 1..4),
    ) {
        let extent = Extent::new(72, 66, 50).unwrap();
        let mut classes = rough(extent);
        let mut surface = SurfaceBricks::of_class(&classes, 1, oblique([0.7, -0.7, 2.0]), &|| false).unwrap();
        for (stroke, class, density) in strokes {
            let before = surface.clone();
            for v in stroke.intersect(&extent.full_box()).voxels().filter(|v| noise(*v, 9) <= density) {
                classes.set(v, class);
            }
            let changed = surface.update(&classes, &stroke, &|| false).unwrap();
            let anew = SurfaceBricks::of_class(&classes, 1, oblique([0.7, -0.7, 2.0]), &|| false).unwrap();
            prop_assert_eq!(meshes(&surface), meshes(&anew));
            prop_assert_eq!(surface.joined().unwrap(), anew.joined().unwrap());
            let differ: Vec<usize> = (0..27).filter(|&b| before.brick(b) != anew.brick(b)).collect();
            prop_assert_eq!(changed, differ);
        }
    }
}

#[test]
fn a_voxel_at_any_distance_from_a_brick_is_seen_by_it() {
    let extent = Extent::new(80, 9, 12).unwrap();
    let slab = Grid::from_fn(extent, |v| ClassId::from(v.z < 6));
    let surface = SurfaceBricks::of_class(&slab, 1, Affine::identity(), &|| false).unwrap();
    for x in 8..72 {
        let mut classes = slab.clone();
        let voxel = Voxel::new(x, 4, 6);
        classes.set(voxel, 1);
        let mut updated = surface.clone();
        updated.update(&classes, &VoxelBox::of_voxel(voxel), &|| false).unwrap();
        let anew = SurfaceBricks::of_class(&classes, 1, Affine::identity(), &|| false).unwrap();
        assert_eq!(meshes(&updated), meshes(&anew), "voxel at {x}");
    }
}

#[test]
fn bricks_agree_on_the_vertices_they_share() {
    let classes = rough(Extent::new(72, 66, 50).unwrap());
    let surface = SurfaceBricks::of_class(&classes, 1, Affine::identity(), &|| false).unwrap();
    let vertices = |mesh: &SurfaceMesh| -> Vec<_> {
        let bits = |v: &[f32; 3]| v.map(f32::to_bits);
        mesh.positions_mm.iter().zip(&mesh.normals).map(|(p, n)| (bits(p), bits(n))).collect()
    };
    let copies: usize = surface.bricks().map(|(_, mesh)| mesh.positions_mm.len()).sum();
    let in_bricks: BTreeSet<_> = surface.bricks().flat_map(|(_, mesh)| vertices(mesh)).collect();
    let joined = surface.joined().unwrap();
    assert!(copies > joined.positions_mm.len());
    assert_eq!(in_bricks, vertices(&joined).into_iter().collect());
}

#[test]
fn a_voxel_far_from_the_surface_of_a_brick_leaves_it_alone() {
    let extent = Extent::new(200, 40, 40).unwrap();
    let mut classes = Grid::from_fn(extent, |v| ClassId::from(v.z < 20));
    let mut surface = SurfaceBricks::of_class(&classes, 1, Affine::identity(), &|| false).unwrap();
    let voxel = Voxel::new(180, 20, 20);
    classes.set(voxel, 1);
    let changed = surface.update(&classes, &VoxelBox::of_voxel(voxel), &|| false).unwrap();
    assert!(!changed.is_empty());
    // 7 bricks along x: those before the 160th cell are out of reach.
    assert!(changed.iter().all(|number| number % 7 >= 5), "{changed:?}");
    assert_eq!(surface.update(&classes, &VoxelBox::of_voxel(voxel), &|| false), Ok(Vec::new()));
}

#[test]
fn erasing_the_last_voxel_removes_the_bricks() {
    let mut classes = Grid::filled(Extent::new(64, 8, 8).unwrap(), 0);
    let voxel = Voxel::new(31, 4, 4);
    classes.set(voxel, 1);
    let mut surface = SurfaceBricks::of_class(&classes, 1, Affine::identity(), &|| false).unwrap();
    assert_eq!(surface.bricks().map(|(number, _)| number).collect::<Vec<_>>(), [0, 1]);
    classes.set(voxel, 2);
    assert_eq!(surface.update(&classes, &VoxelBox::of_voxel(voxel), &|| false), Ok(vec![0, 1]));
    assert_eq!(surface.bricks().count(), 0);
}

#[test]
fn boxes_that_are_empty_or_outside_change_nothing() {
    let classes = ball(Extent::new(20, 20, 20).unwrap(), [9.0; 3], 5.0);
    let mut surface = SurfaceBricks::of_class(&classes, 1, Affine::identity(), &|| false).unwrap();
    let corner = Voxel::new(5, 5, 5);
    let far = Voxel::new(usize::MAX, usize::MAX, usize::MAX);
    for dirty in [VoxelBox { lo: corner, hi: corner }, VoxelBox { lo: Voxel::new(30, 0, 0), hi: far }] {
        assert_eq!(surface.update(&classes, &dirty, &|| false), Ok(Vec::new()));
    }
    let all = VoxelBox { lo: Voxel::default(), hi: far };
    assert_eq!(surface.update(&classes, &all, &|| false), Ok(Vec::new()));
}

#[test]
fn a_stopped_update_changes_nothing_and_can_be_done_again() {
    let extent = Extent::new(80, 80, 40).unwrap();
    let mut classes = ball(extent, [40.0, 40.0, 20.0], 15.0);
    let mut surface = SurfaceBricks::of_class(&classes, 1, Affine::identity(), &|| false).unwrap();
    let before = meshes(&surface);
    classes.as_mut_slice().fill(0);
    let asked = AtomicUsize::new(0);
    let is_stopped = || asked.fetch_add(1, Ordering::Relaxed) >= 3;
    assert_eq!(surface.update(&classes, &extent.full_box(), &is_stopped), Err(SurfaceError::Stopped));
    assert_eq!(meshes(&surface), before);
    assert!(surface.update(&classes, &extent.full_box(), &|| false).is_ok());
    assert_eq!(surface.bricks().count(), 0);
}

#[test]
fn a_label_map_of_another_size_is_refused() {
    let classes = ball(Extent::new(20, 20, 20).unwrap(), [9.0; 3], 5.0);
    let mut surface = SurfaceBricks::of_class(&classes, 1, Affine::identity(), &|| false).unwrap();
    let other = Grid::filled(Extent::new(20, 20, 21).unwrap(), 1);
    let expected = SurfaceError::OtherGrid { expected: [20; 3], found: [20, 20, 21] };
    assert_eq!(surface.update(&other, &other.extent().full_box(), &|| false), Err(expected));
}

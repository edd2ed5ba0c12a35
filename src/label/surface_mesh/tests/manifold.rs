//! Closed surfaces without cracks, whatever the mask.

use std::collections::BTreeMap;

use super::*;
use crate::geometry::VoxelBox;

/// Every directed edge occurs once and so does its opposite, and the triangles around each vertex are one fan.
fn assert_manifold(mesh: &SurfaceMesh) {
    let mut after = BTreeMap::new();
    for t in &mesh.triangles {
        for i in 0..3 {
            let (a, b, c) = (t[i], t[(i + 1) % 3], t[(i + 2) % 3]);
            assert_ne!(a, b);
            assert_eq!(after.insert((a, b), c), None, "the edge {a} {b} is used twice in one direction");
        }
    }
    let mut degree = vec![0; mesh.positions_mm.len()];
    let mut first_neighbour = vec![None; mesh.positions_mm.len()];
    for &(a, b) in after.keys() {
        assert!(after.contains_key(&(b, a)), "the edge {a} {b} is open");
        degree[a as usize] += 1;
        first_neighbour[a as usize] = Some(b);
    }
    for (vertex, first) in (0u32..).zip(first_neighbour) {
        let first = first.expect("every vertex is used");
        let mut neighbour = after[&(vertex, first)];
        let mut steps = 1;
        while neighbour != first {
            neighbour = after[&(vertex, neighbour)];
            steps += 1;
        }
        assert_eq!(steps, degree[vertex as usize], "two fans meet at vertex {vertex}");
    }
}

/// Distance in voxels from a point to the nearest face between a voxel of class 1 and another.
fn distance_to_boundary(classes: &Grid<ClassId>, p: [f64; 3]) -> f64 {
    let is_inside = |v: [isize; 3]| {
        let voxel = v.map(usize::try_from);
        let [Ok(x), Ok(y), Ok(z)] = voxel else { return false };
        classes.get(Voxel::new(x, y, z)) == Some(1)
    };
    let mut nearest = f64::INFINITY;
    for v in classes.extent().full_box().voxels().filter(|v| classes.at(*v) == 1) {
        for axis in 0..3 {
            for side in [-1isize, 1] {
                let mut other = v.to_array().map(|c| c as isize);
                other[axis] += side;
                if !is_inside(other) {
                    let on_face = |i: usize| {
                        let c = v.to_f64()[i];
                        if i == axis { c + 0.5 * side as f64 } else { p[i].clamp(c - 0.5, c + 0.5) }
                    };
                    nearest = nearest.min(distance(p, std::array::from_fn(on_face)));
                }
            }
        }
    }
    nearest
}

proptest! {
    #[test]
    fn any_mask_has_a_closed_manifold_within_a_voxel_of_its_boundary(classes in any_mask(7)) {
        let mesh = surface_of(&classes, Affine::identity());
        assert_manifold(&mesh);
        prop_assert_eq!(mesh.is_empty(), !classes.as_slice().contains(&1));
        for p in &mesh.positions_mm {
            prop_assert!(distance_to_boundary(&classes, p.map(f64::from)) <= 1.0);
        }
    }
}

#[test]
fn noise_across_many_bricks_has_no_cracks() {
    for seed in 0..3 {
        let extent = Extent::new(70, 40, 34).unwrap();
        let classes = Grid::from_fn(extent, |v| ClassId::from(noise(v, seed) < 20 + 30 * seed));
        assert_manifold(&surface_of(&classes, Affine::identity()));
    }
}

#[test]
fn a_smooth_ball_across_many_bricks_is_one_sphere() {
    let classes = ball(Extent::new(80, 80, 80).unwrap(), [40.2, 39.1, 41.7], 30.0);
    let mesh = surface_of(&classes, Affine::identity());
    assert_manifold(&mesh);
    let edges = mesh.triangles.len() * 3 / 2;
    assert_eq!(mesh.positions_mm.len() + mesh.triangles.len(), edges + 2);
}

#[test]
fn a_class_that_fills_the_volume_is_closed_at_its_border() {
    for (x, y, z) in [(1, 1, 1), (5, 4, 3), (31, 32, 33), (40, 1, 1)] {
        let mesh = surface_of(&Grid::filled(Extent::new(x, y, z).unwrap(), 1), Affine::identity());
        assert_manifold(&mesh);
        let shell = (x + 1) * (y + 1) * (z + 1) - x.saturating_sub(1) * y.saturating_sub(1) * z.saturating_sub(1);
        assert_eq!(mesh.positions_mm.len(), shell);
    }
}

#[test]
fn voxels_that_touch_at_an_edge_or_a_corner_are_apart() {
    for other in [Voxel::new(3, 3, 2), Voxel::new(3, 3, 3)] {
        let mut classes = Grid::filled(Extent::new(6, 6, 6).unwrap(), 0);
        classes.set(Voxel::new(2, 2, 2), 1);
        classes.set(other, 1);
        let mesh = surface_of(&classes, Affine::identity());
        assert_manifold(&mesh);
        assert_eq!((mesh.positions_mm.len(), mesh.triangles.len()), (16, 24));
    }
}

#[test]
fn holes_that_touch_across_an_edge_deep_inside_are_a_manifold() {
    let core = VoxelBox { lo: Voxel::new(1, 1, 1), hi: Voxel::new(5, 5, 5) };
    let holes = [Voxel::new(2, 2, 2), Voxel::new(3, 3, 2)];
    let extent = Extent::new(6, 6, 6).unwrap();
    assert_manifold(&surface_of(
        &Grid::from_fn(extent, |v| ClassId::from(core.contains(v) && !holes.contains(&v))),
        Affine::identity(),
    ));
}

#[test]
fn a_class_that_is_not_there_gives_an_empty_mesh() {
    let mesh = surface_of(&Grid::filled(Extent::new(40, 3, 1).unwrap(), 2), Affine::identity());
    assert_eq!(mesh, SurfaceMesh::default());
    assert_eq!((mesh.volume_mm3(), mesh.area_mm2(), mesh.bounds_mm()), (0.0, 0.0, None));
}

//! Sizes, directions and places.

use std::f64::consts::PI;

use super::*;
use crate::label::SurfaceError;

#[test]
fn volume_and_area_of_a_ball_are_right_and_its_normals_point_outward() {
    for radius in [6.0, 10.0, 19.0] {
        let centre = [22.3, 21.8, 22.1];
        let mesh = surface_of(&ball(Extent::new(45, 45, 45).unwrap(), centre, radius), Affine::identity());
        let (volume, area) =
            (mesh.volume_mm3() / (4.0 / 3.0 * PI * radius.powi(3)), mesh.area_mm2() / (4.0 * PI * radius.powi(2)));
        assert!((volume - 1.0).abs() < 0.01, "radius {radius}: {volume}");
        assert!((area - 1.0).abs() < 0.02, "radius {radius}: {area}");
        for (p, n) in mesh.positions_mm.iter().zip(&mesh.normals) {
            let away = distance(p.map(f64::from), centre);
            assert!((away - radius).abs() < 0.5, "{away}");
            let outward: f64 = (0..3).map(|a| f64::from(n[a]) * (f64::from(p[a]) - centre[a]) / away).sum();
            assert!(outward > 0.9, "{outward}");
        }
    }
}

#[test]
fn small_objects_keep_their_size() {
    let mut one = Grid::filled(Extent::new(7, 7, 7).unwrap(), 0);
    one.set(Voxel::new(3, 3, 3), 1);
    let mesh = surface_of(&one, Affine::identity());
    assert_eq!((mesh.positions_mm.len(), mesh.triangles.len()), (8, 12));
    assert!((0.7..=1.0).contains(&mesh.volume_mm3()), "{}", mesh.volume_mm3());

    let few = ball(Extent::new(9, 9, 9).unwrap(), [4.0; 3], 2.0);
    let voxels = few.as_slice().iter().filter(|c| **c == 1).count() as f64;
    assert!((surface_of(&few, Affine::identity()).volume_mm3() / voxels - 1.0).abs() < 0.05);
}

#[test]
fn terraces_of_a_tilted_plane_are_flattened() {
    let extent = Extent::new(40, 40, 30).unwrap();
    let (slope, across) = (0.4, 0.15);
    let classes =
        Grid::from_fn(extent, |v| ClassId::from(v.to_f64()[2] <= 5.3 + slope * v.to_f64()[0] + across * v.to_f64()[1]));
    let mesh = surface_of(&classes, Affine::identity());
    let is_middle = |p: &[f32; 3]| (8.0..31.0).contains(&p[0]) && (8.0..31.0).contains(&p[1]) && p[2] > 3.0;
    let length = (1.0 + slope * slope + across * across).sqrt();
    let mut seen = 0;
    for (_, n) in mesh.positions_mm.iter().zip(&mesh.normals).filter(|(p, _)| is_middle(p)) {
        let cosine = (f64::from(n[2]) - slope * f64::from(n[0]) - across * f64::from(n[1])) / length;
        assert!(cosine > 6f64.to_radians().cos(), "{:.1} degrees", cosine.acos().to_degrees());
        seen += 1;
    }
    assert!(seen > 400);
}

proptest! {
    #[test]
    fn oblique_and_mirrored_grids_move_the_surface_and_keep_its_outside(
        classes in any_mask(6),
        spacing in prop::array::uniform3(0.3f64..5.0),
        mirror in prop::array::uniform3(any::<bool>()),
    ) {
        let signed = std::array::from_fn(|a| if mirror[a] { -spacing[a] } else { spacing[a] });
        let affine = oblique(signed);
        let (plain, moved) = (surface_of(&classes, Affine::identity()), surface_of(&classes, affine));
        prop_assert_eq!(plain.positions_mm.len(), moved.positions_mm.len());
        prop_assert_eq!(plain.triangles.len(), moved.triangles.len());
        for (p, q) in plain.positions_mm.iter().zip(&moved.positions_mm) {
            prop_assert!(distance(affine.world_from_voxel(p.map(f64::from)), q.map(f64::from)) < 1e-3);
        }
        // Normals are perpendicular to the surface: they pair with moved directions as before, up to their length.
        let inverse = affine.inverse().unwrap();
        for (n, m) in plain.normals.iter().zip(&moved.normals) {
            let expected: [f64; 3] =
                std::array::from_fn(|a| (0..3).map(|b| inverse.rows[b][a] * f64::from(n[b])).sum());
            let length = distance(expected, [0.0; 3]);
            let unit = expected.map(|c| if length > 0.0 { c / length } else { 0.0 });
            prop_assert!(distance(unit, m.map(f64::from)) < 1e-3);
        }
    }

    #[test]
    fn the_volume_of_blobs_scales_with_the_voxel_and_is_positive_also_when_mirrored(
        radius in 2.0f64..6.0,
        spacing in prop::array::uniform3(0.3f64..5.0),
        mirror in prop::array::uniform3(any::<bool>()),
    ) {
        let classes = ball(Extent::new(14, 14, 14).unwrap(), [6.7, 6.2, 6.4], radius);
        let signed = std::array::from_fn(|a| if mirror[a] { -spacing[a] } else { spacing[a] });
        let affine = oblique(signed);
        let expected = surface_of(&classes, Affine::identity()).volume_mm3() * affine.voxel_volume_mm3();
        let volume = surface_of(&classes, affine).volume_mm3();
        // Single precision, some 900 mm from the origin; quads that are not flat may be cut along the other diagonal.
        prop_assert!((volume / expected - 1.0).abs() < 0.02, "{volume} {expected}");
    }
}

#[test]
fn the_measures_of_a_box_are_exact_far_from_the_origin() {
    let corner = |i: usize| std::array::from_fn(|a| 4096.0 + if i >> a & 1 == 1 { [2.0, 3.0, 4.0][a] } else { 0.0 });
    let faces = [[0, 2, 3, 1], [4, 5, 7, 6], [0, 1, 5, 4], [2, 6, 7, 3], [0, 4, 6, 2], [1, 3, 7, 5]];
    let mesh = SurfaceMesh {
        positions_mm: (0..8).map(corner).collect(),
        normals: vec![[0.0; 3]; 8],
        triangles: faces.iter().flat_map(|&[a, b, c, d]| [[a, b, c], [a, c, d]]).collect(),
    };
    assert_eq!(mesh.volume_mm3(), 24.0);
    assert_eq!(mesh.area_mm2(), 52.0);
    assert_eq!(mesh.bounds_mm(), Some([[4096.0; 3], [4098.0, 4099.0, 4100.0]]));
}

#[test]
fn a_volume_without_a_place_in_space_is_refused() {
    let classes = Grid::filled(Extent::new(2, 2, 2).unwrap(), 1);
    for spacing in [[1.0, f64::NAN, 1.0], [0.0, 1.0, 1.0], [f64::INFINITY, 1.0, 1.0]] {
        let made = SurfaceBricks::of_class(&classes, 1, Affine::from_spacing(spacing), &|| false);
        assert_eq!(made.err(), Some(SurfaceError::NoInverse));
    }
}

//! Which surface lies under the pointer.

use crate::geometry::SightLine;
use crate::label::{ClassId, SurfaceMesh};

/// The hit nearest to the viewer: where, RAS mm, and of which class; `None` where the line passes all surfaces by. Only
/// places that `is_shown` are hit.
///
/// Meshes may be the bricks of [`crate::label::SurfaceBricks`]; of those the line does not pass only the bounds are looked at.
pub fn pick<'a>(
    meshes: impl Iterator<Item = (ClassId, &'a SurfaceMesh)>,
    line: &SightLine,
    is_shown: impl Fn([f64; 3]) -> bool,
) -> Option<([f64; 3], ClassId)> {
    let is_near = |mesh: &SurfaceMesh| mesh.bounds_mm().is_some_and(|b| line.meets_box(b.map(|p| p.map(f64::from))));
    meshes
        .filter(|(_, mesh)| is_near(mesh))
        .filter_map(|(class, mesh)| {
            let hits = mesh.corners().filter_map(|triangle| line.triangle_distance_mm(triangle));
            let hits = hits.filter(|distance| is_shown(line.at(*distance)));
            Some((hits.min_by(f64::total_cmp)?, class))
        })
        .min_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(distance, class)| (line.at(distance), class))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::vector::{length, minus};
    use crate::geometry::{Affine, AnatomicalDirection, Extent};
    use crate::label::SurfaceBricks;
    use crate::view::OrbitCamera;
    use crate::volume::Grid;

    const SIZE: [f64; 2] = [300.0, 200.0];

    /// A ball of 12 mm radius around (25, 25, 25), in several bricks, and a camera that looks at its middle.
    fn ball() -> (SurfaceBricks, OrbitCamera) {
        let extent = Extent::new(51, 51, 51).unwrap();
        let classes = Grid::from_fn(extent, |v| u8::from(length(minus(v.to_f64(), [25.0; 3])) < 12.0));
        let ball = SurfaceBricks::of_class(&classes, 1, Affine::identity(), &|| false).unwrap();
        (ball, OrbitCamera::fitted(extent, &Affine::identity()))
    }

    fn picked(ball: &SurfaceBricks, line: &SightLine) -> Option<([f64; 3], ClassId)> {
        pick(ball.bricks().map(|(_, mesh)| (ball.class(), mesh)), line, |_| true)
    }

    #[test]
    fn the_side_of_a_ball_that_faces_the_viewer_is_hit_and_nothing_beside_it() {
        let (ball, mut camera) = ball();
        for direction in AnatomicalDirection::ALL {
            camera.look_from(direction);
            let (hit, class) = picked(&ball, &camera.sight_line([150.0, 100.0], SIZE)).unwrap();
            let wanted: [f64; 3] = std::array::from_fn(|i| 25.0 + 12.0 * direction.unit()[i]);
            assert!(length(minus(hit, wanted)) < 0.7, "{direction:?}: {hit:?}");
            assert_eq!(class, 1);
            let beside = camera.screen_from_world([25.0 + 12.8, 25.0 + 12.8, 25.0 + 12.8], SIZE);
            assert_eq!(picked(&ball, &camera.sight_line(beside, SIZE)), None);
        }
    }

    #[test]
    fn what_is_cut_away_is_not_hit_but_what_lies_behind_it() {
        let (ball, mut camera) = ball();
        camera.look_from(AnatomicalDirection::Anterior);
        let line = camera.sight_line([150.0, 100.0], SIZE);
        let meshes = || ball.bricks().map(|(_, mesh)| (1, mesh));
        let (hit, _) = pick(meshes(), &line, |[_, y, _]| y < 25.0).unwrap();
        assert!((hit[1] - 13.0).abs() < 0.7, "{hit:?}");
        assert_eq!(pick(meshes(), &line, |_| false), None);
    }

    #[test]
    fn of_two_surfaces_the_nearer_one_is_hit_whatever_their_order() {
        let (ball, mut camera) = ball();
        camera.look_from(AnatomicalDirection::Anterior);
        let triangle = |y: f32| SurfaceMesh {
            positions_mm: vec![[0.0, y, 0.0], [50.0, y, 0.0], [25.0, y, 90.0]],
            normals: vec![[0.0, 1.0, 0.0]; 3],
            triangles: vec![[0, 1, 2]],
        };
        let (near, far) = (triangle(60.0), triangle(-60.0));
        let line = camera.sight_line([150.0, 100.0], SIZE);
        let ball = || ball.bricks().map(|(_, mesh)| (1, mesh));
        assert_eq!(pick([(7, &near), (8, &far)].into_iter().chain(ball()), &line, |_| true).unwrap().1, 7);
        assert_eq!(pick(ball().chain([(8, &far), (7, &near)]), &line, |_| true).unwrap().1, 7);
        assert_eq!(pick(ball().chain([(8, &far)]), &line, |_| true).unwrap().1, 1);
    }

    #[test]
    fn empty_meshes_and_lines_that_lead_nowhere_hit_nothing() {
        let (ball, camera) = ball();
        let line = camera.sight_line([150.0, 100.0], SIZE);
        assert_eq!(pick([(1, &SurfaceMesh::default())].into_iter(), &line, |_| true), None);
        assert_eq!(picked(&ball, &SightLine { origin_mm: [f64::NAN; 3], ..line }), None);
        assert_eq!(picked(&ball, &SightLine { direction: [0.0; 3], ..line }), None);
    }
}

//! Any measurement: its handles, what a pointer grabs, what stands beside it.

use serde::{Deserialize, Serialize};

use super::{Angle, Distance, Region};
use crate::geometry::vector::{dot, minus};
use crate::volume::Image;

/// One measurement of a case, in world mm.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Measurement {
    Distance(Distance),
    Angle(Angle),
    Region(Region),
}

/// An end point under the pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandleHit {
    /// Index into the list that was searched.
    pub measurement: usize,
    /// Index into [`Measurement::handles`].
    pub handle: usize,
}

impl Measurement {
    /// The points that can be dragged, world mm.
    pub fn handles(&self) -> Vec<[f64; 3]> {
        match self {
            Self::Distance(d) => vec![d.a, d.b],
            Self::Angle(a) => vec![a.a, a.vertex, a.b],
            Self::Region(r) => r.handles().to_vec(),
        }
    }

    /// Drags a handle. Does nothing for a handle there is not and a position that is not finite.
    pub fn move_handle(&mut self, handle: usize, to: [f64; 3]) {
        if !to.iter().all(|c| c.is_finite()) {
            return;
        }
        match (self, handle) {
            (Self::Distance(d), 0) => d.a = to,
            (Self::Distance(d), 1) => d.b = to,
            (Self::Angle(a), 0) => a.a = to,
            (Self::Angle(a), 1) => a.vertex = to,
            (Self::Angle(a), 2) => a.b = to,
            (Self::Region(r), _) => r.move_handle(handle, to),
            _ => {}
        }
    }

    /// `12.4 mm`, `37.5°`, `mean 41 ± 12, 3.2 cm²`. Reads the image's voxels where it is a region.
    pub fn label_text(&self, image: &Image) -> String {
        match self {
            Self::Distance(d) => d.label_text(),
            Self::Angle(a) => a.label_text(),
            Self::Region(r) => r.statistics(image).label_text(),
        }
    }

    /// How far the farthest handle is from a plane through `point` with the unit vector `normal`, mm: a slice shows a
    /// measurement that is nearer than half its thickness.
    pub fn distance_from_plane_mm(&self, point: [f64; 3], normal: [f64; 3]) -> f64 {
        self.handles().iter().map(|&h| dot(minus(h, point), normal).abs()).fold(0.0, f64::max)
    }

    /// The handle nearest to the pointer within `radius`, all in the caller's screen unit. Of handles that are equally
    /// near the one drawn last (on top) is taken.
    pub fn handle_at<'a>(
        measurements: impl IntoIterator<Item = &'a Self>,
        pointer: [f64; 2],
        radius: f64,
        screen_from_world: impl Fn([f64; 3]) -> [f64; 2],
    ) -> Option<HandleHit> {
        let mut nearest: Option<(f64, HandleHit)> = None;
        for (measurement, item) in measurements.into_iter().enumerate() {
            for (handle, position) in item.handles().into_iter().enumerate() {
                let [x, y] = screen_from_world(position);
                let away = (x - pointer[0]).hypot(y - pointer[1]);
                // A comparison with NaN is false: such a handle is never grabbed.
                if away <= nearest.map_or(radius, |(least, _)| least) {
                    nearest = Some((away, HandleHit { measurement, handle }));
                }
            }
        }
        nearest.map(|(_, hit)| hit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Affine, Extent, PatientSide, Plane};
    use crate::view::{RegionShape, SliceCamera};

    const SIZE: [f64; 2] = [400.0, 300.0];

    fn all() -> [Measurement; 3] {
        let axes = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]];
        [
            Measurement::Distance(Distance { a: [10.0, 10.0, 5.0], b: [30.0, 10.0, 5.0] }),
            Measurement::Angle(Angle { a: [1.0, 2.0, 5.0], vertex: [4.0, 4.0, 5.0], b: [9.0, 4.0, 5.0] }),
            Measurement::Region(Region::between(RegionShape::Ellipse, [20.0, 20.0, 5.0], [28.0, 30.0, 5.0], axes)),
        ]
    }

    #[test]
    fn every_handle_can_be_grabbed_on_the_screen_and_dragged_to_where_the_pointer_goes() {
        let affine = Affine::from_spacing([1.0, 1.0, 5.0]);
        let extent = Extent::new(40, 40, 3).unwrap();
        let mut camera = SliceCamera::new(&affine, extent, Plane::Axial, PatientSide::Radiological);
        camera.fit(SIZE);
        let inverse = affine.inverse().unwrap();
        let screen = |world| camera.screen_from_voxel(inverse.world_from_voxel(world), SIZE);
        for (measurement, item) in all().iter().enumerate() {
            for (handle, &position) in item.handles().iter().enumerate() {
                let [x, y] = screen(position);
                let hit = Measurement::handle_at(&all(), [x + 2.0, y - 2.0], 4.0, screen);
                assert_eq!(hit, Some(HandleHit { measurement, handle }));
                assert_eq!(Measurement::handle_at(&all(), [x + 3.0, y + 3.0], 4.0, screen), None);
                let mut dragged = *item;
                let to = affine.world_from_voxel(camera.voxel_from_screen([150.0, 120.0], SIZE));
                dragged.move_handle(handle, to);
                assert!(dragged.handles()[handle].iter().zip(to).all(|(a, b)| (a - b).abs() < 1e-9));
            }
        }
        assert_eq!(Measurement::handle_at(&all(), [0.0; 2], f64::NAN, screen), None);
        assert_eq!(Measurement::handle_at(&all(), [f64::NAN; 2], 4.0, screen), None);
    }

    #[test]
    fn of_two_handles_in_one_place_the_one_on_top_is_grabbed() {
        let same = [all()[0]; 2];
        let hit = Measurement::handle_at(&same, [10.0, 10.0], 5.0, |[x, y, _]| [x, y]);
        assert_eq!(hit, Some(HandleHit { measurement: 1, handle: 0 }));
    }

    #[test]
    fn measurements_survive_a_file() {
        let text = serde_json::to_string(&all()).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Measurement>>(&text).unwrap(), all());
        assert!(text.contains(r#""kind":"region","shape":"ellipse""#), "{text}");
    }

    #[test]
    fn what_is_no_handle_or_no_position_changes_nothing() {
        for item in all() {
            let mut same = item;
            same.move_handle(0, [f64::NAN, 0.0, 0.0]);
            same.move_handle(9, [1.0; 3]);
            assert_eq!(same, item);
        }
    }

    #[test]
    fn a_measurement_knows_how_far_it_is_from_a_slice() {
        for item in all() {
            assert_eq!(item.distance_from_plane_mm([0.0; 3], [0.0, 0.0, 1.0]), 5.0);
        }
        assert_eq!(all()[0].distance_from_plane_mm([10.0, 0.0, 0.0], [1.0, 0.0, 0.0]), 20.0);
    }
}

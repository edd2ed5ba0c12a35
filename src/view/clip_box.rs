//! The box of voxels that a 3-D view shows.

use super::OrbitCamera;
use crate::geometry::vector::dot;
use crate::geometry::{Affine, AnatomicalDirection, Extent, Orientation, VoxelBox};

/// Shorter than this on the screen, a voxel's edge points at the viewer and cannot be dragged along, in screen units.
const LEAST_EDGE: f64 = 0.05;

/// At least one voxel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClipBox {
    extent: Extent,
    bounds: VoxelBox,
    /// Surfaces are cut as well as the volume.
    pub cuts_surfaces: bool,
}

/// One of its six sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClipFace {
    /// Voxel axis (0 = x) it is at right angles to.
    pub axis: usize,
    /// Where that axis ends, not where it begins.
    pub is_far: bool,
}

impl ClipFace {
    pub const ALL: [Self; 6] = [
        Self { axis: 0, is_far: false },
        Self { axis: 0, is_far: true },
        Self { axis: 1, is_far: false },
        Self { axis: 1, is_far: true },
        Self { axis: 2, is_far: false },
        Self { axis: 2, is_far: true },
    ];

    /// The patient's side it lies at.
    pub fn side(self, orientation: &Orientation) -> AnatomicalDirection {
        let far = orientation.directions[self.axis];
        if self.is_far { far } else { far.opposite() }
    }
}

impl ClipBox {
    /// All of a volume.
    pub fn whole(extent: Extent) -> Self {
        Self { extent, bounds: extent.full_box(), cuts_surfaces: true }
    }

    /// Of the volume.
    pub fn extent(&self) -> Extent {
        self.extent
    }

    pub fn bounds(&self) -> VoxelBox {
        self.bounds
    }

    pub fn is_whole(&self) -> bool {
        self.bounds == self.extent.full_box()
    }

    /// Between which voxels a face lies: 0 before the first, the number of voxels behind the last.
    pub fn face(&self, face: ClipFace) -> usize {
        let corner = if face.is_far { self.bounds.hi } else { self.bounds.lo };
        corner.to_array()[face.axis]
    }

    /// Moves a face; it stops at the end of the volume and one voxel before the opposite one.
    pub fn set_face(&mut self, face: ClipFace, place: usize) {
        let opposite = self.face(ClipFace { is_far: !face.is_far, ..face });
        let VoxelBox { lo, hi } = &mut self.bounds;
        if face.is_far {
            let last = self.extent.to_array()[face.axis];
            *hi = hi.with_axis(face.axis, place.clamp(opposite + 1, last));
        } else {
            *lo = lo.with_axis(face.axis, place.min(opposite - 1));
        }
    }

    /// The eight corners as voxel positions, half a voxel beyond the outermost centres; bit `a` of a corner's place says
    /// whether it lies at the far end of axis `a`.
    pub fn corners(&self) -> [[f64; 3]; 8] {
        let [lo, hi] = self.limits();
        std::array::from_fn(|corner| std::array::from_fn(|a| if corner >> a & 1 == 1 { hi[a] } else { lo[a] }))
    }

    /// The middle of a face, a voxel position.
    pub fn face_centre(&self, face: ClipFace) -> [f64; 3] {
        let [lo, hi] = self.limits();
        let mut centre: [f64; 3] = std::array::from_fn(|a| (lo[a] + hi[a]) / 2.0);
        centre[face.axis] = if face.is_far { hi } else { lo }[face.axis];
        centre
    }

    /// Whether a voxel position lies in it, its faces included.
    pub fn holds(&self, position: [f64; 3]) -> bool {
        let [lo, hi] = self.limits();
        (0..3).all(|a| position[a] >= lo[a] && position[a] <= hi[a])
    }

    fn limits(&self) -> [[f64; 3]; 2] {
        [self.bounds.lo, self.bounds.hi].map(|corner| corner.to_f64().map(|c| c - 0.5))
    }
}

/// How many voxels along `axis` a drag on the screen is; `None` where the axis points at the viewer.
pub fn voxels_of_drag(
    camera: &OrbitCamera,
    affine: &Affine,
    axis: usize,
    drag: [f64; 2],
    size: [f64; 2],
) -> Option<f64> {
    let [right, up, _] = camera.axes();
    let (edge, units) = (affine.column(axis), camera.units_per_mm(size));
    let on_screen = [units * dot(edge, right), -units * dot(edge, up)];
    let square = on_screen[0].powi(2) + on_screen[1].powi(2);
    (square > LEAST_EDGE.powi(2)).then(|| (drag[0] * on_screen[0] + drag[1] * on_screen[1]) / square)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn extent() -> Extent {
        Extent::new(20, 30, 40).unwrap()
    }

    proptest! {
        #[test]
        fn however_its_faces_are_moved_a_voxel_is_left_within_the_volume(moves in prop::collection::vec((0usize..6, 0usize..60), 0..20)) {
            let mut clip = ClipBox::whole(extent());
            for (face, place) in moves {
                clip.set_face(ClipFace::ALL[face], place);
                prop_assert!(!clip.bounds().is_empty());
                prop_assert_eq!(clip.bounds().intersect(&extent().full_box()), clip.bounds());
            }
        }

        #[test]
        fn a_drag_along_an_axis_moves_as_many_voxels_as_it_passes_on_the_screen(axis in 0usize..3, voxels in -9.0..9.0f64, turn in prop::array::uniform2(-80.0..80.0f64)) {
            let size = [300.0, 200.0];
            let affine = Affine::from_spacing([0.8, -1.0, 2.0]);
            let mut camera = OrbitCamera::fitted(extent(), &affine);
            camera.orbit_by(turn, size);
            let at = |steps: f64| {
                let mut position = [5.0; 3];
                position[axis] += steps;
                camera.screen_from_world(affine.world_from_voxel(position), size)
            };
            let (from, to) = (at(0.0), at(voxels));
            if let Some(found) = voxels_of_drag(&camera, &affine, axis, [to[0] - from[0], to[1] - from[1]], size) {
                prop_assert!((found - voxels).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn an_axis_that_points_at_the_viewer_cannot_be_dragged_along() {
        let camera = OrbitCamera::fitted(extent(), &Affine::identity());
        let drag = |axis| voxels_of_drag(&camera, &Affine::identity(), axis, [10.0, 0.0], [300.0, 200.0]);
        assert!(drag(1).is_none() && drag(0).is_some());
    }

    #[test]
    fn faces_lie_at_the_patients_sides_and_hold_what_is_between_them() {
        let orientation = Orientation::from_affine(&Affine::from_spacing([-1.0, 1.0, 1.0]));
        let near = ClipFace::ALL[0];
        assert_eq!(near.side(&orientation), AnatomicalDirection::Right);
        let mut clip = ClipBox::whole(extent());
        assert!(clip.is_whole());
        clip.set_face(near, 7);
        assert!(!clip.is_whole() && clip.holds([6.5, 0.0, 0.0]) && !clip.holds([6.4, 0.0, 0.0]));
        assert_eq!(clip.face_centre(near), [6.5, 14.5, 19.5]);
        assert_eq!((clip.corners()[0], clip.corners()[7]), ([6.5, -0.5, -0.5], [19.5, 29.5, 39.5]));
    }
}

//! How a slice view is looked at, straight or turned.

use crate::geometry::{Affine, Extent, PatientSide, Plane};
use crate::view::{ObliqueCamera, ObliquePlane, SliceCamera};

/// The camera of a slice view: along a voxel axis or, while its plane is turned, at any angle.
///
/// The straight camera is kept meanwhile, so that straightening brings its picture back. Screen positions are those of
/// [`SliceCamera`].
#[derive(Clone, Debug, PartialEq)]
pub struct ViewCamera {
    straight: SliceCamera,
    turned: Option<ObliqueCamera>,
}

impl From<SliceCamera> for ViewCamera {
    fn from(straight: SliceCamera) -> Self {
        Self { straight, turned: None }
    }
}

impl ViewCamera {
    /// Along the voxel axes; also while turned, when it is not what is seen.
    pub fn straight(&self) -> &SliceCamera {
        &self.straight
    }

    pub fn straight_mut(&mut self) -> &mut SliceCamera {
        &mut self.straight
    }

    /// What is seen, if that is not a slice along the voxel axes.
    pub fn turned(&self) -> Option<&ObliqueCamera> {
        self.turned.as_ref()
    }

    pub fn plane(&self) -> Plane {
        self.straight.plane()
    }

    pub fn extent(&self) -> Extent {
        self.straight.extent()
    }

    pub fn spacing_mm(&self) -> [f64; 3] {
        self.straight.spacing_mm()
    }

    /// Screen units per mm.
    pub fn zoom(&self) -> f64 {
        self.turned.as_ref().map_or_else(|| self.straight.zoom(), ObliqueCamera::zoom)
    }

    /// Anatomical letters at the left, right, top and bottom edge; two where a turned edge faces two directions.
    pub fn edge_letters(&self) -> [String; 4] {
        match &self.turned {
            Some(turned) => turned.plane().edge_letters(),
            None => self.straight.edge_letters().map(String::from),
        }
    }

    /// Shows a plane at an angle. The first one takes the place of the slice: as large as it was, its centre where that was
    /// seen. `affine` is world from voxel; with one that is not usable the slice stays.
    pub fn show_plane(&mut self, affine: &Affine, plane: ObliquePlane) {
        if let Some(turned) = &mut self.turned {
            turned.set_plane(plane);
            return;
        }
        self.turned = ObliqueCamera::new(affine, self.extent(), plane);
        let centre = affine.voxel_from_world(plane.centre_mm());
        if let (Some(turned), Some(centre)) = (&mut self.turned, centre) {
            // In a view without size the middle is the origin.
            turned.place(self.straight.zoom(), self.straight.screen_from_voxel(centre, [0.0; 2]));
        }
    }

    /// Back to the slice along the voxel axes.
    pub fn straighten(&mut self) {
        self.turned = None;
    }

    /// Mirrors the straight slice; a turned plane comes mirrored by [`Self::show_plane`].
    pub fn set_patient_side(&mut self, side: PatientSide) {
        self.straight.set_patient_side(side);
    }

    /// All of the slice, centred.
    pub fn fit(&mut self, size: [f64; 2]) {
        self.straight.fit(size);
        if let Some(turned) = &mut self.turned {
            turned.fit(size);
        }
    }

    /// Zooms by `factor` so that what is under `pointer` stays under it.
    pub fn zoom_at(&mut self, pointer: [f64; 2], size: [f64; 2], factor: f64) {
        match &mut self.turned {
            Some(turned) => turned.zoom_at(pointer, size, factor),
            None => self.straight.zoom_at(pointer, size, factor),
        }
    }

    /// Moves the picture by a screen distance.
    pub fn pan_by(&mut self, delta: [f64; 2]) {
        match &mut self.turned {
            Some(turned) => turned.pan_by(delta),
            None => self.straight.pan_by(delta),
        }
    }

    /// Brings a voxel position into the middle of the view; a straight view shows its slice.
    pub fn centre_on(&mut self, voxel: [f64; 3]) {
        self.straight.centre_on(voxel);
        if let Some(turned) = &mut self.turned {
            turned.centre_on(voxel);
        }
    }

    /// Continuous voxel position (voxel centres at integers) under a screen position; may lie outside the volume.
    pub fn voxel_from_screen(&self, position: [f64; 2], size: [f64; 2]) -> [f64; 3] {
        match &self.turned {
            Some(turned) => turned.voxel_from_screen(position, size),
            None => self.straight.voxel_from_screen(position, size),
        }
    }

    /// Screen position of a voxel position, projected along the normal.
    pub fn screen_from_voxel(&self, voxel: [f64; 3], size: [f64; 2]) -> [f64; 2] {
        match &self.turned {
            Some(turned) => turned.screen_from_voxel(voxel, size),
            None => self.straight.screen_from_voxel(voxel, size),
        }
    }

    /// What is shown cuts the voxel that is centred at a position: it lies within half a voxel of the slice.
    pub fn cuts(&self, voxel: [f64; 3]) -> bool {
        match &self.turned {
            Some(turned) => turned.cuts(voxel),
            None => (voxel[self.straight.axes().normal.axis] - self.straight.slice() as f64).abs() <= 0.5,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::LinkedPlanes;

    const SIZE: [f64; 2] = [300.0, 200.0];

    fn planes_and_camera() -> (Affine, LinkedPlanes, ViewCamera) {
        let (affine, extent) = (Affine::from_spacing([-0.9, 1.1, 2.5]), Extent::new(30, 40, 20).unwrap());
        let mut planes = LinkedPlanes::new(&affine, extent, PatientSide::Radiological).unwrap();
        planes.move_cross(affine.world_from_voxel([11.0, 14.0, 6.0]));
        let mut straight = SliceCamera::new(&affine, extent, Plane::Coronal, PatientSide::Radiological);
        straight.fit(SIZE);
        straight.zoom_at([40.0, 60.0], SIZE, 1.7);
        straight.set_slice(14);
        (affine, planes, straight.into())
    }

    #[test]
    fn a_view_that_begins_to_turn_shows_the_same_picture_and_straightened_it_is_the_old_one() {
        let (affine, mut planes, mut camera) = planes_and_camera();
        let before = camera.clone();
        camera.show_plane(&affine, *planes.plane(Plane::Coronal));
        for position in [[0.0, 0.0], [300.0, 0.0], [37.0, 155.0]] {
            let (now, then) = (camera.voxel_from_screen(position, SIZE), before.voxel_from_screen(position, SIZE));
            assert!((0..3).all(|a| (now[a] - then[a]).abs() < 1e-9), "{now:?} {then:?}");
        }
        assert_eq!((camera.zoom(), camera.edge_letters()), (before.zoom(), before.edge_letters()));
        planes.turn(Plane::Axial, 30.0);
        camera.show_plane(&affine, *planes.plane(Plane::Coronal));
        camera.zoom_at([10.0, 10.0], SIZE, 2.0);
        camera.pan_by([9.0, -4.0]);
        assert_ne!(camera.voxel_from_screen([9.0, 9.0], SIZE), before.voxel_from_screen([9.0, 9.0], SIZE));
        camera.straighten();
        assert_eq!(camera, before);
    }

    #[test]
    fn the_cross_stays_under_the_pointer_while_its_planes_turn() {
        let (affine, mut planes, mut camera) = planes_and_camera();
        let cross = [11.0, 14.0, 6.0];
        let before = camera.screen_from_voxel(cross, SIZE);
        for degrees in [10.0, 25.0, -60.0] {
            planes.turn(Plane::Sagittal, degrees);
            camera.show_plane(&affine, *planes.plane(Plane::Coronal));
            let now = camera.screen_from_voxel(cross, SIZE);
            assert!((now[0] - before[0]).hypot(now[1] - before[1]) < 1e-9);
        }
    }
}

//! The planes of a case's slice views, turned about the linked cross.

use crate::geometry::{PatientSide, Plane};
use crate::view::{LinkedPlanes, ViewCamera};
use crate::workspace::{Effect, Notice, OpenCase, Workspace};

impl OpenCase {
    /// The slice views show planes at an angle to the voxel axes.
    pub fn is_turned(&self) -> bool {
        self.turned.is_some()
    }

    /// By how many degrees (0 to 180) the plane of a view is turned out of the voxel axes.
    pub fn turned_degrees(&self, view: Plane) -> f64 {
        self.turned.as_ref().map_or(0.0, |planes| planes.turned_degrees(view))
    }

    /// Where the planes meet, a continuous voxel position: the middle of the cross's voxel unless they are turned.
    pub fn cross(&self) -> [f64; 3] {
        let turned = self.turned.as_ref().and_then(|planes| self.image.affine.voxel_from_world(planes.cross_mm()));
        turned.unwrap_or_else(|| self.cursor.to_f64())
    }

    /// The planes that cut a view as lines through the cross, and the directions (right, down on the screen; length 1) of
    /// these lines.
    pub fn lines(&self, view: Plane) -> [(Plane, [f64; 2]); 2] {
        let [level, upright] = view.others();
        match &self.turned {
            Some(planes) => [level, upright].map(|other| (other, planes.line_in(view, other))),
            None => [(level, [1.0, 0.0]), (upright, [0.0, 1.0])],
        }
    }

    /// The number of the shown slice, from 1, and how many there are. Of a turned plane these are steps of the smallest
    /// voxel spacing along its normal; one that stays along the voxel axes keeps the slices of the file.
    pub fn slice_number(&self, view: Plane) -> (usize, usize) {
        let straight = self.camera(view).straight();
        let turned = self.turned_out(view).map(|planes| planes.step_number(view));
        turned.unwrap_or_else(|| (straight.slice_number(), straight.slice_count()))
    }

    /// The planes, if that of the view has left the voxel axes.
    fn turned_out(&self, view: Plane) -> Option<&LinkedPlanes> {
        self.turned.as_ref().filter(|planes| planes.is_view_turned(view))
    }

    /// The plane of a view cuts through the slices of the file.
    pub fn is_view_turned(&self, view: Plane) -> bool {
        self.turned_out(view).is_some()
    }

    /// Changes the turned planes, which begin as those along the voxel axes through the cross. Planes that end along the
    /// voxel axes are turned no more. `side` is that of the views.
    pub(super) fn turn(&mut self, side: PatientSide, change: impl FnOnce(&mut LinkedPlanes)) {
        let Some(mut planes) = self.turned.take().or_else(|| self.straight_planes(side)) else { return };
        change(&mut planes);
        if planes.is_turned() { self.show_turned(planes) } else { self.straighten() }
    }

    /// `None` for an affine that is not usable.
    fn straight_planes(&self, side: PatientSide) -> Option<LinkedPlanes> {
        let mut planes = LinkedPlanes::new(&self.image.affine, self.extent(), side)?;
        planes.move_cross(self.image.affine.world_from_voxel(self.cursor.to_f64()));
        Some(planes)
    }

    /// The planes lie along the voxel axes again, through the voxel of the cross.
    pub(super) fn straighten(&mut self) {
        self.turned = None;
        self.cameras.iter_mut().for_each(ViewCamera::straighten);
        self.move_cursor(self.cursor);
    }

    /// Lets all planes go through a continuous voxel position, kept within the volume.
    pub(super) fn move_cross(&mut self, position: [f64; 3]) {
        let voxel = self.extent().clamped_voxel(position);
        let Some(mut planes) = self.turned.take() else { return self.move_cursor(voxel) };
        let n = self.extent().to_array();
        // A position that is no number keeps the cross where it is.
        let inside = std::array::from_fn(|axis| position[axis].clamp(-0.5, n[axis] as f64 - 0.5));
        planes.move_cross(self.image.affine.world_from_voxel(inside));
        self.show_turned(planes);
    }

    /// Walks along the normal of a view, stopping at the ends; the cross comes along.
    pub(super) fn step_slice(&mut self, view: Plane, steps: i64) {
        if self.is_view_turned(view)
            && let Some(mut planes) = self.turned.take()
        {
            planes.step(view, steps);
            return self.show_turned(planes);
        }
        self.camera_mut(view).straight_mut().step_slice(steps);
        self.follow(view);
    }

    /// Shows a slice by its voxel index along the view's normal axis; of a turned plane, by steps from its first place.
    pub(super) fn set_slice(&mut self, view: Plane, slice: usize) {
        if self.is_view_turned(view) {
            let (number, count) = self.slice_number(view);
            // A few thousand steps at most.
            let [from, to] = [number - 1, slice.min(count - 1)].map(|step| i64::try_from(step).unwrap_or(0));
            return self.step_slice(view, to - from);
        }
        self.camera_mut(view).straight_mut().set_slice(slice);
        self.follow(view);
    }

    pub(super) fn set_patient_side(&mut self, side: PatientSide) {
        self.cameras.iter_mut().for_each(|camera| camera.set_patient_side(side));
        if let Some(mut planes) = self.turned.take() {
            planes.set_patient_side(side);
            self.show_turned(planes);
        }
    }

    /// The cross goes into the slice that a straight view shows now.
    fn follow(&mut self, view: Plane) {
        let (axis, slice) = (self.normal_axis(view), self.camera(view).straight().slice());
        if !self.is_turned() {
            return self.move_cursor(self.cursor.with_axis(axis, slice));
        }
        // The other two planes are turned and need not meet in the middle of a voxel.
        let mut position = self.cross();
        // An index of a slice: exact in f64.
        position[axis] = slice as f64;
        self.move_cross(position);
    }

    /// Every view shows its plane, and the straight slices behind them follow the cross.
    fn show_turned(&mut self, planes: LinkedPlanes) {
        let affine = self.image.affine;
        for camera in &mut self.cameras {
            let plane = *planes.plane(camera.plane());
            camera.show_plane(&affine, plane);
        }
        self.turned = Some(planes);
        self.cursor = self.extent().clamped_voxel(self.cross());
        self.show_cursor_slices();
    }
}

impl Workspace {
    /// While the views are turned, says what they must be straightened for; what was asked for is not done then.
    pub(super) fn must_straighten(&mut self, to: &str, effects: &mut Vec<Effect>) -> bool {
        let is_turned = self.case().is_some_and(OpenCase::is_turned);
        if is_turned {
            self.notify(Notice::info(format!("Straighten the views to {to}.")), effects);
        }
        is_turned
    }
}

//! How one slice of a volume lies on the screen.

use crate::geometry::{Affine, AnatomicalDirection, Extent, Orientation, PatientSide, Plane, SliceAxes};

/// Share of the view the slice fills after [`SliceCamera::fit`].
pub(super) const FIT_SHARE: f64 = 0.94;
/// The closest zoom: one voxel this many screen units wide.
pub(super) const MAX_UNITS_PER_VOXEL: f64 = 256.0;
/// The farthest zoom: the longer side of the slice this many screen units long.
pub(super) const MIN_SLICE_UNITS: f64 = 24.0;

/// The camera of one slice view.
///
/// A screen position counts from the view's top left corner in the caller's screen unit (points or pixels, as long
/// as it is always the same); sizes are `[width, height]`. The slice is shown along the voxel axes, with lengths
/// proportional to millimetres, so an oblique volume is never resampled.
#[derive(Clone, Debug, PartialEq)]
pub struct SliceCamera {
    orientation: Orientation,
    axes: SliceAxes,
    extent: Extent,
    spacing_mm: [f64; 3],
    slice: usize,
    /// Screen units per mm.
    zoom: f64,
    /// Voxel position along the right and the down axis that is shown in the middle of the view.
    centre: [f64; 2],
}

impl SliceCamera {
    /// Looks at the middle of the volume; call [`Self::fit`] once the view's size is known.
    pub fn new(affine: &Affine, extent: Extent, plane: Plane, side: PatientSide) -> Self {
        let orientation = Orientation::from_affine(affine);
        let axes = SliceAxes::new(plane, &orientation, side);
        let middle = extent.to_array().map(|n| (n - 1) as f64 / 2.0);
        Self {
            orientation,
            axes,
            extent,
            spacing_mm: affine.spacing_mm(),
            slice: extent.to_array()[axes.normal.axis] / 2,
            zoom: 1.0,
            centre: [middle[axes.right.axis], middle[axes.down.axis]],
        }
    }

    pub fn plane(&self) -> Plane {
        self.axes.plane
    }

    pub fn axes(&self) -> &SliceAxes {
        &self.axes
    }

    pub fn extent(&self) -> Extent {
        self.extent
    }

    pub fn spacing_mm(&self) -> [f64; 3] {
        self.spacing_mm
    }

    /// Screen units per mm.
    pub fn zoom(&self) -> f64 {
        self.zoom
    }

    /// Mirrors axial and coronal views; the voxel in the middle stays there.
    pub fn set_patient_side(&mut self, side: PatientSide) {
        self.axes = SliceAxes::new(self.axes.plane, &self.orientation, side);
    }

    /// Anatomical letters at the left, right, top and bottom edge.
    pub fn edge_letters(&self) -> [char; 4] {
        self.axes.edge_directions.map(AnatomicalDirection::letter)
    }

    /// Voxel index of the slice along the normal axis.
    pub fn slice(&self) -> usize {
        self.slice
    }

    /// Shows another slice, clamped into the volume.
    pub fn set_slice(&mut self, slice: usize) {
        self.slice = slice.min(self.slice_count() - 1);
    }

    pub fn slice_count(&self) -> usize {
        self.extent.to_array()[self.axes.normal.axis]
    }

    /// The number a reader sees: from 1, growing towards superior, anterior or right.
    pub fn slice_number(&self) -> usize {
        if self.axes.normal.reversed { self.slice_count() - self.slice } else { self.slice + 1 }
    }

    /// Walks `steps` slices towards superior, anterior or right (negative: the other way), stopping at the ends.
    pub fn step_slice(&mut self, steps: i64) {
        let along_axis = if self.axes.normal.reversed { steps.saturating_neg() } else { steps };
        let distance = usize::try_from(along_axis.unsigned_abs()).unwrap_or(usize::MAX);
        let slice =
            if along_axis < 0 { self.slice.saturating_sub(distance) } else { self.slice.saturating_add(distance) };
        self.set_slice(slice);
    }

    /// The whole slice, centred.
    pub fn fit(&mut self, size: [f64; 2]) {
        let middle = self.extent.to_array().map(|n| (n - 1) as f64 / 2.0);
        self.centre = self.in_plane(middle);
        let [width_mm, height_mm] = self.slice_size_mm();
        self.set_zoom(FIT_SHARE * (size[0] / width_mm).min(size[1] / height_mm));
    }

    /// Zooms by `factor` so that the voxel position under `pointer` stays under it.
    pub fn zoom_at(&mut self, pointer: [f64; 2], size: [f64; 2], factor: f64) {
        let before = self.voxel_from_screen(pointer, size);
        self.set_zoom(self.zoom * factor);
        let after = self.voxel_from_screen(pointer, size);
        let (before, after) = (self.in_plane(before), self.in_plane(after));
        for i in 0..2 {
            self.centre[i] += before[i] - after[i];
        }
    }

    /// Moves the picture by a screen distance. The middle of the view does not leave the volume.
    pub fn pan_by(&mut self, delta: [f64; 2]) {
        let units = self.units_per_voxel();
        let extent = self.in_plane(self.extent.to_array().map(|n| n as f64));
        for i in 0..2 {
            let wanted = self.centre[i] - delta[i] / units[i];
            // A middle that already lies outside (after zooming out) may stay where it is.
            let (lo, hi) = ((-0.5f64).min(self.centre[i]), (extent[i] - 0.5).max(self.centre[i]));
            self.centre[i] = wanted.clamp(lo, hi);
        }
    }

    /// Brings a voxel position into the middle of the view and shows its slice.
    pub fn centre_on(&mut self, position: [f64; 3]) {
        let voxel = self.extent.clamped_voxel(position);
        self.centre = self.in_plane(voxel.to_f64());
        self.slice = voxel.to_array()[self.axes.normal.axis];
    }

    /// Continuous voxel position (voxel centres at integers) under a screen position; may lie outside the volume.
    pub fn voxel_from_screen(&self, position: [f64; 2], size: [f64; 2]) -> [f64; 3] {
        let units = self.units_per_voxel();
        let mut voxel = [0.0; 3];
        voxel[self.axes.normal.axis] = self.slice as f64;
        for (i, axis) in [self.axes.right.axis, self.axes.down.axis].into_iter().enumerate() {
            voxel[axis] = self.centre[i] + (position[i] - size[i] / 2.0) / units[i];
        }
        voxel
    }

    /// Screen position of a voxel position, projected along the normal.
    pub fn screen_from_voxel(&self, voxel: [f64; 3], size: [f64; 2]) -> [f64; 2] {
        let units = self.units_per_voxel();
        let p = self.in_plane(voxel);
        std::array::from_fn(|i| size[i] / 2.0 + (p[i] - self.centre[i]) * units[i])
    }

    /// Screen units per voxel along the right and the down axis; negative where the voxel axis runs the other way.
    pub fn units_per_voxel(&self) -> [f64; 2] {
        [self.axes.right, self.axes.down].map(|a| {
            let length = self.zoom * self.spacing_mm[a.axis];
            if a.reversed { -length } else { length }
        })
    }

    /// Width and height of the slice in mm.
    pub fn slice_size_mm(&self) -> [f64; 2] {
        let n = self.extent.to_array();
        [self.axes.right.axis, self.axes.down.axis].map(|a| n[a] as f64 * self.spacing_mm[a])
    }

    fn in_plane(&self, voxel: [f64; 3]) -> [f64; 2] {
        [voxel[self.axes.right.axis], voxel[self.axes.down.axis]]
    }

    fn set_zoom(&mut self, zoom: f64) {
        let [width_mm, height_mm] = self.slice_size_mm();
        let smallest_voxel_mm = self.spacing_mm[self.axes.right.axis].min(self.spacing_mm[self.axes.down.axis]);
        let farthest = MIN_SLICE_UNITS / width_mm.max(height_mm);
        let closest = (MAX_UNITS_PER_VOXEL / smallest_voxel_mm).max(farthest);
        if zoom.is_finite() {
            self.zoom = zoom.clamp(farthest, closest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SIZE: [f64; 2] = [640.0, 400.0];

    fn oblique(spacing_mm: [f64; 3], flips: [bool; 3], degrees: f64) -> Affine {
        let (s, c) = degrees.to_radians().sin_cos();
        let columns = [[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]];
        let mut rows = [[0.0; 4]; 3];
        for axis in 0..3 {
            let sign = if flips[axis] { -1.0 } else { 1.0 };
            for (row, component) in rows.iter_mut().zip(columns[axis]) {
                row[axis] = sign * spacing_mm[axis] * component;
            }
        }
        Affine { rows }
    }

    fn cameras() -> impl Strategy<Value = SliceCamera> {
        let spacing = prop::array::uniform3(0.05f64..8.0);
        let flips = prop::array::uniform3(any::<bool>());
        let extent = prop::array::uniform3(1usize..200);
        (spacing, flips, -40.0..40.0f64, extent, 0usize..3, any::<bool>()).prop_map(
            |(s, f, degrees, n, plane, side)| {
                let side = if side { PatientSide::Radiological } else { PatientSide::Neurological };
                let extent = Extent::from_array(n).unwrap();
                let mut camera = SliceCamera::new(&oblique(s, f, degrees), extent, Plane::ALL[plane], side);
                camera.fit(SIZE);
                camera
            },
        )
    }

    fn close(a: &[f64], b: &[f64], tolerance: f64) -> bool {
        a.iter().zip(b).all(|(a, b)| (a - b).abs() < tolerance)
    }

    proptest! {
        #[test]
        fn screen_to_voxel_to_screen_is_the_identity(
            mut camera in cameras(), p in [0.0..640.0f64, 0.0..400.0f64], factor in 0.2..8.0f64, pan in [-90.0..90.0f64, -90.0..90.0f64],
        ) {
            camera.zoom_at([100.0, 50.0], SIZE, factor);
            camera.pan_by(pan);
            let voxel = camera.voxel_from_screen(p, SIZE);
            prop_assert_eq!(voxel[camera.axes().normal.axis], camera.slice() as f64);
            prop_assert!(close(&camera.screen_from_voxel(voxel, SIZE), &p, 1e-6));
        }

        #[test]
        fn zooming_keeps_the_voxel_under_the_pointer(
            mut camera in cameras(), pointer in [0.0..640.0f64, 0.0..400.0f64], factors in prop::collection::vec(0.3..3.0f64, 1..6),
        ) {
            let before = camera.voxel_from_screen(pointer, SIZE);
            for factor in factors {
                camera.zoom_at(pointer, SIZE, factor);
            }
            prop_assert!(close(&camera.voxel_from_screen(pointer, SIZE), &before, 1e-6));
        }

        #[test]
        fn equal_lengths_in_mm_are_equally_long_on_the_screen(camera in cameras()) {
            let units = camera.units_per_voxel();
            let (right, down) = (camera.axes().right.axis, camera.axes().down.axis);
            let per_mm = [units[0].abs() / camera.spacing_mm()[right], units[1].abs() / camera.spacing_mm()[down]];
            prop_assert!(close(&per_mm, &[camera.zoom(); 2], 1e-9 * camera.zoom()));
        }

        #[test]
        fn fit_shows_all_of_the_slice_and_fills_one_side(mut camera in cameras()) {
            camera.fit(SIZE);
            let [w, h] = camera.slice_size_mm().map(|mm| mm * camera.zoom());
            let clamped = (w.max(h) - MIN_SLICE_UNITS).abs() < 1e-6 || camera.units_per_voxel().iter().any(|u| u.abs() > MAX_UNITS_PER_VOXEL - 1e-6);
            prop_assert!(w <= SIZE[0] && h <= SIZE[1] || clamped);
            prop_assert!(clamped || (w / SIZE[0]).max(h / SIZE[1]) > 0.9);
        }
    }

    #[test]
    fn radiological_axial_shows_the_patients_left_and_back_at_the_right_and_lower_edge() {
        let extent = Extent::new(10, 10, 10).unwrap();
        let camera = SliceCamera::new(&Affine::identity(), extent, Plane::Axial, PatientSide::Radiological);
        let origin = camera.screen_from_voxel([0.0; 3], SIZE);
        assert!(origin[0] > 320.0 && origin[1] > 200.0, "x grows to the right side, y to the front: {origin:?}");
        assert_eq!(camera.edge_letters(), ['R', 'L', 'A', 'P']);
    }

    #[test]
    fn changing_the_patient_side_mirrors_around_the_middle() {
        let extent = Extent::new(10, 10, 10).unwrap();
        let mut camera = SliceCamera::new(&Affine::identity(), extent, Plane::Axial, PatientSide::Radiological);
        let before = camera.screen_from_voxel([2.0, 3.0, 0.0], SIZE);
        camera.set_patient_side(PatientSide::Neurological);
        let after = camera.screen_from_voxel([2.0, 3.0, 0.0], SIZE);
        assert!(close(&[after[0], after[1]], &[SIZE[0] - before[0], before[1]], 1e-9));
        assert_eq!(camera.edge_letters(), ['L', 'R', 'A', 'P']);
    }

    #[test]
    fn slices_count_towards_superior_whatever_the_storage_order() {
        let extent = Extent::new(4, 4, 9).unwrap();
        for (sz, first_slice) in [(1.0, 0), (-1.0, 8)] {
            let affine = Affine::from_spacing([1.0, 1.0, sz]);
            let mut camera = SliceCamera::new(&affine, extent, Plane::Axial, PatientSide::Radiological);
            camera.step_slice(i64::MIN);
            assert_eq!((camera.slice(), camera.slice_number()), (first_slice, 1));
            camera.step_slice(3);
            assert_eq!(camera.slice_number(), 4);
            camera.step_slice(i64::MAX);
            assert_eq!(camera.slice_number(), 9);
        }
    }

    #[test]
    fn panning_never_loses_the_slice() {
        let extent = Extent::new(50, 50, 50).unwrap();
        let mut camera = SliceCamera::new(&Affine::identity(), extent, Plane::Axial, PatientSide::Radiological);
        camera.fit(SIZE);
        camera.pan_by([1e9, -1e9]);
        let middle = camera.voxel_from_screen([320.0, 200.0], SIZE);
        assert!(close(&middle[..2], &[49.5, -0.5], 1e-6), "{middle:?}");
    }

    #[test]
    fn a_view_without_area_leaves_a_usable_camera() {
        let extent = Extent::new(5, 5, 5).unwrap();
        let mut camera = SliceCamera::new(&Affine::identity(), extent, Plane::Coronal, PatientSide::Radiological);
        camera.fit([0.0, 0.0]);
        assert!(camera.zoom() > 0.0 && camera.zoom().is_finite());
        camera.centre_on([9.0, 1.0, f64::NAN]);
        assert_eq!(camera.slice(), 1);
    }
}

//! What one pixel of an oblique slab shows, in plain Rust: slow, and the judge of a shader.

use super::{ObliqueCamera, Slab, SlabProjection};
use crate::geometry::vector::{add, scaled};
use crate::volume::Image;

/// Reads an image through a slab.
#[derive(Clone, Debug)]
pub struct SlabSampler<'a> {
    image: &'a Image,
    camera: &'a ObliqueCamera,
    projection: SlabProjection,
    /// From the plane to each sample, voxels.
    steps: Vec<[f64; 3]>,
}

impl<'a> SlabSampler<'a> {
    pub fn new(image: &'a Image, camera: &'a ObliqueCamera, slab: &Slab) -> Self {
        let per_mm = camera.voxels_per_mm_along_normal();
        let steps = slab.offsets_mm(camera.spacing_mm()).into_iter().map(|mm| scaled(per_mm, mm)).collect();
        Self { image, camera, projection: slab.projection, steps }
    }

    /// Intensity shown at a screen position of a view of `size`. Samples outside the volume and those that read a NaN voxel
    /// are left out; NaN if none is left.
    pub fn sample(&self, position: [f64; 2], size: [f64; 2]) -> f32 {
        let voxel = self.camera.voxel_from_screen(position, size);
        let samples = self.steps.iter().map(|&step| trilinear(self.image, add(voxel, step)).unwrap_or(f64::NAN));
        // A picture has far fewer digits than f32.
        self.projection.of(samples.filter(|s| !s.is_nan())) as f32
    }
}

/// Trilinear intensity at a voxel position, `None` outside the volume. Between an outermost voxel centre and the volume's
/// border the intensity is that of the border.
pub(crate) fn trilinear(image: &Image, position: [f64; 3]) -> Option<f64> {
    let extent = image.extent();
    extent.nearest_voxel(position)?;
    let last = extent.to_array().map(|n| (n - 1) as f64);
    let inside: [f64; 3] = std::array::from_fn(|a| position[a].clamp(0.0, last[a]));
    let base = inside.map(f64::floor);
    let mut sum = 0.0;
    for corner in 0..8usize {
        let upper = |a: usize| corner >> a & 1 == 1;
        let share = |a: usize| if upper(a) { inside[a] - base[a] } else { 1.0 - (inside[a] - base[a]) };
        let weight = share(0) * share(1) * share(2);
        // What is not touched is not read: neither beyond the border nor a NaN neighbour.
        if weight > 0.0 {
            let voxel = extent.clamped_voxel(std::array::from_fn(|a| base[a] + f64::from(u8::from(upper(a)))));
            sum += weight * image.intensity(voxel);
        }
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::vector::dot;
    use crate::geometry::{Affine, Extent, PatientSide, Plane, Voxel};
    use crate::view::{LinkedPlanes, ObliquePlane};
    use crate::volume::{Grid, Voxels};
    use proptest::prelude::*;

    const SIZE: [f64; 2] = [300.0, 200.0];
    const GRADIENT: [f64; 3] = [3.0, -2.0, 0.7];

    fn image(extent: Extent, affine: Affine, value: impl Fn(Voxel) -> f64) -> Image {
        Image::new(Voxels::F64(Grid::from_fn(extent, value)), 1.0, 0.0, affine)
    }

    fn camera(image: &Image, plane: ObliquePlane) -> ObliqueCamera {
        let mut camera = ObliqueCamera::new(&image.affine, image.extent(), plane).unwrap();
        camera.fit(SIZE);
        camera
    }

    proptest! {
        /// An intensity that grows evenly through space is what linear interpolation reproduces exactly.
        #[test]
        fn slabs_through_an_even_slope_show_what_the_slope_says(
            spacing in prop::array::uniform3(0.7..3.0f64), turns in prop::array::uniform3(-180.0..180.0f64), view in 0usize..3,
            aside in prop::array::uniform2(-4.0..4.0f64), thickness_mm in 0.0..6.0f64,
        ) {
            let extent = Extent::new(31, 31, 31).unwrap();
            let affine = Affine::from_spacing(spacing);
            let image = image(extent, affine, |v| dot(affine.world_from_voxel(v.to_f64()), GRADIENT));
            let mut linked = LinkedPlanes::new(&affine, extent, PatientSide::Radiological).unwrap();
            Plane::ALL.into_iter().zip(turns).for_each(|(view, degrees)| linked.turn(view, degrees));
            let camera = camera(&image, *linked.plane(Plane::ALL[view]));
            let position = [150.0 + aside[0] * camera.zoom(), 100.0 + aside[1] * camera.zoom()];
            let here = dot(camera.world_from_screen(position, SIZE), GRADIENT);
            let rise = dot(camera.plane().normal(), GRADIENT).abs() * thickness_mm / 2.0;
            for (projection, expected) in SlabProjection::ALL.into_iter().zip([here + rise, here - rise, here]) {
                let slab = Slab { thickness_mm, projection };
                let shown = f64::from(SlabSampler::new(&image, &camera, &slab).sample(position, SIZE));
                prop_assert!((shown - expected).abs() < 1e-4, "{projection:?} {shown} {expected}");
            }
        }
    }

    #[test]
    fn a_thin_straight_slice_shows_the_voxels_themselves_up_to_the_border() {
        let extent = Extent::new(5, 7, 3).unwrap();
        let image = image(extent, Affine::from_spacing([1.0, 2.0, 3.0]), |v| extent.index(v) as f64);
        let linked = LinkedPlanes::new(&image.affine, extent, PatientSide::Radiological).unwrap();
        let camera = camera(&image, *linked.plane(Plane::Axial));
        let sampler = SlabSampler::new(&image, &camera, &Slab::default());
        for (x, y) in (0..5).flat_map(|x| (0..7).map(move |y| (x, y))) {
            let voxel = Voxel::new(x, y, 1);
            let shown = sampler.sample(camera.screen_from_voxel(voxel.to_f64(), SIZE), SIZE);
            assert!((f64::from(shown) - image.intensity(voxel)).abs() < 1e-4);
        }
        let shown = |x: f64| sampler.sample(camera.screen_from_voxel([x, 0.0, 1.0], SIZE), SIZE);
        assert!((shown(-0.49) - 35.0).abs() < 1e-4 && shown(-0.51).is_nan() && shown(4.51).is_nan());
    }

    #[test]
    fn samples_outside_and_unknown_intensities_are_left_out() {
        let extent = Extent::new(3, 3, 3).unwrap();
        let image = image(extent, Affine::identity(), |v| if v.z == 2 { f64::NAN } else { 4.0 + v.z as f64 });
        let linked = LinkedPlanes::new(&image.affine, extent, PatientSide::Radiological).unwrap();
        let camera = camera(&image, *linked.plane(Plane::Axial));
        let shown = |projection| {
            SlabSampler::new(&image, &camera, &Slab { thickness_mm: 20.0, projection }).sample([150.0, 100.0], SIZE)
        };
        assert_eq!((shown(SlabProjection::Max), shown(SlabProjection::Min)), (5.0, 4.0));
        let mean = shown(SlabProjection::Mean);
        assert!(mean > 4.0 && mean < 5.0, "{mean}");
        let aside = SlabSampler::new(&image, &camera, &Slab::default()).sample([-900.0, f64::NAN], SIZE);
        assert!(aside.is_nan());
    }

    #[test]
    fn an_image_of_one_voxel_can_be_looked_at_from_anywhere() {
        let extent = Extent::new(1, 1, 1).unwrap();
        let image = image(extent, Affine::identity(), |_| 9.0);
        let mut linked = LinkedPlanes::new(&image.affine, extent, PatientSide::Radiological).unwrap();
        linked.turn(Plane::Coronal, 33.0);
        let camera = camera(&image, *linked.plane(Plane::Axial));
        let slab = Slab { thickness_mm: 2.0, projection: SlabProjection::Mean };
        assert_eq!(SlabSampler::new(&image, &camera, &slab).sample([150.0, 100.0], SIZE), 9.0);
    }
}

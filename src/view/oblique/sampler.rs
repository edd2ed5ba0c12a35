//! What one pixel of an oblique slab shows, in plain Rust: slow, and the judge of a shader.

use super::{ObliqueCamera, Slab, SlabProjection};
use crate::geometry::vector::{add, scaled};
use crate::geometry::{Extent, Voxel};
use crate::volume::Image;

/// Stands for infinitely dark or bright, so that it can be mixed with other values.
const EXTREME: f64 = 1e300;

/// Reads an image through a slab.
#[derive(Clone, Debug)]
pub struct SlabSampler<'a> {
    image: &'a Image,
    projection: SlabProjection,
    interpolation: bool,
    /// From the plane to each sample, voxels.
    steps: Vec<[f64; 3]>,
}

impl<'a> SlabSampler<'a> {
    /// Between voxel centres the intensity is trilinear with `interpolation`, else that of the nearest voxel.
    pub fn new(image: &'a Image, camera: &ObliqueCamera, slab: &Slab, interpolation: bool) -> Self {
        let per_mm = camera.voxels_per_mm_along_normal();
        let steps = slab.offsets_mm(camera.spacing_mm()).into_iter().map(|mm| scaled(per_mm, mm)).collect();
        Self { image, projection: slab.projection, interpolation, steps }
    }

    /// Intensity shown at a voxel position of the plane. Samples outside the volume are left out; NaN if none is left. A
    /// NaN voxel is as dark as can be.
    pub fn sample(&self, voxel: [f64; 3]) -> f64 {
        self.projection.of(self.steps.iter().filter_map(|&step| self.thin(add(voxel, step))))
    }

    fn thin(&self, position: [f64; 3]) -> Option<f64> {
        let read = |voxel| {
            let value = self.image.intensity(voxel);
            if value.is_nan() { -EXTREME } else { value.clamp(-EXTREME, EXTREME) }
        };
        let extent = self.image.extent();
        if self.interpolation { trilinear_of(extent, position, read) } else { extent.nearest_voxel(position).map(read) }
    }
}

/// Trilinear intensity at a voxel position, `None` outside the volume. Between an outermost voxel centre and the volume's
/// border the intensity is that of the border.
pub(crate) fn trilinear(image: &Image, position: [f64; 3]) -> Option<f64> {
    trilinear_of(image.extent(), position, |voxel| image.intensity(voxel))
}

fn trilinear_of(extent: Extent, position: [f64; 3], read: impl Fn(Voxel) -> f64) -> Option<f64> {
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
            sum += weight * read(voxel);
        }
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::vector::dot;
    use crate::geometry::{Affine, PatientSide, Plane};
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
                let shown = SlabSampler::new(&image, &camera, &slab, true).sample(camera.voxel_from_screen(position, SIZE));
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
        for interpolation in [false, true] {
            let sampler = SlabSampler::new(&image, &camera, &Slab::default(), interpolation);
            for (x, y) in (0..5).flat_map(|x| (0..7).map(move |y| (x, y))) {
                let voxel = Voxel::new(x, y, 1);
                assert_eq!(sampler.sample(voxel.to_f64()), image.intensity(voxel));
            }
            let shown = |x: f64| sampler.sample([x, 0.0, 1.0]);
            assert!(shown(-0.49) == 35.0 && shown(-0.51).is_nan() && shown(4.51).is_nan());
            assert_eq!(shown(1.25), if interpolation { 36.25 } else { 36.0 });
        }
    }

    #[test]
    fn samples_outside_are_left_out_and_unknown_intensities_are_as_dark_as_can_be() {
        let extent = Extent::new(3, 3, 3).unwrap();
        let image = image(extent, Affine::identity(), |v| if v.x == 2 { f64::NAN } else { 4.0 + v.z as f64 });
        let linked = LinkedPlanes::new(&image.affine, extent, PatientSide::Radiological).unwrap();
        let camera = camera(&image, *linked.plane(Plane::Axial));
        let shown = |projection, voxel| {
            SlabSampler::new(&image, &camera, &Slab { thickness_mm: 20.0, projection }, true).sample(voxel)
        };
        let [brightest, darkest, mean] = SlabProjection::ALL.map(|projection| shown(projection, [1.0, 1.0, 1.0]));
        assert!(brightest == 6.0 && darkest == 4.0 && (4.5..5.5).contains(&mean), "{mean}");
        assert!(SlabProjection::ALL.iter().all(|&projection| shown(projection, [2.0, 1.0, 1.0]) < -1e200));
        assert!(shown(SlabProjection::Max, [-90.0, f64::NAN, 0.0]).is_nan());
    }

    #[test]
    fn an_image_of_one_voxel_can_be_looked_at_from_anywhere() {
        let extent = Extent::new(1, 1, 1).unwrap();
        let image = image(extent, Affine::identity(), |_| 9.0);
        let mut linked = LinkedPlanes::new(&image.affine, extent, PatientSide::Radiological).unwrap();
        linked.turn(Plane::Coronal, 33.0);
        let camera = camera(&image, *linked.plane(Plane::Axial));
        let slab = Slab { thickness_mm: 2.0, projection: SlabProjection::Mean };
        assert_eq!(SlabSampler::new(&image, &camera, &slab, true).sample([0.0; 3]), 9.0);
    }
}

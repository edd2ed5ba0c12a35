//! Whether a mask lies on the grid of an image, and how to bring one in another storage order onto it.

use super::geometry::NiftiGeometry;
use super::mask::LoadedMask;
use crate::geometry::{Affine, Extent, Voxel};
use crate::volume::Grid;

/// Share of the smallest voxel spacing by which two grids may differ at a corner.
const TOLERANCE: f64 = 0.1;

/// Why a mask does not belong to an image, as one sentence.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum GridMismatch {
    #[error("The mask has {} voxels but the image has {}; choose the mask that was drawn on this image.", times(*mask), times(*image))]
    Shape { image: Extent, mask: Extent },

    #[error(
        "The mask has the shape of the image but lies up to {distance_mm:.1} mm away from it; choose the mask that was drawn on this image."
    )]
    Position { distance_mm: f64 },
}

/// Whether both have the same shape and the same affine, to a tenth of the image's smallest spacing at every corner.
///
/// # Errors
/// What differs.
pub fn check_same_grid(image: &NiftiGeometry, mask: &NiftiGeometry) -> Result<(), GridMismatch> {
    if image.extent != mask.extent {
        return Err(GridMismatch::Shape { image: image.extent, mask: mask.extent });
    }
    let distance_mm = image.affine.max_corner_distance_mm(&mask.affine, image.extent);
    let smallest_mm = image.spacing_mm.into_iter().fold(f64::INFINITY, f64::min);
    // Written so that a distance that is not a number is a mismatch.
    if distance_mm <= TOLERANCE * smallest_mm { Ok(()) } else { Err(GridMismatch::Position { distance_mm }) }
}

/// A mask on the grid of an image.
#[derive(Clone, Debug, PartialEq)]
pub struct MaskOnGrid {
    pub class: Grid<u8>,
    /// Its axes were stored in another order than the image's.
    pub was_turned: bool,
}

/// The mask as it is, or with its axes put into the order of the image's.
///
/// # Errors
/// It does not cover the same voxels in space.
pub fn on_grid(mask: LoadedMask, image: &NiftiGeometry) -> Result<MaskOnGrid, GridMismatch> {
    match check_same_grid(image, &mask.header) {
        Ok(()) => Ok(MaskOnGrid { class: mask.class, was_turned: false }),
        Err(mismatch) => {
            let class = reorient_mask_onto(&mask, image).ok_or(mismatch)?;
            Ok(MaskOnGrid { class, was_turned: true })
        }
    }
}

/// The mask permuted and flipped onto the voxel order of the image, if both cover the same voxels in space.
/// `None` if they do not; then nothing short of resampling would help.
pub fn reorient_mask_onto(mask: &LoadedMask, image: &NiftiGeometry) -> Option<Grid<u8>> {
    let walk = Walk::new(&image.affine, image.extent, &mask.header.affine, mask.header.extent)?;
    let mut class = Vec::with_capacity(image.extent.voxel_count());
    let [nx, ny, nz] = image.extent.to_array();
    for z in 0..nz {
        for y in 0..ny {
            class.extend((0..nx).map(|x| mask.class.at(walk.mask_voxel([x, y, z]))));
        }
    }
    Grid::from_vec(image.extent, class)
}

/// For each image axis the mask axis that runs along it, and whether it runs backwards.
struct Walk {
    steps: [(usize, bool); 3],
    mask_extent: Extent,
}

impl Walk {
    fn new(image: &Affine, image_extent: Extent, mask: &Affine, mask_extent: Extent) -> Option<Self> {
        let mask_from_world = mask.inverse()?;
        let origin = image.world_from_voxel([0.0; 3]);
        let start = mask_from_world.world_from_voxel(origin);
        let step = |axis: usize| {
            let column = image.column(axis);
            let end = mask_from_world.world_from_voxel(std::array::from_fn(|i| origin[i] + column[i]));
            let direction: [f64; 3] = std::array::from_fn(|i| end[i] - start[i]);
            let longest = (0..3).max_by(|&i, &j| direction[i].abs().total_cmp(&direction[j].abs()))?;
            Some((longest, direction[longest] < 0.0))
        };
        let walk = Self { steps: [step(0)?, step(1)?, step(2)?], mask_extent };
        walk.fits(image, image_extent, &mask_from_world).then_some(walk)
    }

    /// Axes are a permutation, lengths agree, and every corner lands on its mask voxel.
    fn fits(&self, image: &Affine, image_extent: Extent, mask_from_world: &Affine) -> bool {
        let (n, m) = (image_extent.to_array(), self.mask_extent.to_array());
        let permuted = (0..3).all(|axis| self.steps.iter().filter(|(a, _)| *a == axis).count() == 1);
        let same_lengths = (0..3).all(|axis| n[axis] == m[self.steps[axis].0]);
        permuted
            && same_lengths
            && (0..8usize).all(|corner| {
                let v: [usize; 3] = std::array::from_fn(|a| if corner >> a & 1 == 1 { n[a] - 1 } else { 0 });
                let found = mask_from_world.world_from_voxel(image.world_from_voxel(v.map(|c| c as f64)));
                let expected = self.mask_voxel(v).to_f64();
                found.iter().zip(expected).all(|(f, e)| (f - e).abs() <= TOLERANCE)
            })
    }

    fn mask_voxel(&self, image_voxel: [usize; 3]) -> Voxel {
        let m = self.mask_extent.to_array();
        let mut voxel = [0; 3];
        for ((axis, backwards), c) in self.steps.into_iter().zip(image_voxel) {
            voxel[axis] = if backwards { m[axis] - 1 - c } else { c };
        }
        voxel.into()
    }
}

fn times(extent: Extent) -> String {
    let [x, y, z] = extent.to_array();
    format!("{x} × {y} × {z}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::VoxelType;
    use proptest::prelude::*;

    fn geometry(n: [usize; 3], affine: Affine) -> NiftiGeometry {
        NiftiGeometry::from_affine(Extent::from_array(n).unwrap(), affine, VoxelType::U8)
    }

    #[test]
    fn a_shift_of_a_tenth_of_a_voxel_is_the_limit() {
        let image = geometry([4, 5, 6], Affine::from_spacing([1.0, 2.0, 3.0]));
        for (shift, fits) in [(0.05, true), (0.2, false), (-10.0, false)] {
            let mut affine = image.affine;
            affine.rows[1][3] += shift;
            assert_eq!(check_same_grid(&image, &geometry([4, 5, 6], affine)).is_ok(), fits, "{shift}");
        }
        let short = check_same_grid(&image, &geometry([3, 5, 6], image.affine)).unwrap_err();
        assert!(short.to_string().contains("3 × 5 × 6"), "{short}");
    }

    proptest! {
        #[test]
        fn a_mask_stored_in_any_order_comes_back_onto_the_image(
            n in prop::array::uniform3(2usize..6),
            order in Just([0usize, 1, 2]).prop_shuffle(),
            flips in prop::array::uniform3(any::<bool>()),
            angle in -0.6f64..0.6,
        ) {
            let (s, c) = angle.sin_cos();
            let rows = [[c, -2.0 * s, 0.0, 5.0], [s, 2.0 * c, 0.0, -7.0], [0.0, 0.0, 3.0, 1.0]];
            let image = geometry(n, Affine { rows });
            let image_class = Grid::from_fn(image.extent, |v| (image.extent.index(v) % 251) as u8);
            // Mask axis `m` runs along image axis `order[m]`, backwards where flipped.
            let mask_extent = Extent::from_array(order.map(|a| n[a])).unwrap();
            let image_position = |v: [f64; 3]| {
                let mut p = [0.0; 3];
                for m in 0..3 {
                    let a = order[m];
                    p[a] = if flips[m] { (n[a] - 1) as f64 - v[m] } else { v[m] };
                }
                p
            };
            let origin = image.affine.world_from_voxel(image_position([0.0; 3]));
            let mut mask_rows = [[0.0; 4]; 3];
            for m in 0..3 {
                let mut unit = [0.0; 3];
                unit[m] = 1.0;
                let end = image.affine.world_from_voxel(image_position(unit));
                for i in 0..3 {
                    mask_rows[i][m] = end[i] - origin[i];
                    mask_rows[i][3] = origin[i];
                }
            }
            let class = Grid::from_fn(mask_extent, |v| image_class.at(Voxel::from(image_position(v.to_f64()).map(|c| c as usize))));
            let header = geometry(mask_extent.to_array(), Affine { rows: mask_rows });
            let mask = LoadedMask { class, header, notices: Vec::new() };
            prop_assert_eq!(reorient_mask_onto(&mask, &image), Some(image_class));

            let mut elsewhere = image.clone();
            elsewhere.affine.rows[2][3] += 1.0;
            prop_assert_eq!(reorient_mask_onto(&mask, &elsewhere), None);
        }
    }
}

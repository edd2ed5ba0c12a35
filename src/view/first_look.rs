//! One slice of a volume that is still being read.

use super::WindowLevel;
use crate::geometry::{Affine, Extent};
use crate::volume::Image;

/// Something to see before the whole volume is there: the greys of one slice across the third voxel axis, the order in
/// which files hold their voxels.
#[derive(Clone, Debug, PartialEq)]
pub struct FirstLook {
    /// Of the whole volume.
    pub affine: Affine,
    pub extent: Extent,
    /// Index of the slice along the third voxel axis.
    pub slice: usize,
    /// Black to white, x fastest; as many as the slice has voxels.
    pub greys: Vec<u8>,
}

impl FirstLook {
    /// `image` holds the slice alone and is shown with the window that suits it; `extent` is that of the volume.
    pub fn new(image: &Image, extent: Extent, slice: usize) -> Self {
        let window = WindowLevel::auto(image);
        // A grey is in 0..=1.
        let grey = |index| (window.grey(image.intensity_at(index)) * 255.0).round() as u8;
        let greys = (0..image.extent().voxel_count()).map(grey).collect();
        Self { affine: image.affine, extent, slice, greys }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::{Grid, Voxels};

    #[test]
    fn a_first_look_runs_from_black_to_white_in_the_order_of_the_voxels() {
        let extent = Extent::new(40, 50, 1).unwrap();
        let slice = Grid::from_fn(extent, |v| (v.x + 40 * v.y) as i16);
        let image = Image::new(Voxels::I16(slice), 2.0, -10.0, Affine::identity());
        let volume = Extent::new(40, 50, 9).unwrap();
        let look = FirstLook::new(&image, volume, 4);
        assert_eq!((look.extent, look.slice, look.greys.len()), (volume, 4, 2000));
        assert!(look.greys.is_sorted());
        assert_eq!((look.greys[0], look.greys[1999]), (0, 255));
    }
}

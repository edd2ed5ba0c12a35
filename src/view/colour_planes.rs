//! The planes of a prediction whose values choose the colours.

use crate::geometry::{Voxel, VoxelBox};
use crate::label::{ClassId, likeness};
use crate::volume::Grid;

#[derive(Clone, Copy, Debug)]
pub struct ColourPlanes<'a> {
    pub first: &'a Grid<u8>,
    pub second: Option<SecondPlane<'a>>,
}

/// A plane of the prediction, or one that follows from two of them and is worked out where it is read.
#[derive(Clone, Copy, Debug)]
pub enum SecondPlane<'a> {
    Stored(&'a Grid<u8>),
    /// 255 where both networks name the same class, else 0.
    Agreement([&'a Grid<ClassId>; 2]),
    /// How much a voxel looks like the labels: probability by the neural process and its spread.
    Likeness([&'a Grid<u8>; 2]),
}

impl SecondPlane<'_> {
    pub fn at(&self, voxel: Voxel) -> u8 {
        match self {
            Self::Stored(plane) => plane.at(voxel),
            Self::Agreement([a, b]) => agreement(a.at(voxel), b.at(voxel)),
            Self::Likeness([np, std]) => likeness(np.at(voxel), std.at(voxel)),
        }
    }

    /// The values inside a box, x fastest.
    pub fn copy_box(&self, part: &VoxelBox) -> Vec<u8> {
        match self {
            Self::Stored(plane) => plane.copy_box(part),
            Self::Agreement([a, b]) => paired(a, b, part, agreement),
            Self::Likeness([np, std]) => paired(np, std, part, likeness),
        }
    }
}

fn paired(a: &Grid<u8>, b: &Grid<u8>, part: &VoxelBox, of: impl Fn(u8, u8) -> u8) -> Vec<u8> {
    let mut values = a.copy_box(part);
    values.iter_mut().zip(b.copy_box(part)).for_each(|(a, b)| *a = of(*a, b));
    values
}

fn agreement(a: ClassId, b: ClassId) -> u8 {
    if a == b { u8::MAX } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Extent;

    #[test]
    fn a_copied_box_holds_what_is_at_its_voxels() {
        let extent = Extent::new(5, 4, 3).unwrap();
        let plane = |n: usize| Grid::from_fn(extent, |v| u8::try_from((v.x * n + v.y * 7 + v.z) % 4 * 80).unwrap());
        let (a, b) = (plane(1), plane(3));
        let part = VoxelBox { lo: Voxel::new(1, 0, 1), hi: Voxel::new(4, 3, 3) };
        for second in [SecondPlane::Stored(&a), SecondPlane::Agreement([&a, &b]), SecondPlane::Likeness([&a, &b])] {
            let expected: Vec<u8> = part.voxels().map(|v| second.at(v)).collect();
            assert_eq!(second.copy_box(&part), expected);
            assert!(expected.iter().any(|v| *v != expected[0]));
        }
    }
}

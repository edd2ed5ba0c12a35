//! A dense array over an [`Extent`], x fastest.

use std::ops::Range;

use bytemuck::Zeroable;

use super::prefer_huge_pages;
use crate::geometry::{Extent, Voxel, VoxelBox};

#[derive(Clone, Debug, PartialEq)]
pub struct Grid<T> {
    extent: Extent,
    data: Vec<T>,
}

impl<T: Copy + Zeroable> Grid<T> {
    /// All zeros. The system gives memory only where something is written.
    pub fn zeroed(extent: Extent) -> Self {
        let mut data = bytemuck::zeroed_vec(extent.voxel_count());
        prefer_huge_pages(&mut data);
        Self { extent, data }
    }
}

impl<T: Copy> Grid<T> {
    pub fn filled(extent: Extent, value: T) -> Self {
        Self { extent, data: vec![value; extent.voxel_count()] }
    }

    /// `None` if the number of values is not the extent's voxel count.
    pub fn from_vec(extent: Extent, data: Vec<T>) -> Option<Self> {
        (data.len() == extent.voxel_count()).then_some(Self { extent, data })
    }

    pub fn from_fn(extent: Extent, mut f: impl FnMut(Voxel) -> T) -> Self {
        let data = (0..extent.voxel_count()).map(|i| f(extent.voxel(i))).collect();
        Self { extent, data }
    }

    pub fn extent(&self) -> Extent {
        self.extent
    }

    pub fn as_slice(&self) -> &[T] {
        &self.data
    }

    pub fn as_mut_slice(&mut self) -> &mut [T] {
        &mut self.data
    }

    pub fn into_vec(self) -> Vec<T> {
        self.data
    }

    /// The voxel must be inside the extent.
    pub fn at(&self, v: Voxel) -> T {
        self.data[self.extent.index(v)]
    }

    pub fn get(&self, v: Voxel) -> Option<T> {
        self.extent.contains(v).then(|| self.at(v))
    }

    /// The voxel must be inside the extent.
    pub fn set(&mut self, v: Voxel, value: T) {
        let i = self.extent.index(v);
        self.data[i] = value;
    }

    /// Linear indices of the part of a box in row `(y, z)`.
    pub fn row_range(&self, b: &VoxelBox, y: usize, z: usize) -> Range<usize> {
        let start = self.extent.index(Voxel::new(b.lo.x, y, z));
        start..start + b.size()[0]
    }

    /// A copy of a box (clipped to the grid), x fastest.
    pub fn copy_box(&self, b: &VoxelBox) -> Vec<T> {
        let b = b.intersect(&self.extent.full_box());
        let mut out = Vec::with_capacity(b.voxel_count());
        if b.is_empty() {
            return out;
        }
        for z in b.lo.z..b.hi.z {
            for y in b.lo.y..b.hi.y {
                out.extend_from_slice(&self.data[self.row_range(&b, y, z)]);
            }
        }
        out
    }

    pub fn map<U: Copy>(&self, f: impl FnMut(&T) -> U) -> Grid<U> {
        Grid { extent: self.extent, data: self.data.iter().map(f).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copy_box_reads_the_same_voxels_as_at() {
        let e = Extent::new(4, 5, 6).unwrap();
        let g = Grid::from_fn(e, |v| e.index(v));
        let b = VoxelBox { lo: Voxel::new(1, 2, 3), hi: Voxel::new(9, 4, 5) };
        let clipped = b.intersect(&e.full_box());
        assert_eq!(g.copy_box(&b), clipped.voxels().map(|v| g.at(v)).collect::<Vec<_>>());
    }

    #[test]
    fn a_wrong_number_of_values_is_refused() {
        assert!(Grid::from_vec(Extent::new(2, 2, 2).unwrap(), vec![0u8; 7]).is_none());
    }
}

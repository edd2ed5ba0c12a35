//! Voxel counts, voxel positions and half-open voxel boxes.

use std::num::NonZeroU8;

use serde::{Deserialize, Serialize};

/// Number of voxels along x, y and z. Every axis is at least 1 and the product fits `isize`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Extent {
    x: usize,
    y: usize,
    z: usize,
}

/// A voxel position, `(x, y, z)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Voxel {
    pub x: usize,
    pub y: usize,
    pub z: usize,
}

/// A half-open box of voxels: `lo` is inside, `hi` is one past the end on every axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct VoxelBox {
    pub lo: Voxel,
    pub hi: Voxel,
}

impl Extent {
    /// `None` if an axis is zero or the voxel count does not fit the address space.
    pub fn new(x: usize, y: usize, z: usize) -> Option<Self> {
        let len = x.checked_mul(y)?.checked_mul(z)?;
        (len > 0 && isize::try_from(len).is_ok()).then_some(Self { x, y, z })
    }

    pub fn from_array([x, y, z]: [usize; 3]) -> Option<Self> {
        Self::new(x, y, z)
    }

    pub fn x(self) -> usize {
        self.x
    }

    pub fn y(self) -> usize {
        self.y
    }

    pub fn z(self) -> usize {
        self.z
    }

    pub fn to_array(self) -> [usize; 3] {
        [self.x, self.y, self.z]
    }

    /// Number of voxels; never zero.
    pub fn voxel_count(self) -> usize {
        self.x * self.y * self.z
    }

    pub fn contains(self, v: Voxel) -> bool {
        v.x < self.x && v.y < self.y && v.z < self.z
    }

    /// Linear index of a voxel, x fastest. The voxel must be inside.
    pub fn index(self, v: Voxel) -> usize {
        debug_assert!(self.contains(v));
        v.x + self.x * (v.y + self.y * v.z)
    }

    /// The voxel of a linear index below [`Self::voxel_count`].
    pub fn voxel(self, index: usize) -> Voxel {
        let row = index / self.x;
        Voxel { x: index % self.x, y: row % self.y, z: row / self.y }
    }

    pub fn full_box(self) -> VoxelBox {
        VoxelBox { lo: Voxel::default(), hi: Voxel { x: self.x, y: self.y, z: self.z } }
    }

    /// The voxel whose centre is nearest to a continuous voxel position, `None` outside the grid.
    pub fn nearest_voxel(self, position: [f64; 3]) -> Option<Voxel> {
        let mut v = [0usize; 3];
        for ((v, p), n) in v.iter_mut().zip(position).zip(self.to_array()) {
            let rounded = (p + 0.5).floor();
            // The comparison also refuses NaN; after it the cast is exact.
            if !(rounded >= 0.0 && rounded < n as f64) {
                return None;
            }
            *v = rounded as usize;
        }
        Some(Voxel::from(v))
    }

    /// Like [`Self::nearest_voxel`], but clamped into the grid (NaN becomes 0).
    pub fn clamped_voxel(self, position: [f64; 3]) -> Voxel {
        let mut v = [0usize; 3];
        for ((v, p), n) in v.iter_mut().zip(position).zip(self.to_array()) {
            *v = (p + 0.5).floor().clamp(0.0, (n - 1) as f64) as usize;
        }
        Voxel::from(v)
    }
}

impl Voxel {
    pub fn new(x: usize, y: usize, z: usize) -> Self {
        Self { x, y, z }
    }

    pub fn to_array(self) -> [usize; 3] {
        [self.x, self.y, self.z]
    }

    /// Centre of the voxel as a continuous voxel position.
    pub fn to_f64(self) -> [f64; 3] {
        self.to_array().map(|c| c as f64)
    }

    /// The same position with one axis (0 = x, 1 = y, 2 = z) replaced.
    pub fn with_axis(self, axis: usize, value: usize) -> Self {
        let mut a = self.to_array();
        a[axis] = value;
        Self::from(a)
    }
}

/// Small extents cannot fail.
impl From<[NonZeroU8; 3]> for Extent {
    fn from(size: [NonZeroU8; 3]) -> Self {
        let [x, y, z] = size.map(|n| usize::from(n.get()));
        Self { x, y, z }
    }
}

impl From<[usize; 3]> for Voxel {
    fn from([x, y, z]: [usize; 3]) -> Self {
        Self { x, y, z }
    }
}

impl VoxelBox {
    /// The box of one voxel.
    pub fn of_voxel(v: Voxel) -> Self {
        Self { lo: v, hi: Voxel::new(v.x + 1, v.y + 1, v.z + 1) }
    }

    pub fn is_empty(&self) -> bool {
        self.size().contains(&0)
    }

    /// Voxels along each axis; 0 where `hi` does not exceed `lo`.
    pub fn size(&self) -> [usize; 3] {
        let (lo, hi) = (self.lo.to_array(), self.hi.to_array());
        std::array::from_fn(|a| hi[a].saturating_sub(lo[a]))
    }

    pub fn voxel_count(&self) -> usize {
        self.size().iter().product()
    }

    pub fn contains(&self, v: Voxel) -> bool {
        let (lo, hi, v) = (self.lo.to_array(), self.hi.to_array(), v.to_array());
        (0..3).all(|a| lo[a] <= v[a] && v[a] < hi[a])
    }

    pub fn intersect(&self, other: &Self) -> Self {
        let pick = |a: Voxel, b: Voxel, f: fn(usize, usize) -> usize| Voxel::new(f(a.x, b.x), f(a.y, b.y), f(a.z, b.z));
        Self { lo: pick(self.lo, other.lo, usize::max), hi: pick(self.hi, other.hi, usize::min) }
    }

    /// The smallest box holding both.
    pub fn union(&self, other: &Self) -> Self {
        if self.is_empty() {
            return *other;
        }
        if other.is_empty() {
            return *self;
        }
        let pick = |a: Voxel, b: Voxel, f: fn(usize, usize) -> usize| Voxel::new(f(a.x, b.x), f(a.y, b.y), f(a.z, b.z));
        Self { lo: pick(self.lo, other.lo, usize::min), hi: pick(self.hi, other.hi, usize::max) }
    }

    /// Grown by `margin` voxels on every side, clipped to `extent`.
    pub fn grown(&self, margin: usize, extent: Extent) -> Self {
        let lo = self.lo.to_array().map(|c| c.saturating_sub(margin));
        let hi = self.hi.to_array().map(|c| c.saturating_add(margin));
        Self { lo: lo.into(), hi: hi.into() }.intersect(&extent.full_box())
    }

    /// Every voxel inside, x fastest.
    pub fn voxels(self) -> impl Iterator<Item = Voxel> {
        (self.lo.z..self.hi.z).flat_map(move |z| {
            (self.lo.y..self.hi.y).flat_map(move |y| (self.lo.x..self.hi.x).map(move |x| Voxel::new(x, y, z)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn index_and_voxel_are_inverse_with_x_fastest() {
        let e = Extent::new(3, 4, 5).unwrap();
        assert_eq!(e.index(Voxel::new(1, 0, 0)), 1);
        assert_eq!(e.index(Voxel::new(0, 1, 0)), 3);
        assert_eq!(e.index(Voxel::new(0, 0, 1)), 12);
        for i in 0..e.voxel_count() {
            assert_eq!(e.index(e.voxel(i)), i);
        }
    }

    #[test]
    fn empty_and_overflowing_extents_are_refused() {
        assert!(Extent::new(0, 4, 4).is_none());
        assert!(Extent::new(usize::MAX, 2, 1).is_none());
    }

    #[test]
    fn voxels_of_a_box_are_its_count_and_inside() {
        let b = VoxelBox { lo: Voxel::new(1, 2, 3), hi: Voxel::new(3, 3, 5) };
        let all: Vec<_> = b.voxels().collect();
        assert_eq!(all.len(), b.voxel_count());
        assert!(all.iter().all(|v| b.contains(*v)));
        assert!(!b.contains(b.hi));
    }

    #[test]
    fn nearest_voxel_refuses_outside_and_nan() {
        let e = Extent::new(2, 2, 2).unwrap();
        assert_eq!(e.nearest_voxel([-0.5, 0.0, 1.49]), Some(Voxel::new(0, 0, 1)));
        assert_eq!(e.nearest_voxel([-0.51, 0.0, 0.0]), None);
        assert_eq!(e.nearest_voxel([1.5, 0.0, 0.0]), None);
        assert_eq!(e.nearest_voxel([f64::NAN, 0.0, 0.0]), None);
    }
}

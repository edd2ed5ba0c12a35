//! Two grids over one volume: values of one at the voxels of the other.

use super::Grid;
use crate::geometry::{Affine, Extent, Voxel};

/// Where the voxels of a grid lie in another with the same axes and the same centre.
#[derive(Clone, Debug)]
pub struct Regridding {
    from: Extent,
    to: Extent,
    /// Voxels of `from` per voxel of `to`.
    step: [f64; 3],
    axes: [Vec<Between>; 3],
}

/// Between which two voxels of `from` a voxel of `to` lies, and how far it is on its way to the second.
#[derive(Clone, Copy, Debug)]
struct Between {
    lower: usize,
    upper: usize,
    share: f32,
}

/// A volume of 16 GiB in f32: a wrong unit in one header must not ask for more.
const MOST_VOXELS: usize = 1 << 32;

impl Regridding {
    /// Onto voxels of another size, as many as fill the volume; `None` if there would be too many.
    pub fn onto_spacing(from: Extent, from_mm: [f64; 3], to_mm: [f64; 3]) -> Option<Self> {
        let n = from.to_array();
        let step: [f64; 3] = std::array::from_fn(|a| to_mm[a] / from_mm[a]);
        // A cast of a float saturates, and too large a product is refused.
        let to = Extent::from_array(std::array::from_fn(|a| ((n[a] as f64 / step[a]).round() as usize).max(1)))?;
        (to.voxel_count() <= MOST_VOXELS).then(|| Self::new(from, to, step))
    }

    fn new(from: Extent, to: Extent, step: [f64; 3]) -> Self {
        let (n, m) = (from.to_array(), to.to_array());
        let axes =
            std::array::from_fn(|a| (0..m[a]).map(|i| Between::of(position(i, m[a], step[a], n[a]), n[a])).collect());
        Self { from, to, step, axes }
    }

    /// The way back.
    pub fn reversed(&self) -> Self {
        Self::new(self.to, self.from, self.step.map(f64::recip))
    }

    /// World from voxel of the grid that this leads to.
    pub fn affine(&self, of_from: &Affine) -> Affine {
        let (n, m) = (self.from.to_array(), self.to.to_array());
        let first = of_from.world_from_voxel(std::array::from_fn(|a| position(0, m[a], self.step[a], n[a])));
        let column = |row: &[f64; 4], a: usize| row[a] * self.step[a];
        let row = |r: usize| {
            let linear = &of_from.rows[r];
            [column(linear, 0), column(linear, 1), column(linear, 2), first[r]]
        };
        Affine { rows: [row(0), row(1), row(2)] }
    }

    /// Trilinear; `value` is asked for linear indices of the first grid.
    pub fn linear(&self, value: impl Fn(usize) -> f32) -> Grid<f32> {
        Grid::from_fn(self.to, |v| self.corners(v).iter().map(|(index, weight)| value(*index) * weight).sum())
    }

    /// The same with a value that depends on both voxels: linear indices of the first grid and of the second.
    pub fn linear_between(&self, value: impl Fn(usize, usize) -> f32) -> Grid<f32> {
        Grid::from_fn(self.to, |v| {
            let to = self.to.index(v);
            self.corners(v).iter().map(|(index, weight)| value(*index, to) * weight).sum()
        })
    }

    /// The class with the largest sum of linear weights; no class comes up that none of the eight neighbours has.
    pub fn classes(&self, classes: &Grid<u8>) -> Grid<u8> {
        let plane = classes.as_slice();
        Grid::from_fn(self.to, |v| {
            let votes = self.corners(v).map(|(index, weight)| (plane[index], weight));
            if votes.iter().all(|(class, _)| *class == votes[0].0) {
                return votes[0].0;
            }
            let sum = |class: u8| votes.iter().filter(|(c, _)| *c == class).map(|(_, w)| w).sum::<f32>();
            votes.iter().fold(votes[0].0, |best, (class, _)| if sum(*class) > sum(best) { *class } else { best })
        })
    }

    /// The eight neighbours of a voxel: linear index and weight.
    fn corners(&self, v: Voxel) -> [(usize, f32); 8] {
        let at: [Between; 3] = std::array::from_fn(|a| self.axes[a][v.to_array()[a]]);
        std::array::from_fn(|corner| {
            let side = |a: usize| at[a].side(corner >> a & 1 == 1);
            let ((x, wx), (y, wy), (z, wz)) = (side(0), side(1), side(2));
            (self.from.index(Voxel::new(x, y, z)), wx * wy * wz)
        })
    }
}

/// Position of voxel `i` of `m` in a grid of `n` voxels with the same centre, `step` of them apart.
fn position(i: usize, m: usize, step: f64, n: usize) -> f64 {
    (n as f64 - 1.0) / 2.0 + (i as f64 - (m as f64 - 1.0) / 2.0) * step
}

impl Between {
    /// The border voxels go on beyond the grid.
    fn of(position: f64, n: usize) -> Self {
        let inside = position.clamp(0.0, (n - 1) as f64);
        // Not negative: the cast is the floor.
        let lower = inside as usize;
        Self { lower, upper: (lower + 1).min(n - 1), share: (inside - lower as f64) as f32 }
    }

    fn side(self, is_upper: bool) -> (usize, f32) {
        if is_upper { (self.upper, self.share) } else { (self.lower, 1.0 - self.share) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extent(n: [usize; 3]) -> Extent {
        Extent::from_array(n).unwrap()
    }

    #[test]
    fn the_same_spacing_is_the_identity() {
        let same = Regridding::onto_spacing(extent([5, 4, 3]), [0.7, 0.7, 3.0], [0.7, 0.7, 3.0]).unwrap();
        let classes = Grid::from_fn(extent([5, 4, 3]), |v| (v.x * v.y + v.z) as u8);
        assert_eq!(same.classes(&classes), classes);
        let values = same.linear(|i| i as f32);
        assert!(values.as_slice().iter().enumerate().all(|(i, v)| *v == i as f32));
    }

    #[test]
    fn a_ramp_in_millimetres_stays_one_on_another_grid_and_the_grids_share_their_centre() {
        let (from, mm) = (extent([20, 10, 6]), [1.0, 2.0, 5.0]);
        let there = Regridding::onto_spacing(from, mm, [2.0, 2.0, 2.5]).unwrap();
        assert_eq!(there.to.to_array(), [10, 10, 12]);
        let affine = Affine::from_spacing(mm);
        let new = there.affine(&affine);
        let ramp = there.linear(|i| affine.world_from_voxel(from.voxel(i).to_f64())[2] as f32);
        for v in [Voxel::new(3, 4, 5), Voxel::new(0, 9, 6)] {
            assert!((f64::from(ramp.at(v)) - new.world_from_voxel(v.to_f64())[2]).abs() < 1e-4);
        }
        let centre = |affine: &Affine, n: [usize; 3]| affine.world_from_voxel(n.map(|n| (n as f64 - 1.0) / 2.0));
        let (a, b) = (centre(&affine, from.to_array()), centre(&new, [10, 10, 12]));
        assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-9));
        assert_eq!(new.spacing_mm(), [2.0, 2.0, 2.5]);
    }

    #[test]
    fn classes_come_back_where_they_were_and_are_never_mixed() {
        let from = extent([24, 24, 8]);
        let there = Regridding::onto_spacing(from, [1.0, 1.0, 3.0], [1.5, 1.5, 1.5]).unwrap();
        let class = |v: Voxel| {
            if v.x < 8 {
                0
            } else if v.x < 16 {
                4
            } else {
                9
            }
        };
        let truth = Grid::from_fn(from, class);
        let back = there.reversed().classes(&there.classes(&truth));
        assert_eq!(back.extent(), from);
        let wrong = back.as_slice().iter().zip(truth.as_slice()).filter(|(a, b)| a != b).count();
        assert!(back.as_slice().iter().all(|c| [0, 4, 9].contains(c)));
        assert!(wrong * 20 < from.voxel_count(), "{wrong}");
    }

    #[test]
    fn grids_too_large_to_count_are_refused_and_thin_ones_keep_a_voxel() {
        assert!(Regridding::onto_spacing(extent([9; 3]), [1.0; 3], [1e-300; 3]).is_none());
        let thin = Regridding::onto_spacing(extent([9, 9, 1]), [1.0; 3], [4.0; 3]).unwrap();
        assert_eq!(thin.to.to_array(), [2, 2, 1]);
    }
}

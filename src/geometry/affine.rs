//! World (RAS millimetres) from voxel.

use serde::{Deserialize, Serialize};

use super::{Extent, Voxel};

/// A 3x4 matrix: `world_mm = linear * voxel + offset`. Voxel centres are at integer positions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Affine {
    /// Rows of the matrix `world_from_voxel`, the last column is the offset in mm.
    pub rows: [[f64; 4]; 3],
}

impl Affine {
    pub fn identity() -> Self {
        Self::from_spacing([1.0; 3])
    }

    /// Axis-aligned RAS grid with its first voxel at the world origin.
    pub fn from_spacing(spacing_mm: [f64; 3]) -> Self {
        let mut rows = [[0.0; 4]; 3];
        for (axis, s) in spacing_mm.into_iter().enumerate() {
            rows[axis][axis] = s;
        }
        Self { rows }
    }

    pub fn world_from_voxel(&self, p: [f64; 3]) -> [f64; 3] {
        self.rows.map(|r| r[0] * p[0] + r[1] * p[1] + r[2] * p[2] + r[3])
    }

    /// Continuous voxel position of a world point, `None` if the matrix cannot be inverted.
    pub fn voxel_from_world(&self, world: [f64; 3]) -> Option<[f64; 3]> {
        let inverse = self.inverse()?;
        Some(inverse.world_from_voxel(world))
    }

    /// Direction and length in mm of one step along a voxel axis (0 = x).
    pub fn column(&self, axis: usize) -> [f64; 3] {
        self.rows.map(|r| r[axis])
    }

    /// Length of one step along each voxel axis, mm.
    pub fn spacing_mm(&self) -> [f64; 3] {
        std::array::from_fn(|axis| self.column(axis).iter().map(|c| c * c).sum::<f64>().sqrt())
    }

    pub fn determinant(&self) -> f64 {
        let r = &self.rows;
        r[0][0] * (r[1][1] * r[2][2] - r[1][2] * r[2][1]) - r[0][1] * (r[1][0] * r[2][2] - r[1][2] * r[2][0])
            + r[0][2] * (r[1][0] * r[2][1] - r[1][1] * r[2][0])
    }

    /// All numbers finite and no axis collapsed.
    pub fn is_usable(&self) -> bool {
        let finite = self.rows.iter().flatten().all(|c| c.is_finite());
        let scale: f64 = self.spacing_mm().iter().product();
        // A relative bound: a grid of micrometre voxels is as valid as one of metres.
        finite && scale > 0.0 && (self.determinant() / scale).abs() > 1e-6
    }

    /// The inverse map, `None` if the matrix is singular or not finite.
    pub fn inverse(&self) -> Option<Self> {
        if !self.is_usable() {
            return None;
        }
        let r = &self.rows;
        let det = self.determinant();
        let cofactor = |i: usize, j: usize| {
            let (a, b) = ((j + 1) % 3, (j + 2) % 3);
            let (c, d) = ((i + 1) % 3, (i + 2) % 3);
            (r[a][c] * r[b][d] - r[a][d] * r[b][c]) / det
        };
        let mut rows = [[0.0; 4]; 3];
        for (i, row) in rows.iter_mut().enumerate() {
            for (j, cell) in row.iter_mut().take(3).enumerate() {
                *cell = cofactor(i, j);
            }
            row[3] = -(row[0] * r[0][3] + row[1] * r[1][3] + row[2] * r[2][3]);
        }
        Some(Self { rows })
    }

    /// The map that applies `first` and then this one.
    pub fn after(&self, first: &Self) -> Self {
        let rows = self.rows.map(|r| {
            let through = |column: usize| (0..3).map(|k| r[k] * first.rows[k][column]).sum::<f64>();
            [through(0), through(1), through(2), through(3) + r[3]]
        });
        Self { rows }
    }

    /// Largest distance in mm between where two affines put the eight corner voxels of a grid.
    pub fn max_corner_distance_mm(&self, other: &Self, extent: Extent) -> f64 {
        let last = extent.to_array().map(|n| n - 1);
        (0..8usize)
            .map(|corner| {
                let v = Voxel::from(std::array::from_fn(|a| if corner >> a & 1 == 1 { last[a] } else { 0 })).to_f64();
                let (p, q) = (self.world_from_voxel(v), other.world_from_voxel(v));
                p.iter().zip(q).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
            })
            .fold(0.0, f64::max)
    }

    /// Volume of one voxel in cubic millimetres.
    pub fn voxel_volume_mm3(&self) -> f64 {
        self.determinant().abs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn inverse_brings_a_point_back(
            m in prop::array::uniform3(prop::array::uniform4(-5.0f64..5.0)),
            p in prop::array::uniform3(-50.0f64..50.0),
        ) {
            let affine = Affine { rows: m };
            prop_assume!(affine.is_usable() && affine.determinant().abs() > 1e-3);
            let back = affine.voxel_from_world(affine.world_from_voxel(p)).unwrap();
            for (a, b) in back.iter().zip(p) {
                prop_assert!((a - b).abs() < 1e-6, "{back:?} {p:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn one_map_after_another_leads_where_both_lead_in_turn(
            first in prop::array::uniform3(prop::array::uniform4(-5.0f64..5.0)),
            second in prop::array::uniform3(prop::array::uniform4(-5.0f64..5.0)),
            p in prop::array::uniform3(-50.0f64..50.0),
        ) {
            let (first, second) = (Affine { rows: first }, Affine { rows: second });
            let at_once = second.after(&first).world_from_voxel(p);
            let in_turn = second.world_from_voxel(first.world_from_voxel(p));
            for (a, b) in at_once.iter().zip(in_turn) {
                prop_assert!((a - b).abs() < 1e-9, "{at_once:?} {in_turn:?}");
            }
        }
    }

    #[test]
    fn a_collapsed_axis_has_no_inverse() {
        assert!(Affine::from_spacing([1.0, 0.0, 1.0]).inverse().is_none());
        assert!(Affine::from_spacing([1.0, f64::NAN, 1.0]).inverse().is_none());
    }

    #[test]
    fn corner_distance_sees_a_shift_of_the_offset() {
        let a = Affine::identity();
        let mut b = a;
        b.rows[2][3] = 3.0;
        let d = a.max_corner_distance_mm(&b, Extent::new(4, 4, 4).unwrap());
        assert!((d - 3.0).abs() < 1e-12);
    }
}

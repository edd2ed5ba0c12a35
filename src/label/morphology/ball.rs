//! Balls in mm as rows of voxels.

/// Share of a radius that is added to it: spacings stored as `f32` must not push a voxel exactly at the radius out.
pub(super) const TOLERANCE: f64 = 5e-7;
/// Rows of a ball from which on a distance transform is faster than laying the ball over every voxel.
const MANY_ROWS: usize = 1500;

/// The voxels around a voxel that are at most some distance away.
pub(super) struct Ball {
    /// `(dy, dz)` of the rows that reach equally far along x on both sides: entry 0 for the farthest reach, the last for
    /// rows of a single voxel.
    levels: Vec<Vec<[isize; 2]>>,
}

/// Voxels along each axis from a voxel to the farthest within the radius; `usize::MAX` for more than fit.
pub(super) fn reach(radius_mm: f64, spacing_mm: [f64; 3]) -> [usize; 3] {
    spacing_mm.map(|s| (radius_mm * (1.0 + TOLERANCE) / s).floor() as usize)
}

impl Ball {
    /// In a grid of this size. `None` if the ball is so large that laying it over every voxel is the slower way.
    pub(super) fn new(radius_mm: f64, spacing_mm: [f64; 3], size: [usize; 3]) -> Option<Self> {
        let reach = reach(radius_mm, spacing_mm);
        let [rx, ry, rz]: [usize; 3] = std::array::from_fn(|a| reach[a].min(size[a].saturating_sub(1)));
        if rx.saturating_add((2 * ry + 1).saturating_mul(2 * rz + 1)) > MANY_ROWS {
            return None;
        }
        let radius = radius_mm * (1.0 + TOLERANCE);
        let mut levels = vec![Vec::new(); rx + 1];
        // At most `MANY_ROWS`: the casts are exact.
        let (ry, rz) = (ry as isize, rz as isize);
        for dz in -rz..=rz {
            for dy in -ry..=ry {
                let off = [dy as f64 * spacing_mm[1], dz as f64 * spacing_mm[2]];
                let left = radius * radius - off[0] * off[0] - off[1] * off[1];
                if left >= 0.0 {
                    let half_width = (left.sqrt() / spacing_mm[0]).floor() as usize;
                    levels[rx - half_width.min(rx)].push([dy, dz]);
                }
            }
        }
        Some(Self { levels })
    }

    /// A voxel and its 6 neighbours.
    pub(super) fn neighbours() -> Self {
        Self { levels: vec![vec![[0, 0]], vec![[-1, 0], [1, 0], [0, -1], [0, 1]]] }
    }

    pub(super) fn levels(&self) -> &[Vec<[isize; 2]>] {
        &self.levels
    }
}

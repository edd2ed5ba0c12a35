//! Volumes as an independent hand would compare them: intensities as f64 and a reorientation made from the affine alone.

use chiaro::geometry::{Affine, Voxel};
use chiaro::io::LoadedImage;

#[derive(Clone, Debug)]
pub struct Volume {
    pub shape: [usize; 3],
    /// Rescaled, x fastest.
    pub intensities: Vec<f64>,
    pub affine: Affine,
}

impl Volume {
    pub fn of(loaded: &LoadedImage) -> Self {
        let image = &loaded.image;
        let intensities = (0..image.extent().voxel_count()).map(|i| image.intensity_at(i)).collect();
        Self { shape: image.extent().to_array(), intensities, affine: image.affine }
    }

    /// The same volume stored so that x, y and z lead right, anterior and superior.
    pub fn to_ras(&self) -> Self {
        // The voxel axis that follows each world axis most.
        let axis_of = [0, 1, 2].map(|world| {
            let along = |axis: usize| self.affine.rows[world][axis].abs() / self.affine.spacing_mm()[axis];
            (0..3).max_by(|&a, &b| along(a).total_cmp(&along(b))).unwrap_or(world)
        });
        let backwards = [0, 1, 2].map(|world: usize| self.affine.rows[world][axis_of[world]] < 0.0);
        let shape = axis_of.map(|axis| self.shape[axis]);
        let source = |v: [usize; 3]| {
            let mut p = [0; 3];
            for world in 0..3 {
                p[axis_of[world]] = if backwards[world] { shape[world] - 1 - v[world] } else { v[world] };
            }
            p
        };
        let mut intensities = Vec::with_capacity(self.intensities.len());
        for z in 0..shape[2] {
            for y in 0..shape[1] {
                for x in 0..shape[0] {
                    let [i, j, k] = source([x, y, z]);
                    intensities.push(self.intensities[i + self.shape[0] * (j + self.shape[1] * k)]);
                }
            }
        }
        let origin = self.affine.world_from_voxel(Voxel::from(source([0; 3])).to_f64());
        let mut affine = self.affine;
        for (row, world_row) in affine.rows.iter_mut().enumerate() {
            for world in 0..3 {
                let step = self.affine.rows[row][axis_of[world]];
                world_row[world] = if backwards[world] { -step } else { step };
            }
            world_row[3] = origin[row];
        }
        Self { shape, intensities, affine }
    }

    /// Panics unless both hold the same intensities at the same places.
    pub fn assert_same(&self, other: &Self, tolerance: f64, name: &str) {
        assert_eq!(self.shape, other.shape, "{name}");
        assert_same_affine(&self.affine, &other.affine, 2e-4, name);
        self.assert_intensities(other.intensities.iter().copied(), tolerance, name);
    }

    pub fn assert_intensities(&self, expected: impl Iterator<Item = f64>, tolerance: f64, name: &str) {
        let mut count = 0;
        for (index, (found, expected)) in self.intensities.iter().zip(expected).enumerate() {
            assert!((found - expected).abs() <= tolerance, "{name}: voxel {index} is {found}, expected {expected}");
            count += 1;
        }
        assert_eq!(count, self.intensities.len(), "{name}");
    }
}

pub fn assert_same_affine(a: &Affine, b: &Affine, tolerance: f64, name: &str) {
    for (p, q) in a.rows.iter().flatten().zip(b.rows.iter().flatten()) {
        assert!((p - q).abs() <= tolerance, "{name}: {a:?} is not {b:?}");
    }
}

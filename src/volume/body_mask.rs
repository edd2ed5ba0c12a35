//! Where the patient is: windows far outside need no network.

use super::Image;
use crate::geometry::{Tile, Voxel};

/// Edge of the cells in voxels: small beside a window, large beside noise.
const CELL: usize = 8;
/// Share of a cell's voxels that must be brighter than air: a few bright voxels of noise make no body.
const SMALLEST_SHARE: f64 = 0.05;
/// Air this close to the body is still predicted.
const MARGIN_MM: f64 = 10.0;
/// Bins of the histogram the threshold is found in.
const BINS: usize = 256;

/// Cells of 8^3 voxels that hold part of the body or lie within 10 mm of it.
#[derive(Clone, Debug, PartialEq)]
pub struct BodyMask {
    cells: [usize; 3],
    inside: Vec<bool>,
}

impl BodyMask {
    /// Brighter than Otsu's threshold (Otsu 1979) is body; clipped percentiles keep metal from shifting it.
    pub fn of(image: &Image) -> Self {
        let threshold = otsu_threshold(image);
        let n = image.extent().to_array();
        let cells = n.map(|n| n.div_ceil(CELL));
        let mut bright = vec![0u32; cells.iter().product()];
        let mut index = 0;
        for z in 0..n[2] {
            for y in 0..n[1] {
                let row = (z / CELL * cells[1] + y / CELL) * cells[0];
                for x in 0..n[0] {
                    bright[row + x / CELL] += u32::from(image.intensity_at(index) > threshold);
                    index += 1;
                }
            }
        }
        // Cells at the far borders, and all cells of a thin volume, hold fewer voxels.
        let edge = |cell: usize, axis: usize| (n[axis] - cell * CELL).min(CELL);
        let is_body = |(i, &bright): (usize, &u32)| {
            let [x, y, z] = [i % cells[0], i / cells[0] % cells[1], i / (cells[0] * cells[1])];
            let voxels = edge(x, 0) * edge(y, 1) * edge(z, 2);
            f64::from(bright) >= (SMALLEST_SHARE * voxels as f64).max(1.0)
        };
        let mut body: Vec<bool> = bright.iter().enumerate().map(is_body).collect();
        if !body.contains(&true) {
            // Nothing to tell it by: everything may be body.
            body.fill(true);
        }
        let spacing = image.spacing_mm();
        let margin = spacing.map(|s| (MARGIN_MM / (s.max(1e-3) * CELL as f64)).ceil() as usize);
        Self { cells, inside: body }.grown(margin)
    }

    /// Grown by so many cells along each axis.
    fn grown(mut self, margin: [usize; 3]) -> Self {
        let strides = [1, self.cells[0], self.cells[0] * self.cells[1]];
        for axis in 0..3 {
            let before = self.inside.clone();
            for (i, inside) in self.inside.iter_mut().enumerate() {
                let at = i / strides[axis] % self.cells[axis];
                let (lo, hi) = (at.saturating_sub(margin[axis]), (at + margin[axis]).min(self.cells[axis] - 1));
                *inside = (lo..=hi).any(|c| before[i - at * strides[axis] + c * strides[axis]]);
            }
        }
        self
    }

    pub fn contains(&self, v: Voxel) -> bool {
        let [x, y, z] = v.to_array().map(|c| c / CELL);
        self.at(x, y, z)
    }

    fn at(&self, x: usize, y: usize, z: usize) -> bool {
        self.inside.get((z * self.cells[1] + y) * self.cells[0] + x).copied().unwrap_or(false)
    }

    /// Whether any voxel of the window may be body.
    pub fn touches(&self, tile: &Tile) -> bool {
        let start = tile.start.to_array();
        let [xs, ys, zs]: [_; 3] =
            std::array::from_fn(|a| start[a] / CELL..=(start[a] + tile.size[a].max(1) - 1) / CELL);
        zs.into_iter().any(|z| ys.clone().any(|y| xs.clone().any(|x| self.at(x, y, z))))
    }

    /// Share of the cells that lie outside, 0 to 1.
    pub fn outside_share(&self) -> f64 {
        let outside = self.inside.iter().filter(|inside| !**inside).count();
        outside as f64 / self.inside.len().max(1) as f64
    }
}

/// The intensity that parts the histogram into two classes of least variance within.
fn otsu_threshold(image: &Image) -> f64 {
    let statistics = image.statistics();
    let (lo, hi) = (statistics.percentile(0.5), statistics.percentile(99.5));
    let width = (hi - lo) / BINS as f64;
    if width <= 0.0 || !width.is_finite() {
        // A constant image is body everywhere.
        return f64::NEG_INFINITY;
    }
    let mut histogram = [0u32; BINS];
    for i in 0..image.extent().voxel_count() {
        let v = image.intensity_at(i);
        if v.is_finite() {
            // `as` saturates: what is clipped falls into the first and last bin.
            histogram[(((v - lo) / width) as usize).min(BINS - 1)] += 1;
        }
    }
    lo + width * (best_split(&histogram) + 1) as f64
}

/// The bin after which the between-class variance is largest.
fn best_split(histogram: &[u32; BINS]) -> usize {
    let total: f64 = histogram.iter().map(|&h| f64::from(h)).sum();
    let moment: f64 = histogram.iter().enumerate().map(|(i, &h)| i as f64 * f64::from(h)).sum();
    let (mut below, mut moment_below) = (0.0, 0.0);
    let mut best = (0, 0.0);
    for (i, &h) in histogram.iter().enumerate() {
        below += f64::from(h);
        moment_below += i as f64 * f64::from(h);
        let above = total - below;
        if below > 0.0 && above > 0.0 {
            let distance = moment_below / below - (moment - moment_below) / above;
            let between = below * above * distance * distance;
            if between > best.1 {
                best = (i, between);
            }
        }
    }
    best.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Affine, Extent};
    use crate::volume::{Grid, Voxels};

    fn ball_in_air(n: usize, radius: f64, metal: bool) -> Image {
        let e = Extent::new(n, n, n).unwrap();
        let centre = n as f64 / 2.0;
        let grid = Grid::from_fn(e, |v| {
            let d2: f64 = v.to_array().iter().map(|&c| (c as f64 - centre).powi(2)).sum();
            let noise = ((v.x * 31 + v.y * 17 + v.z * 7) % 41) as f32;
            if metal && v == Voxel::new(n / 2, n / 2, n / 2) {
                30_000.0
            } else if d2.sqrt() < radius {
                40.0 + noise
            } else {
                -1000.0 + noise
            }
        });
        Image::new(Voxels::F32(grid), 1.0, 0.0, Affine::identity())
    }

    fn tile(start: usize) -> Tile {
        Tile { start: Voxel::new(start, start, start), size: [16; 3] }
    }

    #[test]
    fn windows_in_the_air_are_outside_and_windows_within_ten_mm_of_the_body_are_not() {
        for metal in [false, true] {
            let mask = BodyMask::of(&ball_in_air(96, 16.0, metal));
            assert!(!mask.touches(&tile(0)) && !mask.touches(&tile(80)));
            assert!(mask.touches(&tile(40)));
            // The ball begins at 32; its 10 mm reach to 22.
            assert!(mask.contains(Voxel::new(24, 48, 48)));
            assert!(mask.outside_share() > 0.5, "{}", mask.outside_share());
        }
    }

    #[test]
    fn thin_volumes_and_images_without_numbers_are_not_taken_for_air() {
        let e = Extent::new(90, 90, 1).unwrap();
        // One voxel in nine is bright: body, though a cell of one slice has only 64 voxels.
        let sparse = Grid::from_fn(e, |v| if v.x % 3 == 0 && v.y % 3 == 0 { 100.0f32 } else { 0.0 });
        let nan = Grid::filled(Extent::new(40, 40, 40).unwrap(), f32::NAN);
        for grid in [sparse, nan] {
            let image = Image::new(Voxels::F32(grid), 1.0, 0.0, Affine::identity());
            assert_eq!(BodyMask::of(&image).outside_share(), 0.0);
        }
    }

    #[test]
    fn a_constant_image_is_body_everywhere() {
        let e = Extent::new(20, 9, 3).unwrap();
        let image = Image::new(Voxels::F32(Grid::filled(e, 3.0)), 1.0, 0.0, Affine::identity());
        assert_eq!(BodyMask::of(&image).outside_share(), 0.0);
    }
}

//! The voxels of a region and their intensities.

use std::ops::Range;

use super::{Region, RegionShape, text};
use crate::geometry::vector::cross;
use crate::geometry::{Affine, Extent, Voxel};
use crate::volume::{Image, IntensityFigures, IntensityMoments};

/// A voxel centre on the outline belongs to the region in spite of rounding.
const ON_THE_LINE: f64 = 1e-9;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RegionStatistics {
    /// Of the drawn shape, not of its voxels.
    pub area_mm2: f64,
    pub voxel_count: usize,
    /// Over the voxels with a finite intensity; absent if there is none.
    pub intensity: Option<IntensityFigures>,
}

impl Region {
    pub fn statistics(&self, image: &Image) -> RegionStatistics {
        let voxels = self.voxels(&image.affine, image.extent());
        let moments: IntensityMoments = voxels.iter().map(|&v| image.intensity(v)).collect();
        RegionStatistics { area_mm2: self.area_mm2(), voxel_count: voxels.len(), intensity: moments.figures() }
    }

    /// The voxels of the region.
    ///
    /// Along the voxel axis that leads most steeply out of the region, every line of voxel centres meets its plane
    /// once; where that point is inside, the voxel nearest to it counts. In a slice along the voxel axes these are
    /// exactly the voxels whose centres lie inside or on the outline; in an oblique one there are neither gaps nor
    /// double layers. Empty for a region without area and outside the volume.
    pub fn voxels(&self, affine: &Affine, extent: Extent) -> Vec<Voxel> {
        let Some(voxel_from_world) = affine.inverse() else { return Vec::new() };
        let steps = self.half_sides().map(|side| linear(&voxel_from_world, side));
        let centre = voxel_from_world.world_from_voxel(self.centre());
        let normal = cross(steps[0], steps[1]).map(f64::abs);
        let out = (0..3).fold(0, |best, axis| if normal[axis] > normal[best] { axis } else { best });
        let [i, j] = [[1, 2], [0, 2], [0, 1]][out];
        let determinant = steps[0][i] * steps[1][j] - steps[0][j] * steps[1][i];
        let indices = |axis: usize| {
            indices_within(centre[axis], steps[0][axis].abs() + steps[1][axis].abs(), extent.to_array()[axis])
        };
        let mut voxels = Vec::new();
        for (b, a) in indices(j).flat_map(|b| indices(i).map(move |a| (b, a))) {
            let (di, dj) = (a as f64 - centre[i], b as f64 - centre[j]);
            let place = [
                (di * steps[1][j] - dj * steps[1][i]) / determinant,
                (dj * steps[0][i] - di * steps[0][j]) / determinant,
            ];
            let mut position = [0.0; 3];
            (position[i], position[j]) = (a as f64, b as f64);
            position[out] = centre[out] + place[0] * steps[0][out] + place[1] * steps[1][out];
            if self.shape().holds(place) {
                voxels.extend(extent.nearest_voxel(position));
            }
        }
        voxels
    }
}

impl RegionShape {
    /// Whether a place, in half sides from the centre, is inside; a place that is not a number is not.
    fn holds(self, [x, y]: [f64; 2]) -> bool {
        let limit = 1.0 + ON_THE_LINE;
        match self {
            Self::Rectangle => x.abs() <= limit && y.abs() <= limit,
            Self::Ellipse => x * x + y * y <= limit,
        }
    }
}

impl RegionStatistics {
    /// `mean 41 ± 12, 3.2 cm²`; only the area where no voxel has an intensity.
    pub fn label_text(&self) -> String {
        let area = text::area(self.area_mm2);
        match self.intensity {
            Some(figures) => format!("mean {}, {area}", text::spread(figures.mean, figures.standard_deviation)),
            None => area,
        }
    }
}

/// A direction through the affine, without its offset.
fn linear(affine: &Affine, direction: [f64; 3]) -> [f64; 3] {
    affine.rows.map(|r| r[0] * direction[0] + r[1] * direction[1] + r[2] * direction[2])
}

/// Whole numbers below `n` not farther than `reach` from `centre`.
fn indices_within(centre: f64, reach: f64, n: usize) -> Range<usize> {
    // Rounding must not lose an outermost voxel. Casts of floats saturate, and NaN becomes 0.
    let reach = reach * (1.0 + ON_THE_LINE) + ON_THE_LINE;
    let end = (centre + reach).floor() + 1.0;
    (centre - reach).ceil() as usize..(end as usize).min(n)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::vector::{add, dot, length, minus, scaled, unit};
    use crate::volume::{Grid, Voxels};
    use proptest::prelude::*;

    /// Columns that are turned and stretched; perpendicular.
    fn turned(spacing_mm: [f64; 3], degrees: [f64; 2]) -> Affine {
        let [(s, c), (t, d)] = degrees.map(|a| a.to_radians().sin_cos());
        let columns = [[c, s, 0.0], [-s * d, c * d, t], [s * t, -c * t, d]];
        let mut rows = [[0.0; 4]; 3];
        for (axis, column) in columns.iter().enumerate() {
            for (row, component) in rows.iter_mut().zip(column) {
                row[axis] = spacing_mm[axis] * component;
            }
        }
        (rows[0][3], rows[1][3], rows[2][3]) = (-30.0, 4.0, 11.0);
        Affine { rows }
    }

    fn image(extent: Extent, affine: Affine) -> Image {
        let values = Grid::from_fn(extent, |v| i16::try_from((v.x * 31 + v.y * 17 + v.z * 7) % 101).unwrap());
        Image::new(Voxels::I16(values), 1.0, -40.0, affine)
    }

    proptest! {
        #[test]
        fn statistics_in_a_slice_equal_a_walk_over_its_voxels(
            size in prop::array::uniform3(1usize..24), spacing in prop::array::uniform3(0.2..5.0f64),
            degrees in prop::array::uniform2(-80.0..80.0f64), normal in 0usize..3, at in 0usize..24,
            corners in prop::array::uniform2(prop::array::uniform2(-5.0..30.0f64)), ellipse in any::<bool>(),
        ) {
            let extent = Extent::from_array(size).unwrap();
            let affine = turned(spacing, degrees);
            let image = image(extent, affine);
            let [i, j] = [[1, 2], [0, 2], [0, 1]][normal];
            let slice = at % size[normal];
            let place = |[a, b]: [f64; 2]| {
                let mut p = [slice as f64; 3];
                (p[i], p[j]) = (a, b);
                affine.world_from_voxel(p)
            };
            let axes = [i, j].map(|axis| unit(affine.column(axis)).unwrap());
            let shape = if ellipse { RegionShape::Ellipse } else { RegionShape::Rectangle };
            let region = Region::between(shape, place(corners[0]), place(corners[1]), axes);
            let statistics = region.statistics(&image);
            // In voxels of the slice: centre and half sides.
            let [[a0, b0], [a1, b1]] = corners;
            let (centre, half) = ([(a0 + a1) / 2.0, (b0 + b1) / 2.0], [(a1 - a0).abs() / 2.0, (b1 - b0).abs() / 2.0]);
            let inside = |v: &Voxel| {
                let v = v.to_array();
                let x = [(v[i] as f64 - centre[0]) / half[0], (v[j] as f64 - centre[1]) / half[1]];
                let within = if ellipse { x[0].hypot(x[1]) <= 1.0 } else { x[0].abs() <= 1.0 && x[1].abs() <= 1.0 };
                v[normal] == slice && within
            };
            let values: Vec<f64> = extent.full_box().voxels().filter(inside).map(|v| image.intensity(v)).collect();
            prop_assert_eq!(statistics.voxel_count, values.len());
            let area = half[0] * spacing[i] * half[1] * spacing[j] * if ellipse { std::f64::consts::PI } else { 4.0 };
            prop_assert!((statistics.area_mm2 - area).abs() < 1e-6);
            if let Some(f) = statistics.intensity {
                let mean = values.iter().sum::<f64>() / values.len() as f64;
                let sd = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt();
                prop_assert!((f.mean - mean).abs() < 1e-9 && (f.standard_deviation - sd).abs() < 1e-9);
                prop_assert_eq!(f.min, values.iter().copied().fold(f64::INFINITY, f64::min));
                prop_assert_eq!(f.max, values.iter().copied().fold(f64::NEG_INFINITY, f64::max));
            }
        }

        #[test]
        fn in_an_oblique_slice_every_line_of_voxels_across_it_has_one_voxel_nearest_to_it(
            tilt in prop::array::uniform3(-1.0..1.0f64), turn in -1.0..1.0f64, half in prop::array::uniform2(3.0..9.0f64),
        ) {
            let extent = Extent::new(24, 24, 24).unwrap();
            let affine = Affine::from_spacing([1.0; 3]);
            let Some(normal) = unit(add(tilt, [0.0, 0.0, 1.2])) else { return Ok(()) };
            let right = unit(cross(normal, [turn, 1.0, 0.0])).unwrap();
            let down = cross(normal, right);
            let centre = [11.5, 12.0, 11.0];
            let corner = |s: f64| add(centre, add(scaled(right, s * half[0]), scaled(down, s * half[1])));
            let region = Region::between(RegionShape::Ellipse, corner(-1.0), corner(1.0), [right, down]);
            let out = (0..3).max_by(|&a, &b| normal[a].abs().total_cmp(&normal[b].abs())).unwrap();
            let voxels = region.voxels(&affine, extent);
            let mut lines: Vec<Voxel> = voxels.iter().map(|v| v.with_axis(out, 0)).collect();
            lines.sort_unstable();
            lines.dedup();
            prop_assert_eq!(lines.len(), voxels.len());
            for v in &voxels {
                let away = minus(v.to_f64(), centre);
                prop_assert!((dot(away, normal) / normal[out]).abs() <= 0.5 + 1e-9);
                prop_assert!(length(away) < half[0].max(half[1]) + 1.0);
            }
            // Each line stands for as much of the plane as a voxel's face is large there.
            let covered = voxels.len() as f64 / normal[out].abs();
            prop_assert!((covered / region.area_mm2() - 1.0).abs() < 0.3, "{covered} {}", region.area_mm2());
        }
    }

    #[test]
    fn the_text_names_mean_spread_and_area() {
        let extent = Extent::new(40, 40, 1).unwrap();
        let values = Grid::from_fn(extent, |v| if v.x % 2 == 0 { 29i16 } else { 53 });
        let image = Image::new(Voxels::I16(values), 1.0, 0.0, Affine::from_spacing([0.5, 1.0, 3.0]));
        let axes = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]];
        let region = Region::between(RegionShape::Rectangle, [-0.25, -0.5, 0.0], [15.75, 19.5, 0.0], axes);
        let statistics = region.statistics(&image);
        assert_eq!(statistics.voxel_count, 640);
        assert_eq!(statistics.label_text(), "mean 41 ± 12, 3.2 cm²");
        let outside = Region::between(RegionShape::Ellipse, [100.0, 0.0, 0.0], [110.0, 4.0, 0.0], axes);
        assert_eq!(outside.statistics(&image).label_text(), "31.4 mm²");
    }

    #[test]
    fn absurd_regions_have_no_voxels_or_all_of_the_slice_but_never_fail() {
        let extent = Extent::new(5, 1, 3).unwrap();
        let image = image(extent, Affine::identity());
        let axes = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]];
        let huge = Region::between(RegionShape::Ellipse, [-1e9, -1e9, 1.0], [1e9, 1e9, 1.0], axes);
        assert_eq!(huge.statistics(&image).voxel_count, 5);
        for far in [f64::NAN, f64::INFINITY, 1e300] {
            let region = Region::between(RegionShape::Rectangle, [far, 0.0, 1.0], [0.0, far, 1.0], axes);
            assert!(region.statistics(&image).voxel_count <= 5);
        }
        let point = Region::between(RegionShape::Rectangle, [1.0, 0.0, 1.0], [1.0, 0.0, 1.0], axes);
        assert_eq!(point.statistics(&image).label_text(), "0 µm²");
    }
}

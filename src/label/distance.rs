//! Exact Euclidean distances to a mask.

use rayon::prelude::*;

use super::lower_envelope::{LowerEnvelope, TILE};
use crate::volume::Grid;

/// Spacings outside are brought to this range, mm: no scanner comes near, and squared distances stay within `f32`.
const USABLE_SPACING_MM: [f64; 2] = [1e-6, 1e6];

/// Distance in mm from every voxel centre to the nearest mask voxel centre; infinite everywhere if the mask is empty.
///
/// Exact for any spacing; a spacing that is not a positive number counts as 1 mm.
pub fn distance_transform_mm(mask: &Grid<bool>, spacing_mm: [f64; 3]) -> Grid<f32> {
    distances_mm(mask, spacing_mm, false)
}

/// Signed distance in mm to the other side of the mask's surface: outside the mask the distance to the nearest mask voxel
/// centre (positive), inside it minus the distance to the nearest voxel centre outside. Two neighbours on either side of
/// the surface thus have values of equal size and opposite sign, with the zero crossing midway between their centres.
///
/// What lies beyond the border counts as neither: an empty mask is `+inf` everywhere, a full one `-inf`. Exact for any
/// spacing; a spacing that is not a positive number counts as 1 mm.
pub fn signed_distance_mm(mask: &Grid<bool>, spacing_mm: [f64; 3]) -> Grid<f32> {
    distances_mm(mask, spacing_mm, true)
}

/// The spacing that is worked with in place of one from outside.
pub(super) fn usable_spacing(spacing_mm: [f64; 3]) -> [f64; 3] {
    let [lo, hi] = USABLE_SPACING_MM;
    spacing_mm.map(|s| if s > 0.0 { s.clamp(lo, hi) } else { 1.0 })
}

fn distances_mm(mask: &Grid<bool>, spacing_mm: [f64; 3], signed: bool) -> Grid<f32> {
    let extent = mask.extent();
    let [nx, ny, nz] = extent.to_array();
    let spacing = usable_spacing(spacing_mm);
    let mut distances = Grid::filled(extent, 0.0);
    let slices = distances.as_mut_slice().par_chunks_mut(nx * ny).zip(mask.as_slice().par_chunks(nx * ny));
    slices.for_each_init(
        || (LowerEnvelope::new(ny, spacing[1]), Vec::new()),
        |(envelope, tile), (slice, mask)| {
            for (row, mask) in slice.chunks_exact_mut(nx).zip(mask.chunks_exact(nx)) {
                along_x(row, mask, spacing[0], signed);
            }
            let mut rows: Vec<&mut [f32]> = slice.chunks_exact_mut(nx).collect();
            across_rows(&mut rows, envelope, tile, |squared| squared);
        },
    );
    let mut columns: Vec<Vec<&mut [f32]>> = (0..ny).map(|_| Vec::with_capacity(nz)).collect();
    for (row, values) in distances.as_mut_slice().chunks_exact_mut(nx).enumerate() {
        columns[row % ny].push(values);
    }
    columns.par_iter_mut().for_each_init(
        || (LowerEnvelope::new(nz, spacing[2]), Vec::new()),
        |(envelope, tile), rows| across_rows(rows, envelope, tile, |squared| squared.abs().sqrt().copysign(squared)),
    );
    distances
}

/// Squared distances within one row; negative in the mask, and of size 0 there unless `signed`.
fn along_x(row: &mut [f32], mask: &[bool], spacing_mm: f64, signed: bool) {
    let mut start = 0;
    while let Some(&inside) = mask.get(start) {
        let rest = &mask[start..];
        let len = rest.iter().position(|&m| m != inside).unwrap_or(rest.len());
        let end = start + len;
        let stretch = &mut row[start..end];
        if inside && !signed {
            stretch.fill(-0.0);
        } else {
            let sign = if inside { -1.0 } else { 1.0 };
            let (before, after) = (start > 0, end < mask.len());
            let squared = |voxels: usize| sign * (voxels as f64 * spacing_mm).powi(2) as f32;
            let nearer_before = if before && after { len / 2 } else { usize::from(before) * len };
            let (left, right) = stretch.split_at_mut(nearer_before);
            for (steps, value) in (1..).zip(left) {
                *value = squared(steps);
            }
            if after {
                for (steps, value) in (1..).zip(right.iter_mut().rev()) {
                    *value = squared(steps);
                }
            } else {
                right.fill(sign * f32::INFINITY);
            }
        }
        start = end;
    }
}

/// Transforms the lines that run across rows of equal length, one through each position, and finishes their values.
fn across_rows(
    rows: &mut [&mut [f32]],
    envelope: &mut LowerEnvelope,
    tile: &mut Vec<[f32; TILE]>,
    finish: impl Fn(f32) -> f32,
) {
    let row_len = rows.first().map_or(0, |row| row.len());
    tile.resize(rows.len(), [0.0; TILE]);
    for first in (0..row_len).step_by(TILE) {
        let columns = first..(first + TILE).min(row_len);
        for (row, line) in rows.iter().zip(&mut *tile) {
            match row[columns.clone()].first_chunk() {
                Some(whole) => *line = *whole,
                None => line[..columns.len()].copy_from_slice(&row[columns.clone()]),
            }
        }
        for place in 0..columns.len() {
            envelope.transform(tile, place);
        }
        for (row, line) in rows.iter_mut().zip(&*tile) {
            for (value, squared) in row[columns.clone()].iter_mut().zip(line) {
                *value = finish(*squared);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Extent, Voxel};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn distances_equal_brute_force_for_any_spacing(
            (x, y, z) in (1usize..8, 1usize..7, 1usize..6),
            spacing in prop::array::uniform3(0.2f64..6.0),
            marks in prop::collection::vec((0usize..8, 0usize..7, 0usize..6), 1..6),
        ) {
            let extent = Extent::new(x, y, z).unwrap();
            let marks: Vec<Voxel> = marks.iter().map(|&(a, b, c)| Voxel::new(a % x, b % y, c % z)).collect();
            let mask = Grid::from_fn(extent, |v| marks.contains(&v));
            let distance = distance_transform_mm(&mask, spacing);
            for v in extent.full_box().voxels() {
                let to = |m: &Voxel| {
                    (0..3).map(|a| ((v.to_f64()[a] - m.to_f64()[a]) * spacing[a]).powi(2)).sum::<f64>().sqrt()
                };
                let expected = marks.iter().map(to).fold(f64::INFINITY, f64::min);
                prop_assert!((f64::from(distance.at(v)) - expected).abs() <= 1e-5 * (1.0 + expected));
            }
        }
    }

    proptest! {
        #[test]
        fn signed_distances_equal_brute_force_for_any_spacing(
            (x, y, z) in (1usize..9, 1usize..8, 1usize..7),
            spacing in prop::array::uniform3(0.2f64..6.0),
            voxels in prop::collection::vec(0u8..10, 8 * 7 * 6),
            density in 0u8..=10,
        ) {
            let extent = Extent::new(x, y, z).unwrap();
            let mask = Grid::from_fn(extent, |v| voxels[extent.index(v)] < density);
            let signed = signed_distance_mm(&mask, spacing);
            for v in extent.full_box().voxels() {
                let others = extent.full_box().voxels().filter(|o| mask.at(*o) != mask.at(v));
                let to = |o: Voxel| {
                    (0..3).map(|a| ((v.to_f64()[a] - o.to_f64()[a]) * spacing[a]).powi(2)).sum::<f64>().sqrt()
                };
                let size = others.map(to).fold(f64::INFINITY, f64::min);
                let expected = if mask.at(v) { -size } else { size };
                let found = f64::from(signed.at(v));
                prop_assert!(found == expected || (found - expected).abs() <= 1e-5 * size, "{found} {expected}");
            }
        }
    }

    /// Long lines and wide gaps, which the small random masks do not have.
    #[test]
    fn distances_across_a_large_grid_equal_brute_force() {
        let extent = Extent::new(70, 90, 60).unwrap();
        let marks: Vec<Voxel> = (0..40).map(|i| Voxel::new(i * 29 % 70, i * i * 7 % 90, i * 17 % 60)).collect();
        let mut mask = Grid::filled(extent, false);
        marks.iter().for_each(|m| mask.set(*m, true));
        let spacing = [0.7, 0.9, 2.5];
        let distance = distance_transform_mm(&mask, spacing);
        for v in extent.full_box().voxels() {
            let to = |m: &Voxel| (0..3).map(|a| ((v.to_f64()[a] - m.to_f64()[a]) * spacing[a]).powi(2)).sum::<f64>();
            let expected = marks.iter().map(to).fold(f64::INFINITY, f64::min).sqrt();
            assert!((f64::from(distance.at(v)) - expected).abs() <= 1e-5 * (1.0 + expected), "{v:?}");
        }
    }

    #[test]
    fn an_empty_mask_is_infinitely_far_and_a_full_one_has_no_outside() {
        let extent = Extent::new(2, 3, 2).unwrap();
        let (empty, full) = (Grid::filled(extent, false), Grid::filled(extent, true));
        assert!(distance_transform_mm(&empty, [1.0; 3]).as_slice().iter().all(|d| *d == f32::INFINITY));
        assert!(signed_distance_mm(&empty, [1.0; 3]).as_slice().iter().all(|d| *d == f32::INFINITY));
        assert!(signed_distance_mm(&full, [1.0; 3]).as_slice().iter().all(|d| *d == f32::NEG_INFINITY));
        assert!(distance_transform_mm(&full, [1.0; 3]).as_slice().iter().all(|d| *d == 0.0));
    }

    #[test]
    fn unusable_spacings_give_numbers() {
        let mask = Grid::from_fn(Extent::new(4, 3, 2).unwrap(), |v| v.x == 1);
        for odd in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-300] {
            for axis in 0..3 {
                let mut spacing = [1.0; 3];
                spacing[axis] = odd;
                assert!(signed_distance_mm(&mask, spacing).as_slice().iter().all(|d| d.is_finite()));
            }
        }
        assert_eq!(distance_transform_mm(&mask, [f64::NAN; 3]), distance_transform_mm(&mask, [1.0; 3]));
    }
}

//! Operations on a large label map; `benches/peers/label_ops.py` runs those of SimpleITK on the same one.

use std::error::Error;

use rayon::prelude::*;
use serde_json::{Map, Value, json};

use super::{Outcome, median, print, rounded, times_ms};
use crate::geometry::{Extent, Voxel};
use crate::label::{self, ClassId};
use crate::volume::Grid;

const SIZE: [usize; 3] = [512, 512, 200];
/// Centre and radii in voxels of every class, from 1.
const ELLIPSOIDS: [([i64; 3], [i64; 3]); 8] = [
    ([150, 180, 70], [90, 70, 50]),
    ([340, 170, 60], [80, 60, 45]),
    ([250, 330, 120], [120, 90, 60]),
    ([400, 360, 150], [60, 70, 40]),
    ([110, 380, 140], [50, 60, 35]),
    ([256, 120, 160], [70, 40, 30]),
    ([420, 250, 40], [40, 50, 30]),
    ([256, 256, 100], [60, 50, 40]),
];
/// A class without islands, in the middle of the grid.
const ORGAN: ClassId = 8;
const SPACING_MM: [f64; 3] = [1.0; 3];
const MARGIN_MM: f64 = 3.0;
/// Enough for a median: most operations take a tenth of a second.
const RUNS: usize = 5;

/// Times every operation on one class and on all of them. A row's `count` is the number of components or of voxels of the
/// resulting mask; rows have the names that they have in the peer's script.
pub fn labels(as_json: bool) -> Outcome {
    let classes = label_map()?;
    let mut rows = Map::new();
    for (name, mask) in [("organ", classes.map(|c| *c == ORGAN)), ("all", classes.map(|c| *c != 0))] {
        for (operation, row) in operations(&mask)? {
            rows.insert(format!("{name}: {operation}"), row);
        }
    }
    print(&Value::Object(rows), as_json)
}

fn operations(mask: &Grid<bool>) -> Result<[(&'static str, Value); 7], Box<dyn Error>> {
    let inside = mask.as_slice();
    let margin = || label::dilate_mm(mask, MARGIN_MM, SPACING_MM);
    Ok([
        ("mask", json!({ "count": voxel_count(mask) })),
        ("components", timed(|| label::components(|i| inside[i], mask.extent()), component_count)?),
        ("fill_holes", timed(|| label::fill_holes(mask), voxel_count)?),
        ("median", timed(|| label::median(mask, [3; 3]), voxel_count)?),
        ("margin", timed(margin, voxel_count)?),
        ("closing", timed(|| label::close_mm(mask, MARGIN_MM, SPACING_MM), voxel_count)?),
        ("signed_distance", timed(|| label::signed_distance_mm(mask, SPACING_MM), negative_count)?),
    ])
}

fn timed<T>(work: impl Fn() -> Grid<T>, count: impl Fn(&Grid<T>) -> usize) -> Result<Value, Box<dyn Error>> {
    let mut result = None;
    let times = times_ms(RUNS, || {
        result = Some(work());
        Ok(())
    })?;
    Ok(json!({ "p50_ms": rounded(median(&times)), "count": result.as_ref().map(count) }))
}

fn component_count(numbers: &Grid<u32>) -> usize {
    numbers.as_slice().iter().max().map_or(0, |n| *n as usize)
}

fn voxel_count(mask: &Grid<bool>) -> usize {
    mask.as_slice().iter().filter(|inside| **inside).count()
}

fn negative_count(distances: &Grid<f32>) -> usize {
    distances.as_slice().iter().filter(|d| **d < 0.0).count()
}

/// Organs with islands between them and specks everywhere, by whole numbers alone: the peer's script says how and makes the
/// same voxels.
fn label_map() -> Result<Grid<ClassId>, Box<dyn Error>> {
    let extent = Extent::from_array(SIZE).ok_or("extent")?;
    let classes = (0..extent.voxel_count()).into_par_iter().map(|i| class_at(extent.voxel(i), i)).collect();
    Ok(Grid::from_vec(extent, classes).ok_or("voxel count")?)
}

fn class_at(v: Voxel, index: usize) -> ClassId {
    let organ = ELLIPSOIDS.iter().rposition(|ellipsoid| holds(ellipsoid, v)).map_or(0, |place| place + 1);
    let island = hash(v.x / 4 + 128 * (v.y / 4 + 128 * (v.z / 3)));
    let speck = hash((1 << 26) + index);
    let class = if organ == 0 && island.is_multiple_of(211) { 1 + island / 211 % 4 } else { organ };
    let specked = match class {
        _ if !speck.is_multiple_of(4096) => class,
        0 => 1 + speck / 4096 % 4,
        _ => 0,
    };
    // At most 8: the cast is exact.
    specked as ClassId
}

fn holds((centre, [a, b, c]): &([i64; 3], [i64; 3]), v: Voxel) -> bool {
    let [dx, dy, dz] = [v.x as i64 - centre[0], v.y as i64 - centre[1], v.z as i64 - centre[2]];
    (dx * b * c).pow(2) + (dy * a * c).pow(2) + (dz * a * b).pow(2) <= (a * b * c).pow(2)
}

/// Multiplication and xorshift in 32 bits; positions in the map have fewer.
fn hash(i: usize) -> usize {
    let mut h = (i as u32).wrapping_add(1).wrapping_mul(2_654_435_761);
    h ^= h << 13;
    h ^= h >> 17;
    h ^= h << 5;
    h as usize
}

//! `chiaro bench paint`: how long one segment of a brush stroke takes.

use std::io::{self, Write};
use std::time::Instant;

use serde::Serialize;

use crate::edit::{Brush, BrushShape, BrushSize, Paint, stroke_segment};
use crate::geometry::Extent;
use crate::label::LabelMap;

const EDGES: [usize; 2] = [256, 512];
const DIAMETER_MM: f64 = 30.0;
/// A quick hand at 60 pictures per second moves about this far between two of them.
const SEGMENT_VOXELS: f64 = 6.0;
const SEGMENT_COUNT: u32 = 600;

/// Latency of painting 30 mm discs and balls at 1 mm spacing, per stroke segment, in ms.
#[derive(Debug, Serialize)]
struct PaintTiming {
    /// Voxels along each axis of the cubic volume.
    edge: usize,
    shape: &'static str,
    diameter_mm: f64,
    segments: usize,
    /// Mean number of voxels a segment changed.
    changed_voxels: f64,
    p50_ms: f64,
    p99_ms: f64,
}

/// Measures and prints the result to stdout, as a table or as a JSON list.
pub fn bench_paint(json: bool) -> io::Result<()> {
    let mut timings = Vec::new();
    for extent in EDGES.into_iter().filter_map(|n| Extent::new(n, n, n)) {
        for (shape, name) in [(BrushShape::Disc, "disc"), (BrushShape::Ball, "ball")] {
            timings.push(measure(extent, shape, name));
        }
    }
    let mut out = io::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, &timings)?;
        return writeln!(out);
    }
    for t in timings {
        let PaintTiming { edge, shape, diameter_mm, changed_voxels, p50_ms, p99_ms, .. } = t;
        writeln!(
            out,
            "{edge}^3 {shape} {diameter_mm} mm: p50 {p50_ms:.3} ms, p99 {p99_ms:.3} ms, {changed_voxels:.0} voxels"
        )?;
    }
    Ok(())
}

fn measure(extent: Extent, shape: BrushShape, name: &'static str) -> PaintTiming {
    let mut labels = LabelMap::unknown(extent);
    let brush = Brush { shape, size: BrushSize::Mm(DIAMETER_MM) };
    let mut milliseconds = Vec::new();
    let mut changed = 0;
    for step in 0..SEGMENT_COUNT {
        // The class changes, so that a path crossing itself still has something to write.
        let paint = Paint::with_class(if step % 50 < 25 { 1 } else { 2 });
        let (from, to) = (path(extent, step), path(extent, step + 1));
        let start = Instant::now();
        let delta = stroke_segment(&mut labels, brush, 2, from, to, [1.0; 3], &paint);
        milliseconds.push(start.elapsed().as_secs_f64() * 1000.0);
        changed += delta.map_or(0, |d| d.voxel_count());
    }
    milliseconds.sort_unstable_by(f64::total_cmp);
    let segments = milliseconds.len();
    let at = |percent: usize| milliseconds.get(segments * percent / 100).copied().unwrap_or_default();
    let changed_voxels = changed as f64 / f64::from(SEGMENT_COUNT);
    let (p50_ms, p99_ms) = (at(50), at(99));
    PaintTiming { edge: extent.x(), shape: name, diameter_mm: DIAMETER_MM, segments, changed_voxels, p50_ms, p99_ms }
}

/// A circle in the middle slice, walked at constant speed.
fn path(extent: Extent, step: u32) -> [f64; 3] {
    let [nx, ny, nz] = extent.to_array().map(|n| n as f64);
    let radius = 0.3 * nx;
    let (sin, cos) = (f64::from(step) * SEGMENT_VOXELS / radius).sin_cos();
    [nx / 2.0 + radius * cos, ny / 2.0 + radius * sin, nz / 2.0]
}

//! `chiaro bench paint`: how long one stamp of a brush takes, and what a stroke weighs in the list of edits.

use std::io::{self, Write};
use std::time::Instant;

use serde::Serialize;

use crate::edit::{Brush, BrushShape, BrushSize, BrushSweep, History, Paint, StrokeSegment, paint_voxels};
use crate::geometry::Extent;
use crate::label::LabelMap;

const EDGE: usize = 512;
/// Stamps of a stroke.
const POINTS: u32 = 200;
/// A quick hand at 60 pictures per second moves about this far between two of them.
const STEP_VOXELS: f64 = 6.0;
/// Of a ball of radius 20 and a disc of radius 40, and smaller ones; an odd number of voxels, as in napari.
const BRUSHES: [(&str, BrushShape, f64); 4] = [
    ("ball 41", BrushShape::Ball, 41.0),
    ("disc 81", BrushShape::Disc, 81.0),
    ("ball 31", BrushShape::Ball, 31.0),
    ("disc 31", BrushShape::Disc, 31.0),
];

/// A stroke in a volume of 512 x 512 x 512 voxels, its delta recorded with every stamp.
#[derive(Debug, Serialize)]
struct PaintTiming {
    brush: &'static str,
    us_per_stamp_p50: f64,
    us_per_stamp_p99: f64,
    /// Voxels that hold a class afterwards.
    painted_voxels: usize,
    /// What the list of edits keeps of the stroke.
    bytes_per_stroke: usize,
    /// Copies of the label planes that weigh as much as one stroke: what a full copy per step would cost.
    strokes_per_full_copy: f64,
    undo_ms: f64,
}

/// Measures and prints the result to stdout, as a table or as a JSON list.
pub fn bench_paint(json: bool) -> io::Result<()> {
    let Some(extent) = Extent::new(EDGE, EDGE, EDGE) else { return Ok(()) };
    let timings: Vec<_> = BRUSHES.into_iter().map(|(name, shape, size)| measure(extent, name, shape, size)).collect();
    let mut out = io::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, &timings)?;
        return writeln!(out);
    }
    for t in timings {
        let PaintTiming { brush, us_per_stamp_p50: p50, us_per_stamp_p99: p99, bytes_per_stroke, undo_ms, .. } = t;
        let copies = t.strokes_per_full_copy;
        writeln!(
            out,
            "{brush:8} {p50:8.1} us per stamp, p99 {p99:8.1}; {bytes_per_stroke:8} bytes per stroke (1 : {copies:.0} of a copy), undo {undo_ms:.2} ms"
        )?;
    }
    Ok(())
}

fn measure(extent: Extent, name: &'static str, shape: BrushShape, diameter: f64) -> PaintTiming {
    let mut labels = LabelMap::unknown(extent);
    let mut history = History::default();
    let brush = Brush { shape, size: BrushSize::Voxels(diameter) };
    let mut microseconds = Vec::new();
    history.begin(name.to_owned());
    let mut sweep = BrushSweep::default();
    for step in 0..POINTS {
        // The class changes, so that a path crossing itself still has something to write.
        let paint = Paint::with_class(if step % 50 < 25 { 1 } else { 2 });
        if step % 25 == 0 {
            sweep = BrushSweep::default();
        }
        let at = path(extent, step);
        let segment = StrokeSegment { brush, plane_normal_axis: 2, from: at, to: at, spacing_mm: [1.0; 3] };
        let start = Instant::now();
        let voxels = sweep.advance(&segment, extent);
        if let Some(delta) = paint_voxels(&mut labels, &voxels, &paint) {
            history.stage(delta);
        }
        microseconds.push(start.elapsed().as_secs_f64() * 1e6);
    }
    microseconds.sort_unstable_by(f64::total_cmp);
    let at = |percent: usize| microseconds.get(microseconds.len() * percent / 100).copied().unwrap_or_default();
    let bytes_per_stroke = history.commit().map_or(0, |delta| delta.byte_count());
    let painted_voxels = labels.known_count();
    let start = Instant::now();
    let undone = history.undo(&mut labels).is_ok_and(|step| step.is_some());
    let undo_ms = if undone { start.elapsed().as_secs_f64() * 1e3 } else { f64::NAN };
    // Class and origin, a byte each.
    let full_copy = 2 * extent.voxel_count();
    PaintTiming {
        brush: name,
        us_per_stamp_p50: at(50),
        us_per_stamp_p99: at(99),
        painted_voxels,
        bytes_per_stroke,
        strokes_per_full_copy: full_copy as f64 / bytes_per_stroke.max(1) as f64,
        undo_ms,
    }
}

/// A circle in the middle slice, walked at constant speed.
fn path(extent: Extent, step: u32) -> [f64; 3] {
    let [nx, ny, nz] = extent.to_array().map(|n| n as f64);
    let radius = 0.3 * nx;
    let (sin, cos) = (f64::from(step) * STEP_VOXELS / radius).sin_cos();
    [nx / 2.0 + radius * cos, ny / 2.0 + radius * sin, (nz / 2.0).floor()]
}

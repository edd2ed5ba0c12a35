//! `chiaro bench`: how long the things take that a user waits for.

mod desk;
mod frames;
mod kernels;
mod labels;
mod live_loop;
mod load;
mod paint;
mod peak_memory;
mod phantom;
mod predict;
mod render;
mod steps;

use std::error::Error;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::Instant;

use clap::{Args, ValueEnum};
use serde_json::Value;

use crate::learn::DeviceChoice;

type Outcome = Result<(), Box<dyn Error>>;

#[derive(Args, Debug)]
pub struct BenchArgs {
    pub name: BenchName,
    /// A NIfTI file for `load` (a made one of 512 x 512 x 193 voxels if not given)
    #[arg(long)]
    pub file: Option<PathBuf>,
    /// Where `conv`, `train` and `predict` run: auto, gpu, cpu or part of an adapter's name
    #[arg(long, default_value = "cpu")]
    pub device: DeviceChoice,
    /// Channels at full resolution of the network that `train` steps
    #[arg(long, default_value_t = 16)]
    pub base: usize,
    /// Resolution levels of that network
    #[arg(long, default_value_t = 4)]
    pub levels: usize,
    /// Edge of its cubic patch in voxels (48 if not given); `conv` then takes this network's layers instead of its own list
    #[arg(long)]
    pub patch: Option<usize>,
    /// Patches per step
    #[arg(long, default_value_t = 2)]
    pub batch: usize,
    /// Also run `train`'s step with the framework's own operators, for the ratio
    #[arg(long)]
    pub compare: bool,
    /// `train`, `memory`: compute convolutions again for their gradient instead of keeping them
    #[arg(long)]
    pub recompute: bool,
    /// Only that step, not those of each method on the phantom
    #[arg(long)]
    pub step_only: bool,
    /// Keep the activations of that step as f16, on a GPU that has it
    #[arg(long)]
    pub f16: bool,
    /// How long `loop` paints and reviews
    #[arg(long, default_value_t = 5.0)]
    pub minutes: f64,
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BenchName {
    /// Read a compressed volume
    Load,
    /// Brush strokes of several sizes
    Paint,
    /// Frames of a 2x2 window while painting and scrolling, with and without training
    Render,
    /// Our convolution against burn's, forward and backward
    Conv,
    /// Training steps of each method
    Train,
    /// Whole cases through both networks
    Predict,
    /// What a training step holds at most, against what its plan foretells
    Memory,
    /// Operations on a large label map
    Labels,
    /// Painting and review beside live training: strokes, jumps, and how soon the overlay follows
    Loop,
}

pub fn run(args: BenchArgs) -> Outcome {
    match args.name {
        BenchName::Load => load::load(args.file.as_deref(), args.json),
        BenchName::Paint => Ok(paint::bench_paint(args.json)?),
        BenchName::Render => render::render(args.json),
        BenchName::Conv => kernels::conv(&args),
        BenchName::Train => steps::train(&args),
        BenchName::Predict => predict::predict(&args.device, args.json),
        BenchName::Labels => labels::labels(args.json),
        BenchName::Memory => steps::memory(&args),
        BenchName::Loop => live_loop::live_loop(args.minutes, &args.device, args.json),
    }
}

/// Milliseconds of `runs` calls, ascending.
fn times_ms(runs: usize, mut f: impl FnMut() -> Outcome) -> Result<Vec<f64>, Box<dyn Error>> {
    let mut times = Vec::with_capacity(runs);
    for _ in 0..runs {
        let begin = Instant::now();
        f()?;
        times.push(begin.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_unstable_by(f64::total_cmp);
    Ok(times)
}

fn median(sorted: &[f64]) -> f64 {
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}

fn print(value: &Value, as_json: bool) -> Outcome {
    let mut out = io::stdout().lock();
    if as_json {
        writeln!(out, "{value:#}")?;
    } else if let Value::Object(rows) = value {
        for (name, number) in rows {
            writeln!(out, "{name:<32} {number}")?;
        }
    }
    Ok(())
}

fn rounded(ms: f64) -> f64 {
    (ms * 100.0).round() / 100.0
}

/// Every level halves the patch.
fn check_patch(patch: usize, levels: usize) -> Outcome {
    let step = 1 << (levels - 1);
    if patch == 0 || !patch.is_multiple_of(step) {
        return Err(format!("--patch must be a multiple of {step} for {levels} levels").into());
    }
    Ok(())
}

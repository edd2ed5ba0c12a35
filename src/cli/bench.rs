//! `chiaro bench`: how long the things take that a user waits for.

use std::error::Error;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::bench_render::FrameTimes;
use super::peak_memory::PeakMemory;
use super::{bench_paint, bench_render};
use crate::geometry::{Affine, Extent};
use crate::io::read_image;
use crate::label::{ClassTable, LabelMap, Provenance};
use crate::learn::data::{Normaliser, TrainCase};
use crate::learn::{
    DeviceChoice, Fingerprint, KernelKind, KernelTiming, Method, Plan, StepShape, Storage, TrainSettings, Trainer,
    choose_device, compare_kernels,
};
use crate::project::create_demo;
use crate::volume::phantom::{CLASS_NAMES, PhantomSettings, phantom_case};
use crate::volume::{Grid, Image, Voxels};
use crate::worker::FrameReports;
use crate::worker::protocol::{TrainRequest, TrainerCommand, TrainerEvent};
use crate::worker::trainer::TrainerHandle;

/// Steps per timing: enough for a median on a busy machine.
const STEPS: usize = 10;

type Outcome = Result<(), Box<dyn Error>>;

#[derive(Args, Debug)]
pub struct BenchArgs {
    pub name: BenchName,
    /// A NIfTI file for `load` (a made one of 256 x 256 x 200 voxels if not given)
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
    /// `memory`: compute convolutions again for their gradient instead of keeping them
    #[arg(long)]
    pub recompute: bool,
    /// Only that step, not those of each method on the phantom
    #[arg(long)]
    pub step_only: bool,
    /// Keep the activations of that step as f16, on a GPU that has it
    #[arg(long)]
    pub f16: bool,
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BenchName {
    /// Read a compressed volume
    Load,
    /// Brush strokes of several sizes
    Paint,
    /// Frames of three slice views while painting, with and without training
    Render,
    /// Our convolution against burn's, forward and backward
    Conv,
    /// Training steps of each method
    Train,
    /// Whole cases through both networks
    Predict,
    /// What a training step holds at most, against what its plan foretells
    Memory,
}

pub fn run(args: BenchArgs) -> Outcome {
    match args.name {
        BenchName::Load => load(args.file.as_deref(), args.json),
        BenchName::Paint => Ok(bench_paint::bench_paint(args.json)?),
        BenchName::Render => render(args.json),
        BenchName::Conv => conv(&args),
        BenchName::Train => train(&args),
        BenchName::Predict => predict(&args.device, args.json),
        BenchName::Memory => memory(&args),
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

fn load(file: Option<&Path>, as_json: bool) -> Outcome {
    let folder = std::env::temp_dir().join(format!("chiaro-bench-{}", std::process::id()));
    let path = match file {
        Some(file) => file.to_owned(),
        None => made_volume(&folder)?,
    };
    let times = times_ms(5, || {
        read_image(&path)?;
        Ok(())
    });
    if file.is_none() {
        std::fs::remove_dir_all(&folder)?;
    }
    print(&json!({ "load_p50_ms": rounded(median(&times?)) }), as_json)
}

fn made_volume(folder: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let extent = Extent::new(256, 256, 200).ok_or("extent")?;
    // Noise in the low bits, as scanners have: compresses to about half.
    let grid = Grid::from_fn(extent, |v| ((v.x * 31 + v.y * 17 + v.z * 7) % 97 + (v.x / 8 + v.y / 8) * 10) as i16);
    let image = Image::new(Voxels::I16(grid), 1.0, 0.0, Affine::identity());
    let geometry = crate::io::NiftiGeometry::from_affine(extent, image.affine, image.voxels.voxel_type());
    std::fs::create_dir_all(folder)?;
    let path = folder.join("volume.nii.gz");
    crate::io::write_image(&path, &image, &geometry)?;
    Ok(path)
}

fn render(as_json: bool) -> Outcome {
    const FRAMES: usize = 300;
    let case = phantom_case(&PhantomSettings::default(), 0);
    let classes = ClassTable::from_names(&CLASS_NAMES)?;
    let alone = bench_render::measure(&case.image, &classes, FRAMES, |_| {})?;
    let folder = std::env::temp_dir().join(format!("chiaro-bench-{}", std::process::id()));
    create_demo(&folder, 4)?;
    let beside = |frames: Option<FrameReports>| -> Result<(FrameTimes, u64), Box<dyn Error>> {
        let trainer = match &frames {
            Some(frames) => TrainerHandle::spawn_beside_window(|| {}, frames.clone())?,
            None => TrainerHandle::spawn()?,
        };
        start_learning(&trainer, &folder)?;
        let report = |took| frames.iter().for_each(|frames| frames.frame(took));
        let times = bench_render::measure(&case.image, &classes, FRAMES, report)?;
        let steps = trainer.events.try_iter().filter_map(|event| match event {
            TrainerEvent::Progress(progress) => Some(progress.step),
            _ => None,
        });
        Ok((times, steps.max().unwrap_or(0)))
    };
    let (unhurried, unhurried_steps) = beside(None)?;
    let (courteous, courteous_steps) = beside(Some(FrameReports::default()))?;
    std::fs::remove_dir_all(&folder)?;
    let times = |t: &FrameTimes, steps: u64| json!({ "p50_ms": rounded(t.percentile_ms(50.0)), "p99_ms": rounded(t.percentile_ms(99.0)), "steps_meanwhile": steps });
    let value = json!({
        "p50_ms": rounded(alone.percentile_ms(50.0)),
        "p99_ms": rounded(alone.percentile_ms(99.0)),
        "beside_training": times(&courteous, courteous_steps),
        "beside_training_that_takes_all": times(&unhurried, unhurried_steps),
    });
    print(&value, as_json)
}

/// Starts a long run on the CPU and returns once it makes steps.
fn start_learning(trainer: &TrainerHandle, project_dir: &Path) -> Outcome {
    let settings = TrainSettings { device: DeviceChoice::Cpu, steps: Some(100_000), ..TrainSettings::default() };
    let request = TrainRequest { project_dir: project_dir.to_owned(), settings, snapshots: Vec::new(), shown: None };
    trainer.commands.send(TrainerCommand::Start(Box::new(request)))?;
    for event in &trainer.events {
        match event {
            TrainerEvent::Progress(_) => return Ok(()),
            TrainerEvent::Fatal { headline, .. } => return Err(headline.into()),
            _ => {}
        }
    }
    Err("the training thread has ended".into())
}

/// Four phantom cases, two of them labelled.
fn phantom_study(is_gpu: bool) -> (Vec<TrainCase>, Fingerprint) {
    let settings = PhantomSettings::default();
    let cases: Vec<TrainCase> = (0..4)
        .map(|i| {
            let case = phantom_case(&settings, i);
            let labels = if i < 2 { LabelMap::imported(case.truth) } else { LabelMap::unknown(case.image.extent()) };
            TrainCase::new(case.name.as_str().into(), Arc::new(case.image), labels, false)
        })
        .collect();
    let classes = (0..=CLASS_NAMES.len()).map(|c| c as u8).collect();
    let fingerprint = Fingerprint::of(&cases, classes, is_gpu);
    (cases, fingerprint)
}

fn phantom_trainer(method: Method, device: &DeviceChoice) -> Result<Trainer, Box<dyn Error>> {
    let (device, report) = choose_device(device)?;
    let (cases, fingerprint) = phantom_study(report.is_gpu);
    let plan = Plan::new(&fingerprint, &TrainSettings { method, ..TrainSettings::default() });
    Ok(Trainer::new(plan, cases, &device)?)
}

fn conv(args: &BenchArgs) -> Outcome {
    let (device, report) = choose_device(&args.device)?;
    let only = args.patch.map(|patch| [patch, args.base.max(1), args.levels.clamp(2, 5)]);
    let mut layers = serde_json::Map::new();
    let mut logarithms = [(0.0, 0.0); 3];
    for KernelTiming { layer, kind, ours_ms, burn_ms, flop } in compare_kernels(&device, only)? {
        let ratio = burn_ms / ours_ms;
        if let Some((sum, count)) = KernelKind::ALL.iter().position(|k| *k == kind).and_then(|i| logarithms.get_mut(i))
        {
            *sum += ratio.ln();
            *count += 1.0;
        }
        let row = json!({
            "ms": rounded(ours_ms),
            "gflops": rounded(flop / ours_ms / 1e6),
            "burn_ms": rounded(burn_ms),
            "ratio_to_burn": rounded(ratio),
        });
        layers.entry(layer).or_insert_with(|| json!({}))[kind.name()] = row;
    }
    let mut means = serde_json::Map::new();
    for (kind, (sum, count)) in KernelKind::ALL.iter().zip(logarithms) {
        let mean: f64 = sum / f64::max(count, 1.0);
        means.insert(kind.name().into(), json!(rounded(mean.exp())));
    }
    print(&json!({ "device": report.name, "layers": layers, "ratio_to_burn_geometric_mean": means }), args.json)
}

/// The step that the peers' scripts take too, then steps of each method on the phantom, loader included.
fn train(args: &BenchArgs) -> Outcome {
    let shape = StepShape {
        base_width: args.base.max(1),
        levels: args.levels.clamp(2, 5),
        patch: args.patch.unwrap_or(48),
        batch: args.batch.max(1),
        classes: 2,
        storage: if args.f16 { Storage::F16 } else { Storage::F32 },
    };
    let step = 1 << (shape.levels - 1);
    if shape.patch == 0 || !shape.patch.is_multiple_of(step) {
        return Err(format!("--patch must be a multiple of {step} for {} levels", shape.levels).into());
    }
    let (device, report) = choose_device(&args.device)?;
    let peak = PeakMemory::start();
    let alone = shape.measure(&device, STEPS, false)?;
    let peak_mib = peak.and_then(|p| p.added_mib());
    let mut value = json!({
        "device": report.name,
        "ms_per_step": spread(&alone.ours_ms),
        "peak_mib": peak_mib.map(rounded),
    });
    if args.compare {
        let both = shape.measure(&device, STEPS, true)?;
        value["burn_ms_per_step"] = spread(&both.burn_ms);
        value["ratio_to_burn"] = json!(rounded(median(&both.burn_ms) / median(&both.ours_ms)));
    }
    for method in Method::ALL.into_iter().filter(|_| !args.step_only) {
        let mut trainer = phantom_trainer(method, &args.device)?;
        trainer.step()?;
        device.sync()?;
        let waited = trainer.loader_wait();
        let begin = Instant::now();
        let times = times_ms(STEPS, || {
            trainer.step()?;
            // A GPU takes its orders later.
            device.sync()?;
            Ok(())
        })?;
        let share = (trainer.loader_wait() - waited).as_secs_f64() / begin.elapsed().as_secs_f64();
        value[format!("{method}_step_p50_ms")] = json!(rounded(median(&times)));
        value["loader_wait_share"] = json!(share);
    }
    print(&value, args.json)
}

/// Two steps with both networks in the shape that was asked for.
fn memory(args: &BenchArgs) -> Outcome {
    let (device, report) = choose_device(&args.device)?;
    let (cases, fingerprint) = phantom_study(report.is_gpu);
    let plan = Plan {
        base_width: args.base.max(1),
        levels: args.levels.clamp(2, 5),
        patch: [args.patch.unwrap_or(48); 3],
        batch_labelled: args.batch.max(1),
        batch_unlabelled: args.batch.max(1),
        recompute: args.recompute,
        ..Plan::new(&fingerprint, &TrainSettings::default())
    };
    let peak = PeakMemory::start();
    let foretold = plan.step_bytes() as f64 / f64::from(1 << 20);
    let mut trainer = Trainer::new(plan, cases, &device)?;
    trainer.step()?;
    trainer.step()?;
    let measured = peak.and_then(|p| p.added_mib());
    let value = json!({
        "foretold_mib": rounded(foretold),
        "peak_mib": measured.map(rounded),
        "foretold_to_peak": measured.map(|m| rounded(foretold / m)),
    });
    print(&value, args.json)
}

fn spread(sorted_ms: &[f64]) -> Value {
    let end = |value: Option<&f64>| rounded(value.copied().unwrap_or(0.0));
    json!({ "median": rounded(median(sorted_ms)), "min": end(sorted_ms.first()), "max": end(sorted_ms.last()) })
}

fn predict(device: &DeviceChoice, as_json: bool) -> Outcome {
    let trainer = phantom_trainer(Method::Supervised, device)?;
    let predictor = trainer.predictor();
    let case = phantom_case(&PhantomSettings::default(), 5);
    let normaliser = Normaliser::of(&case.image);
    let mut longest_deaf = Duration::ZERO;
    let times = times_ms(5, || {
        let provenance = Provenance { case: "bench".into(), label_revision: 0, model: "bench".into(), step: 0 };
        let mut asked = Instant::now();
        let mut interrupted = || {
            longest_deaf = longest_deaf.max(asked.elapsed());
            asked = Instant::now();
            false
        };
        predictor.predict(&case.image, &normaliser, provenance, &mut interrupted)?;
        Ok(())
    })?;
    let voxels = case.image.extent().voxel_count() as f64;
    let value = json!({
        "predict_case_p50_ms": rounded(median(&times)),
        "ms_per_megavoxel": rounded(median(&times) / voxels * 1e6),
        "longest_wait_for_cancel_ms": rounded(longest_deaf.as_secs_f64() * 1e3),
        "voxels": case.image.extent().to_array(),
        "patch": trainer.plan().patch,
    });
    print(&value, as_json)
}

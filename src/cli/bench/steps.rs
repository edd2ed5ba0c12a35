//! Training steps: what they take and what they hold.

use std::time::Instant;

use serde_json::{Value, json};

use super::peak_memory::PeakMemory;
use super::phantom::{phantom_study, phantom_trainer};
use super::{BenchArgs, Outcome, check_patch, median, print, rounded, times_ms};
use crate::learn::{Method, Plan, StepShape, Storage, TrainSettings, Trainer, choose_device};

/// Steps per timing: enough for a median on a busy machine.
const STEPS: usize = 10;

/// The step that the peers' scripts take too, then steps of each method on the phantom, loader included.
pub fn train(args: &BenchArgs) -> Outcome {
    let shape = StepShape {
        base_width: args.base.max(1),
        levels: args.levels.clamp(2, 5),
        patch: args.patch.unwrap_or(48),
        batch: args.batch.max(1),
        classes: 2,
        storage: if args.f16 { Storage::F16 } else { Storage::F32 },
        recompute: args.recompute,
    };
    check_patch(shape.patch, shape.levels)?;
    let (device, report) = choose_device(&args.device)?;
    let peak = PeakMemory::start();
    let alone = shape.measure(&device, STEPS, false)?;
    let peak_mib = peak.and_then(|p| p.added_mib());
    let mut value = json!({
        "device": report.name,
        "ms_per_step": spread(&alone.ours_ms),
        "peak_mib": peak_mib.map(rounded),
    });
    if !report.is_gpu {
        // A GPU's work is not on this clock.
        let shares = alone.shares.iter().map(|(part, share)| (part.name().to_owned(), json!(rounded(*share))));
        value["shares"] = shares.collect();
    }
    if args.compare {
        let both = shape.measure(&device, STEPS, true)?;
        value["burn_ms_per_step"] = spread(&both.burn_ms);
        value["ratio_to_burn"] = json!(rounded(median(&both.burn_ms) / median(&both.ours_ms)));
    }
    // The plain step above has its batch at hand, as the peers' has.
    let mut worst_wait = 0.0f64;
    for method in Method::ALL.into_iter().filter(|_| !args.step_only) {
        let mut trainer = phantom_trainer(method, &args.device)?;
        trainer.step()?;
        device.sync()?;
        let before = trainer.loader_times();
        let begin = Instant::now();
        let times = times_ms(STEPS, || {
            trainer.step()?;
            // A GPU takes its orders later.
            device.sync()?;
            Ok(())
        })?;
        let seconds = begin.elapsed().as_secs_f64();
        let after = trainer.loader_times();
        value[format!("{method}_step_p50_ms")] = json!(rounded(median(&times)));
        worst_wait = worst_wait.max((after.waited - before.waited).as_secs_f64() / seconds);
        value[format!("{method}_loader_ms_per_step")] =
            json!(rounded((after.worked - before.worked).as_secs_f64() * 1e3 / STEPS as f64));
    }
    value["loader_wait_share"] = json!(worst_wait);
    print(&value, args.json)
}

/// Two steps with both networks in the shape that was asked for.
pub fn memory(args: &BenchArgs) -> Outcome {
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
    check_patch(plan.patch[0], plan.levels)?;
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

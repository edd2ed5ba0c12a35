//! Painting and review beside live training: what a hand feels, and how soon a correction is seen in the overlay.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

use super::desk::Desk;
use super::{Outcome, median, print, rounded};
use crate::edit::{BrushShape, BrushSize};
use crate::geometry::{Plane, Voxel};
use crate::io::read_mask;
use crate::label::ClassId;
use crate::learn::DeviceChoice;
use crate::project::create_demo;
use crate::volume::{CaseId, Grid};
use crate::worker::protocol::TrainerEvent;
use crate::workspace::{Action, ClassAction, EditAction, Event, ReviewAction, Tool, ToolAction, TrainAction};

/// Cases that are labelled before training begins.
const LABELLED_CASES: usize = 3;
const SLICES_PER_CASE: usize = 3;
/// Of a hand that circles, in voxels.
const STROKE_RADIUS: f64 = 6.0;
const FRAMES_PER_STROKE: usize = 40;
/// Of the first round, so that several rounds fit into a few minutes.
const FIRST_ROUND_MINUTES: f64 = 0.5;
/// A pause in which a round may begin.
const REST: Duration = Duration::from_secs(4);

/// Times in ms unless their names say otherwise.
#[derive(Default)]
struct Measured {
    stroke_ms: Vec<f64>,
    jump_ms: Vec<f64>,
    /// From the end of a round to the prediction of the shown case by its networks.
    refresh_s: Vec<f64>,
    rounds: usize,
    /// End and step of a round whose prediction has not come yet.
    awaited: Option<(Instant, u64)>,
}

/// `minutes` of painting and reviewing on the demo study, whose cases have about 64 x 64 x 40 voxels.
pub fn live_loop(minutes: f64, device: &DeviceChoice, as_json: bool) -> Outcome {
    let folder = std::env::temp_dir().join(format!("chiaro-bench-{}", std::process::id()));
    create_demo(&folder, 1)?;
    let measured = measure(&folder, Duration::from_secs_f64(60.0 * minutes.clamp(0.1, 600.0)), device);
    std::fs::remove_dir_all(&folder)?;
    let mut m = measured?;
    for times in [&mut m.stroke_ms, &mut m.jump_ms, &mut m.refresh_s] {
        times.sort_unstable_by(f64::total_cmp);
    }
    let last = |sorted: &[f64]| sorted.last().copied().map(rounded);
    let p99 = |sorted: &[f64]| sorted.get(sorted.len() * 99 / 100).copied().map(rounded);
    print(
        &json!({
            "strokes": m.stroke_ms.len(),
            "stroke_p50_ms": median(&m.stroke_ms),
            "stroke_p99_ms": p99(&m.stroke_ms),
            "jumps": m.jump_ms.len(),
            "jump_p50_ms": median(&m.jump_ms),
            "jump_max_ms": last(&m.jump_ms),
            "rounds": m.rounds,
            "refresh_p50_s": (!m.refresh_s.is_empty()).then(|| rounded(median(&m.refresh_s))),
            "refresh_max_s": last(&m.refresh_s),
        }),
        as_json,
    )
}

fn measure(folder: &Path, time: Duration, device: &DeviceChoice) -> Result<Measured, Box<dyn std::error::Error>> {
    let mut desk = Desk::new()?;
    desk.open(folder)?;
    let study = desk.workspace.study().ok_or("no study")?;
    let cases: Vec<CaseId> = study.cases.iter().take(LABELLED_CASES).map(|line| line.id.clone()).collect();
    for case in &cases {
        desk.show(case)?;
        label_slices(&mut desk, folder, case)?;
    }
    let mut measured = Measured::default();
    desk.act(Action::Train(TrainAction::SetDevice(device.clone())));
    desk.act(Action::Train(TrainAction::SetMinutes(Some(FIRST_ROUND_MINUTES))));
    desk.act(Action::Train(TrainAction::Toggle));
    let begin = Instant::now();
    while begin.elapsed() < time {
        paint(&mut desk, &mut measured);
        let rest = Instant::now();
        while rest.elapsed() < REST {
            if desk.workspace.case().is_some_and(|case| case.review.queue().is_some_and(|queue| queue.open_count() > 0))
            {
                let took = desk.act(Action::Review(ReviewAction::Next));
                measured.jump_ms.push(took.as_secs_f64() * 1e3);
            }
            for _ in 0..30 {
                desk.frame(|event| measured.see(event));
            }
        }
    }
    if measured.jump_ms.is_empty() {
        let training = desk.workspace.training();
        let said = desk.workspace.notices().last().map_or("nothing was said", |notice| notice.text.as_str());
        let (state, failure) = (training.state, training.failure.as_ref());
        return Err(format!("no pseudo-label of the shown case came ({state:?}, {failure:?}): {said}").into());
    }
    Ok(measured)
}

impl Measured {
    fn see(&mut self, event: &Event) {
        match event {
            Event::Trainer(TrainerEvent::RoundEnded { round, .. }) => {
                self.rounds += 1;
                self.awaited = Some((Instant::now(), round.step));
            }
            Event::Prediction(prediction) => {
                if let Some((ended, _)) = self.awaited.take_if(|(_, step)| prediction.provenance.step >= *step) {
                    self.refresh_s.push(ended.elapsed().as_secs_f64());
                }
            }
            _ => {}
        }
    }
}

/// Paints the true classes of a few slices with strokes of one voxel, then calls the slices complete.
fn label_slices(desk: &mut Desk, folder: &Path, case: &CaseId) -> Outcome {
    let truth = read_mask(&folder.join("truth").join(format!("{case}.nii.gz")))?.class;
    let slices = truth.extent().z();
    for nth in 1..=SLICES_PER_CASE {
        let z = slices * nth / (SLICES_PER_CASE + 1);
        desk.act(Action::Tool(ToolAction::SetBrushSize(BrushSize::Voxels(1.0))));
        for (class, from, to) in runs_of(&truth, z) {
            desk.act(Action::Class(ClassAction::Select(class)));
            let ends = [from, to].map(Voxel::to_f64);
            begin_stroke(desk, ends[0]);
            desk.act(Action::Edit(EditAction::StrokeMove { position: ends[1] }));
            desk.act(Action::Edit(EditAction::StrokeEnd));
        }
    }
    Ok(())
}

fn begin_stroke(desk: &mut Desk, position: [f64; 3]) -> Duration {
    desk.act(Action::Tool(ToolAction::Select(Tool::Brush)));
    desk.act(Action::Edit(EditAction::StrokeBegin { view: Plane::Axial, position, inverted: false }))
}

/// One circle in another slice each time, a move per frame, and a ball, so that a round has something to learn.
fn paint(desk: &mut Desk, measured: &mut Measured) {
    let Some(middle) = desk.workspace.case().map(|case| case.extent().to_array().map(|n| n as f64 / 2.0)) else {
        return;
    };
    desk.act(Action::Tool(ToolAction::SetBrushShape(BrushShape::Ball)));
    desk.act(Action::Tool(ToolAction::SetBrushSize(BrushSize::Voxels(STROKE_RADIUS))));
    desk.act(Action::Class(ClassAction::Select(1)));
    let place = |step: usize| {
        let (sin, cos) = (step as f64 / FRAMES_PER_STROKE as f64 * std::f64::consts::TAU).sin_cos();
        let level = (measured.rounds % 5) as f64 - 2.0;
        [middle[0] + STROKE_RADIUS * cos, middle[1] + STROKE_RADIUS * sin, middle[2] + level]
    };
    let places: Vec<[f64; 3]> = (0..FRAMES_PER_STROKE).map(place).collect();
    let mut last = None;
    for position in places {
        let took = match last {
            None => begin_stroke(desk, position),
            Some(_) => desk.act(Action::Edit(EditAction::StrokeMove { position })),
        };
        last = Some(position);
        measured.stroke_ms.push(took.as_secs_f64() * 1e3);
        desk.frame_at_work(|event| measured.see(event));
    }
    let took = desk.act(Action::Edit(EditAction::StrokeEnd));
    measured.stroke_ms.push(took.as_secs_f64() * 1e3);
}

/// Runs of a class along x in one slice, background among them.
fn runs_of(truth: &Grid<ClassId>, z: usize) -> Vec<(ClassId, Voxel, Voxel)> {
    let extent = truth.extent();
    let mut runs: Vec<(ClassId, Voxel, Voxel)> = Vec::new();
    for y in 0..extent.y() {
        for x in 0..extent.x() {
            let (voxel, class) = (Voxel::new(x, y, z), truth.as_slice()[extent.index(Voxel::new(x, y, z))]);
            match runs.last_mut() {
                Some((last, _, to)) if *last == class && to.y == y => *to = voxel,
                _ => runs.push((class, voxel, voxel)),
            }
        }
    }
    runs
}

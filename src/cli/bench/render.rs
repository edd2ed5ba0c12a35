//! Frames of a 2x2 window while someone paints and scrolls: alone, beside a courteous trainer, and beside one that takes all.

use std::error::Error;
use std::path::Path;

use serde_json::json;

use super::frames::{self, FrameTimes};
use super::{Outcome, print, rounded};
use crate::geometry::{Affine, Extent};
use crate::label::ClassTable;
use crate::learn::{DeviceChoice, TrainSettings};
use crate::project::create_demo;
use crate::volume::{Grid, Image, Voxels};
use crate::worker::FrameReports;
use crate::worker::protocol::{TrainRequest, TrainerCommand, TrainerEvent};
use crate::worker::trainer::TrainerHandle;

pub fn render(as_json: bool) -> Outcome {
    const FRAMES: usize = 300;
    let image = large_image().ok_or("extent")?;
    let classes = ClassTable::from_names(&["organ"])?;
    let alone = frames::measure(&image, &classes, FRAMES, |_| {})?;
    let folder = std::env::temp_dir().join(format!("chiaro-bench-{}", std::process::id()));
    create_demo(&folder, 4)?;
    let beside = |reports: Option<FrameReports>| -> Result<(FrameTimes, u64), Box<dyn Error>> {
        let trainer = match &reports {
            Some(reports) => TrainerHandle::spawn_beside_window(|| {}, reports.clone())?,
            None => TrainerHandle::spawn()?,
        };
        start_learning(&trainer, &folder)?;
        let report = |took| reports.iter().for_each(|reports| reports.frame(took));
        let times = frames::measure(&image, &classes, FRAMES, report)?;
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

/// 512 x 512 x 512 voxels of int16: stripes over slopes.
fn large_image() -> Option<Image> {
    let extent = Extent::new(512, 512, 512)?;
    let voxels = Grid::from_fn(extent, |v| ((v.x ^ v.y ^ v.z) % 256 + v.x / 4 + v.y / 8 + v.z / 4) as i16);
    Some(Image::new(Voxels::I16(voxels), 1.0, -100.0, Affine::identity()))
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

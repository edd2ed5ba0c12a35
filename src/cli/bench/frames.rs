//! How long a frame takes while someone paints.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::geometry::{Extent, PatientSide, Plane, VoxelBox};
use crate::label::{ClassTable, LabelMap};
use crate::render::{
    GpuVolumes, Offscreen, PredictionSlot, PredictionState, RenderError, SliceRenderer, SliceScene, ViewId,
};
use crate::view::{ColourTables, LayerSettings, SliceCamera, WindowLevel};
use crate::volume::{Grid, Image};

/// Pixels of one slice view, as in a window of 1280 x 800.
const VIEW_PX: [u32; 2] = [640, 400];
/// Diameter of the dab that changes in every frame, in voxels.
const DAB: usize = 15;
/// Frames drawn before the clock starts, while drivers compile.
const WARM_UP: usize = 5;

/// Frame times in ascending order.
#[derive(Clone, Debug, PartialEq)]
pub struct FrameTimes {
    sorted_ms: Vec<f64>,
}

/// Three slice views, drawn off screen.
struct Bench {
    gpu: Offscreen,
    renderer: SliceRenderer,
    scenes: Vec<(ViewId, SliceScene)>,
    /// Label states that the dabs alternate between.
    labels: [LabelMap; 2],
}

impl FrameTimes {
    fn new(mut times_ms: Vec<f64>) -> Self {
        times_ms.sort_unstable_by(f64::total_cmp);
        Self { sorted_ms: times_ms }
    }

    /// The time that `percent` (0..=100) of the frames do not exceed; 0 without frames.
    pub fn percentile_ms(&self, percent: f64) -> f64 {
        let rank = (percent / 100.0 * self.sorted_ms.len() as f64).ceil() as usize;
        self.sorted_ms.get(rank.saturating_sub(1)).or(self.sorted_ms.last()).copied().unwrap_or(0.0)
    }
}

/// Draws `frames` frames of three slice views of `image`, each after the upload of one brush dab, and waits for each of them.
///
/// To measure under load, run the load on another thread meanwhile. `on_frame` is told what each frame has taken.
pub fn measure(
    image: &Image,
    classes: &ClassTable,
    frames: usize,
    mut on_frame: impl FnMut(Duration),
) -> Result<FrameTimes, RenderError> {
    let mut bench = Bench::new(image, classes)?;
    let canvas = bench.gpu.canvas([2 * VIEW_PX[0], 2 * VIEW_PX[1]]);
    let [width, height] = VIEW_PX.map(|s| s as f32);
    let corners = [[0.0, 0.0], [width, 0.0], [0.0, height]];
    let places: Vec<_> =
        bench.scenes.iter().zip(corners).map(|((id, _), [x, y])| (*id, [x, y, width, height])).collect();
    let mut times_ms = Vec::with_capacity(frames);
    for frame in 0..frames + WARM_UP {
        let start = Instant::now();
        bench.prepare(frame);
        bench.gpu.draw(&canvas, &bench.renderer, &places)?;
        let took = start.elapsed();
        on_frame(took);
        if frame >= WARM_UP {
            times_ms.push(took.as_secs_f64() * 1e3);
        }
    }
    Ok(FrameTimes::new(times_ms))
}

impl Bench {
    fn new(image: &Image, classes: &ClassTable) -> Result<Self, RenderError> {
        let gpu = Offscreen::new()?;
        let extent = image.extent();
        let labels = [LabelMap::unknown(extent), LabelMap::imported(Grid::filled(extent, 1))];
        let mut renderer = gpu.slice_renderer();
        renderer.set_volumes(&gpu.device, Some(GpuVolumes::new(&gpu.device, &gpu.queue, image, &labels[0])?));
        let scenes = (0..).map(ViewId).zip(Plane::ALL.map(|plane| scene(image, classes, plane))).collect();
        Ok(Self { gpu, renderer, scenes, labels })
    }

    fn prepare(&mut self, frame: usize) {
        let labels = &self.labels[frame % 2];
        let dab = dab(labels.extent(), frame);
        self.renderer.upload_box(&self.gpu.queue, labels, &dab);
        for (id, scene) in &self.scenes {
            self.renderer.prepare(&self.gpu.device, &self.gpu.queue, *id, scene);
        }
    }
}

/// Along the diagonal, so that every view sees some of the dabs.
fn dab(extent: Extent, frame: usize) -> VoxelBox {
    let lo = extent.to_array().map(|n| frame * 7 % n);
    VoxelBox { lo: lo.into(), hi: lo.map(|c| c + DAB).into() }.intersect(&extent.full_box())
}

fn scene(image: &Image, classes: &ClassTable, plane: Plane) -> SliceScene {
    let view_size = VIEW_PX.map(f64::from);
    let mut camera = SliceCamera::new(&image.affine, image.extent(), plane, PatientSide::Radiological);
    camera.fit(view_size);
    let layers = LayerSettings::default();
    SliceScene {
        camera: camera.into(),
        view_size,
        window: WindowLevel::auto(image),
        layers,
        colours: Arc::new(ColourTables::new(classes, &layers)),
        prediction: PredictionState::Absent,
        slot: PredictionSlot::First,
        overlay: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Affine;
    use crate::volume::Voxels;

    #[test]
    fn percentiles_are_ranks_of_the_sorted_times() {
        let times = FrameTimes::new((1..=200).rev().map(f64::from).collect());
        assert_eq!(
            (times.percentile_ms(50.0), times.percentile_ms(99.0), times.percentile_ms(100.0)),
            (100.0, 198.0, 200.0)
        );
        assert_eq!(FrameTimes::new(vec![7.0]).percentile_ms(0.0), 7.0);
        assert_eq!(FrameTimes::new(Vec::new()).percentile_ms(50.0), 0.0);
    }

    #[test]
    fn every_frame_is_timed_without_the_warm_up_even_on_a_thin_volume() {
        let extent = Extent::new(40, 30, 1).unwrap();
        let image = Image::new(Voxels::U8(Grid::from_fn(extent, |v| v.x as u8)), 1.0, 0.0, Affine::identity());
        match measure(&image, &ClassTable::from_names(&["a"]).unwrap(), 4, |_| {}) {
            Ok(times) => assert!(times.sorted_ms.len() == 4 && times.sorted_ms.iter().all(|t| *t > 0.0)),
            Err(RenderError::NoAdapter(_)) => println!("skipped: no graphics adapter"),
            Err(error) => panic!("{error}"),
        }
    }
}

//! How long a frame takes while someone paints.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::geometry::vector::{length, minus};
use crate::geometry::{Extent, PatientSide, Plane, VoxelBox};
use crate::label::{
    ClassId, ClassTable, LabelMap, Prediction, Probabilities, Provenance, SurfaceBricks, SurfaceMesh, probability_to_u8,
};
use crate::render::{
    Canvas, GpuVolumes, Offscreen, PredictionSlot, PredictionState, RenderError, SliceRenderer, SliceScene,
    SolidRenderer, SolidScene, SurfaceLook, ViewId,
};
use crate::view::{ColourBy, ColourTables, LayerSettings, OrbitCamera, SliceCamera, WindowLevel};
use crate::volume::{Grid, Image};

/// Pixels of one slice view, as in a window of 1280 x 800.
const VIEW_PX: [u32; 2] = [640, 400];
/// Diameter of the dab that changes in every frame, in voxels.
const DAB: usize = 15;
/// A slice further in every frame, as with a wheel that is turned all the time.
const SCROLL: i64 = 1;
/// A surface under the brush comes from its thread about so often; on a software adapter it waits until the hand lets go, which
/// never happens here.
const FRAMES_PER_SURFACE: usize = 4;
const ORGAN: ClassId = 1;
const SOLID: ViewId = ViewId(3);
/// Frames drawn before the clock starts, while drivers compile.
const WARM_UP: usize = 5;

/// Frame times in ascending order.
#[derive(Clone, Debug, PartialEq)]
pub struct FrameTimes {
    sorted_ms: Vec<f64>,
}

/// Three slice views and the surfaces of the labels, drawn off screen.
struct Bench {
    gpu: Offscreen,
    renderer: SliceRenderer,
    scenes: Vec<(ViewId, SliceScene)>,
    solid: SolidRenderer,
    solid_scene: SolidScene,
    surface: Vec<(usize, SurfaceMesh)>,
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

/// Draws `frames` frames of a 2x2 window of `image`, its labels, a prediction and the labels' surfaces, each frame after one
/// brush dab and one step of the wheel in every slice view, and waits for each of them.
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
    let corners = [[0.0, 0.0], [width, 0.0], [0.0, height], [width, height]];
    let places: Vec<_> = (0..).map(ViewId).zip(corners).map(|(id, [x, y])| (id, [x, y, width, height])).collect();
    let mut times_ms = Vec::with_capacity(frames);
    for frame in 0..frames + WARM_UP {
        let start = Instant::now();
        bench.prepare(frame)?;
        bench.draw(&canvas, &places)?;
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
        let labels = [LabelMap::unknown(image.extent()), LabelMap::imported(organ(image.extent()))];
        let mut renderer = gpu.slice_renderer();
        let mut volumes = GpuVolumes::new(&gpu.device, &gpu.queue, image, &labels[1])?;
        let prediction = prediction(labels[1].class());
        let slot = PredictionSlot::First;
        volumes.set_prediction(&gpu.device, &gpu.queue, slot, Some(&prediction), ColourBy::default())?;
        renderer.set_volumes(&gpu.device, Some(volumes));
        let scenes = (0..).map(ViewId).zip(Plane::ALL.map(|plane| scene(image, classes, plane))).collect();
        let bricks = SurfaceBricks::of_class(labels[1].class(), ORGAN, image.affine, &|| false);
        let surface: Vec<_> =
            bricks.iter().flat_map(SurfaceBricks::bricks).map(|(number, mesh)| (number, mesh.clone())).collect();
        let mut solid = gpu.solid_renderer();
        for (number, mesh) in &surface {
            solid.set_surface(&gpu.device, ORGAN, *number, Some(mesh));
        }
        Ok(Self { gpu, renderer, scenes, solid, solid_scene: solid_scene(image), surface, labels })
    }

    fn prepare(&mut self, frame: usize) -> Result<(), RenderError> {
        let Offscreen { device, queue, .. } = &self.gpu;
        let labels = &self.labels[frame % 2];
        let dab = dab(labels.extent(), frame);
        self.renderer.upload_box(queue, labels, &dab);
        for (id, scene) in &mut self.scenes {
            let camera = scene.camera.straight_mut();
            let last = camera.slice() + 1 >= camera.slice_count();
            if last {
                camera.set_slice(0)
            } else {
                camera.step_slice(SCROLL)
            }
            self.renderer.prepare(device, queue, *id, scene);
        }
        let is_software = self.gpu.is_software();
        let brick = self.surface.get(frame / FRAMES_PER_SURFACE % self.surface.len().max(1));
        if let Some((number, mesh)) = brick.filter(|_| !is_software && frame.is_multiple_of(FRAMES_PER_SURFACE)) {
            self.solid.set_surface(device, ORGAN, *number, Some(mesh));
        }
        self.solid.prepare(device, queue, SOLID, &self.solid_scene, None).map(drop)
    }

    fn draw(&self, canvas: &Canvas, places: &[(ViewId, [f32; 4])]) -> Result<(), RenderError> {
        self.gpu.paint(canvas, |pass| {
            for (id, rectangle) in places {
                match *id {
                    SOLID => self.solid.paint(pass, SOLID, *rectangle),
                    id => self.renderer.paint(pass, id, *rectangle),
                }
            }
        })
    }
}

/// A ball in the middle, of a third of the volume's width.
fn organ(extent: Extent) -> Grid<ClassId> {
    let middle = extent.to_array().map(|n| n as f64 / 2.0);
    let radius = middle.into_iter().fold(0.0, f64::max) / 3.0;
    Grid::from_fn(extent, |v| if length(minus(v.to_f64(), middle)) < radius { ORGAN } else { 0 })
}

/// What two networks in agreement say of these classes.
fn prediction(class: &Grid<ClassId>) -> Prediction {
    let confidence = Grid::filled(class.extent(), probability_to_u8(0.9));
    Prediction {
        provenance: Provenance { case: "bench".into(), label_revision: 0, model: "bench".to_owned(), step: 0 },
        class: class.clone(),
        confidence_a: confidence.clone(),
        confidence_b: confidence.clone(),
        class_a: class.clone(),
        class_b: class.clone(),
        dual_confidence: confidence.clone(),
        probabilities: Probabilities { mean: Some(confidence), ..Probabilities::default() },
    }
}

fn solid_scene(image: &Image) -> SolidScene {
    SolidScene {
        camera: OrbitCamera::fitted(image.extent(), &image.affine),
        size_px: VIEW_PX,
        surfaces: vec![SurfaceLook { class: ORGAN, colour: [220, 120, 40], opacity: 1.0, visible: true }],
        volume: None,
        surface_clip: None,
        background: [0; 3],
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
        prediction: PredictionState::Fresh,
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

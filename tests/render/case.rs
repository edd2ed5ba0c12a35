//! The case that is drawn, and what a picture is compared with.

use std::sync::Arc;

use chiaro::geometry::{Affine, Extent, PatientSide, Plane, Voxel};
use chiaro::label::{ClassTable, Indecision, LabelMap, Origin, Prediction, Probabilities, Provenance};
use chiaro::render::wgpu::TextureFormat;
use chiaro::render::{
    GpuVolumes, Offscreen, PredictionSlot, PredictionState, RenderError, SliceRenderer, SliceScene, ViewId, reference,
};
use chiaro::view::{ColourBy, ColourTables, LayerSettings, SliceCamera, WindowLevel};
use chiaro::volume::{CaseId, Grid, Image, Voxels};
use image::RgbaImage;

pub const VIEW: ViewId = ViewId(0);
pub const SIZE: [u32; 2] = [160, 120];

/// `None` (with a note) where there is no adapter at all; that is a failure on the build server.
pub fn offscreen() -> Option<Offscreen> {
    offscreen_with(TextureFormat::Rgba8Unorm)
}

pub fn offscreen_with(format: TextureFormat) -> Option<Offscreen> {
    opened(Offscreen::with_format(format))
}

/// With 3-D textures of at most `limit` texels along each axis.
pub fn offscreen_with_volume_limit(limit: u32) -> Option<Offscreen> {
    opened(Offscreen::with_volume_limit(limit))
}

fn opened(device: Result<Offscreen, RenderError>) -> Option<Offscreen> {
    match device {
        Ok(device) => Some(device),
        Err(error) if std::env::var("CI").is_ok_and(|v| v == "true") => panic!("{error}"),
        Err(error) => {
            println!("skipped: {error}");
            None
        }
    }
}

/// A case whose planes differ in every direction, so that no flip or transposition goes unnoticed.
pub struct Case {
    pub image: Image,
    pub labels: LabelMap,
    pub prediction: Prediction,
    pub overlay: Option<Image>,
}

impl Case {
    pub fn new(affine: Affine) -> Self {
        Self::with_size([13, 17, 9], affine)
    }

    pub fn with_size(size: [usize; 3], affine: Affine) -> Self {
        Self::build(size, affine, -20.0, |v| {
            let [x, y, z] = v.to_f64();
            (40.0 * x - 25.0 * y + 60.0 * z + 90.0 * (x * y * 0.3 + z).sin()) as f32
        })
    }

    pub fn with_intensities(affine: Affine, intercept: f64, intensity: impl FnMut(Voxel) -> f32) -> Self {
        Self::build([13, 17, 9], affine, intercept, intensity)
    }

    fn build(size: [usize; 3], affine: Affine, intercept: f64, intensity: impl FnMut(Voxel) -> f32) -> Self {
        let extent = Extent::from_array(size).unwrap();
        let image = Image::new(Voxels::F32(Grid::from_fn(extent, intensity)), 1.5, intercept, affine);
        let origin = Grid::from_fn(extent, |v| match (v.x * 5 + v.y * 3 + v.z) % 7 {
            0 | 1 => Origin::Unknown,
            2 => Origin::Accepted,
            3 => Origin::Imported,
            _ => Origin::Manual,
        });
        let class = Grid::from_fn(extent, |v| ((v.x / 3 + v.y / 4 + v.z / 2) % 4) as u8);
        let labels = LabelMap::from_planes(class, origin).unwrap();
        let plane = |step: [usize; 3], modulus: usize| {
            Grid::from_fn(extent, |v| ((v.x * step[0] + v.y * step[1] + v.z * step[2]) % modulus) as u8)
        };
        let prediction = Prediction {
            provenance: Provenance { case: CaseId::from("a"), label_revision: 0, model: "m".into(), step: 1 },
            class: Grid::from_fn(extent, |v| ((v.x / 4 + v.y / 5 + v.z) % 4) as u8),
            confidence_a: plane([1, 2, 3], 256),
            confidence_b: plane([3, 2, 1], 256),
            class_a: Grid::from_fn(extent, |v| ((v.x / 4 + v.y / 5) % 3) as u8),
            class_b: Grid::from_fn(extent, |v| (((v.x + 1) / 4 + v.y / 5) % 3) as u8),
            dual_confidence: plane([17, 29, 5], 256),
            probabilities: Probabilities {
                mean: Some(plane([13, 7, 31], 256)),
                np: Some(plane([5, 41, 23], 256)),
                np_std: Some(plane([3, 11, 19], 256)),
                indecision: Some(Indecision {
                    entropy: plane([9, 4, 2], 256),
                    belief_agreement: plane([2, 21, 9], 256),
                    jensen_shannon: plane([7, 5, 1], 256),
                    margin: plane([11, 3, 5], 80),
                }),
                ..Probabilities::default()
            },
        };
        Self { image, labels, prediction, overlay: None }
    }

    pub fn scene(&self, plane: Plane, change: impl FnOnce(&mut LayerSettings)) -> SliceScene {
        let mut classes = ClassTable::from_names(&["one", "two", "three"]).unwrap();
        classes.get_mut(3).unwrap().visible = false;
        let mut layers = LayerSettings { pseudo_opacity: 0.7, ..LayerSettings::default() };
        change(&mut layers);
        let view_size = SIZE.map(f64::from);
        let mut camera = SliceCamera::new(&self.image.affine, self.image.extent(), plane, PatientSide::Radiological);
        camera.fit(view_size);
        // Away from the symmetric fit, where pixel centres lie exactly between voxels.
        camera.zoom_at([31.7, 44.3], view_size, 0.913);
        camera.set_slice(3);
        SliceScene {
            camera: camera.into(),
            view_size,
            window: WindowLevel::auto(&self.image),
            layers,
            colours: Arc::new(ColourTables::new(&classes, &layers)),
            prediction: PredictionState::Fresh,
            slot: PredictionSlot::First,
            overlay: None,
        }
    }

    pub fn volumes(&self, gpu: &Offscreen) -> GpuVolumes {
        let mut volumes = GpuVolumes::new(&gpu.device, &gpu.queue, &self.image, &self.labels).unwrap();
        let (slot, by) = (PredictionSlot::First, ColourBy::default());
        volumes.set_prediction(&gpu.device, &gpu.queue, slot, Some(&self.prediction), by).unwrap();
        volumes.set_overlay(&gpu.device, &gpu.queue, self.overlay.as_ref(), &self.image.affine).unwrap();
        volumes
    }

    pub fn reference(&self, scene: &SliceScene) -> RgbaImage {
        reference::compose(scene, &self.image, &self.labels, Some(&self.prediction), self.overlay.as_ref(), SIZE)
    }
}

pub fn drawn(gpu: &Offscreen, renderer: &mut SliceRenderer, scene: &SliceScene) -> RgbaImage {
    let canvas = gpu.canvas(SIZE);
    renderer.prepare(&gpu.device, &gpu.queue, VIEW, scene);
    gpu.draw(&canvas, renderer, &[(VIEW, whole())]).unwrap();
    gpu.read(&canvas).unwrap()
}

pub fn whole() -> [f32; 4] {
    [0.0, 0.0, SIZE[0] as f32, SIZE[1] as f32]
}

pub fn assert_same(gpu: &RgbaImage, cpu: &RgbaImage, what: &str) {
    assert_eq!(gpu.dimensions(), cpu.dimensions());
    for ((x, y, g), c) in gpu.enumerate_pixels().zip(cpu.pixels()) {
        let difference = g.0.iter().zip(c.0).map(|(a, b)| a.abs_diff(b)).max().unwrap();
        assert!(difference <= 1, "{what}: pixel {x}, {y} is {:?}, should be {:?}", g.0, c.0);
    }
}

/// A picture without content would agree with anything.
pub fn assert_rich(picture: &RgbaImage) {
    let colours: std::collections::HashSet<_> = picture.pixels().map(|p| p.0).collect();
    assert!(colours.len() > 30, "only {} colours", colours.len());
}

pub fn check(case: &Case, scenes: &[(&str, SliceScene)]) {
    let Some(gpu) = offscreen() else { return };
    check_on(&gpu, case, scenes);
}

pub fn check_on(gpu: &Offscreen, case: &Case, scenes: &[(&str, SliceScene)]) {
    let mut renderer = gpu.slice_renderer();
    renderer.set_volumes(&gpu.device, Some(case.volumes(gpu)));
    for (what, scene) in scenes {
        let cpu = case.reference(scene);
        assert_rich(&cpu);
        assert_same(&drawn(gpu, &mut renderer, scene), &cpu, what);
    }
}

pub fn oblique() -> Affine {
    let (s, c) = 25f64.to_radians().sin_cos();
    Affine { rows: [[-c * 0.9, s * 1.3, 0.0, 12.0], [s * 0.9, c * 1.3, 0.0, -40.0], [0.0, 0.0, 2.5, 7.0]] }
}

//! Pictures on whatever adapter there is, measured.

mod folded;
mod nothing;
mod surfaces;
mod volumes;

use image::RgbaImage;

use super::*;
use crate::geometry::vector::{length, minus};
use crate::geometry::{Affine, AnatomicalDirection, Extent};
use crate::label::{ClassId, LabelMap, SurfaceBricks};
use crate::render::{GpuVolumes, Offscreen, RenderError, ViewId};
use crate::view::OrbitCamera;
use crate::volume::{Grid, Image, Voxels};

const VIEW: ViewId = ViewId(3);
const SIZE: [u32; 2] = [200, 160];
const BACKGROUND: [u8; 3] = [10, 20, 40];
const RED: [u8; 3] = [220, 30, 30];
const GREEN: [u8; 3] = [30, 200, 60];
/// Voxels along each edge of the test volume, and the voxel in its middle.
const EDGE: usize = 61;
const MIDDLE: [f64; 3] = [30.0; 3];

/// A renderer on a device; `None` (with a note) where there is no adapter, which is a failure on the build server.
struct Stage {
    gpu: Offscreen,
    renderer: SolidRenderer,
}

impl Stage {
    fn new() -> Option<Self> {
        Self::on(Offscreen::new())
    }

    fn on(device: Result<Offscreen, RenderError>) -> Option<Self> {
        match device {
            Ok(gpu) => Some(Self { renderer: gpu.solid_renderer(), gpu }),
            Err(error) if std::env::var("CI").is_ok_and(|v| v == "true") => panic!("{error}"),
            Err(error) => {
                println!("skipped: {error}");
                None
            }
        }
    }

    /// Adds a ball as the surface of a class.
    fn add_ball(&mut self, class: ClassId, centre: [f64; 3], radius: f64) {
        let classes = Grid::from_fn(extent(), |v| u8::from(length(minus(v.to_f64(), centre)) < radius) * class);
        self.add_surfaces(&classes, class, affine());
    }

    fn add_surfaces(&mut self, classes: &Grid<u8>, class: ClassId, affine: Affine) -> usize {
        let surface = SurfaceBricks::of_class(classes, class, affine, &|| false).unwrap();
        for (number, mesh) in surface.bricks() {
            self.renderer.set_surface(&self.gpu.device, class, number, Some(mesh));
        }
        surface.bricks().map(|(_, mesh)| mesh.triangles.len()).sum()
    }

    fn volumes(&self, image: &Image) -> GpuVolumes {
        GpuVolumes::new(&self.gpu.device, &self.gpu.queue, image, &LabelMap::unknown(image.extent())).unwrap()
    }

    fn picture(&mut self, scene: &SolidScene, volumes: Option<&GpuVolumes>) -> RgbaImage {
        let canvas = self.gpu.canvas(scene.size_px);
        self.renderer.prepare(&self.gpu.device, &self.gpu.queue, VIEW, scene, volumes).unwrap();
        let whole = [0.0, 0.0, scene.size_px[0] as f32, scene.size_px[1] as f32];
        self.gpu.paint(&canvas, |pass| self.renderer.paint(pass, VIEW, whole)).unwrap();
        self.gpu.read(&canvas).unwrap()
    }
}

fn extent() -> Extent {
    Extent::new(EDGE, EDGE, EDGE).unwrap()
}

/// Shifted, so that voxel positions are not world positions.
fn affine() -> Affine {
    let mut affine = Affine::identity();
    (affine.rows[0][3], affine.rows[1][3], affine.rows[2][3]) = (-100.0, 40.0, 7.0);
    affine
}

/// Looks at the patient's front, so that a larger y is nearer.
fn scene(surfaces: &[SurfaceLook]) -> SolidScene {
    let mut camera = OrbitCamera::fitted(extent(), &affine());
    camera.look_from(AnatomicalDirection::Anterior);
    SolidScene {
        camera,
        size_px: SIZE,
        surfaces: surfaces.to_vec(),
        volume: None,
        surface_clip: None,
        background: BACKGROUND,
    }
}

fn look(class: ClassId, colour: [u8; 3], opacity: f32) -> SurfaceLook {
    SurfaceLook { class, colour, opacity, visible: true }
}

/// 1000 inside a ball around the middle, 0 around it.
fn bright_ball(radius: f64) -> Image {
    let value = |inside: bool| if inside { 1000 } else { 0 };
    let voxels = Grid::from_fn(extent(), |v| value(length(minus(v.to_f64(), MIDDLE)) < radius));
    Image::new(Voxels::I16(voxels), 1.0, 0.0, affine())
}

fn at(picture: &RgbaImage, x: f64, y: f64) -> [u8; 3] {
    let [r, g, b, _] = picture.get_pixel(x as u32, y as u32).0;
    [r, g, b]
}

fn middle(picture: &RgbaImage) -> [u8; 3] {
    at(picture, f64::from(SIZE[0]) / 2.0, f64::from(SIZE[1]) / 2.0)
}

fn is_red([r, g, b]: [u8; 3]) -> bool {
    r > 100 && r > 2 * g && r > 2 * b
}

fn is_green([r, g, b]: [u8; 3]) -> bool {
    g > 100 && g > 2 * r && g > 2 * b
}

/// Whether a pixel is unlike the background.
fn is_drawn(colour: [u8; 3]) -> bool {
    colour.iter().zip(BACKGROUND).any(|(a, b)| a.abs_diff(b) > 40)
}

/// Radius of a disc of as many pixels as are unlike the background.
fn disc_radius_px(picture: &RgbaImage) -> f64 {
    let drawn = picture.pixels().filter(|p| is_drawn([p[0], p[1], p[2]])).count();
    (drawn as f64 / std::f64::consts::PI).sqrt()
}

//! The slice picture in plain Rust: slow, without a graphics adapter, and the judge of the shader.
//!
//! On a turned plane the image is read between voxels (or from the nearest one, as the layers say), a slab in even steps
//! along the plane's normal; everything else is that of the nearest voxel. A straight slice has a contour where a pixel lies
//! within a contour's thickness of a neighbour of another class; a turned one where the voxel so far to the right, left, above
//! or below in the plane is of another class.

use std::ops::Range;

use image::{Rgba, RgbaImage};

use super::overlay_reference::OverlayReference;
use super::{PredictionState, SliceScene};
use crate::geometry::Voxel;
use crate::geometry::vector::{add, minus};
use crate::label::{LabelMap, Prediction};
use crate::view::{ColourTables, Contours, LabelStyle, SlabProjection, SlabSampler};
use crate::volume::{Grid, Image};

/// Stands for infinitely dark or bright in interpolation.
const EXTREME: f64 = 1e300;

type Colour = [f64; 3];

/// Draws `scene` with `size` pixels. The grids must have the extent of the scene's camera, else the picture is black; only
/// the overlay has a grid of its own.
pub fn compose(
    scene: &SliceScene,
    image: &Image,
    labels: &LabelMap,
    prediction: Option<&Prediction>,
    overlay: Option<&Image>,
    size: [u32; 2],
) -> RgbaImage {
    let extent = scene.camera.extent();
    let same = image.extent() == extent && labels.extent() == extent && prediction.is_none_or(|p| p.extent() == extent);
    let prediction = prediction.filter(|_| scene.prediction != PredictionState::Absent);
    let overlay = overlay.and_then(|overlay| OverlayReference::new(scene, overlay, &image.affine));
    let cut = Cut::new(scene, image);
    let composer = Composer { scene, image, labels, prediction, overlay, cut };
    RgbaImage::from_fn(size[0], size[1], |x, y| {
        let place = [(f64::from(x) + 0.5) / f64::from(size[0]), (f64::from(y) + 0.5) / f64::from(size[1])];
        let colour = if same { composer.pixel(place) } else { [0.0; 3] };
        // In 0..=255 because every step mixes values of 0..=1.
        let [r, g, b] = colour.map(|c| (c * 255.0).round() as u8);
        Rgba([r, g, b, 255])
    })
}

struct Composer<'a> {
    scene: &'a SliceScene,
    image: &'a Image,
    labels: &'a LabelMap,
    prediction: Option<&'a Prediction>,
    overlay: Option<OverlayReference<'a>>,
    cut: Cut<'a>,
}

/// How the view cuts the volume.
enum Cut<'a> {
    Straight {
        /// Thickness of contours in voxels along right and down.
        contour: [f64; 2],
        slab: Option<(SlabProjection, Range<usize>)>,
    },
    Turned {
        /// Across a contour to the right and down, voxels.
        contour: [[f64; 3]; 2],
        sampler: SlabSampler<'a>,
    },
}

impl<'a> Cut<'a> {
    fn new(scene: &SliceScene, image: &'a Image) -> Self {
        let Some(turned) = scene.camera.turned() else {
            return Self::Straight { contour: scene.contour_voxels(), slab: scene.slab() };
        };
        let slab = scene.layers.slab.unwrap_or_default();
        let [width, height] = scene.view_size;
        let [right, down] = scene.contour_shares();
        let voxel = |place| turned.voxel_from_screen(place, scene.view_size);
        let corner = voxel([0.0; 2]);
        Self::Turned {
            contour: [[right * width, 0.0], [0.0, down * height]].map(|place| minus(voxel(place), corner)),
            sampler: SlabSampler::new(image, turned, &slab, scene.layers.interpolation),
        }
    }
}

/// A voxel beside a pixel, `None` outside the volume.
type Neighbour = Option<Voxel>;

impl Composer<'_> {
    fn pixel(&self, place: [f64; 2]) -> Colour {
        let size = self.scene.view_size;
        let position = self.scene.camera.voxel_from_screen([place[0] * size[0], place[1] * size[1]], size);
        let Some(voxel) = self.scene.camera.extent().nearest_voxel(position) else {
            return [0.0; 3];
        };
        let layers = &self.scene.layers;
        let near = self.near_neighbours(position, voxel);
        let labelled = layers.labels && self.labels.value(voxel).origin.is_known();
        let mut colour = [self.scene.window.grey(self.projected(position, voxel)); 3];
        if let Some(over) = self.overlay.as_ref().and_then(|overlay| overlay.colour(position)) {
            colour = blend(colour, over, 1.0);
        }
        if let Some(prediction) = self.prediction {
            if layers.pseudo && !labelled {
                colour = self.with_pseudo(colour, prediction, voxel);
            }
            colour = self.with_contours(colour, prediction, voxel, &near);
        }
        if labelled { self.with_labels(colour, voxel, &near) } else { colour }
    }

    fn projected(&self, position: [f64; 3], voxel: Voxel) -> f64 {
        let slab = match &self.cut {
            Cut::Straight { slab, .. } => slab,
            Cut::Turned { sampler, .. } => return sampler.sample(position),
        };
        let Some((projection, slices)) = slab else {
            return self.intensity(position, voxel);
        };
        let normal = self.scene.camera.straight().axes().normal.axis;
        projection.of(slices.clone().map(|slice| {
            let mut there = position;
            there[normal] = slice as f64;
            self.intensity(there, voxel.with_axis(normal, slice))
        }))
    }

    fn intensity(&self, position: [f64; 3], voxel: Voxel) -> f64 {
        if !self.scene.layers.interpolation {
            return self.sample(voxel.to_f64());
        }
        let [right, down] = self.in_plane_axes();
        let mut base = position;
        base[right] = position[right].floor();
        base[down] = position[down].floor();
        let at = |r: f64, d: f64| {
            let mut p = base;
            p[right] += r;
            p[down] += d;
            self.sample(p)
        };
        let fraction = [position[right] - base[right], position[down] - base[down]];
        let top = mix(at(0.0, 0.0), at(1.0, 0.0), fraction[0]);
        let bottom = mix(at(0.0, 1.0), at(1.0, 1.0), fraction[0]);
        mix(top, bottom, fraction[1])
    }

    /// Intensity of the nearest voxel inside the volume; NaN is as dark as can be.
    fn sample(&self, position: [f64; 3]) -> f64 {
        let value = self.image.intensity(self.image.extent().clamped_voxel(position));
        if value.is_nan() { -EXTREME } else { value.clamp(-EXTREME, EXTREME) }
    }

    fn in_plane_axes(&self) -> [usize; 2] {
        let axes = self.scene.camera.straight().axes();
        [axes.right.axis, axes.down.axis]
    }

    /// The neighbours that lie within a contour's thickness of the position; in a turned plane the voxel itself may be one.
    fn near_neighbours(&self, position: [f64; 3], voxel: Voxel) -> Vec<Neighbour> {
        let contour = match &self.cut {
            Cut::Straight { contour, .. } => *contour,
            Cut::Turned { contour, .. } => {
                let extent = self.scene.camera.extent();
                let places = contour.iter().flat_map(|&step| [minus(position, step), add(position, step)]);
                return places.map(|place| extent.nearest_voxel(place)).collect();
            }
        };
        let extent = self.scene.camera.extent().to_array();
        let mut near = Vec::new();
        for (axis, thickness) in self.in_plane_axes().into_iter().zip(contour) {
            let here = voxel.to_array()[axis];
            let offset = position[axis] - here as f64;
            if offset < thickness - 0.5 {
                near.push(here.checked_sub(1).map(|c| voxel.with_axis(axis, c)));
            }
            if offset > 0.5 - thickness {
                near.push((here + 1 < extent[axis]).then(|| voxel.with_axis(axis, here + 1)));
            }
        }
        near
    }

    fn with_pseudo(&self, under: Colour, prediction: &Prediction, voxel: Voxel) -> Colour {
        let colours = &self.scene.colours;
        let planes = self.scene.layers.planes_by().planes(prediction);
        let second = planes.second.map(|plane| plane.at(voxel));
        let colour = colours.pseudo(prediction.class.at(voxel), planes.first.at(voxel), second);
        let opacity = f64::from(self.scene.layers.pseudo_opacity * self.scene.prediction_opacity());
        blend(under, colour, opacity)
    }

    fn with_contours(&self, under: Colour, prediction: &Prediction, voxel: Voxel, near: &[Neighbour]) -> Colour {
        let Contours { network_a, network_b, fused } = self.scene.layers.shown_contours();
        let on = |wanted: bool, plane: &Grid<u8>| {
            let class = plane.at(voxel);
            wanted && class != 0 && self.scene.colours.label(class)[3] > 0 && on_class_contour(plane, voxel, near)
        };
        let [r, g, b] = match (on(network_a, &prediction.class_a), on(network_b, &prediction.class_b)) {
            (true, true) => ColourTables::NETWORKS_AGREE,
            _ if ColourTables::is_dash(voxel) && on(fused, &prediction.class) => ColourTables::FUSED,
            (true, false) => ColourTables::NETWORK_A,
            (false, true) => ColourTables::NETWORK_B,
            (false, false) => return under,
        };
        blend(under, unit([r, g, b, 255]), f64::from(self.scene.prediction_opacity()))
    }

    fn with_labels(&self, under: Colour, voxel: Voxel, near: &[Neighbour]) -> Colour {
        let class = self.labels.value(voxel).class;
        let opaque_if = |on: bool| if on { 1.0 } else { 0.0 };
        let opacity = match self.scene.layers.label_style {
            // Known background is a contour against what nobody labelled; the volume's edge is none.
            _ if class == 0 => {
                opaque_if(near.iter().flatten().any(|&neighbour| !self.labels.value(neighbour).origin.is_known()))
            }
            LabelStyle::Contour => opaque_if(on_class_contour(self.labels.class(), voxel, near)),
            LabelStyle::Fill => f64::from(self.scene.layers.label_opacity),
        };
        blend(under, unit(self.scene.colours.label(class)), opacity)
    }
}

/// Outside the volume there is background.
fn on_class_contour(plane: &Grid<u8>, voxel: Voxel, near: &[Neighbour]) -> bool {
    let class = plane.at(voxel);
    near.iter().any(|neighbour| neighbour.map_or(0, |n| plane.at(n)) != class)
}

fn unit(colour: [u8; 4]) -> [f64; 4] {
    colour.map(|c| f64::from(c) / 255.0)
}

/// Mixes a colour with its weight over `under`, in sRGB-encoded values.
fn blend(under: Colour, [r, g, b, weight]: [f64; 4], opacity: f64) -> Colour {
    let (alpha, over) = (opacity * weight, [r, g, b]);
    std::array::from_fn(|i| mix(under[i], over[i], alpha))
}

fn mix(a: f64, b: f64, t: f64) -> f64 {
    a * (1.0 - t) + b * t
}

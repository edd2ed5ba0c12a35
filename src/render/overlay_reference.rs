//! What the overlay adds to a pixel, in plain Rust.

use super::SliceScene;
use crate::geometry::Affine;
use crate::view::{OverlayColourMap, OverlayLook, trilinear};
use crate::volume::Image;

/// Reads an overlay at places of the image below.
pub(super) struct OverlayReference<'a> {
    image: &'a Image,
    look: OverlayLook,
    colours: [[u8; 4]; OverlayColourMap::LENGTH],
    overlay_from_base: Affine,
    interpolation: bool,
}

impl<'a> OverlayReference<'a> {
    /// `None` if the scene shows no overlay or it lies nowhere. `base` is world from voxel of the image below.
    pub fn new(scene: &SliceScene, overlay: &'a Image, base: &Affine) -> Option<Self> {
        let look = scene.overlay?;
        let overlay_from_world = overlay.affine.inverse().filter(|_| base.is_usable())?;
        Some(Self {
            image: overlay,
            look,
            colours: look.map.table(),
            overlay_from_base: overlay_from_world.after(base),
            interpolation: scene.layers.interpolation,
        })
    }

    /// sRGB-encoded red, green, blue and weight, 0..=1, at a voxel position of the image below; `None` where nothing is drawn.
    pub fn colour(&self, base_position: [f64; 3]) -> Option<[f64; 4]> {
        let position = self.overlay_from_base.world_from_voxel(base_position);
        let nearest = self.image.extent().nearest_voxel(position)?;
        let intensity =
            if self.interpolation { trilinear(self.image, position)? } else { self.image.intensity(nearest) };
        let entry = self.look.share(intensity)? * (OverlayColourMap::LENGTH - 1) as f64;
        // The share is in 0..=1.
        let (lower, upper) = (self.colours[entry.floor() as usize], self.colours[entry.ceil() as usize]);
        let channel =
            |c: usize| (f64::from(lower[c]) + entry.fract() * (f64::from(upper[c]) - f64::from(lower[c]))) / 255.0;
        Some([channel(0), channel(1), channel(2), f64::from(self.look.weight())])
    }
}

//! A second image laid over the first, on its own grid.

use std::path::PathBuf;
use std::sync::Arc;

use crate::view::{OverlayColourMap, OverlayLook, WindowLevel};
use crate::volume::Image;

#[derive(Clone, Debug)]
pub struct SecondImage {
    /// Where it was read from.
    pub path: PathBuf,
    pub image: Arc<Image>,
    pub look: OverlayLook,
}

/// What lies under it must still be seen.
const OPACITY: f32 = 0.5;

impl SecondImage {
    pub(super) fn new(path: PathBuf, image: Arc<Image>) -> Self {
        let window = WindowLevel::auto(&image);
        Self { path, look: OverlayLook { window, map: OverlayColourMap::default(), opacity: OPACITY }, image }
    }
}

//! Saves a picture of the window some seconds after it opened.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use eframe::egui::{self, ColorImage, Pos2, Rect, ViewportCommand, vec2};

/// When and where to save a picture of the window; the program ends after it.
#[derive(Clone, Debug)]
pub struct ScreenshotRequest {
    pub file: PathBuf,
    pub after_secs: f32,
}

/// Where a picture of a view goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScreenshotTarget {
    Clipboard,
    /// A new file in the study's folder `pictures`.
    File,
}

/// Takes a picture of a part of the window, in points. A view shows no name of the patient or the case.
pub fn picture_of_view(ctx: &egui::Context, view: Rect, target: ScreenshotTarget, folder: PathBuf) {
    let window = ctx.clone();
    let scale = ctx.pixels_per_point();
    ctx.request_screenshot(move |picture| {
        // The window may have become smaller meanwhile. Sizes of a screen are exact in f32.
        let [width, height] = picture.size.map(|n| n as f32 / scale);
        let view = view.intersect(Rect::from_min_size(Pos2::ZERO, vec2(width, height)));
        if !view.is_positive() {
            return;
        }
        let part = picture.region(&view, Some(scale));
        match target {
            ScreenshotTarget::Clipboard => window.copy_image(part),
            ScreenshotTarget::File => save_beside_study(part, folder),
        }
    });
}

/// Under the first free number; nothing there is overwritten.
fn save_beside_study(picture: ColorImage, folder: PathBuf) {
    let work = move || {
        let saved = fs::create_dir_all(&folder).map_err(image::ImageError::from).and_then(|()| {
            let path = (1..10_000).map(|n| folder.join(format!("view-{n:04}.png"))).find(|path| !path.exists());
            path.map_or(Ok(()), |path| write_png(&picture, &path))
        });
        if let Err(cause) = saved {
            log::error!("the picture of the view could not be saved: {cause}");
        }
    };
    if let Err(cause) = thread::Builder::new().name("screenshot".into()).spawn(work) {
        log::error!("the picture of the view could not be saved: {cause}");
    }
}

/// Waits for the moment, takes the picture once.
#[derive(Debug)]
pub struct Screenshot {
    pending: Option<ScreenshotRequest>,
    started: Instant,
}

impl Screenshot {
    pub fn new(pending: Option<ScreenshotRequest>) -> Self {
        Self { pending, started: Instant::now() }
    }

    pub fn logic(&mut self, ctx: &egui::Context) {
        let Some(request) = &self.pending else { return };
        let wait = Duration::from_secs_f32(request.after_secs.clamp(0.0, 3600.0));
        if let Some(left) = wait.checked_sub(self.started.elapsed()).filter(|left| !left.is_zero()) {
            ctx.request_repaint_after(left);
            return;
        }
        if let Some(request) = self.pending.take() {
            let window = ctx.clone();
            ctx.request_screenshot(move |picture| save_and_close(window, picture, request.file));
        }
    }
}

fn save_and_close(window: egui::Context, picture: Arc<ColorImage>, file: PathBuf) {
    let work = move || {
        if let Err(cause) = write_png(&picture, &file) {
            log::error!("the picture of the window could not be saved: {cause}");
        }
        window.send_viewport_cmd(ViewportCommand::Close);
        window.request_repaint();
    };
    if let Err(cause) = thread::Builder::new().name("screenshot".into()).spawn(work) {
        log::error!("the picture of the window could not be saved: {cause}");
    }
}

fn write_png(picture: &ColorImage, file: &std::path::Path) -> Result<(), image::ImageError> {
    let [width, height] = picture.size.map(|n| u32::try_from(n).unwrap_or(u32::MAX));
    let bytes: Vec<u8> = picture.pixels.iter().flat_map(|c| [c.r(), c.g(), c.b()]).collect();
    image::save_buffer(file, &bytes, width, height, image::ExtendedColorType::Rgb8)
}

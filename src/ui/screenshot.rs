//! Pictures of the window: of one view when asked for, and of all of it some seconds after it opened.

use std::fs;
use std::io::{self, Cursor};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TryRecvError, unbounded};
use eframe::egui::{self, ColorImage, Pos2, Rect, ViewportCommand, vec2};
use image::{ExtendedColorType, ImageFormat};

use crate::io::write_atomically;
use crate::workspace::Notice;

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

/// Longer than a window takes to draw a frame; one that is not drawn at all gives no picture.
const PATIENCE: Duration = Duration::from_secs(2);

/// Pictures of a part of the window, and what became of them.
#[derive(Debug, Default)]
pub struct PictureOfView {
    /// Since when a picture is waited for, and where it says that it was taken and what became of it.
    waiting: Option<(Instant, Receiver<Stage>)>,
    is_taken: bool,
}

#[derive(Debug)]
enum Stage {
    Taken,
    Done(Notice),
}

impl PictureOfView {
    /// Takes a picture of a part of the window, in points. A view shows no name of the patient or the case.
    pub fn take(&mut self, ctx: &egui::Context, view: Rect, target: ScreenshotTarget, folder: PathBuf) {
        let (stages, waiting) = unbounded();
        (self.waiting, self.is_taken) = (Some((Instant::now(), waiting)), false);
        let window = ctx.clone();
        let scale = ctx.pixels_per_point();
        ctx.request_screenshot(move |picture| {
            // The window may be gone or wait for a newer picture; then nobody is told.
            stages.send(Stage::Taken).ok();
            // The window may have become smaller meanwhile. Sizes of a screen are exact in f32.
            let [width, height] = picture.size.map(|n| n as f32 / scale);
            let view = view.intersect(Rect::from_min_size(Pos2::ZERO, vec2(width, height)));
            if !view.is_positive() {
                return;
            }
            let part = picture.region(&view, Some(scale));
            match target {
                ScreenshotTarget::Clipboard => {
                    window.copy_image(part);
                    stages.send(Stage::Done(Notice::success("A picture of the view is on the clipboard."))).ok();
                }
                ScreenshotTarget::File => save_beside_study(window.clone(), part, folder, stages),
            }
            window.request_repaint();
        });
        ctx.request_repaint();
    }

    /// The next frame is in the picture.
    pub fn is_being_taken(&self) -> bool {
        !self.is_taken && self.waiting.as_ref().is_some_and(|(since, _)| since.elapsed() < PATIENCE)
    }

    /// What there is to say, once the picture lies where it belongs.
    pub fn outcome(&mut self) -> Option<Notice> {
        let (_, stages) = self.waiting.as_ref()?;
        loop {
            match stages.try_recv() {
                Ok(Stage::Taken) => self.is_taken = true,
                Ok(Stage::Done(notice)) => {
                    self.waiting = None;
                    return Some(notice);
                }
                Err(TryRecvError::Empty) => return None,
                Err(TryRecvError::Disconnected) => {
                    self.waiting = None;
                    return None;
                }
            }
        }
    }
}

fn save_beside_study(window: egui::Context, picture: ColorImage, folder: PathBuf, stages: Sender<Stage>) {
    let failed = |cause: &dyn std::fmt::Display| {
        Notice::error(format!("The picture of the view could not be saved: {cause}. Make room in the study's folder."))
    };
    let answer = stages.clone();
    let work = move || {
        let notice = match save_under_free_number(&picture, &folder) {
            Ok(path) => Notice::success(format!("The picture of the view is '{}'.", path.display())),
            Err(cause) => failed(&cause),
        };
        answer.send(Stage::Done(notice)).ok();
        window.request_repaint();
    };
    if let Err(cause) = thread::Builder::new().name("screenshot".into()).spawn(work) {
        stages.send(Stage::Done(failed(&cause))).ok();
    }
}

/// Nothing there is overwritten.
fn save_under_free_number(picture: &ColorImage, folder: &Path) -> Result<PathBuf, image::ImageError> {
    fs::create_dir_all(folder)?;
    let mut paths = (1..10_000).map(|n| folder.join(format!("view-{n:04}.png")));
    let path = paths.find(|path| !path.exists()).ok_or_else(|| io::Error::other("there are 9999 of them already"))?;
    write_png(picture, &path)?;
    Ok(path)
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

fn write_png(picture: &ColorImage, file: &Path) -> Result<(), image::ImageError> {
    let [width, height] = picture.size.map(|n| u32::try_from(n).unwrap_or(u32::MAX));
    let bytes: Vec<u8> = picture.pixels.iter().flat_map(|c| [c.r(), c.g(), c.b()]).collect();
    let mut png = Cursor::new(Vec::new());
    image::write_buffer_with_format(&mut png, &bytes, width, height, ExtendedColorType::Rgb8, ImageFormat::Png)?;
    let written = write_atomically(file, |file| file.write_all(png.get_ref()));
    written.map_err(|cause| image::ImageError::IoError(io::Error::other(cause)))
}

//! Opens the window and stays until it is closed.

use std::path::PathBuf;
use std::sync::Arc;

use eframe::egui::{IconData, ViewportBuilder};
use eframe::egui_wgpu::{WgpuConfiguration, WgpuSetup, WgpuSetupCreateNew};
use thiserror::Error;

use super::screenshot::{Screenshot, ScreenshotRequest};
use super::threads::Threads;
use super::{Chiaro, theme};
use crate::render::wgpu;
use crate::worker::trainer::TrainerHandle;
use crate::worker::{FrameReports, IoThread, LabelThread, RecentList, ReviewThread};

/// What the window shows first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    Welcome,
    /// A project folder.
    Open(PathBuf),
    /// Makes the demo study in a folder and opens it.
    Demo(PathBuf),
}

#[derive(Clone, Debug, Default)]
pub struct StartOptions {
    /// Save a picture of the window some seconds after it opened, then close it.
    pub screenshot_after: Option<ScreenshotRequest>,
}

#[derive(Debug, Error)]
pub enum UiError {
    #[error(
        "no graphics adapter was found; install a Vulkan driver (the software driver of Mesa, lavapipe, is enough) or use the subcommands of chiaro, which need no window"
    )]
    NoAdapter(#[source] eframe::Error),
    #[error("no window could be opened; is there a display? The subcommands of chiaro work without one")]
    NoWindow(#[source] eframe::Error),
    #[error("the system gave no thread for files and training; close other programs and try again")]
    NoThread(#[source] std::io::Error),
}

/// Opens the window. The trainer makes its own graphics device only when training starts, long after the window's.
///
/// # Errors
/// There is no display, no graphics adapter or no thread.
pub fn run(start: Start, options: StartOptions) -> Result<(), UiError> {
    let create = move |context: &eframe::CreationContext<'_>| -> Result<Box<dyn eframe::App>, Box<dyn std::error::Error + Send + Sync>> {
        let ctx = context.egui_ctx.clone();
        let wake = ctx.clone();
        let io = IoThread::start(RecentList::Keep, move || wake.request_repaint()).map_err(UiError::NoThread)?;
        let wake = ctx.clone();
        let labels = LabelThread::start(move || wake.request_repaint()).map_err(UiError::NoThread)?;
        let wake = ctx.clone();
        let review = ReviewThread::start(move || wake.request_repaint()).map_err(UiError::NoThread)?;
        let frames = FrameReports::default();
        let trainer = TrainerHandle::spawn_beside_window(move || ctx.request_repaint(), frames.clone());
        let threads = Threads { io, trainer: trainer.map_err(UiError::NoThread)?.into(), labels, review, frames };
        let app = Chiaro::new(&context.egui_ctx, context.wgpu_render_state.clone(), threads, start);
        Ok(Box::new(app.with_screenshot(Screenshot::new(options.screenshot_after))))
    };
    eframe::run_native("Chiaro", native_options(), Box::new(create)).map_err(explained)
}

fn native_options() -> eframe::NativeOptions {
    let viewport = ViewportBuilder::default()
        .with_title("Chiaro")
        .with_app_id("chiaro")
        .with_inner_size([1280.0, 800.0])
        .with_min_inner_size([960.0, 620.0])
        .with_icon(icon());
    let setup = WgpuSetupCreateNew {
        device_descriptor: Arc::new(device_descriptor),
        ..WgpuSetupCreateNew::without_display_handle()
    };
    eframe::NativeOptions {
        viewport,
        wgpu_options: WgpuConfiguration { wgpu_setup: WgpuSetup::CreateNew(setup), ..WgpuConfiguration::default() },
        ..eframe::NativeOptions::default()
    }
}

/// The defaults, but textures as large as the adapter can: on OpenGL 256 voxels along an axis would be the limit.
fn device_descriptor(adapter: &wgpu::Adapter) -> wgpu::DeviceDescriptor<'static> {
    let most = adapter.limits();
    let base = if adapter.get_info().backend == wgpu::Backend::Gl {
        wgpu::Limits::downlevel_webgl2_defaults()
    } else {
        wgpu::Limits::default()
    };
    let required_limits = wgpu::Limits {
        max_texture_dimension_2d: most.max_texture_dimension_2d,
        max_texture_dimension_3d: most.max_texture_dimension_3d,
        max_buffer_size: most.max_buffer_size,
        ..base
    };
    wgpu::DeviceDescriptor { label: Some("window"), required_limits, ..wgpu::DeviceDescriptor::default() }
}

fn explained(error: eframe::Error) -> UiError {
    match error {
        eframe::Error::AppCreation(cause) => match cause.downcast::<UiError>() {
            Ok(known) => *known,
            Err(cause) => UiError::NoWindow(eframe::Error::AppCreation(cause)),
        },
        // Without a driver even the surface cannot be made; without a display it never comes to that.
        eframe::Error::Wgpu(_) => UiError::NoAdapter(error),
        other => UiError::NoWindow(other),
    }
}

/// A bright crescent on the dark: chiaro and scuro.
fn icon() -> IconData {
    const SIDE: u32 = 64;
    let inside = |x: f32, y: f32, cx: f32, cy: f32, r: f32| (x - cx).hypot(y - cy) < r;
    let rgba = (0..SIDE * SIDE)
        .flat_map(|i| {
            // Pixel positions below 64: exact in f32.
            let (x, y) = ((i % SIDE) as f32 + 0.5, (i / SIDE) as f32 + 0.5);
            let [r, g, b, _] = theme::CROSSHAIR.to_array();
            match (inside(x, y, 32.0, 32.0, 30.0), inside(x, y, 42.0, 26.0, 22.0)) {
                (false, _) => [0, 0, 0, 0],
                (true, true) => [24, 28, 32, 255],
                (true, false) => [r, g, b, 255],
            }
        })
        .collect();
    IconData { rgba, width: SIDE, height: SIDE }
}

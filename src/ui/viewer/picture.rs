//! The pictures of the slice views: the shown case on the graphics card, and a paint callback per view.

use std::sync::{Arc, Weak};
use std::thread;

use crossbeam_channel::{Receiver, TryRecvError, bounded};
use eframe::egui::{self, PaintCallbackInfo, Painter};
use eframe::egui_wgpu::{Callback, CallbackResources, CallbackTrait, RenderState, ScreenDescriptor};

use super::pointer::Surface;
use crate::geometry::{Plane, VoxelBox};
use crate::label::{LabelMap, Prediction};
use crate::render::{
    GpuVolumes, PredictionSlot, PredictionState, RenderError, SliceRenderer, SliceScene, SolidRenderer, SolidScene,
    ViewId, wgpu,
};
use crate::view::{ColourBy, ColourTables};
use crate::volume::CaseId;
use crate::workspace::{OpenCase, SplitSide, Workspace};

/// What of the shown case changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upload {
    Case,
    /// Another image on the same grid; the old one stays until it is there.
    Image,
    Labels(VoxelBox),
    SecondImage,
    Prediction,
}

/// Brings the shown case to the graphics card and draws it. Without a card (tests) it draws nothing.
#[derive(Default)]
pub struct Pictures {
    gpu: Option<RenderState>,
    /// Of the left or only part of the views, and of the right one.
    colours: [Option<Arc<ColourTables>>; 2],
    /// The predictions on the card, by slot, and what their planes colour them by.
    uploaded: [Option<Weak<Prediction>>; 2],
    coloured_by: [ColourBy; 2],
    coming: Option<Coming>,
}

/// Textures being filled on a thread of their own: a large volume must not hold up a frame.
struct Coming {
    case: CaseId,
    /// The labels that are being uploaded; gone or others once they were edited.
    labels: Weak<LabelMap>,
    volumes: Receiver<Result<GpuVolumes, RenderError>>,
}

impl std::fmt::Debug for Pictures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pictures").field("gpu", &self.gpu.is_some()).finish_non_exhaustive()
    }
}

impl Pictures {
    pub fn new(gpu: Option<RenderState>) -> Self {
        if let Some(gpu) = &gpu {
            let renderer = SliceRenderer::new(&gpu.device, gpu.target_format);
            let solid = SolidRenderer::new(&gpu.device, gpu.target_format);
            let mut callbacks = gpu.renderer.write();
            callbacks.callback_resources.insert(renderer);
            callbacks.callback_resources.insert(solid);
        }
        Self { gpu, ..Self::default() }
    }

    /// An error is one sentence; what was shown before may be gone.
    pub fn upload(&mut self, ctx: &egui::Context, upload: Upload, workspace: &Workspace) -> Result<(), RenderError> {
        match (upload, workspace.case()) {
            (Upload::Case, Some(case)) => {
                self.with_renderer(|renderer, gpu| renderer.set_volumes(&gpu.device, None));
                self.fill(ctx, case);
                Ok(())
            }
            (Upload::Image, Some(case)) => {
                self.fill(ctx, case);
                Ok(())
            }
            (Upload::Case | Upload::Image, None) => {
                self.coming = None;
                self.with_renderer(|renderer, gpu| renderer.set_volumes(&gpu.device, None));
                Ok(())
            }
            (Upload::Labels(dirty), Some(case)) => {
                self.with_renderer(|renderer, gpu| renderer.upload_box(&gpu.queue, case.shown_labels(), &dirty));
                Ok(())
            }
            (Upload::Prediction, Some(_)) => self.upload_predictions(workspace),
            (Upload::SecondImage, Some(case)) => self.upload_second(case),
            (Upload::Labels(_) | Upload::Prediction | Upload::SecondImage, None) => Ok(()),
        }
    }

    /// An image is on its way to the card.
    pub fn is_filling(&self) -> bool {
        self.coming.is_some()
    }

    /// Brings the card up to date with what has been filled or chosen meanwhile; called once per frame.
    pub fn receive(&mut self, workspace: &Workspace) -> Result<(), RenderError> {
        self.receive_volumes(workspace)?;
        self.recolour(workspace)
    }

    fn receive_volumes(&mut self, workspace: &Workspace) -> Result<(), RenderError> {
        let Some(coming) = &self.coming else { return Ok(()) };
        let volumes = match coming.volumes.try_recv() {
            Err(TryRecvError::Empty) => return Ok(()),
            Err(TryRecvError::Disconnected) => None,
            Ok(result) => Some(result),
        };
        let Some(Coming { case: id, labels, .. }) = self.coming.take() else { return Ok(()) };
        let (Some(volumes), Some(case)) = (volumes.transpose()?, workspace.case().filter(|case| case.id == id)) else {
            return Ok(());
        };
        self.with_renderer(|renderer, gpu| {
            renderer.set_volumes(&gpu.device, Some(volumes));
            if !labels.ptr_eq(&Arc::downgrade(case.shown_labels())) {
                renderer.upload_box(&gpu.queue, case.shown_labels(), &case.extent().full_box());
            }
        });
        self.uploaded = [None, None];
        self.upload_second(case)?;
        self.upload_predictions(workspace)
    }

    /// Only the planes of the new choice, and only when there is one.
    fn recolour(&mut self, workspace: &Workspace) -> Result<(), RenderError> {
        for (slot, prediction) in PredictionSlot::ALL.into_iter().zip(workspace.drawn_predictions()) {
            let Some(prediction) = prediction else { continue };
            let by = workspace.views().layers.fitting(Some(&**prediction)).planes_by();
            if by == std::mem::replace(&mut self.coloured_by[slot as usize], by) {
                continue;
            }
            let recolour = |renderer: &mut SliceRenderer, gpu: &RenderState| {
                renderer.colour_by(&gpu.device, &gpu.queue, slot, prediction, by)
            };
            self.with_renderer(recolour).unwrap_or(Ok(()))?;
        }
        Ok(())
    }

    pub fn paint(&mut self, painter: &Painter, surface: &Surface<'_>, workspace: &Workspace, case: &OpenCase) {
        let Some(study) = workspace.study().filter(|_| self.gpu.is_some()) else { return };
        let (drawn, slot) = drawn(workspace, surface.side);
        let layers = workspace.views().layers.fitting(drawn.map(|prediction| &**prediction));
        let layers = surface.side.map_or(layers, |side| side.layers(layers));
        let kept = &mut self.colours[surface.place];
        let colours = match kept.take() {
            Some(colours) => colours.refreshed(&study.classes, &layers),
            None => Arc::new(ColourTables::new(&study.classes, &layers)),
        };
        *kept = Some(Arc::clone(&colours));
        let prediction = match drawn {
            None => PredictionState::Absent,
            Some(_) if workspace.prediction_is_stale() => PredictionState::Stale,
            Some(_) => PredictionState::Fresh,
        };
        let scene = SliceScene {
            camera: surface.camera.clone(),
            view_size: surface.size(),
            window: case.window,
            layers,
            colours,
            prediction,
            slot,
            overlay: case.second.as_ref().map(|second| second.look),
        };
        painter.add(Callback::new_paint_callback(surface.rect, Picture { id: id(surface), scene }));
    }

    fn fill(&mut self, ctx: &egui::Context, case: &OpenCase) {
        let Some(gpu) = &self.gpu else { return };
        let (sender, volumes) = bounded(1);
        let (device, queue, ctx) = (gpu.device.clone(), gpu.queue.clone(), ctx.clone());
        let (image, labels) = (Arc::clone(&case.image), Arc::clone(case.shown_labels()));
        let of = Arc::downgrade(&labels);
        let work = move || {
            // Nobody waits any more if another case has been shown meanwhile.
            sender.send(GpuVolumes::new(&device, &queue, &image, &labels)).ok();
            ctx.request_repaint();
        };
        let spawned = thread::Builder::new().name("upload".into()).spawn(work);
        self.coming = spawned.is_ok().then(|| Coming { case: case.id.clone(), labels: of, volumes });
    }

    fn upload_second(&mut self, case: &OpenCase) -> Result<(), RenderError> {
        let image = case.second.as_ref().map(|second| Arc::clone(&second.image));
        let upload = |renderer: &mut SliceRenderer, gpu: &RenderState| {
            renderer.set_overlay(&gpu.device, &gpu.queue, image.as_deref(), &case.image.affine)
        };
        self.with_renderer(upload).unwrap_or(Ok(()))
    }

    /// Those that are there already are left alone: a large one takes its time.
    fn upload_predictions(&mut self, workspace: &Workspace) -> Result<(), RenderError> {
        for (slot, prediction) in PredictionSlot::ALL.into_iter().zip(workspace.drawn_predictions()) {
            let wanted = prediction.map(Arc::downgrade);
            let is_there = self.uploaded[slot as usize].take();
            if is_there.as_ref().zip(wanted.as_ref()).is_none_or(|(there, wanted)| !there.ptr_eq(wanted)) {
                self.upload_prediction(slot, prediction.map(|prediction| &**prediction), workspace)?;
            }
            self.uploaded[slot as usize] = wanted;
        }
        Ok(())
    }

    fn upload_prediction(
        &mut self,
        slot: PredictionSlot,
        prediction: Option<&Prediction>,
        workspace: &Workspace,
    ) -> Result<(), RenderError> {
        let by = workspace.views().layers.fitting(prediction).planes_by();
        self.coloured_by[slot as usize] = by;
        let upload = |renderer: &mut SliceRenderer, gpu: &RenderState| {
            renderer.set_prediction(&gpu.device, &gpu.queue, slot, prediction, by)
        };
        self.with_renderer(upload).unwrap_or(Ok(()))
    }

    /// The adapter is the processor itself: 3-D pictures are made smaller there.
    pub fn is_software(&self) -> bool {
        self.gpu.as_ref().is_some_and(|gpu| gpu.adapter.get_info().device_type == wgpu::DeviceType::Cpu)
    }

    pub fn paint_scene(&self, painter: &Painter, rect: egui::Rect, scene: SolidScene) {
        if self.gpu.is_some() {
            painter.add(Callback::new_paint_callback(rect, ScenePicture { scene }));
        }
    }

    pub fn with_solid(&self, work: impl FnOnce(&mut SolidRenderer, &wgpu::Device)) {
        let Some(gpu) = &self.gpu else { return };
        if let Some(solid) = gpu.renderer.write().callback_resources.get_mut::<SolidRenderer>() {
            work(solid, &gpu.device);
        }
    }

    fn with_renderer<R>(&self, work: impl FnOnce(&mut SliceRenderer, &RenderState) -> R) -> Option<R> {
        let gpu = self.gpu.as_ref()?;
        let mut renderer = gpu.renderer.write();
        renderer.callback_resources.get_mut::<SliceRenderer>().map(|slices| work(slices, gpu))
    }
}

/// What a view shows, or one of its two sides, and where that is on the card.
fn drawn(workspace: &Workspace, side: Option<SplitSide>) -> (Option<&Arc<Prediction>>, PredictionSlot) {
    let Some(side) = side else { return (workspace.displayed_prediction(), PredictionSlot::First) };
    let is_second = side == SplitSide::Older && workspace.split().is_some_and(|split| split.shows(SplitSide::Newest));
    (workspace.prediction_of(side), if is_second { PredictionSlot::Second } else { PredictionSlot::First })
}

/// Each view has a number for its left or only part, and one for the right part.
fn id(surface: &Surface<'_>) -> ViewId {
    let view = match surface.view {
        Plane::Axial => 0,
        Plane::Coronal => 1,
        Plane::Sagittal => 2,
    };
    ViewId(if surface.place == 0 { view } else { view + SCENE_ID.0 + 1 })
}

/// Left, top, width and height of a view; pixels of a screen are exact in f32.
fn rectangle_px(info: &PaintCallbackInfo) -> [f32; 4] {
    let v = info.viewport_in_pixels();
    [v.left_px as f32, v.top_px as f32, v.width_px as f32, v.height_px as f32]
}

struct Picture {
    id: ViewId,
    scene: SliceScene,
}

impl CallbackTrait for Picture {
    fn prepare(
        &self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        _screen: &ScreenDescriptor,
        _encoder: &mut wgpu::CommandEncoder,
        resources: &mut CallbackResources,
    ) -> Vec<wgpu::CommandBuffer> {
        if let Some(renderer) = resources.get_mut::<SliceRenderer>() {
            renderer.prepare(device, queue, self.id, &self.scene);
        }
        Vec::new()
    }

    fn paint(&self, info: PaintCallbackInfo, pass: &mut wgpu::RenderPass<'static>, resources: &CallbackResources) {
        if let Some(renderer) = resources.get::<SliceRenderer>() {
            renderer.paint(pass, self.id, rectangle_px(&info));
        }
    }
}

/// The one 3-D view; slices have the numbers before it, their right parts those after it.
const SCENE_ID: ViewId = ViewId(3);

struct ScenePicture {
    scene: SolidScene,
}

impl CallbackTrait for ScenePicture {
    fn prepare(
        &self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        _screen: &ScreenDescriptor,
        _encoder: &mut wgpu::CommandEncoder,
        resources: &mut CallbackResources,
    ) -> Vec<wgpu::CommandBuffer> {
        // Taken out, so that the volumes of the slices can be read meanwhile.
        if let Some(mut solid) = resources.remove::<SolidRenderer>() {
            let volumes = resources.get::<SliceRenderer>().and_then(SliceRenderer::volumes);
            if let Err(cause) = solid.prepare(device, queue, SCENE_ID, &self.scene, volumes) {
                log::warn!("the 3-D view cannot be drawn: {cause}");
            }
            resources.insert(solid);
        }
        Vec::new()
    }

    fn paint(&self, info: PaintCallbackInfo, pass: &mut wgpu::RenderPass<'static>, resources: &CallbackResources) {
        if let Some(solid) = resources.get::<SolidRenderer>() {
            solid.paint(pass, SCENE_ID, rectangle_px(&info));
        }
    }
}

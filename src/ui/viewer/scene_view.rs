//! The 3-D view: surfaces of the labels, and the image as a volume; a click moves the linked cross.

use std::collections::BTreeMap;
use std::sync::Arc;

use eframe::egui::{
    self, Align2, ComboBox, FontId, PointerButton, Rect, Response, Role, Sense, Stroke, Ui, UiBuilder, WidgetInfo,
    pos2, vec2,
};

use super::clip_handles::{self, ClipHandles, words};
use super::decoration::{CAPTION, shadowed_text};
use super::picture::Pictures;
use super::pointer::{POINTS_PER_NOTCH, ZOOM_PER_NOTCH, wide};
use super::region_marks;
use super::surfaces::{ChangedBrick, SurfaceEvent, Surfaces};
use crate::geometry::{AnatomicalDirection, VoxelBox};
use crate::label::{ClassId, SurfaceMesh};
use crate::render::{SolidScene, SurfaceClip, SurfaceLook, VolumeLook};
use crate::ui::actions::Actions;
use crate::ui::{theme, widgets};
use crate::view::{OrbitCamera, TransferPreset, pick};
use crate::volume::CaseId;
use crate::workspace::{OpenCase, ViewAction, Workspace};

/// On a software adapter a volume has so many times fewer pixels along each side.
const SOFTWARE_COARSENESS: f32 = 3.0;
const LETTER: f32 = 13.0;
const CONTROLS_HEIGHT: f32 = 26.0;

/// What the 3-D view keeps between frames.
#[derive(Debug, Default)]
pub struct SceneView {
    surfaces: Surfaces,
    /// As on the graphics card, for picking.
    meshes: BTreeMap<(ClassId, usize), SurfaceMesh>,
    camera: Option<(CaseId, OrbitCamera)>,
    clip_handles: ClipHandles,
    /// The case whose surfaces are made: none until the view is first looked at.
    shown: Option<CaseId>,
    /// Number of the last pass in which the view was drawn.
    seen_in_pass: u64,
}

impl SceneView {
    /// Some labels of the shown case have changed.
    pub fn patch(&mut self, ctx: &egui::Context, case: &OpenCase, dirty: &VoxelBox) {
        if self.shown.as_ref() != Some(&case.id) {
            return;
        }
        // Nobody looks: the surfaces are made anew when somebody does.
        if ctx.cumulative_pass_nr() > self.seen_in_pass + 2 {
            self.surfaces.clear();
            self.shown = None;
            return;
        }
        self.surfaces.patch(case.shown_labels(), dirty);
    }

    /// Another case, or none.
    pub fn forget(&mut self, pictures: &Pictures) {
        self.surfaces.clear();
        (self.shown, self.camera) = (None, None);
        self.replace(Vec::new(), true, pictures);
    }

    pub fn ui(&mut self, ui: &mut Ui, rect: Rect, workspace: &Workspace, pictures: &Pictures, actions: &mut Actions) {
        let response = ui.interact(rect, ui.scope_id().with("3-D"), Sense::click_and_drag());
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "3-D view"));
        let painter = ui.painter_at(rect);
        painter.rect_filled(rect, 0.0, theme::VIEWER_BACKGROUND);
        self.seen_in_pass = ui.ctx().cumulative_pass_nr();
        let Some(case) = workspace.case() else { return };
        self.follow(ui, case, pictures);
        let (_, camera) = self.camera.get_or_insert_with(|| (case.id.clone(), fitted(case)));
        let size = [f64::from(rect.width()), f64::from(rect.height())];
        turn(ui, &response, rect, camera, size);
        if response.double_clicked() {
            camera.fit(case.extent(), &case.image.affine);
        }
        let camera = camera.clone();
        pictures.paint_scene(&painter, rect, scene(ui, workspace, case, &camera, rect, &response, pictures));
        self.click(&response, rect, case, &camera, actions);
        marks(&painter, rect, case, &camera, size);
        if workspace.views().layers.crosshair {
            clip_handles::slice_frames(&painter, rect, case, &camera);
        }
        self.clip_handles.ui(ui, rect, case, &camera, actions);
        if workspace.views().layers.pseudo {
            region_marks::ui(ui, rect, case, &camera, actions);
        }
        if workspace.views().volume.is_none() && case.known_share() == 0.0 {
            let at = rect.center_bottom() - vec2(0.0, 40.0);
            let text = "What is labelled appears here as a surface.";
            shadowed_text(&painter, at, Align2::CENTER_CENTER, text, CAPTION, theme::OVER_PICTURE_TEXT);
        }
        controls_ui(ui, rect, workspace, self.camera.as_mut().map(|(_, camera)| camera), case, actions);
    }

    /// Makes the surfaces of a newly shown case, and takes in what has been made.
    fn follow(&mut self, ui: &Ui, case: &OpenCase, pictures: &Pictures) {
        if self.shown.as_ref() != Some(&case.id) {
            self.surfaces.show(ui.ctx(), Arc::clone(case.shown_labels()), case.image.affine);
            self.shown = Some(case.id.clone());
        }
        if self.camera.as_ref().is_none_or(|(id, _)| *id != case.id) {
            self.camera = Some((case.id.clone(), fitted(case)));
        }
        // On a software adapter a picture of the surfaces costs a stroke its frames; it waits for the hand.
        if pictures.is_software() && ui.input(|i| i.pointer.any_down()) {
            return;
        }
        for event in self.surfaces.events() {
            match event {
                SurfaceEvent::Cleared => self.replace(Vec::new(), true, pictures),
                SurfaceEvent::Shown(bricks) => self.replace(bricks, true, pictures),
                SurfaceEvent::Changed(bricks) => self.replace(bricks, false, pictures),
            }
        }
    }

    fn replace(&mut self, bricks: Vec<ChangedBrick>, all: bool, pictures: &Pictures) {
        if all {
            self.meshes.clear();
        }
        pictures.with_solid(|solid, device| {
            if all {
                solid.clear_surfaces();
            }
            for ChangedBrick { class, brick, mesh } in &bricks {
                solid.set_surface(device, *class, *brick, (!mesh.is_empty()).then_some(mesh));
            }
        });
        for ChangedBrick { class, brick, mesh } in bricks {
            if mesh.is_empty() {
                self.meshes.remove(&(class, brick));
            } else {
                self.meshes.insert((class, brick), mesh);
            }
        }
    }

    /// The linked cross goes to the clicked place of a surface.
    fn click(&self, response: &Response, rect: Rect, case: &OpenCase, camera: &OrbitCamera, actions: &mut Actions) {
        let Some(at) = response.interact_pointer_pos().filter(|_| response.clicked()) else { return };
        let size = [f64::from(rect.width()), f64::from(rect.height())];
        let line = camera.sight_line(wide(at - rect.min), size);
        let meshes = self.meshes.iter().map(|((class, _), mesh)| (*class, mesh));
        let cut = case.clip.filter(|clip| clip.cuts_surfaces).zip(case.image.affine.inverse());
        let is_shown = |mm| cut.is_none_or(|(clip, from_world)| clip.holds(from_world.world_from_voxel(mm)));
        let hit = pick(meshes, &line, is_shown).and_then(|(mm, _)| case.image.affine.voxel_from_world(mm));
        if let Some(voxel) = hit {
            actions.push(ViewAction::MoveCursor(voxel).into());
        }
    }
}

fn fitted(case: &OpenCase) -> OrbitCamera {
    OrbitCamera::fitted(case.extent(), &case.image.affine)
}

/// Left turns, middle moves, right and the wheel zoom; a double click shows all of it again.
fn turn(ui: &Ui, response: &Response, rect: Rect, camera: &mut OrbitCamera, size: [f64; 2]) {
    let by = wide(response.drag_delta());
    if response.dragged_by(PointerButton::Primary) {
        camera.orbit_by(by, size);
    } else if response.dragged_by(PointerButton::Middle) {
        camera.pan_by(by, size);
    } else if response.dragged_by(PointerButton::Secondary) {
        camera.zoom_at([size[0] / 2.0, size[1] / 2.0], size, ZOOM_PER_NOTCH.powf(-by[1] / f64::from(POINTS_PER_NOTCH)));
    }
    if let Some(pointer) = response.hover_pos() {
        let notches = f64::from(ui.input(|i| i.smooth_scroll_delta().y) / POINTS_PER_NOTCH);
        if notches != 0.0 {
            camera.zoom_at(wide(pointer - rect.min), size, ZOOM_PER_NOTCH.powf(notches));
        }
    }
}

fn scene(
    ui: &Ui,
    workspace: &Workspace,
    case: &OpenCase,
    camera: &OrbitCamera,
    rect: Rect,
    response: &Response,
    pictures: &Pictures,
) -> SolidScene {
    let is_software = pictures.is_software();
    let preset = workspace.views().volume;
    let moves = response.dragged();
    let coarseness = match (preset.is_some(), is_software) {
        (true, true) => SOFTWARE_COARSENESS * if moves { 1.5 } else { 1.0 },
        _ => 1.0,
    };
    let pixels = rect.size() * ui.ctx().pixels_per_point() / coarseness;
    // Sizes of a screen: `as` saturates.
    let size_px = [pixels.x, pixels.y].map(|side| (side.round() as u32).max(1));
    let classes = workspace.study().map(|study| study.classes.all()).unwrap_or_default();
    let look = |class: &crate::label::Class| SurfaceLook {
        class: class.id,
        colour: class.colour,
        opacity: class.opacity,
        visible: class.visible,
    };
    let volume = preset.map(|preset| VolumeLook {
        transfer: Arc::new(preset.function(&case.window)),
        world_from_voxel: case.image.affine,
        clip: case.clip.map_or(case.extent().full_box(), |clip| clip.bounds()),
        density: 1.0,
        max_steps: if is_software { VolumeLook::MAX_STEPS_SOFTWARE } else { VolumeLook::MAX_STEPS },
    });
    let surfaces = classes.iter().filter(|class| class.id != 0).map(look).collect();
    let surface_clip = case.clip.filter(|clip| clip.cuts_surfaces);
    let surface_clip =
        surface_clip.map(|clip| SurfaceClip { world_from_voxel: case.image.affine, bounds: clip.bounds() });
    SolidScene { camera: camera.clone(), size_px, surfaces, volume, surface_clip, background: [0, 0, 0] }
}

/// Letters of the patient's directions at the edges, and the linked cross.
fn marks(painter: &egui::Painter, rect: Rect, case: &OpenCase, camera: &OrbitCamera, size: [f64; 2]) {
    // Below the row of controls.
    let room = rect.with_min_y(rect.top() + CONTROLS_HEIGHT).shrink(16.0);
    let half = room.size() / 2.0;
    for direction in AnatomicalDirection::ALL {
        let [right, down, _] = camera.on_screen(direction);
        // At most 1: exact enough for a letter.
        let towards = vec2(right as f32, down as f32);
        // A direction that points at the viewer has no edge.
        if towards.length() > 0.35 {
            let reach = (half.x / towards.x.abs().max(1e-3)).min(half.y / towards.y.abs().max(1e-3));
            let colour = theme::OVER_PICTURE.gamma_multiply(towards.length().min(1.0));
            let font = FontId::proportional(LETTER);
            // Two directions may show the same way; the one that points less along the screen is nearer to the middle.
            let at = room.center() + towards * (reach * towards.length());
            painter.text(at, Align2::CENTER_CENTER, direction.letter(), font, colour);
        }
    }
    let world = case.image.affine.world_from_voxel(case.cursor.to_f64());
    let [x, y] = camera.screen_from_world(world, size);
    let at = rect.min + vec2(x as f32, y as f32);
    if rect.contains(at) {
        let stroke = Stroke::new(1.0, theme::CROSSHAIR);
        for arm in [vec2(8.0, 0.0), vec2(0.0, 8.0)] {
            painter.line_segment([at - arm, at - arm * 0.35], stroke);
            painter.line_segment([at + arm * 0.35, at + arm], stroke);
        }
    }
}

/// Views from six sides, and how the image is seen.
fn controls_ui(
    ui: &mut Ui,
    rect: Rect,
    workspace: &Workspace,
    camera: Option<&mut OrbitCamera>,
    case: &OpenCase,
    actions: &mut Actions,
) {
    let place =
        Rect::from_min_max(pos2(rect.left() + 8.0, rect.top() + 6.0), pos2(rect.right() - 8.0, rect.top() + 32.0));
    let mut row = ui.new_child(UiBuilder::new().max_rect(place).id_salt("3-D controls"));
    row.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 3.0;
        ui.spacing_mut().button_padding = vec2(6.0, 2.0);
        let current = workspace.views().volume;
        let name = |volume: Option<TransferPreset>| volume.map_or("Surfaces", TransferPreset::name);
        let combo = ComboBox::from_id_salt("volume").selected_text(name(current)).width(110.0).show_ui(ui, |ui| {
            for choice in std::iter::once(None).chain(TransferPreset::ALL.into_iter().map(Some)) {
                if ui.selectable_label(choice == current, name(choice)).clicked() {
                    actions.push(ViewAction::SetVolume(choice).into());
                }
            }
        });
        widgets::named(combo.response, "How the image is seen in 3-D", None);
        clip_handles::settings_ui(ui, case, actions);
        let Some(camera) = camera else { return };
        for direction in AnatomicalDirection::ALL {
            let button = ui.add(egui::Button::new(direction.letter().to_string()).min_size(vec2(20.0, 20.0)));
            if widgets::named(button, &format!("Look from {}", words(direction)), None).clicked() {
                camera.look_from(direction);
                camera.fit(case.extent(), &case.image.affine);
            }
        }
    });
}

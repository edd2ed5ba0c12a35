//! The clipping box of the 3-D view: a dot on each face to drag, and the same as sliders.

use eframe::egui::containers::menu::{MenuButton, MenuConfig};
use eframe::egui::{self, Color32, Grid, Painter, PopupCloseBehavior, Pos2, Rect, Sense, Slider, Stroke, Ui, vec2};

use super::pointer::wide;
use crate::geometry::{AnatomicalDirection, Orientation};
use crate::ui::actions::Actions;
use crate::ui::{theme, widgets};
use crate::view::{ClipBox, ClipFace, OrbitCamera, voxels_of_drag};
use crate::workspace::{OpenCase, ViewAction};

const DOT: f32 = 5.0;
/// A dot is easier to hit than to see.
const REACH: f32 = 11.0;

/// The face being dragged, and where it would be without rounding to voxels.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClipHandles {
    held: Option<(ClipFace, f64)>,
}

impl ClipHandles {
    /// Draws the box and moves its faces.
    pub fn ui(&mut self, ui: &mut Ui, rect: Rect, case: &OpenCase, camera: &OrbitCamera, actions: &mut Actions) {
        let Some(clip) = case.clip else {
            self.held = None;
            return;
        };
        let painter = ui.painter_at(rect);
        let size = wide(rect.size());
        let place = |voxel: [f64; 3]| on_screen(rect, case, camera, voxel);
        edges(&painter, clip.corners().map(place), Stroke::new(1.0, theme::OVER_PICTURE.gamma_multiply(0.5)));
        let orientation = Orientation::from_affine(&case.image.affine);
        let mut still_held = false;
        for face in ClipFace::ALL {
            let at = place(clip.face_centre(face));
            // Where the axis points at the viewer, the dots of both ends lie over each other and lead nowhere.
            let can_move = voxels_of_drag(camera, &case.image.affine, face.axis, [1.0, 1.0], size).is_some();
            if !can_move || !rect.contains(at) {
                continue;
            }
            let area = Rect::from_center_size(at, vec2(REACH, REACH) * 2.0);
            let id = ui.scope_id().with(("clip face", face.axis, face.is_far));
            let side = words(face.side(&orientation));
            let dot = widgets::named(ui.interact(area, id, Sense::drag()), &format!("Cut from {side}"), None);
            let stands_out = dot.hovered() || dot.dragged();
            let colour = if stands_out { Color32::WHITE } else { theme::CROSSHAIR };
            painter.circle_filled(at, DOT + 1.0, Color32::from_black_alpha(160));
            painter.circle_filled(at, DOT, colour);
            if dot.dragged() {
                still_held = true;
                self.drag(face, (clip, case, camera), (wide(dot.drag_delta()), size), actions);
            }
        }
        if !still_held {
            self.held = None;
        }
    }

    fn drag(
        &mut self,
        face: ClipFace,
        (mut clip, case, camera): (ClipBox, &OpenCase, &OrbitCamera),
        (by, size): ([f64; 2], [f64; 2]),
        actions: &mut Actions,
    ) {
        let start = self.held.filter(|(held, _)| *held == face).map_or(clip.face(face) as f64, |(_, place)| place);
        let voxels = voxels_of_drag(camera, &case.image.affine, face.axis, by, size).unwrap_or(0.0);
        let place = start + voxels;
        self.held = Some((face, place));
        // `as` saturates at 0; the box stops at the end of the volume.
        clip.set_face(face, place.round() as usize);
        if case.clip != Some(clip) {
            actions.push(ViewAction::SetClip(Some(clip)).into());
        }
    }
}

/// The slices that the other views show, as thin frames in the colour of the crosshair.
pub fn slice_frames(painter: &Painter, rect: Rect, case: &OpenCase, camera: &OrbitCamera) {
    let whole = ClipBox::whole(case.extent());
    let stroke = Stroke::new(1.0, theme::CROSSHAIR.gamma_multiply(0.35));
    for axis in 0..3 {
        let slice = case.cursor.to_f64()[axis];
        let others: Vec<usize> = (0..3).filter(|other| *other != axis).collect();
        let corner = |u: usize, v: usize| {
            let mut voxel = whole.corners()[u << others[0] | v << others[1]];
            voxel[axis] = slice;
            on_screen(rect, case, camera, voxel)
        };
        let frame = [corner(0, 0), corner(1, 0), corner(1, 1), corner(0, 1)];
        painter.add(egui::Shape::closed_line(frame.to_vec(), stroke));
    }
}

/// The button beside the other controls: the box on or off, a slider per face.
pub fn settings_ui(ui: &mut Ui, case: &OpenCase, actions: &mut Actions) {
    let stays = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    let (button, _) = MenuButton::new("Cut").config(stays).ui(ui, |ui| {
        let mut is_on = case.clip.is_some();
        if ui.checkbox(&mut is_on, "Clipping box").changed() {
            let clip = is_on.then(|| ClipBox::whole(case.extent()));
            actions.push(ViewAction::SetClip(clip).into());
        }
        let Some(mut clip) = case.clip else { return };
        faces_ui(ui, case, &mut clip);
        ui.checkbox(&mut clip.cuts_surfaces, "Cut the surfaces too");
        if ui.add_enabled(!clip.is_whole(), egui::Button::new("Show all of it again")).clicked() {
            let cuts_surfaces = clip.cuts_surfaces;
            clip = ClipBox::whole(case.extent());
            clip.cuts_surfaces = cuts_surfaces;
        }
        if case.clip != Some(clip) {
            actions.push(ViewAction::SetClip(Some(clip)).into());
        }
    });
    widgets::named(button, "Clipping box of the 3-D view", None);
}

fn faces_ui(ui: &mut Ui, case: &OpenCase, clip: &mut ClipBox) {
    let orientation = Orientation::from_affine(&case.image.affine);
    Grid::new("clip faces").num_columns(2).spacing([theme::GAP, theme::TIGHT]).show(ui, |ui| {
        for face in ClipFace::ALL {
            let side = words(face.side(&orientation));
            let count = case.extent().to_array()[face.axis];
            // How much is taken away at this side, so that 0 is all of it at every side.
            let mut taken = if face.is_far { count - clip.face(face) } else { clip.face(face) };
            ui.label(format!("From {side}"));
            let slider = Slider::new(&mut taken, 0..=count.saturating_sub(1)).suffix(" voxels");
            if ui.add(slider).accessible_name(format!("Voxels cut away from {side}")).changed() {
                clip.set_face(face, if face.is_far { count - taken } else { taken });
            }
            ui.end_row();
        }
    });
}

/// The edges of a box, by its corners as [`ClipBox::corners`] gives them.
fn edges(painter: &Painter, corners: [Pos2; 8], stroke: Stroke) {
    for from in 0..8usize {
        for axis in (0..3).filter(|axis| from >> axis & 1 == 0) {
            painter.line_segment([corners[from], corners[from | 1 << axis]], stroke);
        }
    }
}

pub fn on_screen(rect: Rect, case: &OpenCase, camera: &OrbitCamera, voxel: [f64; 3]) -> Pos2 {
    let [x, y] = camera.screen_from_world(case.image.affine.world_from_voxel(voxel), wide(rect.size()));
    // Screen positions are far below the range in which f32 loses a pixel.
    rect.min + vec2(x as f32, y as f32)
}

/// From where something is seen or cut.
pub fn words(direction: AnatomicalDirection) -> &'static str {
    match direction {
        AnatomicalDirection::Right => "the right",
        AnatomicalDirection::Left => "the left",
        AnatomicalDirection::Anterior => "the front",
        AnatomicalDirection::Posterior => "behind",
        AnatomicalDirection::Superior => "above",
        AnatomicalDirection::Inferior => "below",
    }
}

//! The slice that is shown while a large volume is still being read and brought to the graphics card.

use std::sync::Arc;

use eframe::egui::{self, Color32, ColorImage, Mesh, Pos2, Rect, TextureHandle, TextureOptions, Ui, pos2};

use crate::geometry::Plane;
use crate::view::{FirstLook, SliceCamera};
use crate::volume::CaseId;
use crate::workspace::{OpenCase, Workspace};

/// Its picture, kept while the same slice is shown.
#[derive(Default)]
pub(super) struct FirstLookPicture {
    made: Option<Made>,
}

struct Made {
    case: CaseId,
    look: Arc<FirstLook>,
    texture: TextureHandle,
}

impl std::fmt::Debug for FirstLookPicture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FirstLookPicture").field("shown", &self.made.is_some()).finish()
    }
}

impl FirstLookPicture {
    /// Where the whole volume will show it. `false` if there is nothing to show in this view.
    pub fn paint(&mut self, ui: &Ui, rect: Rect, view: Plane, workspace: &Workspace) -> bool {
        let Some((look, case)) = workspace.first_look().zip(workspace.shown_id()) else {
            self.made = None;
            return false;
        };
        let mut camera = SliceCamera::new(&look.affine, look.extent, view, workspace.views().side);
        if camera.axes().normal.axis != 2 {
            return false;
        }
        let size = [f64::from(rect.width()), f64::from(rect.height())];
        camera.fit(size);
        self.make(ui.ctx(), case, look);
        let Some(made) = &self.made else { return false };
        made.paint(ui, rect, &camera);
        true
    }

    /// Over a view of a case that has been read but is still on its way to the graphics card (`is_on_its_way`): else the
    /// view would be black meanwhile. It is forgotten once the case is there.
    pub fn paint_over(&mut self, ui: &Ui, rect: Rect, view: Plane, case: &OpenCase, is_on_its_way: bool) {
        self.made = self.made.take().filter(|made| is_on_its_way && made.case == case.id);
        let camera = case.camera(view).straight();
        if let Some(made) = self.made.as_ref().filter(|_| camera.axes().normal.axis == 2 && case.is_fitted(view)) {
            made.paint(ui, rect, camera);
        }
    }

    fn make(&mut self, ctx: &egui::Context, case: &CaseId, look: &Arc<FirstLook>) {
        if self.made.as_ref().is_some_and(|made| Arc::ptr_eq(&made.look, look)) {
            return;
        }
        let [width, height, _] = look.extent.to_array();
        // A picture that the graphics card cannot hold is left out; the volume itself is folded.
        let fits = width.max(height) <= ctx.input(|i| i.max_texture_side);
        self.made = (fits && look.greys.len() == width * height).then(|| {
            let picture = ColorImage::from_gray([width, height], &look.greys);
            let texture = ctx.load_texture("first look", picture, TextureOptions::LINEAR);
            Made { case: case.clone(), look: Arc::clone(look), texture }
        });
    }
}

impl Made {
    fn paint(&self, ui: &Ui, rect: Rect, camera: &SliceCamera) {
        let mut mesh = Mesh::with_texture(self.texture.id());
        for (x, y) in [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)] {
            let uv = pos2(x, y);
            let vertex = egui::epaint::Vertex { pos: corner(camera, &self.look, uv, rect), uv, color: Color32::WHITE };
            mesh.vertices.push(vertex);
        }
        mesh.indices = vec![0, 1, 2, 0, 2, 3];
        ui.painter_at(rect).add(mesh);
    }
}

/// Where a corner of the slice lies; `uv` is 0 or 1 along the first and the second voxel axis.
fn corner(camera: &SliceCamera, look: &FirstLook, uv: Pos2, rect: Rect) -> Pos2 {
    let [nx, ny, _] = look.extent.to_array().map(|n| n as f64);
    let voxel = [f64::from(uv.x) * nx - 0.5, f64::from(uv.y) * ny - 0.5, look.slice as f64];
    let [x, y] = camera.screen_from_voxel(voxel, [f64::from(rect.width()), f64::from(rect.height())]);
    rect.min + egui::vec2(x as f32, y as f32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Affine, Extent, PatientSide};

    #[test]
    fn the_first_slice_lies_where_the_whole_volume_will_show_it_mirrored_as_the_patient_side_asks() {
        let extent = Extent::new(20, 10, 8).unwrap();
        let affine = Affine::from_spacing([1.0, 2.0, 3.0]);
        let look = FirstLook { affine, extent, slice: 4, greys: vec![0; 200] };
        let rect = Rect::from_min_size(pos2(30.0, 40.0), egui::vec2(300.0, 200.0));
        // The first voxel axis runs towards the patient's right.
        for (side, to_the_right) in [(PatientSide::Radiological, false), (PatientSide::Neurological, true)] {
            let mut camera = SliceCamera::new(&affine, extent, Plane::Axial, side);
            camera.fit([300.0, 200.0]);
            let (first, last) =
                (corner(&camera, &look, pos2(0.0, 0.0), rect), corner(&camera, &look, pos2(1.0, 1.0), rect));
            assert_eq!(last.x > first.x, to_the_right);
            assert!((first.lerp(last, 0.5) - rect.center()).length() < 1e-3);
            let (width, height) = ((last.x - first.x).abs(), (last.y - first.y).abs());
            assert!((width - height).abs() < 1e-3, "20 mm by 20 mm: {width} x {height}");
            assert!(height < rect.height() && height > 0.9 * rect.height());
        }
    }
}

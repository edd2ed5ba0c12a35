//! Measuring: distances, angles and regions of the shown case.

use crate::geometry::Plane;
use crate::geometry::vector::{add, cross, minus, unit};
use crate::view::{Angle, Distance, Measurement, Region, RegionShape};
use crate::worker::protocol_io::IoCommand;
use crate::workspace::kept_view::KeptView;
use crate::workspace::{Effect, MeasureAction, OpenCase, Ruler, Workspace};

impl Workspace {
    pub(super) fn apply_measure(&mut self, action: MeasureAction, effects: &mut Vec<Effect>) {
        self.views.measurements |= matches!(action, MeasureAction::Begin { .. });
        let Some(case) = self.case_mut() else { return };
        match action {
            MeasureAction::Begin { view, position, ruler } => case.begin_measurement(view, position, ruler),
            MeasureAction::Grab(hit) => case.measurements.grab(hit),
            MeasureAction::Move(position) => case.move_measurement(position),
            MeasureAction::Release => {
                let least_mm = case.image.spacing_mm().into_iter().fold(f64::INFINITY, f64::min) / 2.0;
                case.measurements.release(least_mm);
            }
            MeasureAction::RemoveNewest => case.measurements.remove_newest(),
            MeasureAction::Clear => case.measurements.clear(),
        }
        if matches!(action, MeasureAction::Release | MeasureAction::RemoveNewest | MeasureAction::Clear) {
            self.keep_view(effects);
        }
    }

    /// The study keeps how the shown case is looked at.
    pub(in crate::workspace) fn keep_view(&mut self, effects: &mut Vec<Effect>) {
        // While another project is being opened, it would go into that one.
        let (Some(case), Some(study), None) = (self.case(), &self.study, &self.opening) else { return };
        if case.keeps_view {
            let text = KeptView::of(case, &study.dir).text();
            effects.push(Effect::Io(IoCommand::KeepView { case: case.id.clone(), text }));
        }
    }
}

impl OpenCase {
    fn begin_measurement(&mut self, view: Plane, position: [f64; 3], ruler: Ruler) {
        let at = self.image.affine.world_from_voxel(position);
        let Some(axes) = self.in_plane_directions(view) else { return };
        let region = |shape| Measurement::Region(Region::between(shape, at, at, axes));
        let (measurement, handle) = match ruler {
            Ruler::Distance => (Measurement::Distance(Distance { a: at, b: at }), 1),
            Ruler::Angle => (Measurement::Angle(Angle { a: at, vertex: at, b: add(at, axes[0]) }), 1),
            Ruler::Rectangle => (region(RegionShape::Rectangle), 2),
            Ruler::Ellipse => (region(RegionShape::Ellipse), 2),
        };
        self.measurements.begin(measurement, handle, &self.image);
        self.measuring_in = Some(view);
    }

    fn move_measurement(&mut self, position: [f64; 3]) {
        if !self.measurements.is_held() {
            return;
        }
        let to = self.image.affine.world_from_voxel(position);
        let normal = self.measuring_in.and_then(|view| self.in_plane_directions(view)).map(|[r, d]| cross(r, d));
        let image = std::sync::Arc::clone(&self.image);
        self.measurements.change_held(&image, |measurement, handle| {
            measurement.move_handle(handle, to);
            // While its first arm is drawn, the second one turns along.
            if let (Measurement::Angle(angle), 1, Some(normal)) = (measurement, handle, normal) {
                let arm = minus(angle.a, angle.vertex);
                angle.b = add(angle.vertex, cross(normal, arm));
            }
        });
    }

    /// Unit vectors in the world towards the right and the lower edge of a view.
    fn in_plane_directions(&self, view: Plane) -> Option<[[f64; 3]; 2]> {
        let camera = self.camera(view);
        const SIZE: [f64; 2] = [2.0, 2.0];
        let world = |screen| self.image.affine.world_from_voxel(camera.voxel_from_screen(screen, SIZE));
        let middle = world([1.0, 1.0]);
        Some([unit(minus(world([2.0, 1.0]), middle))?, unit(minus(world([1.0, 2.0]), middle))?])
    }
}

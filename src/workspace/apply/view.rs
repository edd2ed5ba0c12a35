//! Looking around: linked cross, cameras, window, layers, layout.

use crate::geometry::{PatientSide, Plane, VoxelBox};
use crate::view::{LinkedPlanes, WindowLevel};
use crate::worker::protocol_io::IoCommand;
use crate::workspace::{Effect, Layout, OpenCase, Preferences, ViewAction, Workspace};

impl Workspace {
    pub(super) fn apply_view(&mut self, action: ViewAction, effects: &mut Vec<Effect>) {
        match action {
            ViewAction::Hover(hover) => self.views.hover = hover,
            ViewAction::Activate(view) => self.views.active = view,
            ViewAction::ToggleMaximised(view) => self.toggle_maximised(view),
            ViewAction::SetLayout(layout) => {
                self.set_layout(layout);
                let mut preferences = self.preferences.clone();
                if std::mem::replace(&mut preferences.settings.layout, layout) != layout {
                    preferences.arrangement = None;
                }
                self.set_preferences(preferences, effects);
            }
            ViewAction::SetArrangement(arrangement) => {
                let preferences = self.preferences.clone();
                self.set_preferences(Preferences { arrangement, ..preferences }, effects);
            }
            ViewAction::SetPatientSide(side) => self.set_patient_side(side),
            ViewAction::SetLayers(layers) => self.views.layers = layers,
            ViewAction::ShowMeasurements(shown) => self.views.measurements = shown,
            ViewAction::SetVolume(volume) => self.views.volume = volume,
            ViewAction::SetSecondImageLook(look) => {
                if let Some(second) = self.case_mut().and_then(|case| case.second.as_mut()) {
                    second.look = look;
                    self.keep_view(effects);
                }
            }
            ViewAction::RemoveSecondImage => {
                if self.case_mut().is_some_and(|case| case.second.take().is_some()) {
                    effects.push(Effect::UploadSecondImage);
                    self.keep_view(effects);
                }
            }
            ViewAction::StepFrame(steps) => {
                let frame = self.case().map(|case| case.wanted_frame.saturating_add_signed(steps));
                self.show_frame(frame.unwrap_or(0), effects);
            }
            ViewAction::SetFrame(frame) => self.show_frame(frame, effects),
            ViewAction::Turn { view, degrees } => self.turn(|planes| planes.turn(view, degrees)),
            ViewAction::TurnTo { view, line, direction } => self.turn(|planes| planes.turn_to(view, line, direction)),
            action => {
                if let Some(case) = self.case_mut() {
                    case.look(action);
                }
            }
        }
    }

    fn toggle_maximised(&mut self, view: Plane) {
        self.views.active = view;
        self.views.maximised = if self.views.maximised.is_some() { None } else { Some(view) };
        if let Some(case) = self.case_mut() {
            case.set_fitted(view, false);
        }
    }

    fn show_frame(&mut self, frame: usize, effects: &mut Vec<Effect>) {
        let Some(case) = self.case_mut() else { return };
        let frame = frame.min(case.geometry.frame_count() - 1);
        if frame != case.wanted_frame {
            case.wanted_frame = frame;
            effects.push(Effect::Io(IoCommand::LoadFrame { case: case.id.clone(), frame }));
        }
    }

    fn set_layout(&mut self, layout: Layout) {
        self.views.layout = layout;
        self.views.maximised = None;
        if let Some(case) = self.case_mut() {
            Plane::ALL.into_iter().for_each(|view| case.set_fitted(view, false));
        }
    }

    fn turn(&mut self, change: impl FnOnce(&mut LinkedPlanes)) {
        let side = self.views.side;
        if let Some(case) = self.case_mut() {
            case.turn(side, change);
        }
    }

    fn set_patient_side(&mut self, side: PatientSide) {
        self.views.side = side;
        for case in self.opened_mut() {
            case.set_patient_side(side);
        }
    }
}

impl OpenCase {
    /// The actions that concern the shown case alone.
    fn look(&mut self, action: ViewAction) {
        match action {
            ViewAction::MoveCursor(position) => self.move_cross(position),
            ViewAction::StepSlice { view, steps } => self.step_slice(view, steps),
            ViewAction::SetSlice { view, slice } => self.set_slice(view, slice),
            ViewAction::Straighten => self.straighten(),
            ViewAction::Zoom { view, factor, pointer, size } => self.camera_mut(view).zoom_at(pointer, size, factor),
            ViewAction::Pan { view, by } => self.camera_mut(view).pan_by(by),
            ViewAction::Fit { view, size } => {
                self.camera_mut(view).fit(size);
                self.set_fitted(view, true);
                self.set_view_size(view, size);
            }
            ViewAction::FitAll => Plane::ALL.into_iter().for_each(|view| self.set_fitted(view, false)),
            ViewAction::CentreOnCursor => {
                let position = self.cross();
                Plane::ALL.into_iter().for_each(|view| self.camera_mut(view).centre_on(position));
            }
            ViewAction::SetWindow(window) => self.window = window,
            ViewAction::DragWindow(by) => self.window.drag(by),
            ViewAction::WindowOfRegion(corners) => {
                let [a, b] = corners.map(|at| self.extent().clamped_voxel(at).to_array());
                let lo: [usize; 3] = std::array::from_fn(|axis| a[axis].min(b[axis]));
                let hi: [usize; 3] = std::array::from_fn(|axis| a[axis].max(b[axis]) + 1);
                if let Some(window) = WindowLevel::of_region(&self.image, &VoxelBox { lo: lo.into(), hi: hi.into() }) {
                    self.window = window;
                }
            }
            ViewAction::SetClip(clip) if clip.is_none_or(|clip| clip.extent() == self.extent()) => self.clip = clip,
            ViewAction::AutoWindow => self.window = WindowLevel::auto(&self.image),
            ViewAction::Hover(_)
            | ViewAction::Activate(_)
            | ViewAction::ToggleMaximised(_)
            | ViewAction::SetLayout(_)
            | ViewAction::SetArrangement(_)
            | ViewAction::SetPatientSide(_)
            | ViewAction::SetLayers(_)
            | ViewAction::ShowMeasurements(_)
            | ViewAction::StepFrame(_)
            | ViewAction::SetSecondImageLook(_)
            | ViewAction::RemoveSecondImage
            | ViewAction::SetVolume(_)
            | ViewAction::SetClip(_)
            | ViewAction::SetFrame(_)
            | ViewAction::Turn { .. }
            | ViewAction::TurnTo { .. } => {}
        }
    }
}

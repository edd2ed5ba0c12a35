//! The centre of the window: three linked slice views and the facts of the case.

mod arrangement;
mod clip_handles;
mod cross_lines;
mod decoration;
mod divider;
mod first_look;
mod overlay;
mod picture;
mod pointer;
mod region_marks;
mod scene_view;
mod sides;
mod slice_strip;
mod slice_view;
mod surfaces;
mod turning;

use std::sync::Arc;

use eframe::egui::{self, Frame, Margin, Rect, Ui, UiBuilder};

pub use picture::{Pictures, Upload};
pub use turning::KEY_DEGREES;

use self::arrangement::{Arrangement, Pane};
use self::first_look::FirstLookPicture;
use self::pointer::Pointer;
use self::scene_view::SceneView;
use super::actions::Actions;
use super::survey::Survey;
use super::{facts_pane, theme};
use crate::geometry::Plane;
use crate::render::RenderError;
use crate::view::{IntensityHistogram, Keymap};
use crate::workspace::{ViewAction, Workspace};

/// Of the line that says what is read, where the first slice is shown already.
const WAITING_HEIGHT: f32 = 56.0;

/// What the views keep between frames: the drag in progress, the pictures on the graphics card, the counts.
#[derive(Debug)]
pub struct Viewers {
    pointer: Pointer,
    pub pictures: Pictures,
    survey: Survey,
    scene: SceneView,
    arrangement: Arrangement,
    first_look: FirstLookPicture,
    /// Where each view was drawn last, in the order of [`Plane::ALL`].
    rects: [Option<Rect>; 3],
}

impl Viewers {
    pub fn new(pictures: Pictures) -> Self {
        Self {
            pointer: Pointer::default(),
            pictures,
            survey: Survey::default(),
            scene: SceneView::default(),
            arrangement: Arrangement::default(),
            first_look: FirstLookPicture::default(),
            rects: [None; 3],
        }
    }

    pub fn ui(&mut self, ui: &mut Ui, workspace: &Workspace, keymap: &Keymap, actions: &mut Actions) {
        let area = ui.available_rect_before_wrap();
        // Views that are not drawn have no place to be photographed in.
        self.rects = [None; 3];
        ui.painter().rect_filled(area, 0.0, theme::palette(ui).line);
        self.count(ui, workspace);
        if let Some(view) = workspace.views().maximised {
            self.slice_ui(ui, area, view, (workspace, keymap), actions);
            return;
        }
        let mut arrangement = std::mem::take(&mut self.arrangement);
        arrangement.follow(workspace.views().layout, workspace.preferences().arrangement.as_deref());
        let mut asked = Actions::new();
        let kept = arrangement.ui(ui, &mut |ui, rect, pane| match pane {
            Pane::Slice(view) => self.slice_ui(ui, rect, view, (workspace, keymap), &mut asked),
            Pane::Scene => {
                let Self { scene, pictures, .. } = self;
                scene.ui(ui, rect, workspace, pictures, &mut asked);
            }
            Pane::Facts => self.facts_ui(ui, rect, workspace, &mut asked),
        });
        actions.append(&mut asked);
        actions.extend(kept.map(|kept| ViewAction::SetArrangement(kept).into()));
        self.arrangement = arrangement;
    }

    /// Of the shown image's intensities, once they are counted.
    pub fn histogram(&self) -> Option<Arc<IntensityHistogram>> {
        self.survey.findings().histogram.clone()
    }

    /// Where a view was drawn last, in window points.
    pub fn rect_of(&self, view: Plane) -> Option<Rect> {
        let place = Plane::ALL.iter().position(|plane| *plane == view)?;
        self.rects[place]
    }

    /// Brings what of the shown case changed to the graphics card, and to the 3-D view.
    ///
    /// # Errors
    /// The card cannot hold it; what was shown before may be gone.
    pub fn upload(&mut self, ctx: &egui::Context, upload: Upload, workspace: &Workspace) -> Result<(), RenderError> {
        match (upload, workspace.case()) {
            (Upload::Labels(dirty), Some(case)) => self.scene.patch(ctx, case, &dirty),
            (Upload::Case, _) => self.scene.forget(&self.pictures),
            _ => {}
        }
        self.pictures.upload(ctx, upload, workspace)
    }

    /// The panes go back to where the layout has them.
    pub fn reset_arrangement(&mut self) {
        self.arrangement.reset();
    }

    /// Not while a button is down: a stroke must not wait for it.
    fn count(&mut self, ui: &Ui, workspace: &Workspace) {
        if let Some(case) = workspace.case()
            && !ui.input(|i| i.pointer.any_down())
        {
            self.survey.update(ui.ctx(), case);
        }
    }

    fn slice_ui(
        &mut self,
        ui: &mut Ui,
        rect: Rect,
        view: Plane,
        (workspace, keymap): (&Workspace, &Keymap),
        actions: &mut Actions,
    ) {
        if let Some(place) = Plane::ALL.iter().position(|plane| *plane == view) {
            self.rects[place] = Some(rect);
        }
        match workspace.case() {
            Some(case) => {
                let Self { pointer, pictures, .. } = self;
                slice_view::ui(ui, rect, view, (workspace, case, keymap), (pointer, pictures), actions);
                self.first_look.paint_over(ui, rect, view, case, self.pictures.is_filling());
            }
            None => {
                ui.painter().rect_filled(rect, 0.0, theme::VIEWER_BACKGROUND);
                let below_slice = self.first_look.paint(ui, rect, view, workspace).then_some(WAITING_HEIGHT);
                // Once is enough: in the view that has the keys.
                if view == workspace.views().active {
                    let height = below_slice.unwrap_or(rect.height()).min(rect.height());
                    waiting_ui(ui, rect.with_min_y(rect.bottom() - height), workspace);
                }
            }
        }
    }

    fn facts_ui(&self, ui: &mut Ui, rect: Rect, workspace: &Workspace, actions: &mut Actions) {
        let mut pane = ui.new_child(UiBuilder::new().max_rect(rect).id_salt("facts"));
        pane.set_clip_rect(rect.intersect(ui.clip_rect()));
        let fill = theme::palette(ui).panel;
        Frame::new().fill(fill).inner_margin(Margin::same(16)).show(&mut pane, |ui| {
            ui.set_min_size(ui.available_size());
            facts_pane::ui(ui, workspace, self.survey.findings(), actions);
        });
    }
}

/// The pictures are black in both themes, so what is said over them is always in the colours of the dark one.
fn waiting_ui(ui: &mut Ui, rect: Rect, workspace: &Workspace) {
    let mut pane = ui.new_child(UiBuilder::new().max_rect(rect.shrink(theme::WIDE)).id_salt("waiting"));
    *pane.visuals_mut() = ui.ctx().style_of(egui::Theme::Dark).visuals.clone();
    facts_pane::waiting_ui(&mut pane, workspace);
}

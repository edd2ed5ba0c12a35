//! The centre of the window: three linked slice views and the facts of the case.

mod arrangement;
mod decoration;
mod picture;
mod pointer;
mod slice_strip;
mod slice_view;

use eframe::egui::{Frame, Margin, Rect, Ui, UiBuilder};

pub use picture::{Pictures, Upload};

use self::arrangement::{Arrangement, Pane};
use self::pointer::Pointer;
use super::actions::Actions;
use super::census::Census;
use super::{facts_pane, theme};
use crate::geometry::Plane;
use crate::workspace::Workspace;

/// What the views keep between frames: the drag in progress, the pictures on the graphics card, the counts.
#[derive(Debug)]
pub struct Viewers {
    pointer: Pointer,
    pub pictures: Pictures,
    census: Census,
    arrangement: Arrangement,
}

impl Viewers {
    pub fn new(pictures: Pictures) -> Self {
        Self { pointer: Pointer::default(), pictures, census: Census::default(), arrangement: Arrangement::default() }
    }

    pub fn ui(&mut self, ui: &mut Ui, workspace: &Workspace, actions: &mut Actions) {
        let area = ui.available_rect_before_wrap();
        ui.painter().rect_filled(area, 0.0, theme::palette(ui).line);
        self.count(ui, workspace);
        if let Some(view) = workspace.views().maximised {
            self.slice_ui(ui, area, view, workspace, actions);
            return;
        }
        let mut arrangement = std::mem::take(&mut self.arrangement);
        arrangement.follow(workspace.views().layout);
        arrangement.ui(ui, &mut |ui, rect, pane| match pane {
            Pane::Slice(view) => self.slice_ui(ui, rect, view, workspace, actions),
            Pane::Facts => self.facts_ui(ui, rect, workspace),
        });
        self.arrangement = arrangement;
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
            self.census.update(case);
        }
    }

    fn slice_ui(&mut self, ui: &mut Ui, rect: Rect, view: Plane, workspace: &Workspace, actions: &mut Actions) {
        match workspace.case() {
            Some(case) => {
                let Self { pointer, pictures, .. } = self;
                slice_view::ui(ui, rect, view, (workspace, case), pointer, pictures, actions);
            }
            None => {
                ui.painter().rect_filled(rect, 0.0, theme::VIEWER_BACKGROUND);
            }
        }
    }

    fn facts_ui(&self, ui: &mut Ui, rect: Rect, workspace: &Workspace) {
        let mut pane = ui.new_child(UiBuilder::new().max_rect(rect).id_salt("facts"));
        pane.set_clip_rect(rect.intersect(ui.clip_rect()));
        let fill = theme::palette(ui).panel;
        Frame::new().fill(fill).inner_margin(Margin::same(16)).show(&mut pane, |ui| {
            ui.set_min_size(ui.available_size());
            facts_pane::ui(ui, workspace, self.census.counts());
        });
    }
}

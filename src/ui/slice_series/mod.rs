//! The slices of a view as pictures in a folder: which of them, how large, and how far it has come.

mod job;
mod lettering;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use eframe::egui::{self, DragValue, Grid, ProgressBar, Slider, Ui};

use self::job::{SeriesJob, SeriesRequest};
use super::path_prompt::buttons_ui;
use super::picker::PathField;
use super::{dialog, theme, widgets};
use crate::geometry::Plane;
use crate::render::{PredictionSlot, PredictionState, SliceScene};
use crate::view::{ColourTables, SliceCamera};
use crate::workspace::{Notice, OpenCase, Workspace};

/// Words need this much room.
const SHORTEST_SIDE: f64 = 160.0;

#[derive(Debug, Default)]
pub struct SliceSeries {
    form: Option<Form>,
    job: Option<SeriesJob>,
}

#[derive(Debug)]
struct Form {
    view: Plane,
    /// Numbers of the first and the last slice, from 1.
    from: usize,
    to: usize,
    every: usize,
    /// Longer side, pixels.
    side: u32,
    /// Where the folders of series are unless another one is chosen.
    pictures: PathBuf,
    folder: PathField,
}

impl SliceSeries {
    /// Asks for the series of the active view.
    pub fn open(&mut self, workspace: &Workspace) {
        let (Some(case), Some(study), None) = (workspace.case(), workspace.study(), &self.job) else { return };
        let view = workspace.views().active;
        let pictures = study.dir.join("pictures");
        let folder = PathField::new(folder_of(&pictures, view));
        let to = case.camera(view).straight().slice_count();
        self.form = Some(Form { view, from: 1, to, every: 1, side: 800, pictures, folder });
    }

    /// What there is to say, once it has ended.
    pub fn ui(&mut self, ctx: &egui::Context, workspace: &Workspace) -> Option<Notice> {
        let ended = self.progress_ui(ctx);
        let (Some(form), Some(case)) = (&mut self.form, workspace.case()) else { return ended };
        let answer = dialog::show(ctx, "Pictures of all slices", 440.0, |ui| form.ui(ui, case));
        let closes = answer.inner == Some(false) || answer.should_close();
        if answer.inner == Some(true)
            && let Some(request) = request(form, workspace, case)
        {
            self.form = None;
            match SeriesJob::start(ctx, request) {
                Ok(job) => self.job = Some(job),
                Err(cause) => return Some(Notice::error(format!("The pictures cannot be written: {cause}."))),
            }
        } else if closes {
            self.form = None;
        }
        ended
    }

    fn progress_ui(&mut self, ctx: &egui::Context) -> Option<Notice> {
        let job = self.job.as_ref()?;
        if let Some(outcome) = job.outcome() {
            let folder = job.folder.display();
            let notice = match outcome {
                Ok(count) => Notice::success(format!("{count} pictures were written to '{folder}'.")),
                Err(error) => Notice::error(error.to_string()),
            };
            self.job = None;
            return Some(notice);
        }
        let (done, total) = (job.done(), job.total);
        let window = egui::Window::new("Pictures of all slices").resizable(false).collapsible(false);
        let cancelled =
            window.default_pos([theme::LEFT_PANEL_WIDTH + 40.0, theme::TOP_BAR_HEIGHT + 40.0]).show(ctx, |ui| {
                ui.set_width(280.0);
                // Counts of slices.
                let share = done as f32 / total.max(1) as f32;
                ui.label(widgets::figures(format!("{done} of {total}")));
                ui.add(ProgressBar::new(share)).accessible_name("Pictures written");
                ui.button("Cancel").clicked()
            });
        if cancelled.and_then(|shown| shown.inner) == Some(true) {
            self.job = None;
            return Some(Notice::info(format!("Stopped; {done} of {total} pictures were written.")));
        }
        None
    }
}

impl Form {
    /// `Some(true)`: write them, `Some(false)`: not.
    fn ui(&mut self, ui: &mut Ui, case: &OpenCase) -> Option<bool> {
        let count = case.camera(self.view).straight().slice_count();
        (self.from, self.to) = (self.from.clamp(1, count), self.to.clamp(1, count));
        widgets::caption_ui(
            ui,
            "As the view shows them now, with letters, slice number and scale bar; no name of the patient or the case.",
        );
        ui.add_space(theme::GAP);
        Grid::new("series").num_columns(2).spacing([theme::WIDE, theme::GAP]).show(ui, |ui| {
            let label = ui.label("View");
            let chosen = ui.horizontal(|ui| widgets::choices_ui(ui, self.view, &Plane::ALL.map(|p| (p, p.name()))));
            if let Some(view) = chosen.inner {
                self.show(view, case.camera(view).straight().slice_count());
            }
            chosen.response.labelled_by(label.id);
            ui.end_row();
            ui.label("Slices");
            ui.horizontal(|ui| {
                ui.add(DragValue::new(&mut self.from).range(1..=self.to)).accessible_name("First slice");
                ui.label("to");
                ui.add(DragValue::new(&mut self.to).range(self.from..=count)).accessible_name("Last slice");
                ui.label("every");
                ui.add(DragValue::new(&mut self.every).range(1..=count)).accessible_name("Every so many slices");
            });
            ui.end_row();
            ui.label("Longer side");
            ui.add(Slider::new(&mut self.side, 200..=2000).suffix(" pixels")).accessible_name("Longer side in pixels");
            ui.end_row();
        });
        self.folder.ui(ui, "Folder");
        ui.add_space(theme::WIDE);
        let pictures = self.slice_numbers().len();
        let text = if pictures == 1 { "Write 1 picture".to_owned() } else { format!("Write {pictures} pictures") };
        buttons_ui(ui, &text, self.folder.path().is_some())
    }

    /// All `count` slices of a view; into its own folder unless the user has chosen another.
    fn show(&mut self, view: Plane, count: usize) {
        if self.folder.path() == Some(folder_of(&self.pictures, self.view)) {
            self.folder.text = folder_of(&self.pictures, view).display().to_string();
        }
        (self.view, self.from, self.to) = (view, 1, count);
    }

    fn slice_numbers(&self) -> Vec<usize> {
        (self.from..=self.to).step_by(self.every.max(1)).collect()
    }
}

fn folder_of(pictures: &Path, view: Plane) -> PathBuf {
    pictures.join(format!("{}-slices", view.name().to_lowercase()))
}

/// `None` without a folder.
fn request(form: &Form, workspace: &Workspace, case: &OpenCase) -> Option<SeriesRequest> {
    let study = workspace.study()?;
    // Along the voxel axes, also while the planes are turned.
    let camera = case.camera(form.view).straight().clone();
    let size = picture_size(&camera, form.side);
    let layers = workspace.views().layers.fitting(case.prediction.as_deref());
    let prediction = match &case.prediction {
        None => PredictionState::Absent,
        Some(_) if workspace.prediction_is_stale() => PredictionState::Stale,
        Some(_) => PredictionState::Fresh,
    };
    let scene = SliceScene {
        camera: camera.into(),
        view_size: size.map(f64::from),
        window: case.window,
        colours: Arc::new(ColourTables::new(&study.classes, &layers)),
        layers,
        prediction,
        slot: PredictionSlot::First,
        overlay: case.second.as_ref().map(|second| second.look),
    };
    Some(SeriesRequest {
        folder: form.folder.path()?,
        scene,
        image: Arc::clone(&case.image),
        labels: Arc::clone(case.shown_labels()),
        prediction: case.prediction.clone(),
        second: case.second.as_ref().map(|second| Arc::clone(&second.image)),
        slice_numbers: form.slice_numbers(),
        size,
    })
}

/// In the proportions of the slice.
fn picture_size(camera: &SliceCamera, side: u32) -> [u32; 2] {
    let mm = camera.slice_size_mm();
    let scale = f64::from(side) / mm[0].max(mm[1]);
    // At most `side`, which fits.
    mm.map(|mm| (mm * scale).max(SHORTEST_SIDE.min(f64::from(side))).round() as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_goes_with_the_view_until_another_one_is_chosen() {
        let pictures = PathBuf::from("study/pictures");
        let folder = PathField::new(folder_of(&pictures, Plane::Sagittal));
        let mut form = Form { view: Plane::Sagittal, from: 3, to: 9, every: 1, side: 800, pictures, folder };
        form.show(Plane::Axial, 48);
        assert_eq!((form.view, form.from, form.to), (Plane::Axial, 1, 48));
        assert_eq!(form.folder.path(), Some(PathBuf::from("study/pictures/axial-slices")));
        form.folder.text = "elsewhere".to_owned();
        form.show(Plane::Coronal, 20);
        assert_eq!(form.folder.path(), Some(PathBuf::from("elsewhere")));
    }
}

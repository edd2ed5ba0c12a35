//! The thread that draws and writes a series of slices, from what the window showed when it was asked for.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use crossbeam_channel::{Receiver, bounded};
use eframe::egui;
use thiserror::Error;

use super::lettering::Lettering;
use crate::io::{IoError, write_atomically};
use crate::label::{LabelMap, Prediction};
use crate::render::{RenderError, SliceScene, encode_png, reference};
use crate::volume::Image;

/// Everything the pictures are made of. The camera is fitted to `size` on the thread.
pub struct SeriesRequest {
    pub folder: PathBuf,
    pub scene: SliceScene,
    pub image: Arc<Image>,
    pub labels: Arc<LabelMap>,
    pub prediction: Option<Arc<Prediction>>,
    pub second: Option<Arc<Image>>,
    /// Numbers as a reader sees them, from 1.
    pub slice_numbers: Vec<usize>,
    /// Width and height, pixels.
    pub size: [u32; 2],
}

#[derive(Debug, Error)]
pub enum SeriesError {
    #[error("'{}' already holds pictures of slices; choose another folder.", .0.display())]
    NotEmpty(PathBuf),
    #[error("The folder '{}' cannot be used: {cause}. Choose another one.", .folder.display())]
    Folder { folder: PathBuf, cause: std::io::Error },
    #[error("A picture could not be drawn: {0}.")]
    Picture(#[from] RenderError),
    #[error(transparent)]
    File(#[from] IoError),
}

/// A series being written; dropping it stops it after the present picture.
#[derive(Debug)]
pub struct SeriesJob {
    pub folder: PathBuf,
    pub total: usize,
    state: Arc<State>,
    outcome: Receiver<Result<usize, SeriesError>>,
}

#[derive(Debug, Default)]
struct State {
    done: AtomicUsize,
    cancelled: AtomicBool,
}

impl SeriesJob {
    /// # Errors
    /// The system's, if it gives no thread.
    pub fn start(ctx: &egui::Context, request: SeriesRequest) -> std::io::Result<Self> {
        let (folder, total) = (request.folder.clone(), request.slice_numbers.len());
        let (sender, outcome) = bounded(1);
        let state = Arc::new(State::default());
        let (ctx, seen) = (ctx.clone(), Arc::clone(&state));
        let work = move || {
            // Nobody waits any more if the window is gone.
            sender.send(write(&request, &seen, || ctx.request_repaint())).ok();
            ctx.request_repaint();
        };
        thread::Builder::new().name("slice series".into()).spawn(work)?;
        Ok(Self { folder, total, state, outcome })
    }

    /// Pictures written so far.
    pub fn done(&self) -> usize {
        self.state.done.load(Ordering::Relaxed)
    }

    /// How many pictures were written, once it has ended.
    pub fn outcome(&self) -> Option<Result<usize, SeriesError>> {
        self.outcome.try_recv().ok()
    }
}

impl Drop for SeriesJob {
    fn drop(&mut self) {
        self.state.cancelled.store(true, Ordering::Relaxed);
    }
}

fn write(request: &SeriesRequest, state: &State, progressed: impl Fn()) -> Result<usize, SeriesError> {
    prepare(&request.folder)?;
    let SeriesRequest { scene, size, .. } = request;
    let mut scene = scene.clone();
    scene.view_size = size.map(f64::from);
    scene.camera.fit(scene.view_size);
    let mut lettering = Lettering::new(*size);
    for &number in &request.slice_numbers {
        if state.cancelled.load(Ordering::Relaxed) {
            break;
        }
        show(&mut scene, number);
        let second = request.second.as_deref();
        let prediction = request.prediction.as_deref();
        let mut picture = reference::compose(&scene, &request.image, &request.labels, prediction, second, *size);
        lettering.write(&mut picture, scene.camera.straight());
        let png = encode_png(&picture)?;
        let path = request.folder.join(format!("slice-{number:04}.png"));
        write_atomically(&path, |file| file.write_all(&png))?;
        state.done.fetch_add(1, Ordering::Relaxed);
        progressed();
    }
    Ok(state.done.load(Ordering::Relaxed))
}

/// The slice with this number: from 1, growing towards superior, anterior or right.
fn show(scene: &mut SliceScene, number: usize) {
    let camera = scene.camera.straight_mut();
    camera.step_slice(i64::MIN);
    camera.step_slice(i64::try_from(number.saturating_sub(1)).unwrap_or(i64::MAX));
}

/// Nothing there is overwritten, and no two series are mixed.
fn prepare(folder: &Path) -> Result<(), SeriesError> {
    let refused = |cause| SeriesError::Folder { folder: folder.to_owned(), cause };
    fs::create_dir_all(folder).map_err(refused)?;
    for entry in fs::read_dir(folder).map_err(refused)? {
        let name = entry.map_err(refused)?.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("slice-") && name.ends_with(".png") {
            return Err(SeriesError::NotEmpty(folder.to_owned()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Affine, Extent, PatientSide, Plane};
    use crate::label::ClassTable;
    use crate::render::{PredictionSlot, PredictionState};
    use crate::view::{ColourTables, LayerSettings, SliceCamera, WindowLevel};
    use crate::volume::{Grid, Voxels};

    fn request(folder: PathBuf) -> SeriesRequest {
        let extent = Extent::new(20, 16, 6).unwrap();
        let voxels = Voxels::U8(Grid::from_fn(extent, |v| u8::try_from(40 * v.z).unwrap()));
        let image = Image::new(voxels, 1.0, 0.0, Affine::identity());
        let layers = LayerSettings::default();
        let scene = SliceScene {
            camera: SliceCamera::new(&Affine::identity(), extent, Plane::Axial, PatientSide::Radiological).into(),
            view_size: [1.0; 2],
            window: WindowLevel::between(0.0, 200.0),
            colours: Arc::new(ColourTables::new(&ClassTable::from_names(&["A"]).unwrap(), &layers)),
            layers,
            prediction: PredictionState::Absent,
            slot: PredictionSlot::First,
            overlay: None,
        };
        SeriesRequest {
            folder,
            scene,
            image: Arc::new(image),
            labels: Arc::new(LabelMap::unknown(extent)),
            prediction: None,
            second: None,
            slice_numbers: vec![1, 3, 5],
            size: [160, 128],
        }
    }

    #[test]
    fn every_slice_is_a_picture_under_its_number_with_its_own_greys() {
        let dir = tempfile::tempdir().unwrap();
        let request = request(dir.path().join("new"));
        assert_eq!(write(&request, &State::default(), || {}).unwrap(), 3);
        for (number, grey) in [(1, 0), (3, 80), (5, 160)] {
            let file = request.folder.join(format!("slice-{number:04}.png"));
            let picture = image::open(file).unwrap().into_rgba8();
            assert_eq!(picture.dimensions(), (160, 128));
            let middle = f64::from(picture.get_pixel(80, 64).0[0]);
            assert!((middle - f64::from(grey) * 255.0 / 200.0).abs() < 2.0, "{number}: {middle}");
        }
        assert_eq!(fs::read_dir(&request.folder).unwrap().count(), 3);
        assert!(matches!(write(&request, &State::default(), || {}), Err(SeriesError::NotEmpty(_))));
    }

    #[test]
    fn a_cancelled_series_stops_after_the_present_picture() {
        let dir = tempfile::tempdir().unwrap();
        let state = State::default();
        let stop = || state.cancelled.store(true, Ordering::Relaxed);
        assert_eq!(write(&request(dir.path().to_owned()), &state, stop).unwrap(), 1);
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("file"), b"").unwrap();
        let request = request(dir.path().join("file"));
        assert!(matches!(write(&request, &State::default(), || {}), Err(SeriesError::Folder { .. })));
    }
}

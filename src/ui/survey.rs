//! What there is of each class in the shown case, and its intensities: counted beside the window, when the hand rests.

use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, TryRecvError, bounded};
use eframe::egui;

use crate::label::{ClassId, LabelMap, Origin, Prediction};
use crate::metrics::{ClassStatistics, ClassTallies};
use crate::view::IntensityHistogram;
use crate::volume::{CaseId, Image};
use crate::workspace::OpenCase;

/// An edit while labels are being counted copies them once, so counting waits until the hand has rested.
const REST: Duration = Duration::from_millis(700);

/// Keeps the newest findings; the old ones stay until there are new ones.
#[derive(Debug, Default)]
pub struct Survey {
    /// What the findings are of.
    key: Option<Key>,
    findings: Findings,
    running: Option<(Key, Receiver<Findings>)>,
    /// The key that is waiting, and since when.
    waiting: Option<(Key, Instant)>,
    histogram_of: Option<Weak<Image>>,
}

#[derive(Clone, Debug, Default)]
pub struct Findings {
    pub counts: Counts,
    /// Of classes with known voxels.
    pub statistics: Vec<ClassStatistics>,
    /// Of the whole image.
    pub histogram: Option<Arc<IntensityHistogram>>,
}

/// Voxel counts.
#[derive(Clone, Debug)]
pub struct Counts {
    /// Known voxels per class.
    pub known: [usize; 256],
    /// Voxels per origin code.
    pub origin: [usize; 4],
    /// Voxels per class of the pseudo-label.
    pub predicted: [usize; 256],
}

#[derive(Clone, Debug)]
struct Key {
    /// Cases of two studies may have one name, and a file several volumes.
    image: Weak<Image>,
    case: CaseId,
    revision: u64,
    hides_labels: bool,
    prediction: Option<(String, u64)>,
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.image.ptr_eq(&other.image)
            && self.hides_labels == other.hides_labels
            && (&self.case, self.revision, &self.prediction) == (&other.case, other.revision, &other.prediction)
    }
}

impl Default for Counts {
    fn default() -> Self {
        Self { known: [0; 256], origin: [0; 4], predicted: [0; 256] }
    }
}

impl Survey {
    pub fn findings(&self) -> &Findings {
        &self.findings
    }

    /// Takes new findings in, and counts again if the case, its labels or its pseudo-labels are others than last time.
    pub fn update(&mut self, ctx: &egui::Context, case: &OpenCase) {
        self.take();
        let key = Key {
            image: Arc::downgrade(&case.image),
            case: case.id.clone(),
            revision: case.labels().revision(),
            hides_labels: case.hides_labels(),
            prediction: case.prediction.as_ref().map(|p| (p.provenance.model.clone(), p.provenance.step)),
        };
        if self.key.as_ref().is_some_and(|known| !known.image.ptr_eq(&key.image)) {
            // Another case's numbers must not stand beside this one's name.
            self.findings = Findings::default();
            self.key = None;
        }
        if self.running.is_some() || self.key.as_ref() == Some(&key) {
            return;
        }
        let is_new_case = self.key.is_none();
        let since = match &self.waiting {
            Some((waiting, since)) if *waiting == key => *since,
            _ => {
                let now = Instant::now();
                self.waiting = Some((key.clone(), now));
                now
            }
        };
        match REST.checked_sub(since.elapsed()).filter(|_| !is_new_case) {
            Some(left) => ctx.request_repaint_after(left),
            None => self.start(ctx, case, key),
        }
    }

    fn take(&mut self) {
        let Some((_, findings)) = &self.running else { return };
        match findings.try_recv() {
            Ok(findings) => {
                self.findings = findings;
                self.key = self.running.take().map(|(key, _)| key);
            }
            Err(TryRecvError::Empty) => {}
            // The thread died: what it was to count counts as counted, or it would die again in every frame.
            Err(TryRecvError::Disconnected) => self.key = self.running.take().map(|(key, _)| key),
        }
    }

    fn start(&mut self, ctx: &egui::Context, case: &OpenCase, key: Key) {
        let (sender, receiver) = bounded(1);
        let (image, labels) = (Arc::clone(&case.image), case.shared_labels());
        let (prediction, ctx) = (case.prediction.clone(), ctx.clone());
        let known_histogram = self
            .findings
            .histogram
            .clone()
            .filter(|_| self.histogram_of.as_ref().is_some_and(|of| of.ptr_eq(&key.image)));
        let work = move || {
            let findings = Findings::of(&image, &labels, prediction.as_deref(), known_histogram);
            // Let go of the labels before the window may want to change them.
            drop(labels);
            sender.send(findings).ok();
            ctx.request_repaint();
        };
        self.waiting = None;
        if thread::Builder::new().name("survey".into()).spawn(work).is_ok() {
            self.histogram_of = Some(Weak::clone(&key.image));
            self.running = Some((key, receiver));
        }
    }
}

impl Findings {
    fn of(
        image: &Image,
        labels: &LabelMap,
        prediction: Option<&Prediction>,
        histogram: Option<Arc<IntensityHistogram>>,
    ) -> Self {
        let tallies = ClassTallies::of(image, labels, || false);
        let statistics =
            tallies.map(|tallies| ClassStatistics::of_tallies(&tallies, &image.affine)).unwrap_or_default();
        let histogram = histogram.or_else(|| IntensityHistogram::of(image, || false).map(Arc::new));
        Self { counts: Counts::of(labels, prediction), statistics, histogram }
    }

    pub fn statistics_of(&self, class: ClassId) -> Option<&ClassStatistics> {
        self.statistics.iter().find(|statistics| statistics.class == class)
    }
}

impl Counts {
    fn of(labels: &LabelMap, prediction: Option<&Prediction>) -> Self {
        let mut counts = Self::default();
        for (&class, &origin) in labels.class().as_slice().iter().zip(labels.origin().as_slice()) {
            counts.origin[usize::from(origin.code())] += 1;
            if origin.is_known() {
                counts.known[usize::from(class)] += 1;
            }
        }
        if let Some(prediction) = prediction {
            for &class in prediction.class.as_slice() {
                counts.predicted[usize::from(class)] += 1;
            }
        }
        counts
    }

    /// Share (0 to 1) of the voxels with an origin.
    pub fn share(&self, origin: Origin) -> f64 {
        let all: usize = self.origin.iter().sum();
        self.origin[usize::from(origin.code())] as f64 / all.max(1) as f64
    }

    pub fn known_of(&self, class: ClassId) -> usize {
        self.known[usize::from(class)]
    }

    pub fn predicted_of(&self, class: ClassId) -> usize {
        self.predicted[usize::from(class)]
    }
}

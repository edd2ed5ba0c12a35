//! The thread that looks for doubtful regions, so that no frame waits for it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crossbeam_channel::{Receiver, unbounded};

use super::newest_job::NewestJob;
use super::protocol_review::{ReviewFindings, ReviewJob};
use crate::review::{
    CaseFigures, ClassShares, DoubtMap, DoubtSettings, QueueKey, ReviewError, ReviewedCase, SliceDoubt, find_regions,
};

/// Does the newest job; dropping it ends the thread.
#[derive(Debug)]
pub struct ReviewThread {
    jobs: NewestJob<ReviewJob>,
    findings: Receiver<ReviewFindings>,
}

impl ReviewThread {
    /// `wake` is called after every finding, on the thread.
    ///
    /// # Errors
    /// The system's, if it gives no thread.
    pub fn start(wake: impl Fn() + Send + Sync + 'static) -> std::io::Result<Self> {
        let (sender, findings) = unbounded();
        let jobs = NewestJob::start("chiaro-review", move |job| {
            match catch_unwind(AssertUnwindSafe(|| look(&job))) {
                Ok(Ok(found)) => {
                    // The window may be gone; then nobody waits for it.
                    let _ = sender.send(found);
                    wake();
                }
                // Planes that do not fit are refused before they are shown; then there is no queue.
                Ok(Err(error)) => log::warn!("no regions were looked for: {error}"),
                Err(_) => log::error!("looking for doubtful regions failed inside Chiaro"),
            }
        })?;
        Ok(Self { jobs, findings })
    }

    /// Never waits. A thread that is gone finds nothing.
    pub fn send(&self, job: ReviewJob) {
        if self.jobs.send(job).is_err() {
            log::error!("the review thread is gone");
        }
    }

    /// Findings as they come.
    pub fn findings(&self) -> &Receiver<ReviewFindings> {
        &self.findings
    }
}

/// Everything that review wants to know of a case, without a thread: also for runs without a window.
///
/// # Errors
/// When the planes and the labels lie on different grids.
pub fn look(job: &ReviewJob) -> Result<ReviewFindings, ReviewError> {
    let ReviewJob { labels, prediction, rejections, spacing_mm, thresholds } = job;
    let case = ReviewedCase { prediction, labels, rejections };
    let doubt = DoubtMap::of(&case, &DoubtSettings { thresholds: *thresholds, ..DoubtSettings::default() })?;
    Ok(ReviewFindings {
        key: QueueKey::new(&prediction.provenance, labels.revision()),
        thresholds: *thresholds,
        regions: find_regions(prediction, &doubt, *spacing_mm)?,
        shares: ClassShares::of(&prediction.class),
        slices: SliceDoubt::of(&doubt, *spacing_mm),
        figures: CaseFigures::of(prediction, doubt.band(), *spacing_mm)?,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::geometry::Extent;
    use crate::label::{DoubtThresholds, LabelMap, Prediction, Probabilities, Provenance, Rejections};
    use crate::volume::Grid;

    #[test]
    fn regions_of_the_newest_job_come_back_with_what_they_were_made_from() {
        let extent = Extent::new(20, 16, 12).unwrap();
        let (a, b) = (Grid::from_fn(extent, |v| u8::from(v.x < 10)), Grid::filled(extent, 0));
        let flat = |value: u8| Grid::filled(extent, value);
        let prediction = Prediction {
            provenance: Provenance { case: "a".into(), label_revision: 0, model: "001".into(), step: 7 },
            class: a.clone(),
            confidence_a: flat(250),
            confidence_b: flat(250),
            class_a: a,
            class_b: b,
            dual_confidence: flat(10),
            probabilities: Probabilities::default(),
        };
        let job = ReviewJob {
            labels: Arc::new(LabelMap::unknown(extent)),
            prediction: Arc::new(prediction),
            rejections: Arc::new(Rejections::default()),
            spacing_mm: [1.0; 3],
            thresholds: DoubtThresholds::default(),
        };
        let thread = ReviewThread::start(|| {}).unwrap();
        thread.send(job);
        let found = thread.findings().recv_timeout(Duration::from_secs(60)).unwrap();
        assert_eq!((found.key.case.as_str(), found.key.step), ("a", 7));
        assert!(!found.regions.is_empty() && found.figures.networks_dice < 0.1);
        assert!(found.slices.worst_slice(0).is_some());
    }
}

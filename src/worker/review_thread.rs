//! The thread that looks for doubtful regions, so that no frame waits for it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crossbeam_channel::{Receiver, unbounded};

use super::newest_job::NewestJob;
use super::protocol_review::{FoundQuestions, QuestionJob, ReviewFindings, ReviewJob};
use crate::review::{
    CaseFigures, ClassShares, DoubtMap, DoubtSettings, QueueKey, ReviewError, ReviewedCase, SliceDoubt, find_regions,
    known_questions,
};

/// Does the newest job; dropping it ends the thread.
#[derive(Debug)]
pub struct ReviewThread {
    jobs: NewestJob<Job>,
    findings: Receiver<Found>,
}

#[derive(Debug)]
enum Job {
    Doubt(ReviewJob),
    Questions(QuestionJob),
}

/// What was found.
#[derive(Debug)]
pub enum Found {
    Doubt(Box<ReviewFindings>),
    Questions(FoundQuestions),
}

impl ReviewThread {
    /// `wake` is called after every finding, on the thread.
    ///
    /// # Errors
    /// The system's, if it gives no thread.
    pub fn start(wake: impl Fn() + Send + Sync + 'static) -> std::io::Result<Self> {
        let (sender, findings) = unbounded();
        let jobs = NewestJob::start("chiaro-review", move |job| {
            if let Some(found) = guarded(&job) {
                // The window may be gone; then nobody waits for it.
                let _ = sender.send(found);
                wake();
            }
        })?;
        Ok(Self { jobs, findings })
    }

    /// Never waits. A thread that is gone finds nothing.
    pub fn send(&self, job: ReviewJob) {
        self.put(Job::Doubt(job));
    }

    /// As [`Self::send`]; always answered by a thread that lives, unless another job comes.
    pub fn ask(&self, job: QuestionJob) {
        self.put(Job::Questions(job));
    }

    fn put(&self, job: Job) {
        if self.jobs.send(job).is_err() {
            log::error!("the review thread is gone");
        }
    }

    /// Findings as they come.
    pub fn findings(&self) -> &Receiver<Found> {
        &self.findings
    }
}

/// Planes that do not fit are refused before they are shown: then there is no queue, and nothing to ask.
fn guarded(job: &Job) -> Option<Found> {
    let found = catch_unwind(AssertUnwindSafe(|| match job {
        Job::Doubt(job) => look(job).map(|found| Found::Doubt(Box::new(found))),
        Job::Questions(job) => look_for_questions(job).map(Found::Questions),
    }));
    match &found {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => log::warn!("no regions were looked for: {error}"),
        Err(_) => log::error!("looking for doubtful regions failed inside Chiaro"),
    }
    match (found, job) {
        (Ok(Ok(found)), _) => Some(found),
        // Somebody waits for the question.
        (_, Job::Questions(job)) => {
            let case = job.prediction.provenance.case.clone();
            Some(Found::Questions(FoundQuestions { case, questions: Vec::new() }))
        }
        (_, Job::Doubt(_)) => None,
    }
}

/// Questions about a case whose answers are known, without a thread.
///
/// # Errors
/// When the planes and the labels lie on different grids.
pub fn look_for_questions(job: &QuestionJob) -> Result<FoundQuestions, ReviewError> {
    let QuestionJob { labels, prediction, spacing_mm, thresholds } = job;
    let questions = known_questions(prediction, labels, *spacing_mm, *thresholds)?;
    Ok(FoundQuestions { case: prediction.provenance.case.clone(), questions })
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
        let Found::Doubt(found) = found else { panic!("questions nobody asked for: {found:?}") };
        assert_eq!((found.key.case.as_str(), found.key.step), ("a", 7));
        assert!(!found.regions.is_empty() && found.figures.networks_dice < 0.1);
        assert!(found.slices.worst_slice(0).is_some());
    }
    #[test]
    fn a_question_that_fails_is_answered_by_none_so_that_nobody_waits_for_it() {
        let extent = Extent::new(8, 8, 8).unwrap();
        let plane = || Grid::filled(extent, 1);
        let prediction = Prediction {
            provenance: Provenance { case: "h".into(), label_revision: 0, model: "001".into(), step: 7 },
            class: plane(),
            confidence_a: plane(),
            confidence_b: plane(),
            class_a: plane(),
            class_b: plane(),
            dual_confidence: plane(),
            probabilities: Probabilities::default(),
        };
        let job = QuestionJob {
            labels: Arc::new(LabelMap::unknown(Extent::new(3, 3, 3).unwrap())),
            prediction: Arc::new(prediction),
            spacing_mm: [1.0; 3],
            thresholds: DoubtThresholds::default(),
        };
        let thread = ReviewThread::start(|| {}).unwrap();
        thread.ask(job);
        let found = thread.findings().recv_timeout(Duration::from_secs(60)).unwrap();
        assert!(matches!(found, Found::Questions(found) if found.case.as_str() == "h" && found.questions.is_empty()));
    }
}

//! The threads that work out what an operation would do to the labels, or how they differ from others, so that no
//! frame waits for it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, Sender, unbounded};
use thiserror::Error;

use super::protocol_labels::{LabelEvent, LabelJob, LabelWork, OtherLabels};
use crate::edit::{GrowthError, OperationError, Proposal, propose};
use crate::label::LabelMap;
use crate::metrics::{LabelComparison, MeasureError};

/// Does the newest job of each kind; dropping it ends the threads.
#[derive(Debug)]
pub struct LabelThread {
    changes: Line,
    /// Of their own: an operation does not wait for a long comparison.
    comparisons: Line,
    events: Receiver<LabelEvent>,
}

/// A queue and the thread at its end.
#[derive(Debug)]
struct Line {
    jobs: Option<Sender<LabelJob>>,
    thread: Option<JoinHandle<()>>,
}

impl LabelThread {
    /// `wake` is called after every event, on the thread.
    ///
    /// # Errors
    /// The system's, if it gives no thread.
    pub fn start(wake: impl Fn() + Send + Sync + 'static) -> std::io::Result<Self> {
        let (sender, events) = unbounded();
        let wake = Arc::new(wake);
        let changes = Line::start("chiaro-labels", sender.clone(), Arc::clone(&wake))?;
        Ok(Self { changes, comparisons: Line::start("chiaro-compare", sender, wake)?, events })
    }

    /// Never waits. Gives the job back if the thread is gone.
    pub fn send(&self, job: LabelJob) -> Result<(), Box<LabelJob>> {
        let line = if matches!(job.work, LabelWork::Compare(_)) { &self.comparisons } else { &self.changes };
        match &line.jobs {
            Some(jobs) => jobs.send(job).map_err(|refused| Box::new(refused.into_inner())),
            None => Err(Box::new(job)),
        }
    }

    /// Answers as they come.
    pub fn events(&self) -> &Receiver<LabelEvent> {
        &self.events
    }
}

impl Line {
    fn start(
        name: &str,
        events: Sender<LabelEvent>,
        wake: Arc<impl Fn() + Send + Sync + 'static>,
    ) -> std::io::Result<Self> {
        let (jobs, waiting) = unbounded::<LabelJob>();
        let work = move || {
            while let Ok(job) = waiting.recv() {
                // What was asked for meanwhile has taken its place.
                let job = waiting.try_iter().last().unwrap_or(job);
                if let Some(event) = answer(&job) {
                    // The window may be gone; then nobody waits for it.
                    let _ = events.send(event);
                    wake();
                }
            }
        };
        let thread = thread::Builder::new().name(name.to_owned()).spawn(work)?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // The work inside is guarded; a long one was cancelled by whoever asked for it.
            let _ = thread.join();
        }
    }
}

#[derive(Debug, Error)]
enum WorkError {
    #[error(transparent)]
    Operation(#[from] OperationError),
    #[error(transparent)]
    Growth(#[from] GrowthError),
    #[error(transparent)]
    Measure(#[from] MeasureError),
}

/// Nothing for a job that was cancelled: whoever did that waits no more.
fn answer(job: &LabelJob) -> Option<LabelEvent> {
    if job.watch.is_cancelled() {
        return None;
    }
    let ticket = job.ticket;
    let refused = |sentence: String| Some(LabelEvent::Refused { ticket, sentence });
    match catch_unwind(AssertUnwindSafe(|| work_out(job))) {
        Ok(Ok(event)) => Some(event),
        Ok(Err(
            WorkError::Operation(OperationError::Cancelled)
            | WorkError::Growth(GrowthError::Stopped)
            | WorkError::Measure(MeasureError::Cancelled),
        )) => None,
        Ok(Err(error)) => refused(error.to_string()),
        Err(_) => refused("this operation failed inside Chiaro; your labels are as they were".to_owned()),
    }
}

fn work_out(job: &LabelJob) -> Result<LabelEvent, WorkError> {
    let LabelJob { ticket, labels, image, watch, work } = job;
    let ticket = *ticket;
    let proposal = match work {
        LabelWork::Operation(request) => {
            let mut request = request.clone();
            request.keep_free_classes(labels);
            propose(labels, Some(image), &request, watch)?
        }
        LabelWork::Select { selection, paint } => {
            let voxels = selection.voxels(image, watch)?;
            Proposal::painting(labels, &voxels, paint)
        }
        LabelWork::Compare(other) => {
            return Ok(LabelEvent::Compared { ticket, comparison: compared(job, other)? });
        }
    };
    Ok(shown(ticket, labels, proposal))
}

/// The change, and the labels as they would be.
fn shown(ticket: u64, labels: &LabelMap, proposal: Option<Proposal>) -> LabelEvent {
    let Some(proposal) = proposal else { return LabelEvent::NothingToDo { ticket } };
    let mut preview = labels.clone();
    if proposal.clone().apply(&mut preview).is_none() {
        return LabelEvent::NothingToDo { ticket };
    }
    LabelEvent::Proposed { ticket, proposal: Box::new(proposal), preview: Arc::new(preview) }
}

/// Every class that either map holds.
fn compared(job: &LabelJob, other: &OtherLabels) -> Result<LabelComparison, MeasureError> {
    let (first, second) = (job.labels.class(), other.class());
    let classes = LabelComparison::foreground_of(first, second);
    LabelComparison::between(first, second, &job.image.affine, &classes, || job.watch.is_cancelled())
}

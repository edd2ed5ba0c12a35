//! The threads that work out what an operation would do to the labels, or how they differ from others, so that no
//! frame waits for it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crossbeam_channel::{Receiver, unbounded};
use thiserror::Error;

use super::newest_job::NewestJob;
use super::protocol_labels::{LabelEvent, LabelJob, LabelWork, OtherLabels};
use crate::edit::{GrowthError, OperationError, Proposal, propose};
use crate::label::LabelMap;
use crate::metrics::{LabelComparison, MeasureError};

/// Does the newest job of each kind; dropping it ends the threads.
#[derive(Debug)]
pub struct LabelThread {
    changes: NewestJob<LabelJob>,
    /// Of their own: an operation does not wait for a long comparison.
    comparisons: NewestJob<LabelJob>,
    differences: NewestJob<LabelJob>,
    events: Receiver<LabelEvent>,
}

impl LabelThread {
    /// `wake` is called after every event, on the thread.
    ///
    /// # Errors
    /// The system's, if it gives no thread.
    pub fn start(wake: impl Fn() + Send + Sync + 'static) -> std::io::Result<Self> {
        let (sender, events) = unbounded();
        let wake = Arc::new(wake);
        let line = |name: &str| {
            let (sender, wake) = (sender.clone(), Arc::clone(&wake));
            NewestJob::start(name, move |job| {
                if let Some(event) = answer(&job) {
                    // The window may be gone; then nobody waits for it.
                    let _ = sender.send(event);
                    wake();
                }
            })
        };
        let [changes, comparisons, differences] = ["chiaro-labels", "chiaro-compare", "chiaro-differ"].map(line);
        Ok(Self { changes: changes?, comparisons: comparisons?, differences: differences?, events })
    }

    /// Never waits. Gives the job back if the thread is gone.
    pub fn send(&self, job: LabelJob) -> Result<(), Box<LabelJob>> {
        let line = match job.work {
            LabelWork::Operation(_) | LabelWork::Select { .. } => &self.changes,
            LabelWork::Compare(_) => &self.comparisons,
            LabelWork::Difference { .. } => &self.differences,
        };
        line.send(job).map_err(Box::new)
    }

    /// Answers as they come.
    pub fn events(&self) -> &Receiver<LabelEvent> {
        &self.events
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
        LabelWork::Difference { newest, older } => {
            let Some(difference) = newest.difference_to(older) else { return Ok(LabelEvent::NothingToDo { ticket }) };
            return Ok(LabelEvent::Differs { ticket, difference: Arc::new(difference) });
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

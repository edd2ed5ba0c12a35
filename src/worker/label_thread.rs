//! The thread that works out what an operation would do to the labels, so that no frame waits for it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, Sender, unbounded};
use thiserror::Error;

use super::protocol_labels::{LabelEvent, LabelJob, LabelWork};
use crate::edit::{GrowthError, OperationError, Proposal, propose};
use crate::label::LabelMap;

/// Does the newest job; dropping it ends the thread.
#[derive(Debug)]
pub struct LabelThread {
    jobs: Option<Sender<LabelJob>>,
    events: Receiver<LabelEvent>,
    thread: Option<JoinHandle<()>>,
}

impl LabelThread {
    /// `wake` is called after every event, on the thread.
    ///
    /// # Errors
    /// The system's, if it gives no thread.
    pub fn start(wake: impl Fn() + Send + Sync + 'static) -> std::io::Result<Self> {
        let (jobs, waiting) = unbounded::<LabelJob>();
        let (sender, events) = unbounded();
        let work = move || {
            while let Ok(job) = waiting.recv() {
                // What was asked for meanwhile has taken its place.
                let job = waiting.try_iter().last().unwrap_or(job);
                if let Some(event) = answer(&job) {
                    // The window may be gone; then nobody waits for it.
                    let _ = sender.send(event);
                    wake();
                }
            }
        };
        let thread = thread::Builder::new().name("chiaro-labels".to_owned()).spawn(work)?;
        Ok(Self { jobs: Some(jobs), events, thread: Some(thread) })
    }

    /// Never waits. Gives the job back if the thread is gone.
    pub fn send(&self, job: LabelJob) -> Result<(), Box<LabelJob>> {
        match &self.jobs {
            Some(jobs) => jobs.send(job).map_err(|refused| Box::new(refused.into_inner())),
            None => Err(Box::new(job)),
        }
    }

    /// Answers as they come.
    pub fn events(&self) -> &Receiver<LabelEvent> {
        &self.events
    }
}

impl Drop for LabelThread {
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
}

/// Nothing for a job that was cancelled: whoever did that waits no more.
fn answer(job: &LabelJob) -> Option<LabelEvent> {
    if job.watch.is_cancelled() {
        return None;
    }
    let ticket = job.ticket;
    let refused = |sentence: String| Some(LabelEvent::Refused { ticket, sentence });
    match catch_unwind(AssertUnwindSafe(|| work_out(job))) {
        Ok(Ok(Some((proposal, preview)))) => {
            Some(LabelEvent::Proposed { ticket, proposal: Box::new(proposal), preview })
        }
        Ok(Ok(None)) => Some(LabelEvent::NothingToDo { ticket }),
        Ok(Err(WorkError::Operation(OperationError::Cancelled) | WorkError::Growth(GrowthError::Stopped))) => None,
        Ok(Err(error)) => refused(error.to_string()),
        Err(_) => refused("this operation failed inside Chiaro; your labels are as they were".to_owned()),
    }
}

/// The change, and the labels as they would be.
fn work_out(job: &LabelJob) -> Result<Option<(Proposal, Arc<LabelMap>)>, WorkError> {
    let LabelJob { labels, image, watch, .. } = job;
    let proposal = match &job.work {
        LabelWork::Operation(request) => {
            let mut request = request.clone();
            request.keep_free_classes(labels);
            propose(labels, Some(image), &request, watch)?
        }
        LabelWork::Select { selection, paint } => {
            let voxels = selection.voxels(image, watch)?;
            Proposal::painting(labels, &voxels, paint)
        }
    };
    let Some(proposal) = proposal else { return Ok(None) };
    let mut preview = LabelMap::clone(labels);
    if proposal.clone().apply(&mut preview).is_none() {
        return Ok(None);
    }
    Ok(Some((proposal, Arc::new(preview))))
}

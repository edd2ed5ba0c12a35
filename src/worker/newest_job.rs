//! A thread that does the newest of the jobs that wait for it.

use std::thread::{self, JoinHandle};

use crossbeam_channel::{Sender, unbounded};

/// Dropping it ends the thread after the job it is at.
#[derive(Debug)]
pub(super) struct NewestJob<J> {
    jobs: Option<Sender<J>>,
    thread: Option<JoinHandle<()>>,
}

impl<J: Send + 'static> NewestJob<J> {
    /// `work` guards itself against panics.
    ///
    /// # Errors
    /// The system's, if it gives no thread.
    pub fn start(name: &str, mut work: impl FnMut(J) + Send + 'static) -> std::io::Result<Self> {
        let (jobs, waiting) = unbounded::<J>();
        let body = move || {
            while let Ok(job) = waiting.recv() {
                // What was asked for meanwhile has taken its place.
                work(waiting.try_iter().last().unwrap_or(job));
            }
        };
        let thread = thread::Builder::new().name(name.to_owned()).spawn(body)?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Never waits. Gives the job back if the thread is gone.
    pub fn send(&self, job: J) -> Result<(), J> {
        match &self.jobs {
            Some(jobs) => jobs.send(job).map_err(|refused| refused.into_inner()),
            None => Err(job),
        }
    }
}

impl<J> Drop for NewestJob<J> {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // The work inside is guarded; a long one was cancelled by whoever asked for it.
            let _ = thread.join();
        }
    }
}

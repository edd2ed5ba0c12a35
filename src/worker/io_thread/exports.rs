//! Exports run beside the io thread: writing a whole study must not delay the journal.

use std::path::PathBuf;
use std::thread::{self, JoinHandle};

use super::{Outbox, Subject, guarded};
use crate::project::{Project, Source, export_labels};
use crate::worker::protocol_io::IoEvent;

/// Joined when dropped: an export that was begun is finished before the program ends.
#[derive(Default)]
pub(super) struct Exports {
    running: Vec<JoinHandle<()>>,
}

impl Exports {
    pub fn start(&mut self, project: Project, folder: PathBuf, source: Source, outbox: Outbox) -> std::io::Result<()> {
        self.running.retain(|thread| !thread.is_finished());
        let work = move || {
            guarded(&outbox, &Subject::Export, || {
                let report = Box::new(export_labels(&project, &folder, source)?);
                Ok(Some(IoEvent::Exported { folder, report }))
            });
        };
        self.running.push(thread::Builder::new().name("chiaro-export".to_owned()).spawn(work)?);
        Ok(())
    }
}

impl Drop for Exports {
    fn drop(&mut self) {
        for thread in self.running.drain(..) {
            // The work inside is guarded and has sent its answer.
            let _ = thread.join();
        }
    }
}

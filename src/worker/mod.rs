//! Threads and the messages between them: the trainer thread and the io thread.

mod courtesy;
mod io_thread;
mod mailbox;
mod past_run;
mod power;
pub mod protocol;
pub mod protocol_io;
mod slot;
pub mod trainer;

pub use courtesy::FrameReports;
pub use io_thread::{IoThread, RecentList};
pub use past_run::PastRun;
pub use slot::Slot;

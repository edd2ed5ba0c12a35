//! Threads and the messages between them: the trainer thread and the io thread.

mod io_thread;
mod mailbox;
pub mod protocol;
pub mod protocol_io;
mod slot;
pub mod trainer;

pub use io_thread::{IoThread, RecentList};
pub use slot::Slot;

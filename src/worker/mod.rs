//! Threads and the messages between them: the trainer thread and the io thread.

pub mod protocol;
mod slot;
pub mod trainer;

pub use slot::Slot;

//! Threads and the messages between them: the trainer thread, the io thread and those that work on labels and on review.

mod courtesy;
mod io_thread;
mod label_thread;
mod mailbox;
mod newest_job;
mod past_run;
pub mod protocol;
pub mod protocol_io;
pub mod protocol_labels;
pub mod protocol_review;
mod review_thread;
mod slot;
mod strain;
pub mod trainer;

pub use courtesy::FrameReports;
pub use io_thread::{IoThread, RecentList};
pub use label_thread::LabelThread;
pub use past_run::PastRun;
pub use review_thread::{Found, ReviewThread, look as look_for_doubt, look_for_questions};
pub use slot::Slot;
pub use strain::Strain;

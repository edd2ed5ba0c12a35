//! The window. Panels read `&Workspace` and answer with actions; nothing here changes state or waits.

mod actions;
mod app;
mod case_list;
mod census;
mod classes;
mod dialog;
mod facts_pane;
mod find_action;
mod folder_prompt;
mod help_page;
mod learning;
mod new_study;
mod notices;
mod panels;
mod picker;
mod pseudo_labels;
mod quit_dialog;
mod screenshot;
mod shortcuts;
mod start;
mod start_page;
mod status_bar;
mod theme;
mod threads;
mod tools;
mod top_bar;
mod viewer;
mod widgets;

pub use app::Chiaro;
pub use screenshot::ScreenshotRequest;
pub use start::{Start, StartOptions, UiError, run};
pub use threads::{Threads, TrainerLink};

//! The window: panels, viewers, dialogs.

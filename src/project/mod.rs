//! The project folder, its cases, journal and audit log.
//!
//! A crash at any point leaves a folder that opens with every saved label and every journalled stroke.

mod audit;
mod case_entry;
mod case_planes;
mod class_list;
mod class_presets;
mod demo;
mod error;
mod export;
mod export_meshes;
mod export_statistics;
#[cfg(test)]
mod fixture;
mod history;
mod history_file;
mod init;
mod journal;
mod kept_views;
mod labels;
mod manifest;
mod predictions;
mod preferences_file;
#[expect(clippy::module_inception)]
mod project;
mod recent;
mod review_file;
mod volume_folder;

pub use audit::AuditEvent;
pub use case_entry::{CaseEntry, CaseState};
pub use class_presets::ClassPreset;
pub use demo::{create_demo, demo_seed, is_demo};
pub use error::ProjectError;
pub use export::{ExportReport, Source, export_labels};
pub use export_meshes::{MeshReport, export_meshes};
pub use export_statistics::{StatisticsReport, export_statistics};
pub use init::{InitReport, InitRequest, init};
pub use journal::Journal;
pub use labels::RecoveredLabels;
pub use preferences_file::PreferencesFile;
pub use project::Project;
pub use recent::RecentProjects;
pub use volume_folder::VolumeFolder;

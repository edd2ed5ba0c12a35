//! The project folder, its cases, journal and audit log.
//!
//! A crash at any point leaves a folder that opens with every saved label and every journalled stroke.

mod additions;
mod audit;
mod audit_chain;
mod audit_check;
#[cfg(test)]
mod audit_tests;
mod case_entry;
mod case_planes;
mod class_list;
mod class_origins;
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
mod json_lines;
mod kept_views;
mod known_answers;
mod labels;
mod lineage;
mod manifest;
mod mask_sidecar;
mod predictions;
mod preferences_file;
#[expect(clippy::module_inception)]
mod project;
mod recent;
mod review_file;
mod rounds_file;
mod run_metrics;
mod volume_folder;

pub use additions::Additions;
pub use audit::{AuditEvent, ModelStep};
pub use audit_check::{AuditCheck, verify_audit};
pub use case_entry::{CaseEntry, CaseState};
pub use class_presets::ClassPreset;
pub use demo::{create_demo, demo_seed, is_demo};
pub use error::ProjectError;
pub use export::{ExportReport, Source, export_labels};
pub use export_meshes::{MeshReport, export_meshes};
pub use export_statistics::{StatisticsReport, export_statistics};
pub use init::{InitReport, InitRequest, init};
pub use journal::Journal;
pub use known_answers::{Decision, KnownAnswer};
pub use labels::RecoveredLabels;
pub use mask_sidecar::{ClassShares, MaskFile, MaskSidecar, SourceModel};
pub use preferences_file::PreferencesFile;
pub use project::Project;
pub use recent::RecentProjects;
pub use rounds_file::RecordedRounds;
pub use run_metrics::{MetricsError, MetricsLine, measurements, read_metrics};
pub use volume_folder::VolumeFolder;

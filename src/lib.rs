//! Chiaro: label medical volumes by hand while two networks learn from the labelled and the unlabelled ones.
//!
//! Modules are floors: each imports only modules listed above its own line (`tests/layering.rs` checks it).
//!
//! | floor | holds |
//! | --- | --- |
//! | [`geometry`] | extents, voxel boxes, affines, orientation, anatomical planes, patch tiling |
//! | [`volume`] | grids, images in their stored type, intensity statistics, the phantom |
//! | [`label`] | classes, label maps, components, distance transform |
//! | [`metrics`] | overlap and surface distances |
//! | [`edit`] | the one door that writes labels; undo history |
//! | [`io`] | NIfTI files, atomic writes, verified export |
//! | [`rounds`] | rounds of training: whether it gets better, which checkpoints stay |
//! | [`project`] | the project folder, journal and audit log |
//! | [`learn`] | networks, trainer, predictor (the only user of burn) |
//! | [`review`] | doubtful regions of a prediction, their queue, which case next |
//! | [`worker`] | threads and the messages between them |
//! | [`view`] | slice cameras, windows, colour maps, keymaps |
//! | [`workspace`] | the state of the open project and how actions change it |
//! | [`render`] | slice shader, textures, CPU reference compositor |
//! | [`ui`] | the window |
//! | [`cli`] | the subcommands |

pub mod cli;
pub mod edit;
pub mod geometry;
pub mod io;
pub mod label;
pub mod learn;
pub mod metrics;
pub mod project;
pub mod render;
pub mod review;
pub mod rounds;
pub mod ui;
pub mod view;
pub mod volume;
pub mod worker;
pub mod workspace;

//! The demo: the phantom study as a project.

use std::path::Path;

use super::{Project, ProjectError};

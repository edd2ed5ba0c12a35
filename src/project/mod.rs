//! The project folder, its cases, journal and audit log.

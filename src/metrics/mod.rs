//! Overlap and surface distances between two masks.

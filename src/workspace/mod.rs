//! The state of the open project: `Action` -> `apply` -> `Effect`, `absorb` for events.

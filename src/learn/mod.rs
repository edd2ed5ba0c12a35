//! Networks, trainer and predictor. The only module that knows burn.

mod settings;

pub use settings::{DeviceChoice, DeviceReport, Method, PlanSummary, TrainSettings};

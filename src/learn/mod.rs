//! Networks, trainer and predictor. The only module that knows burn.

mod calibration;
mod checkpoint;
pub mod data;
mod device;
mod error;
mod kernels;
mod learner;
mod loss;
mod method;
mod nn;
mod np;
mod optimiser;
mod plan;
mod predict;
mod random;
mod schedule;
mod settings;
mod step_bench;
mod trainer;

pub use calibration::{Calibration, Check, JudgedVoxels, Sign};
pub use checkpoint::{checkpoint_step, load_predictor, newest_checkpoint};
pub use device::choose_device;
pub use error::LearnError;
pub use kernels::{KernelKind, KernelTiming, Part, compare_kernels, peak_gflops};
pub use learner::REJECTED;
pub use nn::Storage;
pub use plan::{
    Anatomy, Architecture, Augmentation, Fingerprint, LabelledCrops, MirrorAxes, Normalisation, PatientAxis, Plan,
    Protocol, Reserve, RoundSchedule, UnlabelledView, WindowWeighting,
};
pub use predict::{Corrections, Predictor, Subject};
pub use settings::{DeviceChoice, DeviceReport, Method, PlanSummary, TrainSettings};
pub use step_bench::{StepShape, StepTiming};
pub use trainer::{StepReport, Trainer};

//! What a run is asked to do, and what it reports about its device and plan.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::data::Intensities;
use super::nn::Storage;
use super::plan::{Anatomy, MirrorAxes, Protocol};

/// How unlabelled volumes take part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Labelled voxels only.
    Supervised,
    /// One network and the moving average of its weights, which it shall agree with on unlabelled voxels.
    MeanTeacher,
    /// Cross pseudo supervision: each network learns the other's labels, all weights 1.
    Cps,
    /// Cross pseudo supervision weighted by dual confidence.
    DualConfidence,
    /// The same with the neural process beside it.
    #[default]
    DualConfidenceNp,
    /// The neural process with weights and means as the published abstract reads word by word.
    DualConfidenceNpLiteral,
}

/// Where to train.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
pub enum DeviceChoice {
    /// A real GPU if there is one, else the CPU.
    #[default]
    Auto,
    Gpu,
    Cpu,
    /// The first adapter whose name contains this text.
    Named(String),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainSettings {
    pub method: Method,
    pub device: DeviceChoice,
    /// Stop after so many steps; `None`: the plan's number, or until `minutes` are over.
    pub steps: Option<u64>,
    pub minutes: Option<f64>,
    pub seed: u64,
    /// Go on from the newest checkpoint, with its plan, instead of starting anew.
    pub resume: bool,
    /// How a new run keeps activations; f16 takes effect on a GPU that has it.
    #[serde(default)]
    pub storage: Storage,
    /// A new run computes convolutions again for their gradient (gradient checkpointing) even where memory suffices.
    #[serde(default)]
    pub recompute: bool,
    /// A new run follows this `plan.toml` instead of choosing its plan.
    #[serde(default)]
    pub plan: Option<PathBuf>,
    /// A new run follows a published protocol instead of choosing its plan.
    #[serde(default)]
    pub protocol: Option<Protocol>,
    /// And learns from so many labelled cases only, the first of the project.
    #[serde(default)]
    pub labelled: Option<usize>,
    /// What the project says about its anatomy; a trainer reads it there.
    #[serde(default)]
    pub anatomy: Anatomy,
    /// What the project says about how its intensities are stored; a trainer reads it there.
    #[serde(default)]
    pub intensities: Option<Intensities>,
    /// Instead of the project's mirror axes.
    #[serde(default)]
    pub mirror: Option<MirrorAxes>,
    /// Go on in rounds with what is corrected meanwhile, instead of ending; the steps and minutes are those of the first round.
    #[serde(default)]
    pub live: bool,
    /// Fields of the plan that a new run changes, `field=value` as `plan.toml` names them.
    #[serde(default)]
    pub changes: Vec<String>,
}

/// The device a run uses, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceReport {
    /// E.g. "CPU, 2 threads" or the adapter's name.
    pub name: String,
    pub is_gpu: bool,
    /// Why this one was chosen, one sentence.
    pub why: String,
}

/// The plan of a run, in words and numbers for the strip and the terminal.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanSummary {
    pub patch: [usize; 3],
    pub base_width: usize,
    pub levels: usize,
    pub batch_labelled: usize,
    pub batch_unlabelled: usize,
    pub total_steps: Option<u64>,
    /// One sentence.
    pub sentence: String,
}

impl Default for TrainSettings {
    fn default() -> Self {
        // 1337 is the seed of the protocol family this trainer follows.
        Self {
            method: Method::default(),
            device: DeviceChoice::default(),
            steps: None,
            minutes: None,
            seed: 1337,
            resume: false,
            storage: Storage::default(),
            recompute: false,
            plan: None,
            protocol: None,
            labelled: None,
            anatomy: Anatomy::default(),
            intensities: None,
            mirror: None,
            live: false,
            changes: Vec::new(),
        }
    }
}

impl Method {
    pub const ALL: [Method; 6] = [
        Method::Supervised,
        Method::MeanTeacher,
        Method::Cps,
        Method::DualConfidence,
        Method::DualConfidenceNp,
        Method::DualConfidenceNpLiteral,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Method::Supervised => "supervised",
            Method::MeanTeacher => "mean-teacher",
            Method::Cps => "cps",
            Method::DualConfidence => "dual-confidence",
            Method::DualConfidenceNp => "dual-confidence-np",
            Method::DualConfidenceNpLiteral => "dual-confidence-np-literal",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Method {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|m| m.name() == s)
            .ok_or_else(|| format!("unknown method '{s}'; use one of {}", Self::ALL.map(Method::name).join(", ")))
    }
}

impl From<String> for DeviceChoice {
    fn from(s: String) -> Self {
        match s.as_str() {
            "auto" => Self::Auto,
            "gpu" => Self::Gpu,
            "cpu" => Self::Cpu,
            _ => Self::Named(s),
        }
    }
}

impl From<DeviceChoice> for String {
    fn from(choice: DeviceChoice) -> Self {
        match choice {
            DeviceChoice::Auto => "auto".into(),
            DeviceChoice::Gpu => "gpu".into(),
            DeviceChoice::Cpu => "cpu".into(),
            DeviceChoice::Named(name) => name,
        }
    }
}

impl FromStr for DeviceChoice {
    type Err = std::convert::Infallible;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Ok(s.to_owned().into())
    }
}

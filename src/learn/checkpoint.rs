//! Checkpoints: weights and velocities as safetensors, everything else in `meta.json`, in a folder that appears at once.

mod module_path;

use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor, TensorData};
use safetensors::tensor::{Dtype, SafeTensors, View};
use serde::{Deserialize, Serialize};

use self::module_path::ModulePath;
use super::calibration::Calibration;
use super::data::{Sampler, TrainCase};
use super::error::LearnError;
use super::nn::DualNetwork;
use super::np::{Conditioned, NpLearner, ROW_WIDTH, ROWS_PER_CLASS};
use super::optimiser::Sgd;
use super::plan::Plan;
use super::predict::Predictor;
use super::trainer::Trainer;

/// Raised when a field is added that older programs cannot ignore.
const FORMAT: u32 = 1;
const WEIGHTS: &str = "weights.safetensors";
const META: &str = "meta.json";
/// Beginnings of the arrays' names.
const NETWORKS: &str = "network";
const NEURAL_PROCESS: &str = "np";
const BANK: &str = "bank";
const PREFIX: &str = "step-";
/// The newest and the one before it, should the newest be damaged by the machine.
const KEPT: usize = 2;

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Meta {
    format: u32,
    step: u64,
    plan: Plan,
    sampler: Sampler,
    #[serde(default)]
    calibration: Option<Calibration>,
}

/// One named array of f32.
struct Array {
    name: String,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl View for &Array {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

/// The newest complete checkpoint in a run's folder.
pub fn newest_checkpoint(run_dir: &Path) -> Option<PathBuf> {
    checkpoints(run_dir).pop()
}

/// Steps of the run when the checkpoint was written, as its name says.
pub fn checkpoint_step(checkpoint: &Path) -> Option<u64> {
    checkpoint.file_name()?.to_str()?.strip_prefix(PREFIX)?.parse().ok()
}

/// Complete checkpoints, oldest first.
fn checkpoints(run_dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(run_dir) else { return Vec::new() };
    let mut found: Vec<PathBuf> = entries
        .filter_map(|e| e.ok().map(|e| e.path()))
        .filter(|p| p.file_name().is_some_and(|n| n.to_string_lossy().starts_with(PREFIX)) && p.join(META).is_file())
        .collect();
    // The step is zero-padded, so names sort by step.
    found.sort();
    found
}

/// A predictor from a checkpoint alone.
pub fn load_predictor(checkpoint: &Path, device: &Device) -> Result<(Predictor, Plan, u64), LearnError> {
    let meta = read_meta(checkpoint)?;
    let mut sampler = meta.sampler;
    let fresh = DualNetwork::new(&meta.plan.networks(), sampler.rng(), device);
    let bytes = read_file(&checkpoint.join(WEIGHTS))?;
    let arrays = parse(&bytes, checkpoint)?;
    let networks = load_module(fresh, NETWORKS, &arrays, checkpoint)?;
    let np = match NpLearner::new(&meta.plan, device) {
        Some(np) => {
            let np = load_neural_process(np, &arrays, device, checkpoint)?;
            Conditioned::new(&np.head, &np.bank, &meta.plan)
        }
        None => None,
    };
    let predictor = Predictor::new(networks, np, &meta.plan, device.clone()).with_calibration(meta.calibration);
    Ok((predictor, meta.plan, meta.step))
}

impl Trainer {
    /// Writes a checkpoint into `run_dir` and removes the oldest beyond two. Returns its folder.
    pub fn save(&self, run_dir: &Path) -> Result<PathBuf, LearnError> {
        let written = self.save_into(run_dir)?;
        for old in checkpoints(run_dir).iter().rev().skip(KEPT) {
            // A checkpoint that cannot be removed costs space, nothing else.
            if let Err(e) = fs::remove_dir_all(old) {
                log::warn!("an old checkpoint could not be removed: {e}");
            }
        }
        Ok(written)
    }

    /// Writes a checkpoint beside whatever lies in the folder. Returns the checkpoint's own.
    pub fn save_into(&self, run_dir: &Path) -> Result<PathBuf, LearnError> {
        let target = run_dir.join(format!("{PREFIX}{:08}", self.step));
        let staging = run_dir.join(".saving");
        let failed = |reason: String| LearnError::Checkpoint { path: target.clone(), action: "written", reason };
        let io = |e: std::io::Error| failed(e.to_string());
        // Leftovers of a crash while saving.
        if staging.exists() {
            fs::remove_dir_all(&staging).map_err(io)?;
        }
        fs::create_dir_all(&staging).map_err(io)?;
        let arrays = self.arrays()?;
        let bytes = safetensors::serialize(arrays.iter().map(|a| (a.name.as_str(), a)), None)
            .map_err(|e| failed(e.to_string()))?;
        write_synced(&staging.join(WEIGHTS), &bytes).map_err(io)?;
        let meta = Meta {
            format: FORMAT,
            step: self.step,
            plan: self.plan.clone(),
            sampler: self.feed.sampler().clone(),
            calibration: self.calibration.clone(),
        };
        let meta = serde_json::to_vec_pretty(&meta).map_err(|e| failed(e.to_string()))?;
        write_synced(&staging.join(META), &meta).map_err(io)?;
        if target.exists() {
            fs::remove_dir_all(&target).map_err(io)?;
        }
        fs::rename(&staging, &target).map_err(io)?;
        sync_folder(run_dir).map_err(io)?;
        Ok(target)
    }

    /// Goes on from a checkpoint with the given cases; on Flex the run continues bit for bit.
    pub fn resume(checkpoint: &Path, cases: Vec<TrainCase>, device: &Device) -> Result<Self, LearnError> {
        let meta = read_meta(checkpoint)?;
        let mut trainer = Self::new(meta.plan, cases, device)?;
        trainer.load_learner(checkpoint)?;
        trainer.calibration = meta.calibration;
        trainer.feed.set_sampler(meta.sampler);
        trainer.step = meta.step;
        Ok(trainer)
    }

    /// Takes over the networks of a checkpoint and what belongs to them; steps, plan and sampler go on as they are. On an error
    /// nothing has changed.
    pub fn adopt(&mut self, checkpoint: &Path) -> Result<(), LearnError> {
        let meta = read_meta(checkpoint)?;
        self.load_learner(checkpoint)?;
        self.calibration = meta.calibration;
        Ok(())
    }

    /// A predictor from an older checkpoint of the run, and its step.
    pub fn older_predictor(&self, checkpoint: &Path) -> Result<(Predictor, u64), LearnError> {
        let (predictor, _, step) = load_predictor(checkpoint, &self.learner.device.clone().inner())?;
        Ok((predictor, step))
    }

    fn load_learner(&mut self, checkpoint: &Path) -> Result<(), LearnError> {
        let bytes = read_file(&checkpoint.join(WEIGHTS))?;
        let arrays = parse(&bytes, checkpoint)?;
        let learner = &mut self.learner;
        let device = learner.device.clone().inner();
        let networks = load_module(learner.networks.clone(), NETWORKS, &arrays, checkpoint)?;
        let mut optimisers = learner.optimisers.clone();
        for (optimiser, side) in optimisers.iter_mut().zip(["a", "b"]) {
            load_velocities(optimiser, side, &arrays, &device, checkpoint)?;
        }
        let np = match NpLearner::new(&self.plan, &learner.device) {
            Some(np) => Some(load_neural_process(np, &arrays, &device, checkpoint)?),
            None => None,
        };
        (learner.networks, learner.optimisers, learner.np) = (networks, optimisers, np);
        Ok(())
    }

    fn arrays(&self) -> Result<Vec<Array>, LearnError> {
        let mut collector = Collector { path: ModulePath::new(NETWORKS), arrays: Vec::new(), failed: None };
        // Running statistics lag by one batch until they are asked for.
        self.learner.networks.valid().visit(&mut collector);
        for (optimiser, side) in self.learner.optimisers.iter().zip(["a", "b"]) {
            for (i, velocity) in optimiser.velocities().iter().enumerate() {
                collector.push(format!("velocity.{side}.{i}"), velocity.clone());
            }
        }
        if let Some(np) = &self.learner.np {
            collector.push_neural_process(np);
        }
        match collector.failed {
            Some(reason) => Err(LearnError::DeviceLost { step: self.step, reason }),
            None => Ok(collector.arrays),
        }
    }
}

struct Collector {
    path: ModulePath,
    arrays: Vec<Array>,
    failed: Option<String>,
}

impl Collector {
    fn push_neural_process(&mut self, np: &NpLearner) {
        self.path = ModulePath::new(NEURAL_PROCESS);
        np.head.visit(self);
        for (i, velocity) in np.optimiser.velocities().iter().enumerate() {
            self.push(format!("velocity.{NEURAL_PROCESS}.{i}"), velocity.clone());
        }
        for (channel, rows) in np.bank.rows().iter().enumerate() {
            if let Some(rows) = rows {
                self.push(format!("{BANK}.{channel}"), rows.clone());
            }
        }
    }

    fn push<const D: usize>(&mut self, name: String, tensor: Tensor<D>) {
        let shape = tensor.dims().to_vec();
        match tensor.try_into_vec_as::<f32>() {
            Ok(values) => {
                let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
                self.arrays.push(Array { name, shape, bytes });
            }
            Err(e) => self.failed = Some(e.to_string()),
        }
    }
}

impl ModuleVisitor for Collector {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.path.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, container_type: &str) {
        self.path.exit(container_type);
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.push(self.path.name(), param.val());
    }
}

struct Loader<'a> {
    path: ModulePath,
    arrays: &'a SafeTensors<'a>,
    /// The first parameter that the file lacks or holds in another shape.
    missing: Option<String>,
}

impl ModuleMapper for Loader<'_> {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.path.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, container_type: &str) {
        self.path.exit(container_type);
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, tensor, mapper) = param.consume();
        let name = self.path.name();
        let tensor = match read_array(self.arrays, &name, Some(&tensor.dims())) {
            Some(data) => {
                let loaded = Tensor::from_data(data, &tensor.device());
                if tensor.is_require_grad() { loaded.require_grad() } else { loaded }
            }
            None => {
                self.missing.get_or_insert(name);
                tensor
            }
        };
        Param::from_mapped_value(id, tensor, mapper)
    }
}

fn read_array(arrays: &SafeTensors<'_>, name: &str, shape: Option<&[usize]>) -> Option<TensorData> {
    let view = arrays.tensor(name).ok()?;
    if view.dtype() != Dtype::F32 || shape.is_some_and(|s| s != view.shape()) {
        return None;
    }
    let values: Vec<f32> = view.data().as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
    Some(TensorData::new(values, view.shape().to_vec()))
}

/// The module with the file's arrays of that name.
fn load_module<M: Module>(fresh: M, name: &str, arrays: &SafeTensors<'_>, path: &Path) -> Result<M, LearnError> {
    let mut loader = Loader { path: ModulePath::new(name), arrays, missing: None };
    let module = fresh.map(&mut loader);
    match loader.missing {
        Some(_) => Err(LearnError::OtherStudy { path: path.to_owned() }),
        None => Ok(module),
    }
}

/// `device` records no gradients.
fn load_neural_process(
    np: NpLearner,
    arrays: &SafeTensors<'_>,
    device: &Device,
    path: &Path,
) -> Result<NpLearner, LearnError> {
    let NpLearner { head, mut bank, mut optimiser } = np;
    let head = load_module(head, NEURAL_PROCESS, arrays, path)?;
    load_velocities(&mut optimiser, NEURAL_PROCESS, arrays, device, path)?;
    for channel in 0..bank.rows().len() {
        if let Some(rows) = read_array(arrays, &format!("{BANK}.{channel}"), None) {
            let [count, width] = *rows.shape().as_slice() else {
                return Err(LearnError::OtherStudy { path: path.to_owned() });
            };
            if !(1..=ROWS_PER_CLASS).contains(&count) || width != ROW_WIDTH {
                return Err(LearnError::OtherStudy { path: path.to_owned() });
            }
            bank.set_rows(channel, Tensor::from_data(rows, device));
        }
    }
    Ok(NpLearner { head, bank, optimiser })
}

fn load_velocities(
    optimiser: &mut Sgd,
    side: &str,
    arrays: &SafeTensors<'_>,
    device: &Device,
    path: &Path,
) -> Result<(), LearnError> {
    let prefix = format!("velocity.{side}.");
    let count = arrays.names().iter().filter(|n| n.starts_with(&prefix)).count();
    let mut velocities = Vec::with_capacity(count);
    for i in 0..count {
        let data = read_array(arrays, &format!("{prefix}{i}"), None)
            .ok_or_else(|| LearnError::OtherStudy { path: path.to_owned() })?;
        velocities.push(Tensor::from_data(data, device));
    }
    optimiser.set_velocities(velocities);
    Ok(())
}

fn read_meta(checkpoint: &Path) -> Result<Meta, LearnError> {
    #[derive(Deserialize)]
    struct Version {
        format: u32,
    }
    let path = checkpoint.join(META);
    let bytes = read_file(&path)?;
    let damaged = |e: serde_json::Error| LearnError::Checkpoint {
        path: path.clone(),
        action: "understood",
        reason: e.to_string(),
    };
    let Version { format } = serde_json::from_slice(&bytes).map_err(damaged)?;
    if format > FORMAT {
        return Err(LearnError::NewerCheckpoint { path, found: format, known: FORMAT });
    }
    serde_json::from_slice(&bytes).map_err(damaged)
}

fn read_file(path: &Path) -> Result<Vec<u8>, LearnError> {
    fs::read(path).map_err(|e| LearnError::Checkpoint { path: path.to_owned(), action: "read", reason: e.to_string() })
}

fn parse<'a>(bytes: &'a [u8], checkpoint: &Path) -> Result<SafeTensors<'a>, LearnError> {
    SafeTensors::deserialize(bytes).map_err(|e| LearnError::Checkpoint {
        path: checkpoint.to_owned(),
        action: "understood",
        reason: e.to_string(),
    })
}

/// Makes a rename in a folder last through a power cut, where folders can be synced.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    fs::File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> std::io::Result<()> {
    Ok(())
}

fn write_synced(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut file = fs::File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

//! One training step at a time. Owns the learner and the cases; knows no file or window.

use std::panic::resume_unwind;
use std::thread;
use std::time::{Duration, Instant};

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::calibration::{Calibration, JudgedVoxels};
use super::data::{Feed, Sampler, TrainCase};
use super::error::LearnError;
use super::learner::{Learner, LossParts, learning_rate, unsupervised_weight};
use super::nn::DualNetwork;
use super::np::{Conditioned, NpLearner};
use super::plan::{Plan, RoundSchedule};
use super::predict::Predictor;
use crate::volume::CaseId;

/// Losses are read back only this often: a read makes a GPU wait.
const STEPS_PER_READ: u64 = 10;

pub struct Trainer {
    pub(super) plan: Plan,
    pub(super) learner: Learner,
    pub(super) feed: Feed,
    pub(super) step: u64,
    pub(super) calibration: Option<Calibration>,
    unread: Vec<LossParts>,
    loader: LoaderTimes,
}

/// What all steps together have spent on their batches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoaderTimes {
    /// Cutting them, beside the step before.
    pub worked: Duration,
    /// Waiting for them.
    pub waited: Duration,
}

/// Mean losses since the last report.
#[derive(Clone, Debug, PartialEq)]
pub struct StepReport {
    pub step: u64,
    pub supervised: f32,
    /// Before weighting; 0 for methods that use no unlabelled voxels.
    pub unlabelled: f32,
    pub unsupervised_weight: f32,
    pub learning_rate: f64,
    /// Means of whatever else the method watches, by name.
    pub named: Vec<(&'static str, f32)>,
}

impl StepReport {
    pub fn total(&self) -> f32 {
        self.supervised + self.unsupervised_weight * self.unlabelled
    }
}

impl Trainer {
    /// Fresh networks.
    pub fn new(mut plan: Plan, mut cases: Vec<TrainCase>, device: &Device) -> Result<Self, LearnError> {
        check_cases(&cases, &plan)?;
        plan.prepare(&mut cases);
        // What the plan forgets or sets aside may have been all.
        check_cases(&cases, &plan)?;
        // The masks are made only where they are wanted.
        plan.predict_body_only =
            plan.predict_body_only && !cases.iter().any(|c| !c.held_out && c.has_labels_in_the_air());
        let mut sampler = Sampler::new(plan.seed);
        let device = device.clone().autodiff();
        let networks = DualNetwork::new(&plan.networks(), sampler.rng(), &device);
        let np = NpLearner::new(&plan, &device);
        let learner = Learner::new(&plan, networks, np, device);
        Ok(Self {
            learner,
            feed: Feed::new(cases, sampler),
            step: 0,
            plan,
            calibration: None,
            unread: Vec::new(),
            loader: LoaderTimes::default(),
        })
    }

    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Steps done so far.
    pub fn steps_done(&self) -> u64 {
        self.step
    }

    pub fn loader_times(&self) -> LoaderTimes {
        self.loader
    }

    pub fn cases(&self) -> &[TrainCase] {
        self.feed.cases()
    }

    pub fn case_mut(&mut self, id: &CaseId) -> Option<&mut TrainCase> {
        self.feed.case_mut(id)
    }

    /// A case that came to the study after the start: the next batches show it, the networks go on as they are.
    ///
    /// # Errors
    /// It is labelled with a class that the networks do not know.
    pub fn add_case(&mut self, mut case: TrainCase) -> Result<(), LearnError> {
        self.plan.prepare_late(&mut case);
        check_classes(&case, &self.plan)?;
        self.feed.add(case);
        Ok(())
    }

    /// Held out, a case is in no batch from the very next on.
    pub fn hold_out(&mut self, id: &CaseId, held_out: bool) {
        if let Some(case) = self.case_mut(id) {
            case.held_out = held_out;
        }
    }

    /// Lets a finished run go on to `total_steps`; schedules stretch to the new end.
    pub fn extend(&mut self, total_steps: u64) {
        self.plan.total_steps = total_steps.max(self.step);
    }

    /// Another round with the same networks; half of its labelled crops show `corrected` voxels (linear indices), as far as
    /// they are known, the others everything that was labelled.
    pub fn begin_round(&mut self, corrected: Vec<(CaseId, usize)>) {
        self.plan.begin_round(self.step);
        self.feed.focus_on(corrected);
    }

    /// After a fall back to a checkpoint from before the present round.
    pub fn set_rounds(&mut self, rounds: Option<RoundSchedule>) {
        self.plan.rounds = rounds;
    }

    /// Gives a run the number of steps that its time allows; schedules and ramps follow.
    pub fn pace(&mut self, total_steps: u64) {
        self.plan.stretch(total_steps.max(self.step));
    }

    /// Another patch for the steps to come; every axis divisible by what the network halves.
    pub fn set_patch(&mut self, patch: [usize; 3]) {
        self.plan.patch = patch;
        self.feed.forget_ahead();
    }

    /// Gradient checkpointing for the steps to come.
    pub fn set_recompute(&mut self, recompute: bool) {
        self.plan.recompute = recompute;
    }

    /// The networks as they are now, ready to predict.
    pub fn predictor(&self) -> Predictor {
        let np = self.learner.np.as_ref().and_then(|np| Conditioned::new(&np.head, &np.bank, &self.plan));
        let device = self.learner.device.clone().inner();
        Predictor::new(self.learner.networks.valid(), np, &self.plan, device).with_calibration(self.calibration.clone())
    }

    /// What the reserved labels say of the beliefs, if there are any and they were asked.
    pub fn calibration(&self) -> Option<&Calibration> {
        self.calibration.as_ref()
    }

    /// Asks the reserved labels. False if interrupted, which leaves the older answer.
    pub fn calibrate(&mut self, interrupted: &mut dyn FnMut() -> bool) -> Result<bool, LearnError> {
        let Some(voxels) = JudgedVoxels::reserved(self.feed.cases(), &self.predictor(), interrupted)? else {
            return Ok(false);
        };
        self.calibration = voxels.fitted(self.step);
        Ok(true)
    }

    /// One step; a report every tenth, and for the last step of the plan. The next batch is cut meanwhile.
    pub fn step(&mut self) -> Result<Option<StepReport>, LearnError> {
        let Self { plan, learner, feed, step, loader, .. } = self;
        let batch = feed.next(plan);
        if batch.planes.is_empty() {
            return Err(LearnError::NothingLabelled);
        }
        let memory = feed.take_spare();
        let (parts, ahead) = thread::scope(|scope| {
            let cutting = scope.spawn(|| {
                let begin = Instant::now();
                (feed.cut_ahead(plan, memory), begin.elapsed())
            });
            let parts = learner.learn(&batch.planes.to_device(&learner.device), plan, *step);
            let begin = Instant::now();
            let ahead = cutting.join();
            loader.waited += begin.elapsed();
            (parts, ahead)
        });
        // A panic over there is a panic here, which the worker turns into an event.
        let (ahead, cutting) = ahead.unwrap_or_else(|panic| resume_unwind(panic));
        self.loader.worked += cutting;
        self.feed.keep_ahead(ahead, batch);
        self.unread.push(parts);
        self.step += 1;
        if self.step.is_multiple_of(STEPS_PER_READ) || self.step >= self.plan.total_steps {
            return self.read_losses().map(Some);
        }
        Ok(None)
    }

    /// Returns when the device has done what it was given.
    pub fn wait_for_device(&self) -> Result<(), LearnError> {
        self.learner.networks.b.first_weight().try_into_scalar::<f32>().map(|_| ()).map_err(|e| self.lost(e))
    }

    fn lost(&self, error: impl ToString) -> LearnError {
        LearnError::DeviceLost { step: self.step, reason: error.to_string() }
    }

    /// The means since the last report, read in one go.
    fn read_losses(&mut self) -> Result<StepReport, LearnError> {
        let unread = std::mem::take(&mut self.unread);
        let mut names = Vec::new();
        let mut numbers = Vec::new();
        for parts in unread {
            let LossParts { supervised, unlabelled, named } = parts;
            let usual = [(SUPERVISED, Some(supervised)), (UNLABELLED, unlabelled)];
            let all = usual.into_iter().filter_map(|(name, value)| Some((name, value?))).chain(named);
            for (name, value) in all {
                names.push(name);
                numbers.push(value);
            }
        }
        let values = match numbers.is_empty() {
            true => Vec::new(),
            false => Tensor::cat(numbers, 0).try_into_vec_as::<f32>().map_err(|e| self.lost(e))?,
        };
        let mut means = means_by_name(&names, &values);
        let mut take = |name| means.iter().position(|(n, _)| *n == name).map_or(0.0, |at| means.remove(at).1);
        let report = StepReport {
            step: self.step,
            supervised: take(SUPERVISED),
            unlabelled: take(UNLABELLED),
            unsupervised_weight: unsupervised_weight(&self.plan, self.step) as f32,
            learning_rate: learning_rate(&self.plan, self.step),
            named: means,
        };
        let all_finite = report.total().is_finite() && report.named.iter().all(|(_, value)| value.is_finite());
        if all_finite { Ok(report) } else { Err(LearnError::NotFinite { step: self.step }) }
    }
}

const SUPERVISED: &str = "supervised";
const UNLABELLED: &str = "unlabelled";

/// Mean value of each name, in the order of first appearance.
fn means_by_name(names: &[&'static str], values: &[f32]) -> Vec<(&'static str, f32)> {
    let mut sums: Vec<(&'static str, f32, f32)> = Vec::new();
    for (name, value) in names.iter().zip(values) {
        match sums.iter_mut().find(|(n, ..)| n == name) {
            Some((_, sum, count)) => {
                *sum += value;
                *count += 1.0;
            }
            None => sums.push((name, *value, 1.0)),
        }
    }
    sums.into_iter().map(|(name, sum, count)| (name, sum / count)).collect()
}

/// Something labelled outside the held-out cases, at least one foreground class, and no class the table lacks.
fn check_cases(cases: &[TrainCase], plan: &Plan) -> Result<(), LearnError> {
    if plan.classes.len() < 2 {
        return Err(LearnError::NoForegroundClass);
    }
    if !cases.iter().any(|c| !c.held_out && c.is_labelled()) {
        return Err(LearnError::NothingLabelled);
    }
    cases.iter().try_for_each(|case| check_classes(case, plan))
}

fn check_classes(case: &TrainCase, plan: &Plan) -> Result<(), LearnError> {
    match case.known_classes().find(|class| !plan.classes.contains(class)) {
        Some(class) => Err(LearnError::UnknownClass { case: case.id.clone(), class }),
        None => Ok(()),
    }
}

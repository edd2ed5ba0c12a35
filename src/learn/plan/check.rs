//! Whether an edited plan can be trained: one sentence for the first field that cannot.

use super::Plan;
use crate::learn::data::{ReservedCase, TrainCase};
use crate::learn::method::{Regulariser, SecondNetwork, strategy};

/// Deeper networks have bottlenecks of hundreds of channels at the smallest width.
const LEVELS: std::ops::RangeInclusive<usize> = 2..=5;
/// A mistyped digit should not ask for terabytes.
const MOST_CHANNELS: usize = 256;
const LONGEST_AXIS: usize = 1024;
const MOST_CROPS: usize = 64;
const MOST_DRAWS: usize = 100;
/// Volumes on a finer grid would fill the memory, on a coarser one no organ is left.
const SPACINGS_MM: std::ops::RangeInclusive<f64> = 0.05..=50.0;

impl Plan {
    /// `classes` are those of the study.
    pub(super) fn check(&self, classes: &[u8]) -> Result<(), String> {
        if self.classes != classes {
            return Err(format!("'classes' must be those of the project, {classes:?}; they are {:?}", self.classes));
        }
        self.check_shape()?;
        require(self.evaluate_every != Some(0), "evaluate_every", "1 or more", 0)?;
        require(self.labelled_cases != Some(0), "labelled_cases", "1 or more", 0)?;
        self.check_numbers()?;
        self.check_neural_process()
    }

    fn check_shape(&self) -> Result<(), String> {
        require(LEVELS.contains(&self.levels), "levels", "from 2 to 5", self.levels)?;
        require((1..=MOST_CHANNELS).contains(&self.base_width), "base_width", "from 1 to 256", self.base_width)?;
        for (length, (axis, step)) in self.patch.into_iter().zip(["x", "y", "z"].into_iter().zip(self.patch_step())) {
            if length == 0 || !length.is_multiple_of(step) || length > LONGEST_AXIS {
                return Err(format!(
                    "'patch' must be a multiple of {step} up to {LONGEST_AXIS} along {axis}; it is {length}"
                ));
            }
        }
        let halves = |stride: &[usize; 3]| stride.iter().all(|s| (1..=2).contains(s));
        if self.strides.len() >= self.levels || !self.strides.iter().all(halves) {
            return Err(format!(
                "'strides' must be 1 or 2 along each axis for at most {} steps; they are {:?}",
                self.levels.saturating_sub(1),
                self.strides
            ));
        }
        for stride in self.window_stride.into_iter().flatten() {
            require((1..=LONGEST_AXIS).contains(&stride), "window_stride", "from 1 to 1024", stride)?;
        }
        for spacing in self.spacing_mm.into_iter().flatten() {
            require(SPACINGS_MM.contains(&spacing), "spacing_mm", "from 0.05 to 50 mm", spacing)?;
        }
        require(
            (1..=MOST_CROPS).contains(&self.batch_labelled),
            "batch_labelled",
            "from 1 to 64",
            self.batch_labelled,
        )?;
        require(self.batch_unlabelled <= MOST_CROPS, "batch_unlabelled", "at most 64", self.batch_unlabelled)
    }

    /// Whether what is to be set aside is there. A slip would train on labels that are meant to judge the training.
    pub fn check_reserve(&self, cases: &[TrainCase]) -> Result<(), String> {
        for ReservedCase { case, slab } in self.reserved.iter().flatten() {
            let found = cases.iter().find(|c| c.id == *case);
            if found.is_none_or(|c| c.held_out || !c.is_labelled()) {
                return Err(format!("it reserves '{case}', which is no labelled case that trains; mend its name"));
            }
            if let Some(slab) = slab.filter(|slab| slab.axis > 2 || slab.first >= slab.end) {
                return Err(format!("it reserves no slices of '{case}'; mend {slab:?}"));
            }
        }
        Ok(())
    }

    fn check_neural_process(&self) -> Result<(), String> {
        let strategy = strategy(self.method);
        if strategy.second_network() == SecondNetwork::Teacher && self.network_a != self.network_b {
            return Err(
                "'network_b' must be that of 'network_a' with mean-teacher: a teacher has its student's shape".into()
            );
        }
        let Some(np) = &self.neural_process else { return Ok(()) };
        if strategy.regulariser() != Some(Regulariser::NeuralProcess) {
            return Err(format!("'neural_process' must be left out with the method {}", self.method));
        }
        let not_negative = [
            ("weight", np.weight),
            ("kl_weight", np.kl_weight),
            ("pseudo_weight", np.pseudo_weight),
            ("calibration_weight", np.calibration_weight),
        ];
        for (field, value) in not_negative {
            require(value >= 0.0 && value.is_finite(), &format!("neural_process.{field}"), "0 or more", value)?;
        }
        for (field, value) in [("samples", np.samples), ("samples_shown", np.samples_shown)] {
            require((1..=MOST_DRAWS).contains(&value), &format!("neural_process.{field}"), "from 1 to 100", value)?;
        }
        require(np.gradient_clip > 0.0, "neural_process.gradient_clip", "above 0", np.gradient_clip)
    }

    fn check_numbers(&self) -> Result<(), String> {
        let Self { augmentation: how, .. } = self;
        require(self.total_steps > 0, "total_steps", "at least 1", self.total_steps)?;
        require(self.ramp_stair_steps > 0, "ramp_stair_steps", "at least 1", self.ramp_stair_steps)?;
        let above_zero = [("learning_rate", self.learning_rate), ("gradient_clip", self.gradient_clip)];
        let not_negative = [
            ("weight_decay", self.weight_decay),
            ("unsupervised_weight", self.unsupervised_weight),
            ("augmentation.noise", how.noise),
            ("augmentation.perturbation", how.perturbation),
            ("augmentation.blur", how.blur),
            ("augmentation.brightness", how.brightness),
            ("augmentation.gamma", how.gamma),
        ];
        let shares = [
            ("momentum", self.momentum),
            ("channel_dropout", self.channel_dropout),
            ("least_confidence", self.least_confidence),
            ("augmentation.scale", how.scale),
            ("augmentation.low_resolution", how.low_resolution),
            ("augmentation.contrast", how.contrast),
        ];
        for (field, value) in above_zero {
            require(value > 0.0 && value.is_finite(), field, "above 0", value)?;
        }
        for (field, value) in not_negative {
            require(value >= 0.0 && value.is_finite(), field, "0 or more", value)?;
        }
        for (field, value) in shares {
            require((0.0..1.0).contains(&value), field, "from 0 to below 1", value)?;
        }
        let rotation = how.rotation_deg;
        require((0.0..=180.0).contains(&rotation), "augmentation.rotation_deg", "from 0 to 180", rotation)
    }
}

fn require(holds: bool, field: &str, what: &str, value: impl std::fmt::Display) -> Result<(), String> {
    if holds { Ok(()) } else { Err(format!("'{field}' must be {what}; it is {value}")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::plan::{Augmentation, Fingerprint};
    use crate::learn::settings::TrainSettings;

    fn plan() -> Plan {
        let f = Fingerprint { extents: vec![[64; 3]], classes: vec![0, 1], ..Fingerprint::default() };
        Plan::new(&f, &TrainSettings::default())
    }

    #[test]
    fn the_programs_own_plan_passes() {
        assert_eq!(plan().check(&[0, 1]), Ok(()));
    }

    #[test]
    fn every_number_that_would_break_a_run_is_refused_with_its_name() {
        type Edit = fn(&mut Plan);
        let edits: [(&str, Edit); 22] = [
            ("classes", |p| p.classes = vec![0, 2]),
            ("patch", |p| p.patch[1] = 33),
            ("patch", |p| p.patch[2] = 0),
            ("spacing_mm", |p| p.spacing_mm = Some([1.0, 0.0, 1.0])),
            ("levels", |p| p.levels = 60),
            ("strides", |p| p.strides[0] = [2, 4, 2]),
            ("strides", |p| p.strides = vec![[2; 3]; p.levels]),
            ("labelled_cases", |p| p.labelled_cases = Some(0)),
            ("evaluate_every", |p| p.evaluate_every = Some(0)),
            ("base_width", |p| p.base_width = 0),
            ("batch_labelled", |p| p.batch_labelled = 0),
            ("batch_unlabelled", |p| p.batch_unlabelled = 1 << 40),
            ("total_steps", |p| p.total_steps = 0),
            ("ramp_stair_steps", |p| p.ramp_stair_steps = 0),
            ("window_stride", |p| p.window_stride = Some([8, 0, 8])),
            ("augmentation.perturbation", |p| p.augmentation.perturbation = f64::NAN),
            ("learning_rate", |p| p.learning_rate = f64::NAN),
            ("gradient_clip", |p| p.gradient_clip = 0.0),
            ("momentum", |p| p.momentum = 1.0),
            ("weight_decay", |p| p.weight_decay = f64::INFINITY),
            ("augmentation.blur", |p| p.augmentation.blur = -1.0),
            ("augmentation.rotation_deg", |p| {
                p.augmentation = Augmentation { rotation_deg: 500.0, ..p.augmentation };
            }),
        ];
        for (field, edit) in edits {
            let mut plan = plan();
            edit(&mut plan);
            let refused = plan.check(&[0, 1]).unwrap_err();
            assert!(refused.starts_with(&format!("'{field}' must be")), "{field}: {refused}");
        }
    }
}

//! The published protocols of semi-supervised segmentation: the numbers that make scores comparable.
//!
//! LA is the protocol of UA-MT, SSL4MIS and MC-Net on the left atrium; ACDC is SSL4MIS's on the heart, in three dimensions.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{
    Architecture, Augmentation, LabelledCrops, MirrorAxes, Normalisation, Plan, Reserve, UnlabelledView,
    WindowWeighting,
};
use crate::learn::data::Intensities;
use crate::learn::method::{Schedule, SecondNetwork, strategy};
use crate::learn::settings::TrainSettings;

/// A data set with the settings that everybody publishes on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// 2018 left atrium challenge: 80 volumes to train on, 20 to test on.
    La,
    /// 2017 cardiac diagnosis challenge: right ventricle, myocardium, left ventricle in thick slices.
    Acdc,
}

/// What differs between the protocols.
struct Numbers {
    patch: [usize; 3],
    strides: [[usize; 3]; STEPS_DOWN],
    window_stride: [usize; 3],
    total_steps: u64,
}

/// The V-Net's four halvings and the channels of its first level.
const STEPS_DOWN: usize = 4;
const BASE_WIDTH: usize = 16;
/// SGD as in all repositories of the family; none clips the gradient.
const LEARNING_RATE: f64 = 0.01;
const MOMENTUM: f64 = 0.9;
const WEIGHT_DECAY: f64 = 1e-4;
const NO_CLIP: f64 = 1e9;
/// Steps between two values of the ramp: `e = floor(it / 150)`.
const RAMP_STAIR: u64 = 150;
/// R and the largest weight of MC-Net and of our own methods (methods 1.4, 5.4).
const RAMP_STAIRS: u64 = 40;
const UNSUPERVISED_WEIGHT: f64 = 1.0;
/// "Best" in the published tables is the best of the scores taken every so many steps (methods 1.7).
const EVALUATE_EVERY: u64 = 200;
/// Noise between what student and teacher see; it is clipped at twice that (UA-MT).
const PERTURBATION: f64 = 0.1;
/// Our own methods' warm-ups in steps (methods 5.4).
const GAMMA_RAMP_STEPS: u64 = 2_000;
const NP_WARM_UP_STEPS: u64 = 1_000;

const LA: Numbers =
    Numbers { patch: [112, 112, 80], strides: [[2; 3]; STEPS_DOWN], window_stride: [18, 18, 4], total_steps: 15_000 };

/// SSL4MIS learns 256 x 256 slices, 12 + 12 of them. Here 2 + 2 boxes of 8 whole slices, which no level merges.
const ACDC: Numbers =
    Numbers { patch: [192, 192, 8], strides: [[2, 2, 1]; STEPS_DOWN], window_stride: [48, 48, 2], total_steps: 30_000 };

impl Protocol {
    pub const ALL: [Self; 2] = [Self::La, Self::Acdc];

    pub fn name(self) -> &'static str {
        match self {
            Self::La => "la",
            Self::Acdc => "acdc",
        }
    }

    /// Names of the classes 1, 2, ... in the data set's masks.
    pub fn class_names(self) -> &'static [&'static str] {
        match self {
            Self::La => &["Left atrium"],
            Self::Acdc => &["Right ventricle", "Myocardium", "Left ventricle"],
        }
    }

    /// The plan with the protocol's numbers. A number of steps that the settings name stretches the schedules.
    pub(super) fn applied_to(self, chosen: Plan, settings: &TrainSettings) -> Plan {
        let Numbers { patch, strides, window_stride, .. } = self.numbers();
        let strategy = strategy(chosen.method);
        let has_teacher = strategy.second_network() == SecondNetwork::Teacher;
        let mut plan = Plan {
            spacing_mm: None,
            patch,
            base_width: BASE_WIDTH,
            levels: STEPS_DOWN + 1,
            strides: strides.to_vec(),
            network_a: Architecture::VNet,
            network_b: Architecture::VNet,
            normalisation: Normalisation::Batch,
            batch_labelled: 2,
            batch_unlabelled: if strategy.uses_unlabelled() { 2 } else { 0 },
            recompute: settings.recompute,
            learning_rate: LEARNING_RATE,
            momentum: MOMENTUM,
            weight_decay: WEIGHT_DECAY,
            gradient_clip: NO_CLIP,
            channel_dropout: 0.5,
            unlabelled_view: if has_teacher { UnlabelledView::Plain } else { UnlabelledView::Same },
            labelled_crops: LabelledCrops::Anywhere,
            labelled_cases: settings.labelled,
            augmentation: augmentation(if has_teacher { PERTURBATION } else { 0.0 }),
            intensities: settings.intensities.unwrap_or(Intensities::ZScore),
            predict_body_only: false,
            window_stride: Some(window_stride),
            window_weighting: WindowWeighting::Mean,
            // All of the few labels are learnt from, as in the published numbers.
            calibration: Reserve::Off,
            evaluate_every: Some(EVALUATE_EVERY),
            ..chosen
        };
        self.set_schedules(&mut plan);
        if let Some(steps) = settings.steps {
            plan.stretch(steps);
        }
        plan
    }

    fn set_schedules(self, plan: &mut Plan) {
        let usual = Schedule {
            total_steps: self.numbers().total_steps,
            unsupervised_weight: UNSUPERVISED_WEIGHT,
            ramp_stairs: RAMP_STAIRS,
        };
        let Schedule { total_steps, unsupervised_weight, ramp_stairs } = strategy(plan.method).published(self, usual);
        plan.total_steps = total_steps;
        plan.unsupervised_weight = unsupervised_weight;
        plan.ramp_stair_steps = RAMP_STAIR;
        plan.ramp_up_steps = ramp_stairs * RAMP_STAIR;
        plan.gamma_ramp_steps = GAMMA_RAMP_STEPS;
        if let Some(np) = &mut plan.neural_process {
            np.warm_up_steps = NP_WARM_UP_STEPS;
        }
    }

    fn numbers(self) -> Numbers {
        match self {
            Self::La => LA,
            Self::Acdc => ACDC,
        }
    }
}

/// Quarter turns and a flip, nothing else.
fn augmentation(perturbation: f64) -> Augmentation {
    Augmentation {
        rotation_deg: 0.0,
        scale: 0.0,
        mirror_axes: MirrorAxes::default(),
        quarter_turns: true,
        noise: 0.0,
        perturbation,
        blur: 0.0,
        low_resolution: 0.0,
        contrast: 0.0,
        brightness: 0.0,
        gamma: 0.0,
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Protocol {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|protocol| protocol.name() == s);
        found.ok_or_else(|| format!("unknown protocol '{s}'; use one of {}", Self::ALL.map(Self::name).join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::learner::{learning_rate, unsupervised_weight};
    use crate::learn::plan::Fingerprint;
    use crate::learn::settings::Method;

    fn plan(protocol: Protocol, method: Method) -> Plan {
        planned(&TrainSettings { protocol: Some(protocol), method, ..TrainSettings::default() })
    }

    fn planned(settings: &TrainSettings) -> Plan {
        let f = Fingerprint {
            extents: vec![[160, 170, 88]; 3],
            classes: vec![0, 1],
            has_unlabelled: true,
            air_share: 0.9,
            ..Fingerprint::default()
        };
        Plan::new(&f, settings)
    }

    #[test]
    fn la_has_the_published_crop_network_and_batch_on_every_machine_and_spacing() {
        let plan = plan(Protocol::La, Method::Cps);
        assert_eq!((plan.patch, plan.base_width, plan.levels), ([112, 112, 80], 16, 5));
        assert_eq!((plan.batch_labelled, plan.batch_unlabelled), (2, 2));
        assert_eq!((plan.normalisation, plan.channel_dropout), (Normalisation::Batch, 0.5));
        assert_eq!((plan.spacing_mm, plan.intensities, plan.predict_body_only), (None, Intensities::ZScore, false));
        assert_eq!((plan.network_a, plan.network_b), (Architecture::VNet, Architecture::VNet));
        assert_eq!(plan.evaluate_every, Some(200));
        assert_eq!(plan.check(&[0, 1]), Ok(()));
    }

    #[test]
    fn volumes_that_the_community_has_normalised_stay_as_they_are() {
        let intensities = Some(Intensities::AsStored);
        let protocol = Some(Protocol::La);
        assert_eq!(
            planned(&TrainSettings { protocol, intensities, ..TrainSettings::default() }).intensities,
            Intensities::AsStored
        );
    }

    #[test]
    fn la_has_the_published_optimiser_and_steps() {
        let cps = plan(Protocol::La, Method::Cps);
        assert_eq!((cps.learning_rate, cps.momentum, cps.weight_decay), (0.01, 0.9, 1e-4));
        assert_eq!((cps.total_steps, cps.unsupervised_weight), (15_000, 1.0));
        let teacher = plan(Protocol::La, Method::MeanTeacher);
        assert_eq!((teacher.total_steps, teacher.unsupervised_weight), (6_000, 0.1));
        assert_eq!((teacher.network_b, teacher.unlabelled_view), (Architecture::VNet, UnlabelledView::Plain));
        let supervised = plan(Protocol::La, Method::Supervised);
        assert_eq!((supervised.total_steps, supervised.batch_unlabelled), (6_000, 0));
        let halfway = learning_rate(&cps, 7_500);
        assert!((halfway - 0.01 * 0.5f64.powf(0.9)).abs() < 1e-9, "{halfway}");
    }

    #[test]
    fn la_ramps_in_forty_stairs_of_150_steps_through_the_tabulated_values() {
        let plan = plan(Protocol::La, Method::Cps);
        for (e, expected) in [(0, 0.0067), (5, 0.022), (10, 0.060), (20, 0.287), (30, 0.732), (40, 1.0)] {
            for step in [150 * e, 150 * e + 149] {
                let weight = unsupervised_weight(&plan, step);
                assert!((weight - expected).abs() < 6e-4, "{step}: {weight}");
            }
        }
        assert!(unsupervised_weight(&plan, 149) < unsupervised_weight(&plan, 150));
    }

    #[test]
    fn la_warms_our_own_methods_up_as_designed() {
        let plan = plan(Protocol::La, Method::DualConfidenceNp);
        assert_eq!(plan.gamma_ramp_steps, 2_000);
        assert_eq!(plan.neural_process.unwrap().warm_up_steps, 1_000);
    }

    #[test]
    fn la_turns_and_flips_whole_voxels_and_makes_noise_for_a_teacher_only() {
        let of = |method| plan(Protocol::La, method).augmentation;
        assert_eq!(of(Method::Cps), augmentation(0.0));
        assert_eq!(of(Method::MeanTeacher), augmentation(0.1));
        assert!(of(Method::Cps).quarter_turns && of(Method::Cps).rotation_deg == 0.0);
    }

    #[test]
    fn la_is_predicted_with_the_published_strides_and_plain_means() {
        let plan = plan(Protocol::La, Method::Cps);
        assert_eq!((plan.window_stride, plan.window_weighting), (Some([18, 18, 4]), WindowWeighting::Mean));
    }

    #[test]
    fn acdc_keeps_its_thick_slices_and_has_the_schedule_of_ssl4mis() {
        let plan = plan(Protocol::Acdc, Method::Cps);
        assert_eq!((plan.patch, plan.strides.clone()), ([192, 192, 8], vec![[2, 2, 1]; 4]));
        assert_eq!((plan.total_steps, plan.unsupervised_weight), (30_000, 0.1));
        assert_eq!((plan.ramp_up_steps, plan.ramp_stair_steps), (200 * 150, 150));
        let ours = self::plan(Protocol::Acdc, Method::DualConfidenceNp);
        assert_eq!((ours.ramp_up_steps, ours.unsupervised_weight), (40 * 150, 1.0), "nobody published ours there");
        assert_eq!((plan.batch_labelled, plan.batch_unlabelled), (2, 2));
        assert_eq!((plan.window_stride, plan.window_weighting), (Some([48, 48, 2]), WindowWeighting::Mean));
        assert_eq!(Protocol::Acdc.class_names(), ["Right ventricle", "Myocardium", "Left ventricle"]);
        assert_eq!(plan.check(&[0, 1]), Ok(()));
    }

    #[test]
    fn a_run_of_named_steps_keeps_the_shares_of_its_schedules_and_the_named_number_of_labels() {
        let plan = planned(&TrainSettings {
            protocol: Some(Protocol::La),
            steps: Some(1_500),
            labelled: Some(8),
            ..TrainSettings::default()
        });
        assert_eq!((plan.total_steps, plan.ramp_up_steps, plan.ramp_stair_steps), (1_500, 600, 15));
        assert_eq!(plan.gamma_ramp_steps, 200);
        assert_eq!(plan.neural_process.unwrap().warm_up_steps, 100);
        assert_eq!(plan.labelled_cases, Some(8));
    }

    #[test]
    fn protocols_are_named_as_on_the_command_line() {
        for protocol in Protocol::ALL {
            assert_eq!(protocol.to_string().parse(), Ok(protocol));
        }
        assert!("brats".parse::<Protocol>().unwrap_err().contains("la, acdc"));
    }
}

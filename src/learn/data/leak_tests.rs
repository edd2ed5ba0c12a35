//! No crop of a case is in a batch while the case is held out, whatever was done to the study before.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::edit::Delta;
use crate::geometry::{Affine, Extent};
use crate::label::{LabelMap, LabelValue, Origin};
use crate::learn::data::{Crop, Intensities};
use crate::learn::plan::{Augmentation, Fingerprint, UnlabelledView};
use crate::learn::settings::TrainSettings;
use crate::volume::{Grid, Image, Voxels};

const CASES: usize = 5;
const EDGE: usize = 12;
const VOXELS: usize = EDGE * EDGE * EDGE;
const STROKE: usize = 150;

/// What happens to a study while its networks learn.
#[derive(Clone, Debug)]
enum Happening {
    Add {
        case: usize,
        held_out: bool,
    },
    Label {
        case: usize,
        start: usize,
    },
    Erase {
        case: usize,
    },
    Import {
        case: usize,
    },
    HoldOut {
        case: usize,
        held_out: bool,
    },
    /// A round begins with these corrections.
    Round(Vec<(usize, usize)>),
    /// A checkpoint, and the run falling back to it.
    Keep,
    Restore,
    /// The next batch is cut beside a step.
    CutAhead,
    Nothing,
}

fn happening() -> impl Strategy<Value = Happening> {
    use Happening::*;
    let case = || 0..CASES;
    prop_oneof![
        (case(), any::<bool>()).prop_map(|(case, held_out)| Add { case, held_out }),
        (case(), 0..VOXELS - STROKE).prop_map(|(case, start)| Label { case, start }),
        case().prop_map(|case| Erase { case }),
        case().prop_map(|case| Import { case }),
        (case(), any::<bool>()).prop_map(|(case, held_out)| HoldOut { case, held_out }),
        prop::collection::vec((case(), 0..VOXELS), 0..4).prop_map(Round),
        Just(Keep),
        Just(Restore),
        Just(CutAhead),
        Just(Nothing),
    ]
}

fn id(case: usize) -> CaseId {
    format!("case {case}").into()
}

/// Every voxel of a case has this intensity, in batches too.
fn intensity(case: usize) -> u8 {
    10 * (case as u8 + 1)
}

fn new_case(case: usize, held_out: bool) -> TrainCase {
    let extent = Extent::new(EDGE, EDGE, EDGE).unwrap();
    let image = Image::new(Voxels::U8(Grid::filled(extent, intensity(case))), 1.0, 0.0, Affine::identity());
    let mut made = TrainCase::new(id(case), Arc::new(image), LabelMap::unknown(extent), held_out);
    made.normalise(Intensities::AsStored);
    made
}

/// Nothing is turned, scaled or changed in intensity.
fn plan(unlabelled_view: UnlabelledView) -> Plan {
    let f =
        Fingerprint { extents: vec![[EDGE; 3]], classes: vec![0, 1], has_unlabelled: true, ..Fingerprint::default() };
    let how = Augmentation { rotation_deg: 0.0, scale: 0.0, noise: 0.0, contrast: 0.0, ..Augmentation::default() };
    let augmentation = Augmentation { brightness: 0.0, gamma: 0.0, blur: 0.0, low_resolution: 0.0, ..how };
    Plan { patch: [8; 3], augmentation, unlabelled_view, ..Plan::new(&f, &TrainSettings::default()) }
}

/// As an edit in the window reaches the trainer.
fn edit(feed: &mut Feed, case: usize, range: std::ops::Range<usize>, value: LabelValue) {
    let Some(case) = feed.case_mut(&id(case)) else { return };
    let revision = case.labels().revision() + 1;
    let delta = Delta::between(case.labels(), [(range, value)]).unwrap();
    case.apply(&delta, revision).unwrap();
}

fn happen(feed: &mut Feed, kept: &mut Sampler, plan: &Plan, what: Happening) {
    let class = |origin| LabelValue::new(1, origin);
    match what {
        Happening::Add { case, held_out } => {
            if !feed.cases().iter().any(|there| there.id == id(case)) {
                feed.add(new_case(case, held_out));
            }
        }
        Happening::Label { case, start } => edit(feed, case, start..start + STROKE, class(Origin::Manual)),
        Happening::Erase { case } => edit(feed, case, 0..VOXELS, LabelValue::UNKNOWN),
        Happening::Import { case } => edit(feed, case, 0..VOXELS, class(Origin::Imported)),
        Happening::HoldOut { case, held_out } => {
            if let Some(case) = feed.case_mut(&id(case)) {
                case.held_out = held_out;
            }
        }
        Happening::Round(corrected) => feed.focus_on(corrected.into_iter().map(|(case, i)| (id(case), i)).collect()),
        Happening::Keep => *kept = feed.sampler().clone(),
        Happening::Restore => feed.set_sampler(kept.clone()),
        Happening::CutAhead => feed.keep_ahead(feed.cut_ahead(plan, Buffers::default()), Buffers::default()),
        Happening::Nothing => {}
    }
}

/// The cases whose voxels a crop shows.
fn shown(crop: &Crop) -> Vec<usize> {
    let plain = crop.plain.iter().flat_map(|plain| &plain.image);
    let values: Vec<f32> = crop.image.iter().chain(plain).copied().collect();
    (0..CASES).filter(|&case| values.iter().any(|v| (v - f32::from(intensity(case))).abs() < 1.0)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_case_that_is_held_out_is_in_no_batch_whatever_happens(
        happenings in prop::collection::vec(happening(), 1..25),
        swaps_boxes: bool,
        seed: u64,
    ) {
        let plan = plan(if swaps_boxes { UnlabelledView::CutMix } else { UnlabelledView::Same });
        let mut feed = Feed::new(vec![new_case(0, false), new_case(1, true)], Sampler::new(seed));
        let mut kept = feed.sampler().clone();
        for what in happenings {
            happen(&mut feed, &mut kept, &plan, what);
            let held_out: Vec<usize> =
                (0..CASES).filter(|case| feed.cases().iter().any(|c| c.id == id(*case) && c.held_out)).collect();
            for crop in &feed.next(&plan).crops {
                let shown = shown(crop);
                prop_assert!(!shown.is_empty(), "every crop is of some case");
                prop_assert!(shown.iter().all(|case| !held_out.contains(case)), "{shown:?} of {held_out:?} held out");
            }
        }
    }
}

#[test]
fn a_case_that_is_added_is_in_the_very_next_batch_and_one_that_is_held_out_from_the_start_is_not() {
    let plan = plan(UnlabelledView::Same);
    for held_out in [false, true] {
        let mut feed = Feed::new((0..4).map(|case| new_case(case, false)).collect(), Sampler::new(5));
        feed.next(&plan);
        feed.keep_ahead(feed.cut_ahead(&plan, Buffers::default()), Buffers::default());
        feed.add(new_case(4, held_out));
        let is_shown = feed.next(&plan).crops.iter().any(|crop| shown(crop).contains(&4));
        assert_eq!(is_shown, !held_out);
    }
}

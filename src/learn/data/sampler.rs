//! The two-stream sampler: labelled crops around known voxels, unlabelled crops anywhere.

use std::thread;

use rand::RngExt;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::case::TrainCase;
use super::crop::{Crop, CropPose};
use super::cut_mix::CutBox;
use crate::geometry::Voxel;
use crate::learn::plan::{LabelledCrops, Plan, UnlabelledView, grid_mm};
use crate::volume::CaseId;

/// Known voxels that a crop around a label shows if there are as many near (methods 9, rule 6).
const FEWEST_KNOWN: usize = 64;

/// Two shuffled, endless streams of cases. Held-out cases are in neither. Saved with every checkpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sampler {
    rng: ChaCha8Rng,
    labelled: Stream,
    unlabelled: Stream,
    /// Voxels corrected before the present round, as linear indices.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    corrected: Vec<(CaseId, usize)>,
}

/// The rest of a shuffled pass; refilled when it runs out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Stream {
    pending: Vec<CaseId>,
}

/// A crop to cut: which case, where, and the seed of its random changes.
struct Draw<'a> {
    case: &'a TrainCase,
    centre: [f64; 3],
    seed: u64,
    /// Where it would lie with the known voxel it is there for in its middle: inside the volume, and wherever that is.
    around: Option<[[f64; 3]; 2]>,
    /// Pseudo-labels are made from the crop as it is before its intensities change.
    keeps_plain: bool,
}

impl Stream {
    fn next<'a>(
        &mut self,
        cases: &'a [TrainCase],
        belongs: impl Fn(&TrainCase) -> bool,
        rng: &mut ChaCha8Rng,
    ) -> Option<&'a TrainCase> {
        // Two rounds: the rest of the old pass may name cases that no longer belong.
        for _ in 0..2 {
            while let Some(id) = self.pending.pop() {
                if let Some(case) = cases.iter().find(|c| c.id == id && belongs(c)) {
                    return Some(case);
                }
            }
            self.pending = cases.iter().filter(|c| belongs(c)).map(|c| c.id.clone()).collect();
            self.pending.shuffle(rng);
        }
        None
    }
}

impl Sampler {
    pub fn new(seed: u64) -> Self {
        Self {
            rng: ChaCha8Rng::seed_from_u64(seed),
            labelled: Stream::default(),
            unlabelled: Stream::default(),
            corrected: Vec::new(),
        }
    }

    /// The run's random numbers, also used for dropout.
    pub fn rng(&mut self) -> &mut ChaCha8Rng {
        &mut self.rng
    }

    /// Every second labelled crop shows one of these voxels as long as it is known; none: all cases alike.
    pub fn focus_on(&mut self, corrected: Vec<(CaseId, usize)>) {
        self.corrected = corrected;
    }

    /// A new case need not wait for the end of the pass that is under way.
    pub fn welcome(&mut self, case: &CaseId) {
        self.unlabelled.pending.push(case.clone());
    }

    /// Crops of the next step, labelled first, into the memory of older ones.
    pub fn draw(&mut self, cases: &[TrainCase], plan: &Plan, crops: &mut Vec<Crop>) {
        let mut draws = Vec::with_capacity(plan.batch_labelled + plan.batch_unlabelled);
        for slot in 0..plan.batch_labelled {
            if slot.is_multiple_of(2)
                && let Some((case, voxel)) = self.corrected_voxel(cases)
            {
                draws.push(self.around(case, voxel, plan));
                continue;
            }
            let case = self.labelled.next(cases, |c| !c.held_out && c.is_labelled(), &mut self.rng);
            draws.extend(case.and_then(|case| self.labelled(case, plan)));
        }
        for _ in 0..plan.batch_unlabelled {
            let case = self.unlabelled.next(cases, |c| !c.held_out && c.has_unknown(), &mut self.rng);
            draws.extend(case.map(|case| self.anywhere(case, plan)));
        }
        crops.resize_with(draws.len(), Crop::default);
        // Threads of its own: on Linux they inherit the priority of the one that asks, which the process's pool does not have.
        thread::scope(|scope| {
            for (draw, crop) in draws.iter().zip(&mut *crops) {
                scope.spawn(|| draw.cut(plan, crop));
            }
        });
        if plan.unlabelled_view == UnlabelledView::CutMix {
            self.swap_boxes(crops, plan.patch);
        }
    }

    /// Neighbouring crops with a plain view swap a box.
    fn swap_boxes(&mut self, crops: &mut [Crop], patch: [usize; 3]) {
        let first = crops.iter().position(|c| c.plain.is_some()).unwrap_or(crops.len());
        for pair in crops[first..].chunks_exact_mut(2) {
            let [a, b] = pair else { continue };
            let cut = CutBox::draw(patch, &mut self.rng);
            cut.swap(a, b);
            for view in [a, b].into_iter().filter_map(|c| c.plain.as_mut()) {
                view.swapped = Some(cut);
            }
        }
    }

    fn labelled<'a>(&mut self, case: &'a TrainCase, plan: &Plan) -> Option<Draw<'a>> {
        match plan.labelled_crops {
            LabelledCrops::AroundLabels => self.around_a_label(case, plan),
            LabelledCrops::Anywhere => Some(Draw { keeps_plain: false, ..self.anywhere(case, plan) }),
        }
    }

    /// One that training may still know: labels are taken back, and what is held out or set aside is never drawn.
    fn corrected_voxel<'a>(&mut self, cases: &'a [TrainCase]) -> Option<(&'a TrainCase, Voxel)> {
        if self.corrected.is_empty() {
            return None;
        }
        let (id, index) = &self.corrected[self.rng.random_range(0..self.corrected.len())];
        let case = cases.iter().find(|c| c.id == *id && !c.held_out)?;
        let extent = case.labels().extent();
        let voxel = (*index < extent.voxel_count()).then(|| extent.voxel(*index))?;
        case.status(voxel).is_known().then_some((case, voxel))
    }

    fn around_a_label<'a>(&mut self, case: &'a TrainCase, plan: &Plan) -> Option<Draw<'a>> {
        let voxel = case.random_labelled_voxel(&mut self.rng)?;
        Some(self.around(case, voxel, plan))
    }

    /// Centred on a known voxel, moved by up to a quarter of the patch, kept inside the volume where it fits.
    fn around<'a>(&mut self, case: &'a TrainCase, voxel: Voxel, plan: &Plan) -> Draw<'a> {
        let voxel = voxel.to_f64();
        let room = Room::of(case, plan);
        let moved = std::array::from_fn(|a| voxel[a] + (self.rng.random::<f64>() - 0.5) * room.patch[a] / 2.0);
        let around = Some([room.inside(voxel), voxel]);
        Draw { case, centre: room.inside(moved), around, seed: self.rng.random(), keeps_plain: false }
    }

    fn anywhere<'a>(&mut self, case: &'a TrainCase, plan: &Plan) -> Draw<'a> {
        let keeps_plain = plan.unlabelled_view != UnlabelledView::Same;
        let room = Room::of(case, plan);
        let centre = match plan.labelled_crops {
            LabelledCrops::Anywhere => room.published(&mut self.rng),
            LabelledCrops::AroundLabels => room.inside(std::array::from_fn(|a| {
                let (lo, hi) = room.range(a);
                lo + self.rng.random::<f64>() * (hi - lo)
            })),
        };
        Draw { case, centre, around: None, seed: self.rng.random(), keeps_plain }
    }
}

/// Where the centres of crops may lie in a volume, in its voxels.
struct Room {
    extent: [usize; 3],
    /// Length of a patch, and the distance between its voxels.
    patch: [f64; 3],
    step: [f64; 3],
}

impl Room {
    fn of(case: &TrainCase, plan: &Plan) -> Self {
        let native = case.image.spacing_mm();
        let grid = grid_mm(plan.spacing_mm, native);
        let step: [f64; 3] = std::array::from_fn(|a| grid[a] / native[a]);
        let patch = std::array::from_fn(|a| plan.patch[a] as f64 * step[a]);
        Self { extent: case.image.extent().to_array(), patch, step }
    }

    /// From a patch's centre to the centre of its last voxel.
    fn half(&self, axis: usize) -> f64 {
        (self.patch[axis] - self.step[axis]) / 2.0
    }

    /// So that the patch stays inside; the middle if the patch is longer than the volume.
    fn range(&self, axis: usize) -> (f64, f64) {
        let last = self.extent[axis] as f64 - 1.0;
        let (lo, hi) = (self.half(axis), last - self.half(axis));
        if lo <= hi { (lo, hi) } else { (last / 2.0, last / 2.0) }
    }

    /// Where the published loaders cut (methods 1.3): if any axis is not longer than the crop, every axis is padded by
    /// `max((P - size) / 2 + 3, 0)` voxels on both sides; then a start in `[0, size - P)`. Centre of the crop in voxels.
    fn published(&self, rng: &mut ChaCha8Rng) -> [f64; 3] {
        // Lengths of volumes and crops are far below what these hold.
        let [size, patch] = [self.extent.map(|n| n as i64), self.patch.map(|n| n.round() as i64)];
        let is_padded = (0..3).any(|a| size[a] <= patch[a]);
        std::array::from_fn(|a| {
            let pad = if is_padded { ((patch[a] - size[a]).div_euclid(2) + 3).max(0) } else { 0 };
            let starts = (size[a] + 2 * pad - patch[a]).max(1);
            (rng.random_range(0..starts) - pad) as f64 + self.half(a)
        })
    }

    /// The nearest place inside; an unturned patch on the volume's own grid falls on voxel centres.
    fn inside(&self, position: [f64; 3]) -> [f64; 3] {
        std::array::from_fn(|a| {
            let (lo, hi) = self.range(a);
            let (place, half) = (position[a].clamp(lo, hi), self.half(a));
            if self.step[a] == 1.0 { (place - half).round() + half } else { place }
        })
    }
}

impl Draw<'_> {
    /// Where few voxels are known, the shift away from them is taken back if that shows more, and then the border's: a
    /// crop that is turned or made smaller may else leave the voxels at the border out.
    fn showing_labels(&self, pose: CropPose, patch: [usize; 3]) -> CropPose {
        let mut best = (pose.known_voxels(self.case, patch, FEWEST_KNOWN), pose);
        for centre in self.around.into_iter().flatten() {
            if best.0 >= FEWEST_KNOWN {
                break;
            }
            let centred = CropPose { centre, ..pose };
            let shown = centred.known_voxels(self.case, patch, FEWEST_KNOWN);
            if shown > best.0 {
                best = (shown, centred);
            }
        }
        best.1
    }

    fn cut(&self, plan: &Plan, crop: &mut Crop) {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        let grid_mm = grid_mm(plan.spacing_mm, self.case.image.spacing_mm());
        let pose = CropPose::random(self.centre, &self.case.image, grid_mm, &plan.augmentation, &mut rng);
        let pose = self.showing_labels(pose, plan.patch);
        crop.cut(self.case, &pose, plan.patch);
        if self.keeps_plain {
            crop.keep_plain();
        } else {
            crop.plain = None;
        }
        crop.change_intensities(&plan.augmentation, grid_mm, &mut rng);
        if self.keeps_plain {
            crop.perturb(plan.augmentation.perturbation, &mut rng);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Range;
    use std::sync::Arc;

    use super::*;
    use crate::geometry::{Affine, Extent};
    use crate::label::{LabelMap, LabelValue, Origin};
    use crate::learn::data::crop::VoxelStatus;
    use crate::learn::plan::{Augmentation, Fingerprint, Protocol};
    use crate::learn::settings::{Method, TrainSettings};
    use crate::volume::{Grid, Image, Voxels};

    /// A constant image whose value names the case, so that a crop shows where it came from.
    fn case(id: &str, labelled: bool, held_out: bool) -> TrainCase {
        let e = Extent::new(20, 20, 20).unwrap();
        let voxels = Voxels::U8(Grid::from_fn(e, |v| if v.x < 10 { 0 } else { 200 }));
        let image = Arc::new(Image::new(voxels, 1.0, 0.0, Affine::identity()));
        let labels =
            if labelled { LabelMap::imported(Grid::from_fn(e, |v| u8::from(v.x >= 10))) } else { LabelMap::unknown(e) };
        TrainCase::new(id.into(), image, labels, held_out)
    }

    fn plan() -> Plan {
        let f =
            Fingerprint { extents: vec![[20; 3]], classes: vec![0, 1], has_unlabelled: true, ..Fingerprint::default() };
        Plan { patch: [8; 3], ..Plan::new(&f, &TrainSettings::default()) }
    }

    fn draw(sampler: &mut Sampler, cases: &[TrainCase], plan: &Plan) -> Vec<Crop> {
        let mut crops = Vec::new();
        sampler.draw(cases, plan, &mut crops);
        crops
    }

    #[test]
    fn half_of_the_batch_is_labelled_and_half_is_not() {
        let cases = [case("a", true, false), case("b", false, false)];
        let mut sampler = Sampler::new(1);
        for _ in 0..5 {
            let crops = draw(&mut sampler, &cases, &plan());
            let known = |c: &Crop| c.status.iter().filter(|s| **s == VoxelStatus::Dense).count();
            assert_eq!(crops.len(), 4);
            assert!(known(&crops[0]) >= 64 && known(&crops[1]) >= 64);
            assert!(known(&crops[2]) == 0 && known(&crops[3]) == 0);
        }
    }

    #[test]
    fn crops_with_quarter_turns_are_voxels_of_the_volume_and_only_what_a_teacher_sees_has_no_noise() {
        let e = Extent::new(20, 20, 20).unwrap();
        let image = |id: &str, labels| {
            let voxels = Voxels::F32(Grid::from_fn(e, |v| (v.x + 20 * v.y + 400 * v.z) as f32));
            TrainCase::new(id.into(), Arc::new(Image::new(voxels, 1.0, 0.0, Affine::identity())), labels, false)
        };
        let cases = [image("a", LabelMap::imported(Grid::filled(e, 1))), image("b", LabelMap::unknown(e))];
        let settings =
            TrainSettings { protocol: Some(Protocol::La), method: Method::MeanTeacher, ..Default::default() };
        let f = Fingerprint { classes: vec![0, 1], has_unlabelled: true, ..Fingerprint::default() };
        let plan = Plan { patch: [8; 3], ..Plan::new(&f, &settings) };
        let voxels: Vec<f32> = (0..8000).map(|i| cases[0].normaliser().apply(f64::from(i))).collect();
        let is_voxel = |value: &f32| voxels.iter().any(|v| (v - value).abs() < 1e-6);
        let crops = draw(&mut Sampler::new(1), &cases, &plan);
        assert!(crops[..2].iter().all(|c| c.plain.is_none() && c.image.iter().all(is_voxel)));
        for crop in &crops[2..] {
            let plain = &crop.plain.as_ref().unwrap().image;
            assert!(plain.iter().all(is_voxel));
            let noise: Vec<f32> = crop.image.iter().zip(plain).map(|(noisy, plain)| noisy - plain).collect();
            assert!(noise.iter().all(|n| n.abs() <= 0.2 + 1e-5) && noise.iter().any(|n| n.abs() > 0.15));
        }
    }

    #[test]
    fn with_cut_mix_the_unlabelled_crops_swap_one_box_and_keep_their_plain_images() {
        let cases = [case("a", true, false), case("b", false, false), case("c", false, false)];
        let plan = Plan { unlabelled_view: UnlabelledView::CutMix, ..plan() };
        let crops = draw(&mut Sampler::new(1), &cases, &plan);
        let cut = |c: &Crop| c.plain.as_ref().and_then(|p| p.swapped);
        assert!(crops[0].plain.is_none() && crops[1].plain.is_none());
        assert!(cut(&crops[2]).is_some() && cut(&crops[2]) == cut(&crops[3]));
        assert!(crops[2..].iter().all(|c| c.plain.as_ref().is_some_and(|p| p.image != c.image)));
        // With one unlabelled crop there is nobody to swap with.
        let alone = draw(&mut Sampler::new(1), &cases, &Plan { batch_unlabelled: 1, ..plan });
        assert!(alone[2].plain.is_some() && cut(&alone[2]).is_none());
    }

    /// A constant cube in which only a box is labelled.
    fn scribbled(edge: usize, [x, y, z]: [Range<usize>; 3]) -> TrainCase {
        let e = Extent::new(edge, edge, edge).unwrap();
        let image = Arc::new(Image::new(Voxels::U8(Grid::filled(e, 7)), 1.0, 0.0, Affine::identity()));
        let mut labels = LabelMap::unknown(e);
        for (y, z) in y.flat_map(|y| z.clone().map(move |z| (y, z))) {
            labels.write_run(e.index(Voxel::new(x.start, y, z)), x.len(), LabelValue::new(1, Origin::Manual));
        }
        TrainCase::new("a".into(), image, labels, false)
    }

    #[test]
    fn crops_around_a_lonely_scribble_show_sixty_four_voxels_of_it() {
        // 5 x 5 x 4 voxels far from the borders: a shifted crop of 8^3 would often miss some of the 64.
        let cases = [scribbled(40, [18..23, 18..23, 18..22])];
        let still = Augmentation { rotation_deg: 0.0, scale: 0.0, ..Augmentation::default() };
        let plan = Plan { batch_unlabelled: 0, augmentation: still, ..plan() };
        let mut sampler = Sampler::new(1);
        for _ in 0..30 {
            for crop in draw(&mut sampler, &cases, &plan) {
                let known = crop.status.iter().filter(|s| **s == VoxelStatus::Sparse).count();
                assert!(known >= FEWEST_KNOWN, "{known}");
            }
        }
    }

    #[test]
    fn a_scribble_at_the_border_is_in_every_crop_drawn_for_it_however_small_and_turned() {
        // Four voxels wide: the voxels of a zoomed-out crop lie up to 1.3 apart.
        let cases = [scribbled(60, [0..4, 0..4, 0..4])];
        let how = Augmentation { rotation_deg: 45.0, scale: 0.3, ..Augmentation::default() };
        let plan = Plan { batch_unlabelled: 0, augmentation: how, ..plan() };
        let mut sampler = Sampler::new(1);
        for _ in 0..60 {
            for crop in draw(&mut sampler, &cases, &plan) {
                assert!(crop.status.iter().any(|s| s.is_known()), "a crop without its label");
            }
        }
    }

    #[test]
    fn under_a_protocol_a_volume_with_a_short_axis_is_padded_along_all_of_them_before_a_crop_is_drawn() {
        let starts = |extent: [usize; 3]| {
            let room = Room { extent, patch: [8.0; 3], step: [1.0; 3] };
            let mut rng = ChaCha8Rng::seed_from_u64(5);
            let starts: Vec<[f64; 3]> = (0..400).map(|_| room.published(&mut rng).map(|c| c - 3.5)).collect();
            let of_axis = |a: usize| starts.iter().map(move |s| s[a]);
            [0, 1, 2].map(|a| (of_axis(a).fold(f64::MAX, f64::min), of_axis(a).fold(f64::MIN, f64::max)))
        };
        assert_eq!(starts([20, 9, 12]), [(0.0, 11.0), (0.0, 0.0), (0.0, 3.0)], "no axis is short");
        // Pads of 0, 2 and 4: an axis of 20 needs none, one of 9 two, one of 6 four.
        assert_eq!(starts([20, 9, 6]), [(0.0, 11.0), (-2.0, 2.0), (-4.0, 1.0)]);
    }

    #[test]
    fn crops_are_cut_on_the_plans_grid() {
        // Intensity is the place along z; voxels are 3 mm deep, the grid is not.
        let e = Extent::new(20, 20, 30).unwrap();
        let voxels = Voxels::F32(Grid::from_fn(e, |v| v.z as f32));
        let image = Arc::new(Image::new(voxels, 1.0, 0.0, Affine::from_spacing([1.0, 1.0, 3.0])));
        let cases = [TrainCase::new("a".into(), image, LabelMap::imported(Grid::filled(e, 1)), false)];
        let how = Augmentation { rotation_deg: 0.0, scale: 0.0, noise: 0.0, contrast: 0.0, ..Augmentation::default() };
        let how = Augmentation { brightness: 0.0, gamma: 0.0, blur: 0.0, low_resolution: 0.0, ..how };
        let native = Plan { batch_unlabelled: 0, augmentation: how, ..plan() };
        let slope = |plan: &Plan| {
            let crop = &draw(&mut Sampler::new(1), &cases, plan)[0];
            assert!(crop.status.iter().all(|s| *s == VoxelStatus::Dense), "the patch fits into the volume");
            crop.image[5 * 64] - crop.image[4 * 64]
        };
        let per_slice = slope(&native);
        let fine = slope(&Plan { spacing_mm: Some([1.0; 3]), ..native.clone() });
        let coarse = slope(&Plan { spacing_mm: Some([1.0, 1.0, 4.5]), ..native });
        assert!(per_slice > 0.05);
        assert!((fine - per_slice / 3.0).abs() < 1e-3 && (coarse - per_slice * 1.5).abs() < 1e-3);
    }

    #[test]
    fn every_second_labelled_crop_shows_what_was_corrected_while_it_is_known_and_never_what_is_held_out() {
        let labels = |known: bool| scribbled(40, [if known { 18..23 } else { 0..1 }, 18..23, 18..22]);
        let corrected = labels(true).image.extent().index(Voxel::new(20, 20, 20));
        let other = case("b", true, false);
        let draws = |case: TrainCase| {
            let cases = [case, other.clone()];
            let mut sampler = Sampler::new(1);
            sampler.focus_on(vec![("a".into(), corrected)]);
            let text = serde_json::to_string(&sampler).unwrap();
            let mut restored: Sampler = serde_json::from_str(&text).unwrap();
            let plan = Plan { batch_unlabelled: 0, ..plan() };
            let crops: Vec<Crop> = (0..8).flat_map(|_| draw(&mut sampler, &cases, &plan)).collect();
            let again: Vec<Crop> = (0..8).flat_map(|_| draw(&mut restored, &cases, &plan)).collect();
            assert_eq!(crops, again, "a resumed run goes on with them");
            // Only the scribbled case has sparse labels.
            crops.iter().map(|c| c.status.contains(&VoxelStatus::Sparse)).collect::<Vec<bool>>()
        };
        let shows = draws(labels(true));
        assert!(shows.iter().step_by(2).all(|shown| *shown), "{shows:?}");
        assert!(shows.iter().skip(1).step_by(2).any(|shown| !shown), "the others are replayed: {shows:?}");
        assert!(!draws(labels(false)).iter().step_by(2).all(|shown| *shown), "taken back");
        let mut held_out = labels(true);
        held_out.held_out = true;
        assert!(draws(held_out).iter().all(|shown| !shown));
    }

    #[test]
    fn held_out_cases_are_never_drawn() {
        let only_held_out = [case("a", true, true), case("b", false, true)];
        assert!(draw(&mut Sampler::new(1), &only_held_out, &plan()).is_empty());
    }

    #[test]
    fn every_labelled_case_is_drawn_once_per_pass() {
        let cases: Vec<TrainCase> = ["a", "b", "c", "d"].map(|id| case(id, true, false)).into();
        let mut stream = Stream::default();
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for _ in 0..3 {
            let mut pass: Vec<&str> =
                (0..4).filter_map(|_| stream.next(&cases, |_| true, &mut rng)).map(|c| c.id.as_str()).collect();
            pass.sort_unstable();
            assert_eq!(pass, ["a", "b", "c", "d"]);
        }
    }

    #[test]
    fn a_saved_sampler_goes_on_with_the_same_crops() {
        let cases = [case("a", true, false), case("b", true, false), case("c", false, false)];
        let mut sampler = Sampler::new(9);
        draw(&mut sampler, &cases, &plan());
        let text = serde_json::to_string(&sampler).unwrap();
        let mut restored: Sampler = serde_json::from_str(&text).unwrap();
        assert_eq!(draw(&mut sampler, &cases, &plan()), draw(&mut restored, &cases, &plan()));
    }
}

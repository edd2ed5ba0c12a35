//! Crops as tensors: the one place where voxel order `(x, y, z)` becomes `[batch, channel, z, y, x]`.

use burn::tensor::{Device, Tensor, TensorData};

use rand_chacha::ChaCha8Rng;

use super::crop::{Crop, VoxelStatus};
use crate::learn::np::{NO_CHANNEL, VoxelSample, labelled_sample};

/// What an accepted pseudo-label weighs beside a drawn one in the cross-entropy: it was checked at a glance only, and says
/// what the networks believed anyway.
const ACCEPTED_WEIGHT: f32 = 0.5;

/// Labelled crops first, then unlabelled ones. Any crop may hold known and unknown voxels.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Normalised intensities, `[b, 1, z, y, x]`.
    pub image: Tensor<5>,
    /// One-hot of known voxels, all zero elsewhere, `[b, k, z, y, x]`.
    pub target: Tensor<5>,
    /// Weight of known voxels in the cross-entropy; scribbles are balanced by class. `[b, 1, z, y, x]`.
    pub known_weight: Tensor<5>,
    /// 1 where Dice may be measured. `[b, 1, z, y, x]`.
    pub dense_mask: Tensor<5>,
    /// 1 where nobody said: pseudo-labels apply. `[b, 1, z, y, x]`.
    pub unknown_mask: Tensor<5>,
    /// 1 for what unknown voxels were said not to be, `[b, k, z, y, x]`; `None` if nothing was said.
    pub rejected: Option<Tensor<5>>,
    /// Whether any voxel is unknown.
    pub has_unknown: bool,
    /// Labelled voxels for the neural process.
    pub sample: Option<VoxelSample>,
    /// 1 for classes that may hide in a crop's background, `[b, k, 1, 1, 1]`; `None` if every crop is annotated for all.
    pub hidden_classes: Option<Tensor<5>>,
    /// What the pseudo-labels of the last crops are made from, if not from `image`.
    pub plain: Option<PlainView>,
}

/// The unlabelled crops before their intensities were changed and boxes were swapped between neighbours.
#[derive(Clone, Debug)]
pub struct PlainView {
    /// `[unlabelled crops, 1, z, y, x]`.
    pub image: Tensor<5>,
    /// 1 where a crop now holds its partner's voxels, `[unlabelled crops, 1, z, y, x]`.
    swapped: Tensor<5>,
}

impl PlainView {
    /// Maps made from the plain images, `[unlabelled crops, k, z, y, x]`, brought to where the swaps brought the voxels.
    pub fn swapped_like_the_crops(&self, map: Tensor<5>) -> Tensor<5> {
        let [items, k, d, h, w] = map.dims();
        let paired = items / 2 * 2;
        if paired == 0 {
            return map;
        }
        let partner = map.clone().narrow(0, 0, paired).reshape([paired / 2, 2, k, d, h * w]).flip([1]);
        let mut partner = partner.reshape([paired, k, d, h, w]);
        if paired < items {
            partner = Tensor::cat(vec![partner, map.clone().narrow(0, paired, 1)], 0);
        }
        map.clone() + (partner - map) * self.swapped.clone()
    }
}

/// A batch before it is on a device: made on any thread.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BatchPlanes {
    /// Crops, channels of `target`, and their size (x, y, z).
    items: usize,
    channels: usize,
    size: [usize; 3],
    image: Vec<f32>,
    planes: Planes,
    /// [`Batch::rejected`]; empty if nothing was.
    rejected: Vec<f32>,
    /// [`Batch::hidden_classes`]; empty if there are none.
    hidden: Vec<f32>,
    plain: Option<PlainPlanes>,
    sample: Option<VoxelSample>,
}

impl BatchPlanes {
    /// `classes[channel]` is the class number of a channel, background first; known voxels of other classes are left out.
    pub fn new(crops: &[Crop], classes: &[u8]) -> Self {
        let mut planes = Self::default();
        planes.fill(crops, classes);
        planes
    }

    /// The same, into the memory of an older batch.
    pub fn fill(&mut self, crops: &[Crop], classes: &[u8]) {
        self.sample = None;
        self.items = crops.len();
        self.channels = classes.len();
        self.size = crops.first().map_or([1; 3], |c| c.size);
        self.planes.clear(crops.len(), classes.len(), self.size.iter().product());
        let sparse_weights = sparse_weights(crops);
        for (item, crop) in crops.iter().enumerate() {
            self.planes.fill(item, crop, classes, &sparse_weights);
        }
        self.fill_rejected(crops, classes);
        self.hidden.clear();
        if crops.iter().any(|c| !c.annotated.is_all()) {
            let is_hidden = |crop: &Crop, class: &u8| f32::from(u8::from(!crop.annotated.contains(*class)));
            self.hidden.extend(crops.iter().flat_map(|crop| classes.iter().map(|class| is_hidden(crop, class))));
        }
        self.image.clear();
        crops.iter().for_each(|c| self.image.extend_from_slice(&c.image));
        let has_plain = crops.iter().any(|c| c.plain.is_some());
        self.plain = has_plain.then(|| {
            let mut plain = self.plain.take().unwrap_or_default();
            plain.fill(crops);
            plain
        });
    }

    /// Classes that the networks do not know cannot be what they say.
    fn fill_rejected(&mut self, crops: &[Crop], classes: &[u8]) {
        self.rejected.clear();
        let voxels: usize = self.size.iter().product();
        for (item, crop) in crops.iter().enumerate() {
            for (at, class) in &crop.rejected {
                let Some(channel) = classes.iter().position(|c| c == class) else { continue };
                self.rejected.resize(crops.len() * classes.len() * voxels, 0.0);
                self.rejected[(item * classes.len() + channel) * voxels + at] = 1.0;
            }
        }
    }

    /// Draws the labelled voxels that the neural process sees of these crops.
    pub fn draw_sample(&mut self, crops: &[Crop], classes: &[u8], rng: &ChaCha8Rng) {
        let mut channels = Vec::with_capacity(crops.len() * self.size.iter().product::<usize>());
        for crop in crops {
            // Where classes may hide in it, background says nothing.
            let hides = classes.iter().any(|&c| crop.learnt_class(c) != c);
            let channel = |(&class, status): (&u8, &VoxelStatus)| {
                let class = crop.learnt_class(class);
                let says = status.is_known() && !(hides && class == 0);
                (0..NO_CHANNEL).zip(classes).find(|(_, c)| says && **c == class).map_or(NO_CHANNEL, |(c, _)| c)
            };
            channels.extend(crop.class.iter().zip(&crop.status).map(channel));
        }
        self.sample = Some(labelled_sample(&channels, self.size, classes.len(), rng));
    }

    pub fn is_empty(&self) -> bool {
        self.items == 0
    }

    pub fn to_device(&self, device: &Device) -> Batch {
        let [x, y, z] = self.size;
        let tensor = |values: &[f32], items: usize, channels: usize, device: &Device| {
            Tensor::from_data(TensorData::new(values.to_vec(), [items, channels, z, y, x]), device)
        };
        let Planes { target, known, dense, unknown, .. } = &self.planes;
        // Pseudo-labels are made without gradients.
        let without_gradients = device.clone().inner();
        Batch {
            image: tensor(&self.image, self.items, 1, device),
            has_unknown: unknown.contains(&1.0),
            sample: self.sample.clone(),
            hidden_classes: (!self.hidden.is_empty()).then(|| {
                let dims = [self.items, self.channels, 1, 1, 1];
                Tensor::from_data(TensorData::new(self.hidden.clone(), dims), device)
            }),
            target: tensor(target, self.items, self.channels, device),
            known_weight: tensor(known, self.items, 1, device),
            dense_mask: tensor(dense, self.items, 1, device),
            unknown_mask: tensor(unknown, self.items, 1, device),
            rejected: (!self.rejected.is_empty()).then(|| tensor(&self.rejected, self.items, self.channels, device)),
            plain: self.plain.as_ref().map(|p| PlainView {
                image: tensor(&p.image, p.items, 1, &without_gradients),
                swapped: tensor(&p.swapped, p.items, 1, &without_gradients),
            }),
        }
    }
}

/// The planes of [`PlainView`].
#[derive(Clone, Debug, Default, PartialEq)]
struct PlainPlanes {
    items: usize,
    image: Vec<f32>,
    swapped: Vec<f32>,
}

impl PlainPlanes {
    /// The plain views of the crops that have one; they are the last of the batch.
    fn fill(&mut self, crops: &[Crop]) {
        self.image.clear();
        self.swapped.clear();
        self.items = 0;
        for (crop, view) in crops.iter().filter_map(|c| Some((c, c.plain.as_ref()?))) {
            self.items += 1;
            self.image.extend_from_slice(&view.image);
            let begin = self.swapped.len();
            self.swapped.resize(self.image.len(), 0.0);
            if let Some(cut) = &view.swapped {
                cut.fill(&mut self.swapped[begin..], crop.size, 1.0);
            }
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Planes {
    voxels: usize,
    target: Vec<f32>,
    known: Vec<f32>,
    dense: Vec<f32>,
    unknown: Vec<f32>,
}

impl Planes {
    fn clear(&mut self, items: usize, classes: usize, voxels: usize) {
        self.voxels = voxels;
        let Self { target, known, dense, unknown, .. } = self;
        for (plane, channels) in [(target, classes), (known, 1), (dense, 1), (unknown, 1)] {
            plane.clear();
            plane.resize(items * channels * voxels, 0.0);
        }
    }

    fn fill(&mut self, item: usize, crop: &Crop, classes: &[u8], sparse_weights: &[f32; 256]) {
        let n = self.voxels;
        for (i, (&class, &status)) in crop.class.iter().zip(&crop.status).enumerate() {
            let at = item * n + i;
            if status == VoxelStatus::Unknown {
                self.unknown[at] = 1.0;
            }
            if !status.is_known() {
                continue;
            }
            let class = crop.learnt_class(class);
            let Some(channel) = classes.iter().position(|&c| c == class) else { continue };
            self.target[(item * classes.len() + channel) * n + i] = 1.0;
            if status == VoxelStatus::Dense {
                self.known[at] = 1.0;
                self.dense[at] = 1.0;
            } else {
                self.known[at] = sparse_weights[usize::from(class)];
            }
        }
        crop.accepted.iter().for_each(|i| self.known[item * n + i] *= ACCEPTED_WEIGHT);
    }
}

impl Crop {
    /// A class that the crop is not annotated for cannot be told from background.
    fn learnt_class(&self, class: u8) -> u8 {
        if self.annotated.contains(class) { class } else { 0 }
    }
}

/// Annotators draw far more background than structure: every class of a batch's scribbles gets the same total weight, mean 1.
fn sparse_weights(crops: &[Crop]) -> [f32; 256] {
    let mut counts = [0usize; 256];
    for crop in crops {
        for (&class, &status) in crop.class.iter().zip(&crop.status) {
            if status == VoxelStatus::Sparse {
                counts[usize::from(crop.learnt_class(class))] += 1;
            }
        }
    }
    let total: usize = counts.iter().sum();
    let present = counts.iter().filter(|&&c| c > 0).count();
    counts.map(|c| if c > 0 { total as f32 / (present * c) as f32 } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::super::annotated::Annotated;
    use super::super::crop::PlainImage;
    use super::super::cut_mix::CutBox;
    use super::*;

    fn crop() -> Crop {
        use VoxelStatus::*;
        Crop {
            size: [4, 2, 1],
            plain: None,
            image: (0..8).map(|i| i as f32).collect(),
            class: vec![0, 0, 0, 2, 2, 0, 0, 0],
            status: vec![Sparse, Sparse, Sparse, Sparse, Dense, Dense, Unknown, Outside],
            ..Crop::default()
        }
    }

    fn values(t: Tensor<5>) -> Vec<f32> {
        t.into_data().try_to_vec().unwrap()
    }

    #[test]
    fn the_scribbles_of_a_batch_weigh_alike_however_they_are_spread_over_its_crops() {
        let scribble = |class: Vec<u8>| Crop {
            size: [6, 1, 1],
            image: vec![0.0; 6],
            status: vec![VoxelStatus::Sparse; 6],
            class,
            ..Crop::default()
        };
        let crops = [scribble(vec![0; 6]), scribble(vec![0, 0, 0, 0, 2, 2])];
        let planes = BatchPlanes::new(&crops, &[0, 2]).planes;
        let of = |class: u8| -> f32 {
            let classes = crops.iter().flat_map(|c| &c.class);
            classes.zip(&planes.known).filter(|(c, _)| **c == class).map(|(_, weight)| weight).sum()
        };
        assert!((of(0) - 6.0).abs() < 1e-5 && (of(2) - 6.0).abs() < 1e-5, "{} {}", of(0), of(2));
    }

    #[test]
    fn tensors_are_batch_channel_z_y_x_with_x_fastest() {
        let b = BatchPlanes::new(&[crop(), crop()], &[0, 2]).to_device(&Device::flex());
        assert_eq!(b.image.dims(), [2, 1, 1, 2, 4]);
        assert_eq!(b.target.dims(), [2, 2, 1, 2, 4]);
        assert_eq!(values(b.image)[..8], [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
    }

    #[test]
    fn maps_of_plain_crops_follow_the_swap_and_an_odd_crop_keeps_its_own() {
        let with_cut = |value: f32, cut: Option<CutBox>| Crop {
            image: vec![value; 8],
            plain: Some(PlainImage { image: vec![value; 8], swapped: cut }),
            ..crop()
        };
        let cut = CutBox::draw([4, 2, 1], &mut ChaCha8Rng::seed_from_u64(2));
        let (mut a, mut b) = (with_cut(1.0, Some(cut)), with_cut(2.0, Some(cut)));
        cut.swap(&mut a, &mut b);
        let crops = [crop(), a, b, with_cut(3.0, None)];
        let batch = BatchPlanes::new(&crops, &[0, 2]).to_device(&Device::flex());
        let view = batch.plain.unwrap();
        assert_eq!(view.image.dims(), [3, 1, 1, 2, 4]);
        let moved = values(view.swapped_like_the_crops(view.image.clone()));
        assert_eq!(moved, values(batch.image)[8..], "a map equal to the image moves with the image");
        assert!(moved[..8].contains(&2.0) && moved[..8].contains(&1.0));
    }

    #[test]
    fn a_batch_in_used_memory_is_the_same_batch() {
        let plain = Crop { plain: Some(PlainImage { image: vec![3.0; 8], swapped: None }), ..crop() };
        let mut used = BatchPlanes::new(&[crop(), plain.clone(), plain.clone()], &[0, 1, 2]);
        for crops in [vec![crop(), plain.clone()], vec![crop()], vec![plain, crop()]] {
            used.fill(&crops, &[0, 2]);
            assert_eq!(used, BatchPlanes::new(&crops, &[0, 2]));
        }
    }

    #[test]
    fn a_crop_that_is_not_annotated_for_a_class_hides_it_and_others_hide_nothing() {
        let partial = Crop { annotated: Annotated::only(&[1]), ..crop() };
        let both = BatchPlanes::new(&[crop(), partial], &[0, 1, 2]).to_device(&Device::flex());
        let hidden = both.hidden_classes.unwrap();
        assert_eq!(hidden.dims(), [2, 3, 1, 1, 1]);
        assert_eq!(values(hidden), [0.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
        // Its voxels of class 2 can only be said to be class 2 or background.
        assert_eq!(values(both.target)[24..], [&[1.0; 6][..], &[0.0; 18]].concat());
        assert!(BatchPlanes::new(&[crop()], &[0, 1, 2]).to_device(&Device::flex()).hidden_classes.is_none());
    }

    #[test]
    fn accepted_voxels_weigh_half_and_rejected_classes_have_their_channel() {
        let plain = BatchPlanes::new(&[crop(), crop()], &[0, 2]).to_device(&Device::flex());
        assert!(plain.rejected.is_none());
        let said = Crop { accepted: vec![3, 4], rejected: vec![(6, 2), (6, 9)], ..crop() };
        let batch = BatchPlanes::new(&[crop(), said], &[0, 2]).to_device(&Device::flex());
        let rejected = values(batch.rejected.unwrap());
        // Class 9 is none of the networks'.
        assert_eq!((rejected.len(), rejected.iter().sum::<f32>(), rejected[3 * 8 + 6]), (32, 1.0, 1.0));
        let (before, after) = (values(plain.known_weight), values(batch.known_weight));
        for i in 0..16 {
            let share = if i == 8 + 3 || i == 8 + 4 { 0.5 } else { 1.0 };
            assert_eq!(after[i], share * before[i], "{i}");
        }
        assert_eq!(values(batch.dense_mask), values(plain.dense_mask));
    }

    #[test]
    fn masks_follow_the_status_and_scribbles_are_balanced_by_class() {
        let b = BatchPlanes::new(&[crop()], &[0, 2]).to_device(&Device::flex());
        assert_eq!(values(b.unknown_mask), [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
        assert_eq!(values(b.dense_mask), [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
        let known = values(b.known_weight);
        let (background, structure) = (known[0] + known[1] + known[2], known[3]);
        assert!((background - structure).abs() < 1e-6);
        assert!((background + structure - 4.0).abs() < 1e-6);
        let target = values(b.target);
        assert_eq!(target[..8], [1.0, 1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
        assert_eq!(target[8..], [0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0]);
    }
}

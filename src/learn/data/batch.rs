//! Crops as tensors: the one place where voxel order `(x, y, z)` becomes `[batch, channel, z, y, x]`.

use burn::tensor::{Device, Tensor, TensorData};

use super::crop::{Crop, VoxelStatus};

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
    /// Whether any voxel is unknown.
    pub has_unknown: bool,
}

impl Batch {
    /// `classes[channel]` is the class number of a channel; known voxels of other classes count as unknown to no one
    /// and are left out.
    pub fn new(crops: &[Crop], classes: &[u8], device: &Device) -> Self {
        let size = crops.first().map_or([1; 3], |c| c.size);
        let n: usize = size.iter().product();
        let mut planes = Planes::new(crops.len(), classes.len(), n);
        for (item, crop) in crops.iter().enumerate() {
            planes.fill(item, crop, classes);
        }
        let shape = |channels: usize| [crops.len(), channels, size[2], size[1], size[0]];
        let tensor =
            |values: Vec<f32>, channels: usize| Tensor::from_data(TensorData::new(values, shape(channels)), device);
        let image = crops.iter().flat_map(|c| c.image.iter().copied()).collect();
        Self {
            image: tensor(image, 1),
            has_unknown: planes.unknown.contains(&1.0),
            target: tensor(planes.target, classes.len()),
            known_weight: tensor(planes.known, 1),
            dense_mask: tensor(planes.dense, 1),
            unknown_mask: tensor(planes.unknown, 1),
        }
    }
}

struct Planes {
    voxels: usize,
    target: Vec<f32>,
    known: Vec<f32>,
    dense: Vec<f32>,
    unknown: Vec<f32>,
}

impl Planes {
    fn new(items: usize, classes: usize, voxels: usize) -> Self {
        let plane = || vec![0.0; items * voxels];
        Self { voxels, target: vec![0.0; items * classes * voxels], known: plane(), dense: plane(), unknown: plane() }
    }

    fn fill(&mut self, item: usize, crop: &Crop, classes: &[u8]) {
        let n = self.voxels;
        let sparse_weight = sparse_weights(crop);
        for (i, (&class, &status)) in crop.class.iter().zip(&crop.status).enumerate() {
            let at = item * n + i;
            if status == VoxelStatus::Unknown {
                self.unknown[at] = 1.0;
            }
            if matches!(status, VoxelStatus::Outside | VoxelStatus::Unknown) {
                continue;
            }
            let Some(channel) = classes.iter().position(|&c| c == class) else { continue };
            self.target[(item * classes.len() + channel) * n + i] = 1.0;
            if status == VoxelStatus::Dense {
                self.known[at] = 1.0;
                self.dense[at] = 1.0;
            } else {
                self.known[at] = sparse_weight[usize::from(class)];
            }
        }
    }
}

/// Annotators draw far more background than structure: every class of the scribbles gets the same total weight, mean 1.
fn sparse_weights(crop: &Crop) -> [f32; 256] {
    let mut counts = [0usize; 256];
    for (&class, &status) in crop.class.iter().zip(&crop.status) {
        if status == VoxelStatus::Sparse {
            counts[usize::from(class)] += 1;
        }
    }
    let total: usize = counts.iter().sum();
    let present = counts.iter().filter(|&&c| c > 0).count();
    counts.map(|c| if c > 0 { total as f32 / (present * c) as f32 } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crop() -> Crop {
        use VoxelStatus::*;
        Crop {
            size: [4, 2, 1],
            image: (0..8).map(|i| i as f32).collect(),
            class: vec![0, 0, 0, 2, 2, 0, 0, 0],
            status: vec![Sparse, Sparse, Sparse, Sparse, Dense, Dense, Unknown, Outside],
        }
    }

    fn values(t: Tensor<5>) -> Vec<f32> {
        t.into_data().try_to_vec().unwrap()
    }

    #[test]
    fn tensors_are_batch_channel_z_y_x_with_x_fastest() {
        let b = Batch::new(&[crop(), crop()], &[0, 2], &Device::flex());
        assert_eq!(b.image.dims(), [2, 1, 1, 2, 4]);
        assert_eq!(b.target.dims(), [2, 2, 1, 2, 4]);
        assert_eq!(values(b.image)[..8], [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
    }

    #[test]
    fn masks_follow_the_status_and_scribbles_are_balanced_by_class() {
        let b = Batch::new(&[crop()], &[0, 2], &Device::flex());
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

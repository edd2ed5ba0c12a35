//! How windows lie in a volume at prediction, and how much each says about a voxel.

use serde::{Deserialize, Serialize};

/// What the windows over a voxel count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WindowWeighting {
    /// Most in their middle: windows know least at their borders, and plain means leave seams there.
    #[default]
    Gaussian,
    /// All the same, as the published evaluations of semi-supervised methods do.
    Mean,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowLayout {
    /// Size of a window in voxels, (x, y, z).
    pub patch: [usize; 3],
    /// Voxels from one window to the next, no more than the window has.
    pub stride: [usize; 3],
    pub weighting: WindowWeighting,
}

impl WindowLayout {
    /// Without a stride windows overlap by half.
    pub fn new(patch: [usize; 3], stride: Option<[usize; 3]>, weighting: WindowWeighting) -> Self {
        let stride = std::array::from_fn(|a| stride.map_or(patch[a] / 2, |s| s[a]).clamp(1, patch[a].max(1)));
        Self { patch, stride, weighting }
    }
}

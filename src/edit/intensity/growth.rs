//! Regions that grow from a seed over connected voxels of similar intensity.

use thiserror::Error;

use super::IntensityRange;
use crate::edit::{FillScope, VoxelSet};
use crate::geometry::{Voxel, VoxelBox};
use crate::label::component_spans_in;
use crate::volume::Image;

/// Voxels found between two looks at the watch: well below a millisecond of work.
const VOXELS_PER_LOOK: usize = 1 << 14;

/// Where a region may grow, and what ends a region that grows too far (a click into the air of a large CT).
#[derive(Clone, Copy)]
pub struct GrowthBounds<'a> {
    /// 6-neighbours are connected in a volume, 4-neighbours in a slice.
    pub scope: FillScope,
    /// Only inside this box.
    pub within: Option<VoxelBox>,
    pub max_voxels: usize,
    /// Asked every now and then whether to go on; `false` ends the work.
    pub watch: &'a dyn Fn() -> bool,
}

/// Why there is no region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum GrowthError {
    #[error("the region has more than {max_voxels} voxels; narrow the range of intensities or set a limit box")]
    TooLarge { max_voxels: usize },
    #[error("the region was stopped before it was complete")]
    Stopped,
}

/// What [`grow_region`] takes for similar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConfidenceSettings {
    /// Half the width of the range of intensities, in standard deviations of the region.
    pub multiplier: f64,
    /// How often the range is taken anew from the whole region, after the first time from around the seed.
    pub iterations: usize,
    /// The first range is that of the voxels at most this many voxels from the seed along each axis.
    pub radius: usize,
}

/// The defaults of ITK's `ConfidenceConnectedImageFilter`, with a neighbourhood large enough to know its spread.
impl Default for ConfidenceSettings {
    fn default() -> Self {
        Self { multiplier: 2.5, iterations: 4, radius: 2 }
    }
}

/// The connected voxels around `seed` whose intensity differs from the seed's by at most `tolerance`.
///
/// Empty if the seed is outside or no number, or the tolerance is negative or no number.
pub fn fill_similar(
    image: &Image,
    seed: Voxel,
    tolerance: f64,
    bounds: &GrowthBounds,
) -> Result<VoxelSet, GrowthError> {
    if !image.extent().contains(seed) {
        return Ok(VoxelSet::from_spans(image.extent(), []));
    }
    let wanted = image.intensity(seed);
    connected(image, seed, |intensity| (intensity - wanted).abs() <= tolerance, bounds)
}

/// The connected voxels around `seed` within `multiplier` standard deviations of the mean of the region they make up,
/// as ITK's `ConfidenceConnectedImageFilter` finds them: the range comes first from the neighbourhood of the seed, then
/// `iterations` times from the region. It always holds the seed.
///
/// Unlike there, voxels beyond the border or the bounds take no part in the first range. Empty if the seed is outside
/// or not finite, or the multiplier is negative or no number.
pub fn grow_region(
    image: &Image,
    seed: Voxel,
    settings: &ConfidenceSettings,
    bounds: &GrowthBounds,
) -> Result<VoxelSet, GrowthError> {
    let extent = image.extent();
    let nothing = VoxelSet::from_spans(extent, []);
    let Some(reach) = bounds.reach(image, seed).filter(|_| settings.multiplier >= 0.0) else {
        return Ok(nothing);
    };
    let at_seed = image.intensity(seed);
    if !at_seed.is_finite() {
        return Ok(nothing);
    }
    let range_of = |voxels: &VoxelSet| {
        let (mean, deviation) = moments(image, voxels, at_seed);
        let range = IntensityRange::around(mean, settings.multiplier * deviation);
        IntensityRange { low: range.low.min(at_seed), high: range.high.max(at_seed) }
    };
    let near = VoxelBox::of_voxel(seed).grown(settings.radius, extent).intersect(&reach);
    let mut range = range_of(&VoxelSet::of_box(extent, near));
    let mut region = connected(image, seed, |intensity| range.contains(intensity), bounds)?;
    for _ in 0..settings.iterations {
        let next = range_of(&region);
        if next == range {
            break;
        }
        range = next;
        region = connected(image, seed, |intensity| range.contains(intensity), bounds)?;
    }
    Ok(region)
}

impl GrowthBounds<'_> {
    /// The box around the seed; `None` if the seed is outside of it or there is no such slice.
    fn reach(&self, image: &Image, seed: Voxel) -> Option<VoxelBox> {
        let reach = self.scope.bounds(image.extent(), seed)?;
        let reach = self.within.map_or(reach, |within| reach.intersect(&within));
        reach.contains(seed).then_some(reach)
    }
}

/// The connected voxels around `seed` whose intensity passes `similar`.
fn connected(
    image: &Image,
    seed: Voxel,
    similar: impl Fn(f64) -> bool,
    bounds: &GrowthBounds,
) -> Result<VoxelSet, GrowthError> {
    let extent = image.extent();
    let Some(reach) = bounds.reach(image, seed) else {
        return Ok(VoxelSet::from_spans(extent, []));
    };
    let mut next_look = 0;
    let mut stop = GrowthError::Stopped;
    let go_on = |found: usize| {
        if found > bounds.max_voxels {
            stop = GrowthError::TooLarge { max_voxels: bounds.max_voxels };
            return false;
        }
        let look = found >= next_look;
        if look {
            next_look = found + VOXELS_PER_LOOK;
        }
        !look || (bounds.watch)()
    };
    match component_spans_in(|index| similar(image.intensity_at(index)), extent, reach, seed, go_on) {
        Some(spans) => Ok(VoxelSet::from_spans(extent, spans)),
        None => Err(stop),
    }
}

/// Mean and standard deviation (of a sample) of the finite voxels of a set that holds one.
fn moments(image: &Image, voxels: &VoxelSet, origin: f64) -> (f64, f64) {
    // Distances from an intensity of the region keep their digits where the intensities themselves are large.
    let (mut count, mut sum, mut sum_of_squares) = (0.0, 0.0, 0.0);
    for value in voxels.indices().map(|i| image.intensity_at(i) - origin).filter(|v| v.is_finite()) {
        count += 1.0;
        sum += value;
        sum_of_squares += value * value;
    }
    let scatter: f64 = sum_of_squares - sum * sum / count;
    let deviation = if count > 1.0 { (scatter.max(0.0) / (count - 1.0)).sqrt() } else { 0.0 };
    (origin + sum / count, deviation)
}

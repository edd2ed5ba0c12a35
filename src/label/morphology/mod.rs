//! Operations on masks: margins, smoothing, holes, hollow objects.
//!
//! Lengths are in mm and measured between voxel centres; a spacing that is not a positive number counts as 1 mm. Work is
//! restricted to the box of the mask plus what the operation can reach and spread over all threads. None can be cancelled:
//! on a volume of 512 x 512 x 200 voxels with a mask all over it and two threads each takes well below a second for the
//! sizes at hand (some mm), and a few seconds at worst.

mod ball;
mod bit_rows;
mod blur;
mod bounds;
mod holes;
mod hollow;
mod margin;
mod median;
mod smoothing;
#[cfg(test)]
mod test_masks;

pub use holes::{fill_holes, fill_holes_in_slices};
pub use hollow::{Wall, hollow_mm};
pub use margin::{close_mm, dilate_mm, erode_mm, open_mm};
pub use median::median;
pub use smoothing::{gaussian, smooth_jointly};

//! Where things are in the window as it opens: 1280 x 800 at the corner of the screen.

use chiaro::geometry::{Affine, Extent, PatientSide, Plane};
use chiaro::view::SliceCamera;

use crate::desktop::Pixel;
use crate::study::{CASES, SIZE, SPACING_MM};

pub const WINDOW: [u32; 2] = [1280, 800];
pub const DEVICE_CHOICE: Pixel = [348, 750];
/// In the open list of devices: the left end of the first entry, and the last entry.
pub const DEVICE_CHOSEN: Pixel = [305, 663];
pub const DEVICE_CPU: Pixel = [324, 719];
/// Bare panel, which darkens while a dialog is open.
pub const BARE_PANEL: Pixel = [600, 20];

/// Parts of the window: where the voxel under the pointer is told, and where the number of steps is.
pub const UNDER_POINTER: [[u32; 2]; 2] = [[20, 780], [540, 16]];
pub const STEP_NUMBER: [[u32; 2]; 2] = [[1100, 668], [170, 22]];

/// Top left corners and size of the views.
const AXIAL: Pixel = [216, 40];
const CORONAL: Pixel = [625, 40];
const VIEW_SIZE: [f64; 2] = [407.0, 309.0];

/// A place in the row of a case that shows whether it is the chosen one.
pub fn case_row(case: &str) -> Pixel {
    let place = CASES.iter().position(|name| *name == case).unwrap();
    [120, 91 + 32 * i32::try_from(place).unwrap()]
}

/// Where the axial view, fitted, shows a voxel.
pub fn axial(voxel: [f64; 3]) -> Pixel {
    pixel(Plane::Axial, AXIAL, voxel)
}

/// Where the coronal view, fitted, shows a voxel.
pub fn coronal(voxel: [f64; 3]) -> Pixel {
    pixel(Plane::Coronal, CORONAL, voxel)
}

fn pixel(plane: Plane, corner: Pixel, voxel: [f64; 3]) -> Pixel {
    let extent = Extent::from_array(SIZE).unwrap();
    let mut camera = SliceCamera::new(&Affine::from_spacing(SPACING_MM), extent, plane, PatientSide::default());
    camera.fit(VIEW_SIZE);
    let at = camera.screen_from_voxel(voxel, VIEW_SIZE);
    [0, 1].map(|i| corner[i] + at[i].round() as i32)
}

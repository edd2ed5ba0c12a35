//! Reading a compressed volume.

use std::error::Error;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::json;

use super::peak_memory::PeakMemory;
use super::{Outcome, median, print, rounded};
use crate::geometry::{Affine, Extent, Voxel};
use crate::io::{FirstSlice, NiftiGeometry, read_image_showing, write_image};
use crate::view::{FirstLook, WindowLevel};
use crate::volume::{Grid, Image, Voxels};

const RUNS: usize = 5;

pub fn load(file: Option<&Path>, as_json: bool) -> Outcome {
    let folder = std::env::temp_dir().join(format!("chiaro-bench-{}", std::process::id()));
    let path = match file {
        Some(file) => file.to_owned(),
        None => made_volume(&folder)?,
    };
    let measured = measure(&path);
    if file.is_none() {
        std::fs::remove_dir_all(&folder)?;
    }
    let Measured { loaded_ms, first_slice_ms, peak_over_voxel_bytes } = measured?;
    print(
        &json!({
            "loaded_ms": rounded(median(&loaded_ms)),
            "first_slice_ms": rounded(median(&first_slice_ms)),
            "peak_over_voxel_bytes": peak_over_voxel_bytes.map(rounded),
        }),
        as_json,
    )
}

/// Times ascending.
struct Measured {
    /// All voxels and their statistics.
    loaded_ms: Vec<f64>,
    /// Until the window and the grey values of the middle slice are there; of a small volume after all voxels.
    first_slice_ms: Vec<f64>,
    /// Memory that reading took at most, over the bytes of the voxels.
    peak_over_voxel_bytes: Option<f64>,
}

fn measure(path: &Path) -> Result<Measured, Box<dyn Error>> {
    let (mut loaded_ms, mut first_slice_ms, mut voxel_bytes) = (Vec::new(), Vec::new(), 0);
    let peak = PeakMemory::start();
    for _ in 0..RUNS {
        let begin = Instant::now();
        let elapsed_ms = || begin.elapsed().as_secs_f64() * 1e3;
        let mut first_slice = None;
        let image = read_image_showing(path, |FirstSlice { image, index, extent }| {
            black_box(FirstLook::new(&image, extent, index));
            first_slice = Some(elapsed_ms());
        })?
        .image;
        loaded_ms.push(elapsed_ms());
        first_slice_ms.push(first_slice.unwrap_or_else(|| {
            black_box(middle_slice(&image));
            elapsed_ms()
        }));
        voxel_bytes = image.memory_bytes();
    }
    loaded_ms.sort_unstable_by(f64::total_cmp);
    first_slice_ms.sort_unstable_by(f64::total_cmp);
    let over = |mib: f64| mib * f64::from(1 << 20) / voxel_bytes.max(1) as f64;
    let peak_over_voxel_bytes = peak.and_then(|peak| peak.added_mib()).map(over);
    Ok(Measured { loaded_ms, first_slice_ms, peak_over_voxel_bytes })
}

fn middle_slice(image: &Image) -> Vec<f64> {
    let (window, extent) = (WindowLevel::auto(image), image.extent());
    let row = |y| (0..extent.x()).map(move |x| Voxel::new(x, y, extent.z() / 2));
    (0..extent.y()).flat_map(row).map(|v| window.grey(image.intensity(v))).collect()
}

/// 101 MB of int16 that pack to about 69 MB: noise over slopes, as in a CT. `benches/peers/load.py` makes the same voxels.
fn made_volume(folder: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let extent = Extent::new(512, 512, 193).ok_or("extent")?;
    let intensity = |v: Voxel| noise(extent.index(v) as u32) + ((v.x / 8 + v.y / 8 + v.z) * 4) as i16 - 1000;
    let image = Image::new(Voxels::I16(Grid::from_fn(extent, intensity)), 1.0, 0.0, Affine::identity());
    let geometry = NiftiGeometry::from_affine(extent, image.affine, image.voxels.voxel_type());
    std::fs::create_dir_all(folder)?;
    let path = folder.join("volume.nii.gz");
    write_image(&path, &image, &geometry)?;
    Ok(path)
}

/// The sum of two numbers from 0 to 127, scattered by the index of the voxel.
fn noise(index: u32) -> i16 {
    let mut hash = index.wrapping_mul(2_654_435_761);
    hash ^= hash >> 15;
    hash = hash.wrapping_mul(2_246_822_519);
    hash ^= hash >> 13;
    ((hash >> 25) + ((hash >> 18) & 127)) as i16
}

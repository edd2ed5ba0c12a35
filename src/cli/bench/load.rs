//! Reading a compressed volume.

use std::error::Error;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::{Outcome, median, print, rounded, times_ms};
use crate::geometry::{Affine, Extent};
use crate::io::{NiftiGeometry, read_image, write_image};
use crate::volume::{Grid, Image, Voxels};

pub fn load(file: Option<&Path>, as_json: bool) -> Outcome {
    let folder = std::env::temp_dir().join(format!("chiaro-bench-{}", std::process::id()));
    let path = match file {
        Some(file) => file.to_owned(),
        None => made_volume(&folder)?,
    };
    let times = times_ms(5, || {
        read_image(&path)?;
        Ok(())
    });
    if file.is_none() {
        std::fs::remove_dir_all(&folder)?;
    }
    print(&json!({ "load_p50_ms": rounded(median(&times?)) }), as_json)
}

fn made_volume(folder: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let extent = Extent::new(256, 256, 200).ok_or("extent")?;
    // Noise in the low bits, as scanners have: compresses to about half.
    let grid = Grid::from_fn(extent, |v| ((v.x * 31 + v.y * 17 + v.z * 7) % 97 + (v.x / 8 + v.y / 8) * 10) as i16);
    let image = Image::new(Voxels::I16(grid), 1.0, 0.0, Affine::identity());
    let geometry = NiftiGeometry::from_affine(extent, image.affine, image.voxels.voxel_type());
    std::fs::create_dir_all(folder)?;
    let path = folder.join("volume.nii.gz");
    write_image(&path, &image, &geometry)?;
    Ok(path)
}

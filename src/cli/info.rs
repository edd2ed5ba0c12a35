//! `chiaro info FILE`: the geometry passport of a volume.

use std::error::Error;
use std::fmt;
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use crate::geometry::{Affine, Orientation};
use crate::io::{AffineSource, LoadedImage, NiftiVersion, read_image};

const PERCENTS: [f64; 7] = [0.5, 1.0, 5.0, 50.0, 95.0, 99.0, 99.5];

/// Prints the passport of `file` to stdout, as aligned text or as one JSON object.
///
/// # Errors
/// A file that cannot be read, or an output that cannot be written.
pub fn run(file: &Path, json: bool) -> Result<(), Box<dyn Error>> {
    let passport = Passport::new(&read_image(file)?);
    let mut out = io::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, &passport)?;
        writeln!(out)?;
    } else {
        write!(out, "{passport}")?;
    }
    Ok(())
}

/// What the file says and how it is understood. Matrices are 4x4, world (RAS mm) from voxel.
#[derive(Debug, Serialize)]
struct Passport {
    format: &'static str,
    /// As stored, with frames.
    shape: Vec<usize>,
    /// The first frame.
    volume_shape: [usize; 3],
    dtype: &'static str,
    spacing_mm: [f64; 3],
    orientation: String,
    affine: [[f64; 4]; 4],
    affine_source: &'static str,
    sform_code: i16,
    qform_code: i16,
    sform: Option<[[f64; 4]; 4]>,
    qform: Option<[[f64; 4]; 4]>,
    /// At the corner voxel where sform and qform differ most.
    disagreement_mm: Option<f64>,
    slope: f64,
    intercept: f64,
    /// Smallest and largest finite intensity after rescaling.
    range: [f64; 2],
    percentiles: Vec<Percentile>,
    non_finite_voxels: usize,
    memory_bytes: usize,
    notices: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Percentile {
    percent: f64,
    intensity: f64,
}

impl Passport {
    fn new(loaded: &LoadedImage) -> Self {
        let (header, image) = (&loaded.header, &loaded.image);
        let statistics = image.statistics();
        let percentile = |percent| Percentile { percent, intensity: statistics.percentile(percent) };
        Self {
            format: match header.version {
                NiftiVersion::Analyze => "ANALYZE 7.5",
                NiftiVersion::Nifti1 => "NIfTI-1",
                NiftiVersion::Nifti2 => "NIfTI-2",
            },
            shape: header.file_shape.clone(),
            volume_shape: header.extent.to_array(),
            dtype: header.stored_type.name(),
            spacing_mm: header.spacing_mm,
            orientation: Orientation::from_affine(&header.affine).code(),
            affine: square(&header.affine),
            affine_source: header.affine_source.name(),
            sform_code: header.sform_code,
            qform_code: header.qform_code,
            sform: header.sform.as_ref().map(square),
            qform: header.qform.as_ref().map(square),
            disagreement_mm: header.disagreement_mm,
            slope: image.slope,
            intercept: image.intercept,
            range: [statistics.min, statistics.max],
            percentiles: PERCENTS.map(percentile).into(),
            non_finite_voxels: image.extent().voxel_count() - statistics.finite_count,
            memory_bytes: image.memory_bytes(),
            notices: loaded.notices.clone(),
        }
    }
}

impl fmt::Display for Passport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field_of_view: [f64; 3] = std::array::from_fn(|a| self.volume_shape[a] as f64 * self.spacing_mm[a]);
        let mut row = |name: &str, value: String| writeln!(f, "{name:<15} {value}");
        row("Format", self.format.to_owned())?;
        row("Shape", format!("{} voxels", times(&self.shape, 0)))?;
        row("Type", self.dtype.to_owned())?;
        row("Voxel size", format!("{} mm", times(&self.spacing_mm, 4)))?;
        row("Field of view", format!("{} mm", field_of_view.map(short).join(" × ")))?;
        row("Orientation", format!("{} (where x, y and z increase)", self.orientation))?;
        row("Affine in use", self.affine_source.to_owned())?;
        for matrix_row in self.affine.iter().take(3) {
            row("", matrix_row.map(|c| format!("{c:>12.5}")).concat())?;
        }
        row("sform", form(self.sform_code, self.sform.is_some(), self.affine_source == AffineSource::Sform.name()))?;
        row("qform", form(self.qform_code, self.qform.is_some(), self.affine_source == AffineSource::Qform.name()))?;
        row(
            "Disagreement",
            self.disagreement_mm.map_or("none to compare".into(), |mm| format!("{mm:.3} mm at the far corner")),
        )?;
        row("Scaling", scaling(self.slope, self.intercept))?;
        row("Range", format!("{} to {}", short(self.range[0]), short(self.range[1])))?;
        for p in &self.percentiles {
            row(&format!("{:>5} % below", p.percent), short(p.intensity))?;
        }
        if self.non_finite_voxels > 0 {
            row("Not a number", format!("{} voxels", self.non_finite_voxels))?;
        }
        row("Memory", memory(self.memory_bytes))?;
        self.notices.iter().try_for_each(|notice| row("Note", notice.clone()))
    }
}

fn square(affine: &Affine) -> [[f64; 4]; 4] {
    let [x, y, z] = affine.rows;
    [x, y, z, [0.0, 0.0, 0.0, 1.0]]
}

fn times<T: fmt::Display>(numbers: &[T], decimals: usize) -> String {
    let texts: Vec<String> = numbers.iter().map(|n| format!("{n:.decimals$}")).collect();
    texts.join(" × ")
}

fn scaling(slope: f64, intercept: f64) -> String {
    if (slope, intercept) == (1.0, 0.0) { "none".to_owned() } else { format!("{slope} × stored + {intercept}") }
}

fn memory(bytes: usize) -> String {
    let kib = bytes as f64 / 1024.0;
    if kib < 1024.0 { format!("{kib:.1} KiB") } else { format!("{:.1} MiB", kib / 1024.0) }
}

/// At most six digits; very large and very small numbers with an exponent.
fn short(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-3..1e7).contains(&size) {
        return format!("{value:.3e}");
    }
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The meaning of a form code and whether it is used.
fn form(code: i16, usable: bool, used: bool) -> String {
    let meaning = match code {
        ..=0 => return "absent".to_owned(),
        1 => "scanner",
        2 => "aligned to another volume",
        3 => "Talairach",
        4 => "MNI 152",
        5 => "template",
        _ => "unknown space",
    };
    let note = if used {
        ", used"
    } else if usable {
        ""
    } else {
        ", not a valid matrix"
    };
    format!("{meaning} (code {code}){note}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Extent;
    use crate::io::NiftiGeometry;
    use crate::volume::{Grid, Image, VoxelType, Voxels};

    fn passport() -> Passport {
        let extent = Extent::new(2, 3, 4).unwrap();
        let header = NiftiGeometry::from_affine(extent, Affine::from_spacing([-1.0, 1.5, 2.0]), VoxelType::F32);
        let voxels = Grid::from_fn(extent, |v| if v.z == 3 { f32::NAN } else { v.x as f32 });
        let image = Image::new(Voxels::F32(voxels), 2.0, 10.0, header.affine);
        Passport::new(&LoadedImage { image, header, notices: vec!["Something to know.".to_owned()] })
    }

    #[test]
    fn json_has_the_documented_keys_and_no_null_numbers() {
        let json = serde_json::to_value(passport()).unwrap();
        let keys = "shape dtype spacing_mm orientation affine affine_source sform_code qform_code disagreement_mm slope intercept range";
        for key in keys.split(' ') {
            assert!(json.get(key).is_some(), "{key}");
        }
        assert_eq!(json["shape"], serde_json::json!([2, 3, 4]));
        assert_eq!(json["orientation"], "LAS");
        assert_eq!(json["range"], serde_json::json!([10.0, 12.0]));
        assert_eq!(json["non_finite_voxels"], 6);
        assert_eq!(json["affine"][3], serde_json::json!([0.0, 0.0, 0.0, 1.0]));
    }

    #[test]
    fn text_shows_geometry_in_mm_and_every_notice() {
        let text = passport().to_string();
        for words in ["2 × 3 × 4 voxels", "1.0000 × 1.5000 × 2.0000 mm", "LAS", "sform", "Something to know."] {
            assert!(text.contains(words), "{words}: {text}");
        }
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!([0.0, -610.0, 0.5, 1e30, 1.25e-5].map(short), ["0", "-610", "0.5", "1.000e30", "1.250e-5"]);
    }
}

//! Calibration of exported probabilities against the truth, for `chiaro evaluate`.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::ser::{Serialize, SerializeMap, Serializer};
use thiserror::Error;

use crate::io::{GridMismatch, IoError, LoadedMask, check_same_grid, read_image};
use crate::label::{ProbabilityKind, boundary_band};
use crate::metrics::Reliability;

/// Voxels on both sides of the true and the predicted surfaces that count; far away from them everything is certain,
/// which would make any probability look calibrated.
const BAND_VOXELS: f32 = 5.0;

/// Above 1 by no more than what rounding in a file can do.
const MOST: f64 = 1.0 + 1e-4;

#[derive(Debug, Error)]
pub enum CalibrationError {
    #[error("{} does not lie on the grid of its truth; export it again: {source}", name(path))]
    Grid { path: PathBuf, source: GridMismatch },
    #[error("{} holds {value}, which is no probability; export it again or move it away", name(path))]
    NotProbability { path: PathBuf, value: f64 },
    #[error(transparent)]
    File(#[from] IoError),
}

/// What was said about the displayed label in the band, all cases pooled, per kind of probability.
#[derive(Debug, Default)]
pub struct Calibration {
    by_kind: BTreeMap<ProbabilityKind, Pooled>,
}

#[derive(Debug, Default)]
struct Pooled {
    reliability: Reliability,
    cases: usize,
}

/// `CASE.KIND.nii.gz` beside the mask of a case.
fn probability_path(mask: &Path, case: &str, kind: ProbabilityKind) -> PathBuf {
    mask.with_file_name(format!("{case}.{}.nii.gz", kind.name()))
}

/// The case whose probabilities a file name (without extension) would hold; `None` for other names.
pub fn case_of_probability(name: &str) -> Option<&str> {
    ProbabilityKind::ALL.iter().find_map(|kind| name.strip_suffix(kind.name())?.strip_suffix('.'))
}

impl Calibration {
    /// Adds a case with whatever probabilities lie beside its predicted mask.
    pub fn add_case(
        &mut self,
        case: &str,
        mask: &Path,
        predicted: &LoadedMask,
        truth: &LoadedMask,
    ) -> Result<(), CalibrationError> {
        let paths = ProbabilityKind::ALL.map(|kind| (kind, probability_path(mask, case, kind)));
        let present: Vec<_> = paths.into_iter().filter(|(_, path)| path.is_file()).collect();
        if present.is_empty() {
            return Ok(());
        }
        let band = boundary_band(&[&predicted.class, &truth.class], truth.header.extent, BAND_VOXELS);
        let labels = predicted.class.as_slice().iter().zip(truth.class.as_slice());
        let in_band = labels.enumerate().zip(band.as_slice()).filter(|(_, inside)| **inside);
        let is_right: Vec<(usize, bool)> = in_band.map(|((at, (shown, truth)), _)| (at, shown == truth)).collect();
        for (kind, path) in present {
            let pooled = self.by_kind.entry(kind).or_default();
            pooled.reliability.accumulate(&reliability(&path, truth, &is_right)?);
            pooled.cases += 1;
        }
        Ok(())
    }

    /// One block, and the kind with the lowest ECE where there are several; nothing without probabilities.
    pub fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.by_kind.is_empty() {
            return Ok(());
        }
        writeln!(out, "\nprobability of the shown class, up to {BAND_VOXELS} voxels from a surface, cases pooled")?;
        writeln!(out, "{:8}{:>10}{:>10}{:>10}{:>10}{:>12}", "", "ECE", "Brier", "NLL", "cases", "voxels")?;
        for (kind, Pooled { reliability: r, cases }) in &self.by_kind {
            let [ece, brier, nll] = [r.ece(), r.brier(), r.nll()].map(score_cell);
            writeln!(out, "{:8}{ece}{brier}{nll}{cases:>10}{:>12}", kind.name(), r.count())?;
        }
        match self.best() {
            Some(kind) if self.by_kind.len() > 1 => writeln!(out, "lowest ECE: {}", kind.name()),
            _ => Ok(()),
        }
    }

    fn best(&self) -> Option<ProbabilityKind> {
        let scored = self.by_kind.iter().filter_map(|(kind, pooled)| Some((*kind, pooled.reliability.ece()?)));
        scored.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(kind, _)| kind)
    }
}

/// Keys `ece_KIND`, `brier_KIND`, `nll_KIND`, `reliability_KIND` and the pooled numbers of voxels and cases.
impl Serialize for Calibration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (kind, Pooled { reliability: r, cases }) in &self.by_kind {
            let key = |what: &str| format!("{what}_{}", kind.name());
            map.serialize_entry(&key("ece"), &r.ece())?;
            map.serialize_entry(&key("brier"), &r.brier())?;
            map.serialize_entry(&key("nll"), &r.nll())?;
            map.serialize_entry(&key("reliability"), &r.bins())?;
            map.serialize_entry(&key("band_voxels"), &r.count())?;
            map.serialize_entry(&key("calibration_cases"), cases)?;
        }
        map.end()
    }
}

/// Of the voxels at the given indices.
fn reliability(path: &Path, truth: &LoadedMask, is_right: &[(usize, bool)]) -> Result<Reliability, CalibrationError> {
    let loaded = read_image(path)?;
    check_same_grid(&truth.header, &loaded.header)
        .map_err(|source| CalibrationError::Grid { path: path.into(), source })?;
    let mut reliability = Reliability::default();
    for &(at, is_right) in is_right {
        let value = loaded.image.intensity_at(at);
        if !(0.0..=MOST).contains(&value) {
            return Err(CalibrationError::NotProbability { path: path.into(), value });
        }
        reliability.record(value, is_right);
    }
    Ok(reliability)
}

fn score_cell(score: Option<f64>) -> String {
    score.map_or_else(|| format!("{:>10}", "-"), |s| format!("{s:>10.4}"))
}

/// What messages call a file.
fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Affine, Extent};
    use crate::io::{NiftiGeometry, read_mask, write_mask, write_probability};
    use crate::volume::{Grid, VoxelType};

    const X: usize = 20;

    fn line(value: impl Fn(usize) -> u8) -> (Grid<u8>, NiftiGeometry) {
        let extent = Extent::new(X, 1, 1).unwrap();
        let geometry = NiftiGeometry::from_affine(extent, Affine::from_spacing([2.0, 1.0, 1.0]), VoxelType::U8);
        (Grid::from_fn(extent, |v| value(v.x)), geometry)
    }

    fn mask(path: &Path, value: impl Fn(usize) -> u8) -> LoadedMask {
        let (grid, geometry) = line(value);
        write_mask(path, &grid, &geometry).unwrap();
        read_mask(path).unwrap()
    }

    fn probability(path: &Path, value: impl Fn(usize) -> u8) {
        let (grid, geometry) = line(value);
        write_probability(path, &grid, &geometry).unwrap();
    }

    #[test]
    fn only_the_band_counts_and_cases_are_pooled() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(format!("{name}.nii.gz"));
        // Surfaces at x = 4 (shown) and 5 (true): the band is x <= 10, and one of its 11 voxels is wrong on each side.
        let (shown, truth) = (mask(&at("a"), |x| u8::from(x == 4)), mask(&at("truth"), |x| u8::from(x == 5)));
        probability(&at("a.mean"), |x| if x <= 10 { 204 } else { 0 });
        probability(&at("a.np"), |x| if x == 4 || x == 5 { 0 } else { 255 });
        let mut calibration = Calibration::default();
        calibration.add_case("a", &at("a"), &shown, &truth).unwrap();
        calibration.add_case("b", &at("b"), &shown, &truth).unwrap();
        let json = serde_json::to_value(&calibration).unwrap();
        // All 11 voxels of the mean say 0.8 and 9 of them are right; those of np tell right from wrong.
        assert!((json["ece_mean"].as_f64().unwrap() - (9.0 / 11.0 - 0.8)).abs() < 1e-6, "{json}");
        assert!(json["ece_np"].as_f64().unwrap() < 1e-5);
        assert_eq!((&json["band_voxels_mean"], &json["calibration_cases_mean"]), (&11.into(), &1.into()));
        assert_eq!(
            (&json["reliability_mean"][8]["count"], &json["reliability_mean"][9]["count"]),
            (&11.into(), &0.into())
        );
        assert!(json.get("ece_scaled").is_none());
        calibration.add_case("a", &at("a"), &shown, &truth).unwrap();
        assert_eq!(serde_json::to_value(&calibration).unwrap()["band_voxels_mean"], 22);
        let mut text = Vec::new();
        calibration.print(&mut text).unwrap();
        assert!(String::from_utf8(text).unwrap().ends_with("lowest ECE: np\n"));
    }

    #[test]
    fn other_numbers_than_probabilities_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(format!("{name}.nii.gz"));
        let shown = mask(&at("a"), |x| u8::from(x == 4));
        mask(&at("a.mean"), |_| 255);
        let refused = Calibration::default().add_case("a", &at("a"), &shown, &shown).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "a.mean.nii.gz holds 255, which is no probability; export it again or move it away"
        );
    }

    #[test]
    fn names_of_probabilities_are_told_from_names_of_cases() {
        assert_eq!(case_of_probability("a.b.np"), Some("a.b"));
        assert_eq!(case_of_probability("a.scaled"), Some("a"));
        assert_eq!((case_of_probability("amean"), case_of_probability("mean.a")), (None, None));
    }
}

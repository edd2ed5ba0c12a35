//! `chiaro evaluate`: predicted masks scored against true ones, paired by file name.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use thiserror::Error;

use super::calibration::{Calibration, CalibrationError};
use super::mask_folder::{foreground_classes, has_unknown_voxels, masks_by_case};
use crate::io::{GridMismatch, IoError, LoadedMask, check_same_grid, read_mask};
use crate::label::ClassId;
use crate::metrics::{CaseScores, ClassScores, MetricsError, Statistic, Summary, SurfaceDistances, evaluate_case};

#[derive(Debug, Error)]
pub enum EvaluateError {
    #[error("the folder {} cannot be read; check that it exists and may be opened", path.display())]
    Folder { path: PathBuf, source: io::Error },
    #[error("{} and {} have no complete case in common; check that the files have the same names", prediction.display(), truth.display())]
    NothingInCommon { prediction: PathBuf, truth: PathBuf },
    #[error("the true masks hold no class but background, so there is nothing to score")]
    NoClass,
    #[error("case {case} cannot be scored (the prediction is compared with the truth as its image): {source}")]
    Grid { case: String, source: GridMismatch },
    #[error("case {case} cannot be scored")]
    Scores { case: String, source: MetricsError },
    #[error(transparent)]
    Calibration(#[from] CalibrationError),
    #[error(transparent)]
    File(#[from] IoError),
    #[error("the result cannot be written")]
    Output(#[from] io::Error),
}

/// Scores every case that is in both folders and prints a table, or one JSON object, to stdout. The classes are those
/// of the true masks. What could not be scored is listed on stderr.
pub fn run(prediction: &Path, truth: &Path, json: bool) -> Result<(), EvaluateError> {
    let evaluation = Evaluation::of_folders(prediction, truth)?;
    evaluation.print_left_out(&mut io::stderr().lock())?;
    let mut out = io::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, &evaluation).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        evaluation.print_table(&mut out)?;
    }
    Ok(())
}

#[derive(Debug, Serialize)]
struct Evaluation {
    #[serde(flatten)]
    summary: Summary,
    /// Of the probabilities that lie beside the masks.
    #[serde(flatten)]
    calibration: Calibration,
    per_case: Vec<NamedScores>,
    /// Cases with a true mask but no prediction.
    without_prediction: Vec<String>,
    /// Cases with a prediction but no true mask.
    without_truth: Vec<String>,
    /// Cases of a project whose labels still have unknown voxels; nothing is scored against those.
    incomplete_truth: Vec<String>,
}

#[derive(Debug, Serialize)]
struct NamedScores {
    case: String,
    mean_dice: Option<f64>,
    #[serde(flatten)]
    scores: CaseScores,
}

impl Evaluation {
    fn of_folders(prediction: &Path, truth: &Path) -> Result<Self, EvaluateError> {
        let (predicted, mut true_masks) = (masks_by_case(prediction)?, masks_by_case(truth)?);
        let missing_in = |there: &BTreeMap<String, PathBuf>, here: &BTreeMap<String, PathBuf>| -> Vec<String> {
            here.keys().filter(|case| !there.contains_key(*case)).cloned().collect()
        };
        let (without_prediction, without_truth) =
            (missing_in(&predicted, &true_masks), missing_in(&true_masks, &predicted));
        true_masks.retain(|case, _| predicted.contains_key(case));
        let mut incomplete_truth = Vec::new();
        for (case, path) in &true_masks {
            if has_unknown_voxels(case, path)? {
                incomplete_truth.push(case.clone());
            }
        }
        true_masks.retain(|case, _| !incomplete_truth.contains(case));
        if true_masks.is_empty() {
            return Err(EvaluateError::NothingInCommon { prediction: prediction.into(), truth: truth.into() });
        }
        let classes = foreground_classes(true_masks.values())?;
        let (mut per_case, mut calibration) = (Vec::new(), Calibration::default());
        for (case, true_path) in true_masks {
            let Some(predicted_path) = predicted.get(&case) else { continue };
            let (predicted, truth) = (read_mask(predicted_path)?, read_mask(&true_path)?);
            let scores = score_case(&case, &predicted, &truth, &classes)?;
            calibration.add_case(&case, predicted_path, &predicted, &truth)?;
            per_case.push(NamedScores { case, mean_dice: scores.mean_dice(), scores });
        }
        let summary = Summary::of(per_case.iter().map(|c| &c.scores));
        Ok(Self { summary, calibration, per_case, without_prediction, without_truth, incomplete_truth })
    }

    fn print_left_out(&self, out: &mut dyn Write) -> io::Result<()> {
        let lists = [
            ("no prediction for", &self.without_prediction),
            ("no true mask for", &self.without_truth),
            ("not scored, because the true labels still have unknown voxels:", &self.incomplete_truth),
        ];
        for (what, cases) in lists.into_iter().filter(|(_, cases)| !cases.is_empty()) {
            writeln!(out, "{what} {}", cases.join(", "))?;
        }
        Ok(())
    }

    fn print_table(&self, out: &mut dyn Write) -> io::Result<()> {
        let width = self.per_case.iter().map(|c| c.case.chars().count()).max().unwrap_or(0).max(8);
        let head = ["Dice", "Jaccard", "HD95 mm", "ASD mm", "ASSD mm", "ml", "true ml"];
        writeln!(out, "{:width$} class {}", "case", head.map(|h| format!("{h:>17}")).concat())?;
        for case in &self.per_case {
            for class in &case.scores.classes {
                writeln!(out, "{:width$} {:>5} {}", case.case, class.class, cells(class).concat())?;
            }
        }
        writeln!(out, "\nmean ± standard deviation over cases (distances over the cases that have one)")?;
        for class in &self.summary.per_class {
            let values = [class.dice, class.jaccard, class.hd95_mm, class.asd_mm, class.assd_mm];
            let name = format!("n = {}", class.case_count);
            writeln!(out, "{name:width$} {:>5} {}", class.class, values.map(statistic_cell).concat())?;
            let (no_prediction, no_truth) = (class.empty_prediction_count, class.empty_truth_count);
            if no_prediction + no_truth + class.both_empty_count > 0 {
                let both = class.both_empty_count;
                writeln!(
                    out,
                    "{:width$}       empty: {no_prediction} only predicted so, {no_truth} only in truth, {both} both (Dice 1)",
                    ""
                )?;
            }
        }
        if let Some(dice) = self.summary.mean_dice {
            writeln!(out, "\nmean Dice of the foreground classes: {dice:.4}")?;
        }
        self.calibration.print(out)
    }
}

fn cells(class: &ClassScores) -> [String; 7] {
    let distance = |value: fn(&SurfaceDistances) -> f64| match &class.distances_mm {
        Some(d) => format!("{:>17.3}", value(d)),
        None => format!("{:>17}", "-"),
    };
    [
        format!("{:>17.4}", class.dice),
        format!("{:>17.4}", class.jaccard),
        distance(|d| d.hd95),
        distance(|d| d.asd),
        distance(|d| d.assd),
        format!("{:>17.3}", class.prediction_ml),
        format!("{:>17.3}", class.truth_ml),
    ]
}

fn statistic_cell(statistic: Option<Statistic>) -> String {
    match statistic {
        Some(Statistic { mean, sd: Some(sd), .. }) => format!("{:>17}", format!("{mean:.3} ± {sd:.3}")),
        Some(Statistic { mean, sd: None, .. }) => format!("{mean:>17.3}"),
        None => format!("{:>17}", "-"),
    }
}

fn score_case(
    case: &str,
    predicted: &LoadedMask,
    truth: &LoadedMask,
    classes: &[ClassId],
) -> Result<CaseScores, EvaluateError> {
    check_same_grid(&truth.header, &predicted.header)
        .map_err(|source| EvaluateError::Grid { case: case.to_owned(), source })?;
    evaluate_case(&predicted.class, &truth.class, truth.header.spacing_mm, classes)
        .map_err(|source| EvaluateError::Scores { case: case.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Affine, Extent};
    use crate::io::{NiftiGeometry, write_mask};
    use crate::volume::{Grid, VoxelType};

    struct Folders {
        _root: tempfile::TempDir,
        prediction: PathBuf,
        truth: PathBuf,
    }

    fn folders() -> Folders {
        let root = tempfile::tempdir().unwrap();
        let (prediction, truth) = (root.path().join("pred"), root.path().join("truth"));
        std::fs::create_dir(&prediction).unwrap();
        std::fs::create_dir(&truth).unwrap();
        Folders { _root: root, prediction, truth }
    }

    fn write(folder: &Path, name: &str, values: [u8; 4], spacing_mm: [f64; 3]) {
        let extent = Extent::new(4, 1, 1).unwrap();
        let geometry = NiftiGeometry::from_affine(extent, Affine::from_spacing(spacing_mm), VoxelType::U8);
        let class = Grid::from_vec(extent, values.to_vec()).unwrap();
        write_mask(&folder.join(format!("{name}.nii.gz")), &class, &geometry).unwrap();
    }

    #[test]
    fn cases_of_both_folders_are_scored_and_the_others_listed() {
        let f = folders();
        write(&f.prediction, "a", [1, 1, 0, 0], [2.0, 1.0, 1.0]);
        write(&f.truth, "a", [1, 1, 1, 1], [2.0, 1.0, 1.0]);
        write(&f.prediction, "b", [0, 2, 0, 0], [1.0; 3]);
        write(&f.truth, "b", [0, 2, 0, 0], [1.0; 3]);
        write(&f.prediction, "only predicted", [0; 4], [1.0; 3]);
        write(&f.truth, "only true", [7; 4], [1.0; 3]);
        let e = Evaluation::of_folders(&f.prediction, &f.truth).unwrap();
        assert_eq!(e.per_case.iter().map(|c| c.case.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        // Class 7 occurs in no scored truth. a: 2/3 and both empty; b: both empty and 1.
        assert_eq!(e.summary.per_class.iter().map(|c| c.class).collect::<Vec<_>>(), [1, 2]);
        assert!((e.summary.mean_dice.unwrap() - (4.0 / 6.0 + 3.0) / 4.0).abs() < 1e-12);
        // The predicted voxels lie on the truth; back the distances are 0, 0, 2 and 4 mm.
        let d = e.per_case[0].scores.classes[0].distances_mm.unwrap();
        assert_eq!((d.asd, d.assd), (0.0, 0.75));
        assert_eq!((e.without_prediction, e.without_truth), (vec!["only true".into()], vec!["only predicted".into()]));
    }

    #[test]
    fn json_has_the_promised_keys_and_the_table_every_case() {
        let f = folders();
        write(&f.prediction, "a", [1, 1, 0, 0], [1.0; 3]);
        write(&f.truth, "a", [1, 1, 0, 0], [1.0; 3]);
        let e = Evaluation::of_folders(&f.prediction, &f.truth).unwrap();
        let json = serde_json::to_value(&e).unwrap();
        assert_eq!(json["mean_dice"], 1.0);
        assert_eq!(json["per_class"][0]["dice"]["mean"], 1.0);
        assert_eq!(
            (&json["per_case"][0]["case"], &json["per_case"][0]["classes"][0]["class"]),
            (&"a".into(), &1.into())
        );
        let mut table = Vec::new();
        e.print_table(&mut table).unwrap();
        let table = String::from_utf8(table).unwrap();
        assert!(table.contains("mean Dice of the foreground classes: 1.0000") && table.contains("\na "), "{table}");
    }

    #[test]
    fn labels_with_unknown_voxels_are_never_scored() {
        let f = folders();
        for case in ["a", "b"] {
            write(&f.prediction, case, [1, 1, 0, 0], [1.0; 3]);
            write(&f.truth, case, [1, 1, 0, 0], [1.0; 3]);
        }
        write(&f.truth, "a.origin", [1, 3, 1, 2], [1.0; 3]);
        write(&f.truth, "b.origin", [1, 1, 0, 0], [1.0; 3]);
        let e = Evaluation::of_folders(&f.prediction, &f.truth).unwrap();
        assert_eq!((e.per_case.len(), e.incomplete_truth), (1, vec!["b".to_owned()]));
        assert!(e.without_prediction.is_empty());
    }

    #[test]
    fn probabilities_beside_a_mask_are_scored_and_never_taken_for_masks() {
        let f = folders();
        for case in ["a", "lonely.mean"] {
            write(&f.prediction, case, [1, 1, 0, 0], [1.0; 3]);
            write(&f.truth, case, [1, 1, 0, 0], [1.0; 3]);
        }
        write(&f.prediction, "a.scaled", [1, 1, 0, 0], [1.0; 3]);
        let e = Evaluation::of_folders(&f.prediction, &f.truth).unwrap();
        assert_eq!(e.per_case.iter().map(|c| c.case.as_str()).collect::<Vec<_>>(), ["a", "lonely.mean"]);
        assert!(e.without_truth.is_empty());
        // Two voxels say 1 and two say 0, and all four are right.
        let ece = serde_json::to_value(&e).unwrap()["ece_scaled"].as_f64().unwrap();
        assert!((ece - 0.5).abs() < 1e-5, "{ece}");
    }

    #[test]
    fn another_grid_and_folders_without_a_common_case_are_refused() {
        let f = folders();
        write(&f.prediction, "a", [1; 4], [1.0; 3]);
        let nothing = Evaluation::of_folders(&f.prediction, &f.truth).unwrap_err();
        assert!(matches!(nothing, EvaluateError::NothingInCommon { .. }));
        write(&f.truth, "a", [1; 4], [1.0, 1.0, 3.0]);
        write(&f.truth, "a", [1; 4], [3.0, 1.0, 1.0]);
        let moved = Evaluation::of_folders(&f.prediction, &f.truth).unwrap_err();
        assert!(moved.to_string().starts_with("case a cannot be scored"), "{moved}");
        write(&f.truth, "a", [0; 4], [1.0; 3]);
        assert!(matches!(Evaluation::of_folders(&f.prediction, &f.truth), Err(EvaluateError::NoClass)));
        let missing = Evaluation::of_folders(&f.prediction, &f.truth.join("none")).unwrap_err();
        assert!(matches!(missing, EvaluateError::Folder { .. }));
    }
}

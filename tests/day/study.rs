//! A study of two rods: what one stroke of the ball brush paints is what the networks have to find.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::desktop::Desktop;
use crate::nifti1::Nifti1;

pub const SIZE: [usize; 3] = [32, 32, 16];
pub const SPACING_MM: [f64; 3] = [1.0, 1.0, 1.5];
/// Of the rods, and of the brush as the program starts.
pub const RADIUS_MM: f64 = 3.0;
/// Labelled before the day begins, and used for training.
const LABELLED: [&str; 2] = ["case_1", "case_2"];
/// Shown first, because it is the first one that is not done.
pub const FIRST_OPEN: &str = "case_3";
pub const HELD_OUT: &str = "case_6";
pub const CASES: [&str; 6] = ["case_1", "case_2", FIRST_OPEN, "case_4", "case_5", HELD_OUT];

/// The axis of a rod, from voxel to voxel.
#[derive(Clone, Copy, Debug)]
pub struct Rod {
    pub from: [f64; 3],
    pub to: [f64; 3],
}

/// A project folder beside the images it was made from.
pub struct Study {
    pub dir: PathBuf,
    images: PathBuf,
}

/// Class 1 along x in the axial slice shown first, class 2 along z in the coronal one; no two cases are alike.
pub fn rods(case: &str) -> [Rod; 2] {
    let place = CASES.iter().position(|name| *name == case).unwrap();
    let shift = [1.0, -1.0, 0.0, 1.0, -1.0, 0.0][place];
    let long = [2.0, 0.0, 1.0, 1.0, 0.0, 2.0][place];
    [
        Rod { from: [7.0 - long, 7.0 + shift, 8.0], to: [22.0 + long, 7.0 + shift, 8.0] },
        Rod { from: [20.0 - shift, 16.0, 4.0], to: [20.0 - shift, 16.0, 11.0] },
    ]
}

impl Rod {
    /// From the centre of a voxel to the axis.
    pub fn distance_mm(&self, voxel: [usize; 3]) -> f64 {
        let along: [f64; 3] = std::array::from_fn(|a| (self.to[a] - self.from[a]) * SPACING_MM[a]);
        let away: [f64; 3] = std::array::from_fn(|a| (voxel[a] as f64 - self.from[a]) * SPACING_MM[a]);
        let dot = |u: [f64; 3], v: [f64; 3]| (0..3).map(|a| u[a] * v[a]).sum::<f64>();
        let share = (dot(along, away) / dot(along, along)).clamp(0.0, 1.0);
        let rest: [f64; 3] = std::array::from_fn(|a| away[a] - share * along[a]);
        dot(rest, rest).sqrt()
    }
}

impl Study {
    /// Writes the files and lets the program make a project of them.
    pub fn make(desktop: &Desktop, folder: &Path) -> Self {
        let study = Self { dir: folder.join("study"), images: folder.join("scans") };
        let (labels, held_out) = (folder.join("masks"), folder.join("held_out.txt"));
        fs::create_dir(&study.images).unwrap();
        fs::create_dir(&labels).unwrap();
        fs::write(&held_out, HELD_OUT).unwrap();
        for case in CASES {
            let truth = truth(case);
            let image = image(case, &truth);
            image.write_gz(&study.image_path(case));
            if LABELLED.contains(&case) || case == HELD_OUT {
                image.mask(&truth).write_gz(&labels.join(format!("{case}.nii.gz")));
            }
        }
        let [dir, images, labels, held_out] =
            [&study.dir, &study.images, &labels, &held_out].map(|path| path.to_str().unwrap());
        desktop.run(&["init", dir, "--images", images, "--labels", labels, "--held-out", held_out]);
        study
    }

    pub fn image_path(&self, case: &str) -> PathBuf {
        self.images.join(format!("{case}.nii.gz"))
    }

    /// How often the audit log tells of an event, in a case or at all.
    pub fn count(&self, event: &str, case: Option<&str>) -> usize {
        let text = fs::read_to_string(self.dir.join("audit.jsonl")).unwrap_or_default();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter(|line| line["event"] == event && case.is_none_or(|case| line["case"] == case)).count()
    }

    pub fn has_label_file(&self, case: &str) -> bool {
        self.dir.join("labels").join(format!("{case}.nii.gz")).exists()
    }

    pub fn run_dir(&self) -> PathBuf {
        self.dir.join("models/001-dual-confidence-np")
    }

    /// The last step that the run has noted.
    pub fn steps(&self) -> u64 {
        let last = self.metrics().lines().last().and_then(|line| line.split(',').next()?.parse().ok());
        last.unwrap_or(0)
    }

    /// The newest Dice of the held-out case.
    pub fn held_out_dice(&self) -> Option<f64> {
        self.metrics().lines().last()?.split(',').nth(5)?.parse().ok()
    }

    fn metrics(&self) -> String {
        fs::read_to_string(self.run_dir().join("metrics.csv")).unwrap_or_default()
    }
}

fn voxels() -> impl Iterator<Item = [usize; 3]> {
    let [nx, ny, nz] = SIZE;
    (0..nz).flat_map(move |z| (0..ny).flat_map(move |y| (0..nx).map(move |x| [x, y, z])))
}

/// The class of every voxel, x fastest.
pub fn truth(case: &str) -> Vec<u8> {
    let rods = rods(case);
    let class_at = |voxel| match rods.map(|rod| rod.distance_mm(voxel) <= RADIUS_MM) {
        [true, _] => 1,
        [_, true] => 2,
        _ => 0,
    };
    voxels().map(class_at).collect()
}

/// Bright rods on a dark ground, with noise.
fn image(case: &str, truth: &[u8]) -> Nifti1 {
    let mut state = case.bytes().fold(1u32, |state, byte| state.wrapping_mul(31).wrapping_add(byte.into()));
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        i16::from((state >> 24) as u8) / 8
    };
    let values: Vec<i16> = truth.iter().map(|&class| [100, 420, 260][usize::from(class)] + noise()).collect();
    Nifti1::int16(SIZE.map(|n| n as i16), SPACING_MM.map(|s| s as f32), 0.1, &values)
}

/// The class and the place of every voxel of a mask.
pub fn labelled(mask: &Nifti1) -> impl Iterator<Item = ([usize; 3], u8)> + '_ {
    voxels().zip(mask.classes().iter().copied())
}

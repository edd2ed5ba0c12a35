//! Operations on labels give what scipy, scikit-image and SimpleITK give; `benches/peers/expectations.py` asked them and says
//! which of their conventions hold.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use chiaro::geometry::Extent;
use chiaro::label::{self, ClassId};
use chiaro::volume::Grid;
use serde::Deserialize;

/// The file holds 5 digits behind the point, distances are single precision.
const DISTANCE_TOLERANCE_MM: f64 = 1e-4;

/// Mask, radius in mm, spacing in mm.
type InMm = fn(&Grid<bool>, f64, [f64; 3]) -> Grid<bool>;

#[derive(Deserialize)]
struct Expectations {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    extent: [usize; 3],
    spacing_mm: [f64; 3],
    mask: String,
    component_sizes: Vec<usize>,
    smallest_voxels: usize,
    without_small: String,
    holes: String,
    holes_in_slices: [String; 3],
    /// `None` where there is no other side.
    distance_mm: Vec<Option<f64>>,
    radius_mm: f64,
    dilated: String,
    eroded: String,
    opened: String,
    closed: String,
    median: String,
    sigma_mm: f64,
    gaussian: Blurred,
    classes: String,
    smooth_jointly: Joint,
}

#[derive(Deserialize)]
struct Blurred {
    mask: String,
    undecided: String,
}

#[derive(Deserialize)]
struct Joint {
    classes: String,
    undecided: String,
}

impl Case {
    fn extent(&self) -> Extent {
        Extent::from_array(self.extent).unwrap()
    }

    /// From the hexadecimal digits of one bit per voxel, lowest bit of a byte first.
    fn grid(&self, digits: &str) -> Grid<bool> {
        let byte = |i: usize| u8::from_str_radix(&digits[2 * i..2 * i + 2], 16).unwrap();
        let voxels = (0..self.extent().voxel_count()).map(|i| byte(i / 8) >> (i % 8) & 1 == 1).collect();
        Grid::from_vec(self.extent(), voxels).unwrap()
    }

    fn mask(&self) -> Grid<bool> {
        self.grid(&self.mask)
    }

    /// From one digit per voxel.
    fn class_grid(&self, digits: &str) -> Grid<ClassId> {
        let classes = digits.bytes().map(|digit| digit - b'0').collect();
        Grid::from_vec(self.extent(), classes).unwrap()
    }

    fn assert_same<T: Copy + PartialEq>(&self, what: &str, ours: &Grid<T>, theirs: &Grid<T>, undecided: &Grid<bool>) {
        let voxels = self.extent().full_box().voxels();
        let differing: Vec<_> = voxels.filter(|v| ours.at(*v) != theirs.at(*v) && !undecided.at(*v)).collect();
        let (name, count) = (&self.name, differing.len());
        assert!(differing.is_empty(), "{what} of case {name} differs at {count} voxels, first {:?}", differing[0]);
    }

    fn assert_same_mask(&self, what: &str, ours: &Grid<bool>, theirs: &str) {
        self.assert_same(what, ours, &self.grid(theirs), &Grid::filled(self.extent(), false));
    }
}

fn cases() -> Vec<Case> {
    let expectations: Expectations = serde_json::from_str(include_str!("expectations/label_operations.json")).unwrap();
    assert!(expectations.cases.len() > 20);
    expectations.cases
}

#[test]
fn components_have_the_sizes_of_scikit_image_and_small_ones_are_those_it_removes() {
    for case in cases() {
        let mask = case.mask();
        let numbers = label::components(|i| mask.as_slice()[i], case.extent());
        let sizes = label::component_sizes(&numbers);
        assert_eq!(sizes[1..], case.component_sizes, "{}", case.name);
        let large = numbers.map(|number| *number > 0 && sizes[*number as usize] >= case.smallest_voxels);
        case.assert_same_mask("without small components", &large, &case.without_small);
    }
}

#[test]
fn filled_holes_are_those_of_scipy() {
    for case in cases() {
        case.assert_same_mask("holes", &label::fill_holes(&case.mask()), &case.holes);
        for (axis, expected) in case.holes_in_slices.iter().enumerate() {
            let filled = label::fill_holes_in_slices(&case.mask(), axis);
            case.assert_same_mask(&format!("holes in slices across axis {axis}"), &filled, expected);
        }
    }
}

#[test]
fn distances_are_those_of_scipy() {
    for case in cases() {
        let mask = case.mask();
        let signed = label::signed_distance_mm(&mask, case.spacing_mm);
        let unsigned = label::distance_transform_mm(&mask, case.spacing_mm);
        for (i, expected) in case.distance_mm.iter().enumerate() {
            let is_inside = mask.as_slice()[i];
            let expected = expected.unwrap_or(if is_inside { f64::NEG_INFINITY } else { f64::INFINITY });
            for (found, expected) in [(signed.as_slice()[i], expected), (unsigned.as_slice()[i], expected.max(0.0))] {
                let found = f64::from(found);
                let same = found == expected || (found - expected).abs() <= DISTANCE_TOLERANCE_MM;
                assert!(same, "{}, voxel {i}: {found} mm, scipy {expected} mm", case.name);
            }
        }
    }
}

#[test]
fn margins_openings_and_closings_are_those_of_scikit_image() {
    for case in cases() {
        let operations: [(&str, InMm, &String); 4] = [
            ("dilation", label::dilate_mm, &case.dilated),
            ("erosion", label::erode_mm, &case.eroded),
            ("opening", label::open_mm, &case.opened),
            ("closing", label::close_mm, &case.closed),
        ];
        for (what, operation, expected) in operations {
            case.assert_same_mask(what, &operation(&case.mask(), case.radius_mm, case.spacing_mm), expected);
        }
    }
}

#[test]
fn medians_are_those_of_simpleitk() {
    for case in cases() {
        case.assert_same_mask("median", &label::median(&case.mask(), [3; 3]), &case.median);
    }
}

#[test]
fn blurred_masks_and_classes_are_those_of_scipy() {
    for case in cases() {
        let smooth = label::gaussian(&case.mask(), case.sigma_mm, case.spacing_mm);
        let Blurred { mask, undecided } = &case.gaussian;
        case.assert_same("blurred mask", &smooth, &case.grid(mask), &case.grid(undecided));
        let smooth = label::smooth_jointly(&case.class_grid(&case.classes), &[1, 2, 3], case.sigma_mm, case.spacing_mm);
        let Joint { classes, undecided } = &case.smooth_jointly;
        case.assert_same("smoothed classes", &smooth, &case.class_grid(classes), &case.grid(undecided));
    }
}

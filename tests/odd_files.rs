//! Every file of the collection of odd volumes is read, or refused, as its row in the manifest says.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
#[path = "odd_files/manifest.rs"]
mod manifest;
#[path = "odd_files/volume.rs"]
mod volume;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chiaro::geometry::{Affine, Orientation};
use chiaro::io::{
    AffineSource, GridMismatch, LoadedImage, LoadedMask, NiftiGeometry, case_name, check_same_grid, read_geometry,
    read_image, read_mask, reorient_mask_onto, write_mask,
};
use chiaro::volume::Grid;

use manifest::{Row, read_manifest};
use volume::{Volume, assert_same_affine};

const NIFTI_FOLDERS: [&str; 7] =
    ["derived", "niivue", "nifti-rs", "nibabel", "nifti-reader-js", "deepreg", "msd_hippocampus"];

/// Name parts of files that are no NIfTI at all.
const FOREIGN: [&str; 8] = [".mnc", ".mgz", ".dcm", ".HEAD", ".BRIK", ".mha", ".nrrd", "fuzz_artifacts"];

/// NIfTI rows that must be refused, with a word of the reason.
const REFUSED: [(&str, &str); 28] = [
    ("derived/bad_magic.nii", "magic"),
    ("derived/complex64.nii.gz", "complex"),
    ("derived/corrupt_crc.nii.gz", "checksum"),
    ("derived/datatype_unknown.nii", "9999"),
    ("derived/dim_huge.nii", "too short"),
    ("derived/dim_negative.nii", "shape [-5, 52, 34]"),
    ("derived/dim_zero.nii", "shape [35, 0, 34]"),
    ("derived/empty.nii.gz", "empty"),
    ("derived/header_only.nii", "too short"),
    ("derived/rgb24.nii.gz", "colour"),
    ("derived/rgba32.nii.gz", "colour"),
    ("derived/text.nii.gz", "Git LFS pointer"),
    ("derived/truncated.nii", "too short"),
    ("derived/truncated.nii.gz", "cut off"),
    ("nibabel/analyze.hdr", "analyze.img, which is missing"),
    ("nibabel/nifti1.hdr", "nifti1.img, which is missing"),
    ("nibabel/nifti2.hdr", "nifti2.img, which is missing"),
    ("nibabel/row_major.dconn.nii", "CIFTI"),
    ("nifti-reader-js/air.hdr.gz", "air.img, which is missing"),
    ("nifti-reader-js/air2.hdr.gz", "air2.img, which is missing"),
    ("nifti-reader-js/not-nifti.nii", "not a NIfTI file"),
    ("nifti-rs/avg152T1_LR_nifti.hdr.gz", "avg152T1_LR_nifti.img, which is missing"),
    ("nifti-rs/complex__complex32.nii", "complex"),
    ("nifti-rs/complex__complex64.nii", "complex"),
    ("nifti-rs/rgb__3D.nii", "colour"),
    ("nifti-rs/rgb__4D.nii", "colour"),
    ("nifti-rs/rgba__4D.nii", "colour"),
    ("niivue/complex_image.nii.gz", "complex"),
];

#[test]
fn every_file_is_read_or_refused_as_the_manifest_says() {
    let Some(odd) = odd_folder() else { return };
    let rows = read_manifest(&odd.join("manifest.csv"));
    let base = Base::load(&odd);
    let drafts = tempfile::tempdir().unwrap();
    let (mut accepted, mut refused, mut foreign) = (0, 0, 0);
    for row in &rows {
        let path = odd.join(&row.file);
        let is_foreign = !NIFTI_FOLDERS.contains(&row.folder()) || FOREIGN.iter().any(|part| row.file.contains(part));
        if let Some((_, word)) = REFUSED.iter().find(|(file, _)| *file == row.file) {
            assert_refused(&path, word);
            refused += 1;
        } else if is_foreign {
            assert_refused(&path, "");
            foreign += 1;
        } else {
            let loaded = read_image(&path).unwrap_or_else(|e| panic!("{e}"));
            assert_columns(row, &loaded);
            assert_header_alone_agrees(&path, &loaded);
            assert_masks_fit(&drafts.path().join("mask.nii.gz"), &loaded, &row.file);
            if row.folder() == "derived" {
                base.assert_expectation(row, &loaded, &path);
            }
            accepted += 1;
        }
    }
    println!("{} rows checked: {accepted} read, {refused} refused, {foreign} of other formats refused", rows.len());
    assert_eq!(accepted + refused + foreign, rows.len());
    assert_eq!(refused, REFUSED.len(), "every refusal stands for one row");
    assert!(accepted >= 130 && rows.len() >= 277, "the collection is incomplete");
}

#[test]
fn one_volume_in_twelve_storage_orders_is_one_volume() {
    let Some(odd) = odd_folder() else { return };
    let load = |code: &str| {
        let path = odd.join(format!("niivue/nifti_space__{code}.nii.gz"));
        let loaded = read_image(&path).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(loaded.image.orientation().code(), code);
        Volume::of(&loaded).to_ras()
    };
    let reference = load("RAS");
    for code in ["ARI", "ASL", "ILA", "IPL", "LAS", "LPS", "PIR", "PSR", "RPI", "SAL", "SRA"] {
        load(code).assert_same(&reference, 0.0, code);
    }
}

fn odd_folder() -> Option<PathBuf> {
    common::data_folder().map(|data| data.join("odd"))
}

/// Refused quickly, with one sentence that names the file and holds `word`; as image, as mask and by its header.
fn assert_refused(path: &Path, word: &str) {
    let start = Instant::now();
    let message = match read_image(path) {
        Ok(_) => panic!("{} was accepted", path.display()),
        Err(e) => e.to_string(),
    };
    assert!(read_mask(path).is_err(), "{message}");
    assert!(start.elapsed() < Duration::from_secs(1), "{message} took {:?}", start.elapsed());
    let name = path.file_name().unwrap().to_str().unwrap();
    let reason = message.strip_prefix(name).unwrap_or_else(|| panic!("{message} does not start with {name}"));
    assert!(reason.contains(word), "{message} does not hold {word}");
    assert!(!reason.contains('\n') && !reason.contains(". ") && reason.contains("; "), "{message}");
}

/// The columns that other readers filled in.
fn assert_columns(row: &Row, loaded: &LoadedImage) {
    let (header, image, name) = (&loaded.header, &loaded.image, &row.file);
    let shape: Vec<String> = header.file_shape.iter().map(usize::to_string).collect();
    if !row.shape.is_empty() {
        assert_eq!(shape.join("x"), row.shape, "{name}");
    }
    // In these two the manifest holds the raw voxel size; their own expectation is checked elsewhere.
    if !["pixdim_zero.nii", "units_micron.nii"].contains(&row.name()) {
        for (found, expected) in header.spacing_mm.iter().zip(numbers(&row.spacing, "x")) {
            assert!((found - expected).abs() < 6e-4, "{name}: {:?}", header.spacing_mm);
        }
    }
    if !row.dtype.is_empty() {
        assert_eq!(image.voxels.voxel_type().name(), numpy_name(&row.dtype), "{name}");
    }
    if row.axes.chars().count() == 3 {
        assert_eq!(Orientation::from_affine(&image.affine).code(), row.axes, "{name}");
    }
    for expected in numbers(&row.oblique_deg, " ").filter(|deg| deg.is_finite()) {
        let found = obliquity_deg(&image.affine);
        assert!((found - expected).abs() < 0.06, "{name}: oblique by {found}");
    }
    if !row.sform_qform.is_empty() {
        assert_eq!(format!("{}/{}", header.sform_code, header.qform_code), row.sform_qform, "{name}");
    }
    for (found, expected) in [image.slope, image.intercept].into_iter().zip(numbers(&row.slope_inter, "/")) {
        assert!((found - expected).abs() <= 1e-5 * expected.abs().max(1.0), "{name}: {found} {expected}");
    }
    assert_range(row, loaded);
}

fn assert_range(row: &Row, loaded: &LoadedImage) {
    let statistics = loaded.image.statistics();
    let range: Vec<f64> = numbers(&row.min_max, "..").collect();
    let [low, high] = range[..] else { return };
    let close = |found: f64, expected: f64| (found - expected).abs() <= 1e-5 * expected.abs().max(1e-3);
    let several_frames = loaded.header.file_shape.iter().skip(3).product::<usize>() > 1;
    if several_frames || !(low.is_finite() && high.is_finite()) {
        // The manifest's range is that of all frames, ours that of the first.
        let slack = 1e-5 * high.abs();
        assert!(statistics.min >= low - slack && statistics.max <= high + slack, "{}", row.file);
    } else {
        let found = (statistics.min, statistics.max);
        assert!(close(found.0, low) && close(found.1, high), "{}: {found:?} is not {}", row.file, row.min_max);
    }
}

fn assert_header_alone_agrees(path: &Path, loaded: &LoadedImage) {
    // As text, because a stored NaN is not equal to itself.
    assert_eq!(format!("{:?}", read_geometry(path).unwrap()), format!("{:?}", loaded.header));
}

/// A mask written for the image lies on its exact grid, with the codes that mean something.
fn assert_masks_fit(draft: &Path, loaded: &LoadedImage, name: &str) {
    let header = &loaded.header;
    let class = Grid::from_fn(header.extent, |v| ((v.x ^ v.y ^ v.z) & 3) as u8);
    write_mask(draft, &class, header).unwrap_or_else(|e| panic!("{name}: {e}"));
    let mask = read_mask(draft).unwrap();
    assert!(mask.class == class, "{name}");
    assert_eq!((mask.header.affine, mask.header.affine_source), (header.affine, header.affine_source), "{name}");
    assert_eq!((mask.header.sform, mask.header.qform.is_some()), (header.sform, header.qform.is_some()), "{name}");
    let sform = |h: &NiftiGeometry| (h.sform_code, h.srow);
    let qform = |h: &NiftiGeometry| (h.qform_code, h.quatern, h.qoffset);
    if !name.starts_with("derived/affine_") {
        assert_eq!(sform(&mask.header), sform(header), "{name}");
    }
    assert_eq!((qform(&mask.header), mask.header.xyzt_units), (qform(header), header.xyzt_units), "{name}");
    check_same_grid(header, &mask.header).unwrap();
}

/// The volume all derived files were made from, with its labels.
struct Base {
    image: LoadedImage,
    volume: Volume,
    label: LoadedMask,
}

impl Base {
    fn load(odd: &Path) -> Self {
        let image = read_image(&odd.join("derived/base.nii.gz")).unwrap();
        let label = read_mask(&odd.join("derived/base_label.nii.gz")).unwrap();
        Self { volume: Volume::of(&image), image, label }
    }

    /// The `expect` column of a derived file that is read.
    fn assert_expectation(&self, row: &Row, loaded: &LoadedImage, path: &Path) {
        let (name, found) = (row.name(), Volume::of(loaded));
        let base = &self.volume;
        let intensities = |f: fn(f64) -> f64, tolerance| {
            found.assert_intensities(base.intensities.iter().map(|&v| f(v)), tolerance, name);
            assert_same_affine(&found.affine, &base.affine, 2e-4, name);
        };
        if name.contains("label") {
            return self.assert_label(row, loaded, path);
        }
        match row.expect.as_str() {
            "accept: equals base" => intensities(|v| v, 0.0),
            "accept: equals base //8" => intensities(|v| (v / 8.0).floor(), 0.0),
            "accept: identical to base after reorienting to RAS" => found.to_ras().assert_same(base, 0.0, name),
            expect if expect.contains("voxels and geometry identical to base.nii.gz") => {
                found.assert_same(base, 0.0, name);
            }
            _ => self.assert_special(name, loaded, &found, &intensities),
        }
        if name == "name.with.dots.v1.nii.gz" {
            assert_eq!(case_name(path).as_deref(), Some("name.with.dots.v1"));
        }
    }

    fn assert_special(
        &self,
        name: &str,
        loaded: &LoadedImage,
        found: &Volume,
        intensities: &dyn Fn(fn(f64) -> f64, f64),
    ) {
        let (header, base) = (&loaded.header, &self.volume);
        let statistics = loaded.image.statistics();
        let slice_18 = || base.intensities.iter().copied().skip(18 * 35 * 52);
        let notice = |word: &str| {
            assert!(loaded.notices.iter().any(|n| n.contains(word)), "{name}: {:?}", loaded.notices);
        };
        let spacing = |expected: [f64; 3]| {
            for (s, e) in header.spacing_mm.iter().zip(expected) {
                assert!((s - e).abs() < 1e-6 * e.max(1.0), "{name}: {:?}", header.spacing_mm);
            }
        };
        match name {
            "base.nii.gz" => spacing([0.9, 1.1, 2.5]),
            "affine_nan.nii" | "affine_singular.nii" => {
                notice("sform");
                assert_eq!((header.affine_source, header.sform), (AffineSource::Qform, None));
                intensities(|v| v, 0.0);
            }
            "all_zero.nii.gz" => found.assert_intensities(base.intensities.iter().map(|_| 0.0), 0.0, name),
            "constant7.nii.gz" => {
                found.assert_intensities(base.intensities.iter().map(|_| 7.0), 0.0, name);
                assert_eq!(statistics.percentile(50.0), 7.0);
            }
            "analyze75.hdr" | "analyze75.img" => {
                notice("guess");
                found.assert_intensities(base.intensities.iter().copied(), 0.0, name);
                spacing([0.9, 1.1, 2.5]);
            }
            "pair.img" => found.assert_same(base, 0.0, name),
            "bitpix_wrong.nii" => {
                notice("bits per voxel");
                intensities(|v| v, 0.0);
            }
            "ct_like_negative.nii.gz" => assert_eq!((statistics.min, statistics.max), (-1024.0, 2976.0)),
            "uint16_above_32767.nii.gz" => assert_eq!((statistics.min, statistics.max), (40000.0, 41000.0)),
            "dim2_single_slice.nii.gz" | "one_slice_3d.nii.gz" => {
                assert_eq!(found.shape, [35, 52, 1]);
                found.assert_intensities(slice_18().take(35 * 52), 0.0, name);
            }
            "dim4_two_channels.nii.gz" => {
                notice("2 volumes");
                intensities(|v| v, 0.0);
            }
            "dim5_vector3.nii.gz" => {
                notice("3 volumes");
                assert_eq!(found.shape, base.shape);
            }
            "huge_outlier.nii.gz" => {
                assert_eq!(statistics.max, f64::from(1e30f32));
                let usual = |(a, b): &(&f64, &f64)| **a == 1700.0 * **b;
                let count = found.intensities.iter().zip(&base.intensities).filter(usual).count();
                assert_eq!(count, base.intensities.len() - 1);
                assert!(statistics.percentile(99.0) < 1.7e6, "the outlier must not stretch the window");
            }
            "nan_inf.nii.gz" => {
                let finite = found.intensities.iter().filter(|v| v.is_finite()).count();
                assert!(finite < found.intensities.len() && statistics.finite_count == finite);
                assert!([statistics.min, statistics.max, statistics.mean].iter().all(|v| v.is_finite()));
            }
            "no_orientation.nii.gz" => spacing([0.9, 1.1, 2.5]),
            "oblique25.nii.gz" => {
                spacing([0.9, 1.1, 2.5]);
                assert!((obliquity_deg(&found.affine) - 25.0).abs() < 1e-3);
                found.assert_intensities(base.intensities.iter().copied(), 0.0, name);
            }
            "one_voxel.nii.gz" => assert_eq!((found.shape, found.intensities[0]), ([1, 1, 1], 55.0)),
            "pixdim_negative.nii" => {
                notice("negative");
                spacing([0.9, 1.1, 2.5]);
                intensities(|v| v, 0.0);
            }
            "pixdim_zero.nii" => {
                notice("no usable voxel size along z");
                spacing([0.9, 1.1, 2.5]);
                intensities(|v| v, 0.0);
            }
            "scl_slope_inter.nii.gz" => intensities(|v| 0.5 * v - 100.0, 0.0),
            "slope_negative.nii" => intensities(|v| 1000.0 - v, 0.0),
            "sform_qform_disagree.nii.gz" => {
                notice("disagree");
                assert_eq!(found.affine.world_from_voxel([0.0; 3]), [-20.0, 30.0, -7.0]);
                assert!(header.disagreement_mm.is_some_and(|mm| mm > 1.0));
            }
            "shear.nii.gz" => notice("right angles"),
            "units_micron.nii" => {
                notice("0.001 mm");
                spacing([0.0009, 0.0011, 0.0025]);
            }
            _ => panic!("no check is written for {name}"),
        }
    }

    /// Derived label volumes, read as masks of the base image.
    fn assert_label(&self, row: &Row, loaded: &LoadedImage, path: &Path) {
        let (name, image) = (row.name(), &self.image.header);
        let refusal = || read_mask(path).unwrap_err().to_string();
        let mask = || read_mask(path).unwrap_or_else(|e| panic!("{e}"));
        let grid = |mask: &LoadedMask| check_same_grid(image, &mask.header);
        let values = |expected: &[u8]| {
            let mask = mask();
            let found: BTreeSet<u8> = mask.class.as_slice().iter().copied().collect();
            assert_eq!(found, expected.iter().copied().collect(), "{name}");
            grid(&mask).unwrap();
        };
        if row.expect == "accept: identical to base_label after reorienting to RAS" {
            let mask = mask();
            assert!(grid(&mask).is_err(), "{name}");
            assert_eq!(reorient_mask_onto(&mask, image).as_ref(), Some(&self.label.class), "{name}");
            let label = Volume { shape: self.volume.shape, intensities: self.label_values(), ..self.volume };
            return Volume::of(loaded).to_ras().assert_same(&label, 0.0, name);
        }
        match name {
            "base_label.nii.gz" => values(&[0, 1, 2]),
            "label_float32.nii.gz" | "label_float_inexact.nii.gz" => {
                let mask = mask();
                assert_eq!(mask.class, self.label.class, "{name}");
                grid(&mask).unwrap();
            }
            "label_0_127_254.nii.gz" => values(&[0, 127, 254]),
            "label_sparse_17_53.nii.gz" => values(&[0, 17, 53]),
            "label_empty.nii.gz" => {
                values(&[0]);
                assert!(mask().notices.iter().any(|n| n.contains("empty")));
            }
            "label_300.nii.gz" => assert!(refusal().contains("300"), "{}", refusal()),
            "label_negative.nii.gz" => assert!(refusal().contains("negative value -1"), "{}", refusal()),
            "label_shape_mismatch.nii.gz" => {
                let mismatch = grid(&mask()).unwrap_err();
                assert!(matches!(mismatch, GridMismatch::Shape { .. }), "{mismatch}");
                assert!(mismatch.to_string().contains("34 × 52 × 34"), "{mismatch}");
            }
            "label_affine_shifted.nii.gz" => {
                let Err(GridMismatch::Position { distance_mm }) = grid(&mask()) else { panic!("{name} was accepted") };
                assert!((distance_mm - 10.0).abs() < 1e-3, "{distance_mm}");
                assert_eq!(reorient_mask_onto(&mask(), image), None);
            }
            "label_affine_flipped_x.nii.gz" => {
                assert!(matches!(grid(&mask()), Err(GridMismatch::Position { .. })), "{name}");
            }
            "oblique25_label.nii.gz" => {
                let oblique = read_geometry(&path.with_file_name("oblique25.nii.gz")).unwrap();
                check_same_grid(&oblique, &mask().header).unwrap();
                assert_eq!(mask().class, self.label.class);
            }
            _ => panic!("no check is written for {name}"),
        }
    }

    fn label_values(&self) -> Vec<f64> {
        self.label.class.as_slice().iter().map(|&c| f64::from(c)).collect()
    }
}

/// Largest angle between a voxel axis and the world axis nearest to it.
fn obliquity_deg(affine: &Affine) -> f64 {
    let angle = |axis: usize| {
        let largest = affine.column(axis).into_iter().fold(0.0, |m: f64, c| m.max(c.abs()));
        (largest / affine.spacing_mm()[axis]).min(1.0).acos().to_degrees()
    };
    (0..3).map(angle).fold(0.0, f64::max)
}

fn numbers<'a>(text: &'a str, separator: &'a str) -> impl Iterator<Item = f64> + 'a {
    text.split(separator).filter_map(|part| part.parse().ok())
}

/// The manifest names types as numpy or as SimpleITK does.
fn numpy_name(dtype: &str) -> &str {
    match dtype {
        ">i2" | "16-bit signed integer" => "int16",
        ">f4" => "float32",
        "8-bit unsigned integer" => "uint8",
        other => other,
    }
}

use std::fs;

use nifti::{IntoNdArray, NiftiObject, ReaderOptions};
use proptest::prelude::*;

use super::*;
use crate::geometry::Affine;
use crate::io::{NiftiVersion, read_image, read_mask};
use crate::volume::Voxels;

fn geometry(n: [usize; 3], rows: [[f64; 4]; 3]) -> NiftiGeometry {
    NiftiGeometry::from_affine(Extent::from_array(n).unwrap(), Affine { rows }, VoxelType::I16)
}

fn simple() -> NiftiGeometry {
    geometry([3, 4, 5], [[-0.9, 0.0, 0.0, 4.0], [0.0, 1.1, 0.0, -30.0], [0.0, 0.0, 2.5, 7.0]])
}

fn stripes(extent: Extent) -> Grid<u8> {
    Grid::from_fn(extent, |v| ((v.x + 2 * v.y + 3 * v.z) % 256) as u8)
}

#[test]
fn an_independent_reader_finds_voxels_and_geometry() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("case.01 ü.nii.gz");
    let mut g = simple();
    (g.qform_code, g.qform, g.quatern, g.xyzt_units) = (2, Some(g.affine), [0.0, 0.0, 1.0], 10);
    let class = stripes(g.extent);
    write_mask(&path, &class, &g).unwrap();
    let object = ReaderOptions::new().read_file(&path).unwrap();
    let header = object.header();
    assert_eq!((header.dim, header.datatype, header.bitpix), ([3, 3, 4, 5, 1, 1, 1, 1], 2, 8));
    assert_eq!((header.scl_slope, header.scl_inter, header.xyzt_units), (1.0, 0.0, 10));
    assert_eq!((header.qform_code, header.sform_code, header.quatern_d), (2, 1, 1.0));
    assert_eq!([header.srow_x, header.srow_y, header.srow_z], g.srow.map(|row| row.map(|c| c as f32)));
    assert_eq!(header.pixdim[1..4], [0.9, 1.1, 2.5]);
    let voxels = object.into_volume().into_ndarray::<u8>().unwrap();
    for v in g.extent.full_box().voxels() {
        assert_eq!(voxels[[v.x, v.y, v.z]], class.at(v));
    }
}

#[test]
fn probabilities_are_0_to_1_for_every_reader() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("case.mean.nii.gz");
    let g = simple();
    let stored = Grid::from_fn(g.extent, |v| [0, 51, 255][v.x]);
    write_probability(&path, &stored, &g).unwrap();
    let values = ReaderOptions::new().read_file(&path).unwrap().into_volume().into_ndarray::<f32>().unwrap();
    for (x, p) in [0.0, 0.2, 1.0].into_iter().enumerate() {
        assert!((values[[x, 1, 2]] - p).abs() < 1e-6);
    }
    let back = read_image(&path).unwrap();
    assert_eq!((back.image.voxels, back.header.affine), (Voxels::U8(stored), g.affine));
}

#[test]
fn the_digest_is_that_of_the_file_and_no_draft_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mask.nii.gz");
    let g = simple();
    let first = write_mask(&path, &stripes(g.extent), &g).unwrap();
    let second = write_mask(&path, &stripes(g.extent), &g).unwrap();
    assert_eq!(first, second);
    assert_eq!(first.bytes, fs::metadata(&path).unwrap().len());
    let expected: String = Sha256::digest(fs::read(&path).unwrap()).iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(first.sha256, expected);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_failed_comparison_keeps_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mask.nii.gz");
    let g = simple();
    let old = write_mask(&path, &stripes(g.extent), &g).unwrap();
    // The affine in use and the stored rows contradict each other, so what is read back is another grid.
    let mut contradictory = g.clone();
    contradictory.affine.rows[0][3] += 1.0;
    let error = write_mask(&path, &Grid::filled(g.extent, 1), &contradictory).unwrap_err().to_string();
    assert!(error.contains("mask.nii.gz") && error.contains("another grid"), "{error}");
    assert_eq!(digest(&path).unwrap(), (old.sha256, old.bytes));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn other_names_and_other_shapes_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let g = simple();
    let plain = write_mask(&folder.path().join("mask.nii"), &stripes(g.extent), &g).unwrap_err();
    assert!(plain.to_string().contains(".nii.gz"), "{plain}");
    let transposed = stripes(Extent::new(5, 4, 3).unwrap());
    assert!(write_mask(&folder.path().join("mask.nii.gz"), &transposed, &g).is_err());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_grid_that_32_bit_floats_cannot_hold_is_written_as_nifti_2() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mask.nii.gz");
    let mut fine = simple();
    fine.srow[0][3] = 4.000_000_000_1;
    fine.affine.rows = fine.srow;
    fine.sform = Some(fine.affine);
    for (g, version) in [(&fine, NiftiVersion::Nifti2), (&simple(), NiftiVersion::Nifti1)] {
        write_mask(&path, &stripes(g.extent), g).unwrap();
        let back = read_mask(&path).unwrap();
        assert_eq!((back.header.version, back.header.affine), (version, g.affine));
        assert_eq!(back.class, stripes(g.extent));
    }
}

#[test]
fn an_image_keeps_its_type_and_scaling() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.nii.gz");
    let g = simple();
    let stored = Grid::from_fn(g.extent, |v| v.x as i16 * 100 - v.z as i16);
    let image = Image::new(Voxels::I16(stored), 0.5, -100.0, g.affine);
    write_image(&path, &image, &g).unwrap();
    let back = read_image(&path).unwrap();
    assert_eq!(back.image.voxels, image.voxels);
    assert_eq!((back.image.slope, back.image.intercept, back.header), (0.5, -100.0, g));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn masks_come_back_with_the_same_voxels_and_grid(
        n in prop::array::uniform3(1usize..9),
        rows in prop::array::uniform3(prop::array::uniform4(-50.0f64..50.0)),
        seed in any::<u64>(),
    ) {
        prop_assume!(Affine { rows }.is_usable());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mask.nii.gz");
        let g = NiftiGeometry { stored_type: VoxelType::U8, ..geometry(n, rows) };
        let class = Grid::from_fn(g.extent, |v| (seed.wrapping_mul(g.extent.index(v) as u64 + 1) >> 56) as u8);
        write_mask(&path, &class, &g).unwrap();
        let back = read_mask(&path).unwrap();
        prop_assert_eq!(back.class, class);
        prop_assert_eq!(back.header, g);
    }
}

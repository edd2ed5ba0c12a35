use std::fs;
use std::io::Write;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;

use super::*;
use crate::geometry::{Affine, Extent};
use crate::io::encode::encode_header;
use crate::io::{read_mask, write_image};
use crate::volume::{Grid, VoxelType, Voxels};

fn geometry(n: [usize; 3]) -> NiftiGeometry {
    let affine = Affine { rows: [[-0.9, 0.1, 0.0, 4.0], [0.0, 1.1, 0.0, -30.0], [0.0, 0.0, 2.5, 7.0]] };
    NiftiGeometry::from_affine(Extent::from_array(n).unwrap(), affine, VoxelType::I16)
}

/// A plain file of the given type whose header asks for `dim`.
fn plain_file(voxel_type: VoxelType, dim: [i16; 8], voxels: &[u8]) -> Vec<u8> {
    let mut bytes = encode_header(&geometry([1; 3]), voxel_type, 1.0, 0.0);
    for (field, n) in bytes[40..56].chunks_exact_mut(2).zip(dim) {
        field.copy_from_slice(&n.to_ne_bytes());
    }
    bytes.extend(voxels);
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn read_bytes(bytes: &[u8]) -> Result<LoadedImage, IoError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("case.nii");
    fs::write(&path, bytes).unwrap();
    read_image(&path)
}

/// A small compressed image and its bytes.
static SMALL_IMAGE: LazyLock<(LoadedImage, Vec<u8>)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("small.nii.gz");
    let g = geometry([7, 6, 5]);
    let stored = Grid::from_fn(g.extent, |v| (v.x * 37 + v.y * v.y * 11) as i16 - v.z as i16 * 300);
    write_image(&path, &Image::new(Voxels::I16(stored), 0.5, 3.0, g.affine), &g).unwrap();
    (read_image(&path).unwrap(), fs::read(&path).unwrap())
});

#[test]
fn the_middle_slice_of_a_large_volume_is_shown_before_the_rest_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.nii");
    let (file, stored) = large_file([3, 256, 256, 130, 1, 1, 1, 1], i16::to_ne_bytes);
    let slice_voxels = 256 * 256;
    let middle = stored[65 * slice_voxels..66 * slice_voxels].to_vec();
    let cut_off = file[..file.len() - 50 * 2 * slice_voxels].to_vec();
    // Packed and cut off behind the middle slice it is shown all the same, and the volume refused.
    for (bytes, whole) in [(gzip(&file), true), (file, true), (gzip(&cut_off), false)] {
        fs::write(&path, bytes).unwrap();
        let mut shown = Vec::new();
        let read = read_image_showing(&path, |slice| shown.push(slice));
        assert_eq!((shown.len(), read.is_ok()), (1, whole));
        let slice = &shown[0];
        assert_eq!((slice.index, slice.image.extent().to_array(), slice.extent.z()), (65, [256, 256, 1], 130));
        assert_eq!(slice.image.voxels, Voxels::I16(Grid::from_vec(slice.image.extent(), middle.clone()).unwrap()));
    }
}

#[test]
fn of_a_small_volume_no_slice_is_shown_first() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("small.nii.gz");
    fs::write(&path, &SMALL_IMAGE.1).unwrap();
    read_image_showing(&path, |_| panic!("it is there at once")).unwrap();
}

#[test]
fn a_later_frame_that_is_cut_off_is_refused() {
    let voxels: Vec<u8> = (0..48).collect();
    let dim = [4, 2, 3, 4, 2, 1, 1, 1];
    for packed in [|b: &[u8]| b.to_vec(), gzip] {
        let whole = read_bytes(&packed(&plain_file(VoxelType::U8, dim, &voxels))).unwrap();
        assert_eq!(whole.image.voxels, Voxels::U8(Grid::from_vec(whole.header.extent, voxels[..24].to_vec()).unwrap()));
        let cut = read_bytes(&packed(&plain_file(VoxelType::U8, dim, &voxels[..47]))).unwrap_err();
        assert!(matches!(cut, IoError::TooShort { .. }), "{cut}");
    }
}

#[test]
fn a_later_frame_is_read_from_its_place_and_one_that_is_not_there_is_refused() {
    let voxels: Vec<u8> = (0..72).collect();
    let file = plain_file(VoxelType::U8, [4, 2, 3, 4, 3, 1, 1, 1], &voxels);
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in [("a.nii", file.clone()), ("a.nii.gz", gzip(&file))] {
        let path = dir.path().join(name);
        fs::write(&path, bytes).unwrap();
        assert_eq!(read_geometry(&path).unwrap().frame_count(), 3);
        let image = read_image_frame(&path, 2).unwrap();
        assert_eq!(image.voxels, Voxels::U8(Grid::from_vec(image.extent(), voxels[48..].to_vec()).unwrap()));
        assert!(matches!(read_image_frame(&path, 3), Err(IoError::BadHeader { .. })));
    }
}

#[test]
fn a_small_compressed_file_that_asks_for_terabytes_is_refused_at_once() {
    let start = Instant::now();
    let dim = [3, i16::MAX, i16::MAX, i16::MAX, 1, 1, 1, 1];
    let error = read_bytes(&gzip(&plain_file(VoxelType::F64, dim, &[0; 100_000]))).unwrap_err();
    assert!(matches!(error, IoError::CannotHold { .. }), "{error}");
    assert!(start.elapsed() < Duration::from_secs(1));
}

#[test]
fn a_folder_and_a_missing_file_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("scan.nii");
    assert!(read_image(&inner).unwrap_err().to_string().starts_with("scan.nii cannot be opened"));
    fs::create_dir(&inner).unwrap();
    assert!(read_image(&inner).unwrap_err().to_string().contains("not a file"));
}

#[test]
fn scaled_labels_are_classes_only_if_the_result_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("labels.nii.gz");
    let g = geometry([2, 1, 1]);
    for (slope, expected) in [(2.0, Some(vec![2, 4])), (0.25, None)] {
        let stored = Voxels::I16(Grid::from_vec(g.extent, vec![1, 2]).unwrap());
        write_image(&path, &Image::new(stored, slope, 0.0, g.affine), &g).unwrap();
        assert_eq!(read_mask(&path).ok().map(|mask| mask.class.into_vec()), expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_damaged_compressed_file_never_gives_other_voxels(
        flips in prop::collection::vec((any::<prop::sample::Index>(), 1u8..), 0..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let (original, mut bytes) = (&SMALL_IMAGE.0, SMALL_IMAGE.1.clone());
        for (at, mask) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= mask;
        }
        bytes.truncate(cut.map_or(bytes.len(), |cut| cut.index(bytes.len())));
        if let Ok(found) = read_bytes(&bytes) {
            prop_assert_eq!(&found.image.voxels, &original.image.voxels);
            prop_assert_eq!(&found.header, &original.header);
        }
    }

    #[test]
    fn a_damaged_plain_file_never_panics_nor_grows(
        header_writes in prop::collection::vec((0usize..352, any::<u8>()), 1..8),
        length in 0usize..900,
    ) {
        let mut bytes = plain_file(VoxelType::I16, [3, 7, 6, 5, 1, 1, 1, 1], &[5; 420]);
        for (at, byte) in header_writes {
            bytes[at] = byte;
        }
        bytes.truncate(length);
        if let Ok(found) = read_bytes(&bytes) {
            prop_assert!(found.image.memory_bytes() <= bytes.len());
            prop_assert!(found.image.affine.is_usable());
        }
    }
}

/// A compressed file of noise that is large enough for several threads, and its voxels.
fn large_file(dim: [i16; 8], order: fn(i16) -> [u8; 2]) -> (Vec<u8>, Vec<i16>) {
    let count = dim[1..=3].iter().map(|&n| n as u32).product::<u32>();
    let scattered = |i: u32| (i ^ i >> 15).wrapping_mul(2_654_435_761);
    let noise = |i: u32| scattered(scattered(i)) >> 21;
    let stored: Vec<i16> = (0..count).map(|i| (noise(i) + i / 100_000) as i16).collect();
    let voxels: Vec<u8> = stored.iter().flat_map(|&v| order(v)).collect();
    (plain_file(VoxelType::I16, dim, &voxels), stored)
}

#[test]
fn a_large_compressed_file_has_the_voxels_of_the_plain_one_and_its_scaling() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.nii.gz");
    let (file, stored) = large_file([3, 512, 512, 30, 1, 1, 1, 1], i16::to_ne_bytes);
    let g = geometry([512, 512, 30]);
    let image = Image::new(Voxels::I16(Grid::from_vec(g.extent, stored).unwrap()), 0.5, -3.0, g.affine);
    write_image(&path, &image, &g).unwrap();
    assert!(fs::metadata(&path).unwrap().len() > 8 << 20, "too small for several threads");
    let found = read_image(&path).unwrap().image;
    assert!(found.voxels == image.voxels && (found.slope, found.intercept) == (0.5, -3.0));
    assert!(read_bytes(&file).unwrap().image.voxels == image.voxels);
    let cut = read_bytes(&gzip(&file[..file.len() - 2])).unwrap_err();
    assert!(matches!(cut, IoError::TooShort { .. }), "{cut}");
    let mut packed = fs::read(&path).unwrap();
    let checksum = packed.len() - 8;
    packed[checksum] ^= 1;
    assert!(matches!(read_bytes(&packed), Err(IoError::DamagedGzip { .. })));
}

#[test]
fn a_large_compressed_file_in_the_other_byte_order_has_the_same_voxels() {
    let (mut file, stored) = large_file([3, 512, 512, 30, 1, 1, 1, 1], |v| v.swap_bytes().to_ne_bytes());
    // Of the fields a reader of this file needs: size, dim, datatype and bits, pixdim, offset, slope, srow.
    for (start, end, bytes) in [(0, 4, 4), (40, 56, 2), (68, 74, 2), (76, 120, 4), (252, 256, 2), (256, 328, 4)] {
        file[start..end].chunks_exact_mut(bytes).for_each(<[u8]>::reverse);
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&file).unwrap();
    let found = read_bytes(&encoder.finish().unwrap()).unwrap();
    assert_eq!(found.header.extent.to_array(), [512, 512, 30]);
    assert!(found.image.voxels == Voxels::I16(Grid::from_vec(found.header.extent, stored).unwrap()));
}

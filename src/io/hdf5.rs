//! The `.h5` volumes of the semi-supervised segmentation community: datasets `image` and `label` of one shape.

use std::path::Path;

use super::error::IoError;
use crate::volume::{Grid, Image};

/// Which axis of a stored array is x.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AxisOrder {
    /// `image[x, y, z]`, as UA-MT writes the left atria.
    XFirst,
    /// `image[z, y, x]`, as SSL4MIS writes the stacks of heart slices.
    ZFirst,
}

/// An image and its complete mask on a grid of 1 mm voxels: the files state no voxel size.
#[derive(Clone, Debug)]
pub struct Hdf5Volume {
    pub image: Image,
    pub label: Grid<u8>,
}

/// Reads a volume as h5py writes it, chunked and compressed or not.
///
/// # Errors
/// Builds without the feature `hdf5`; files that are damaged, lack a dataset, or hold other shapes or types.
pub fn read_hdf5(path: &Path, order: AxisOrder) -> Result<Hdf5Volume, IoError> {
    #[cfg(feature = "hdf5")]
    return reader::read(path, order);
    #[cfg(not(feature = "hdf5"))]
    {
        let _ = order;
        Err(IoError::WithoutHdf5 { path: path.into() })
    }
}

#[cfg(feature = "hdf5")]
mod reader {
    use std::fs;
    use std::path::Path;

    use hdf5_reader::error::Error;
    use hdf5_reader::{Dataset, Datatype, H5Type, Hdf5File, OpenOptions};

    use super::{AxisOrder, Hdf5Volume};
    use crate::geometry::{Affine, Extent};
    use crate::io::error::IoError;
    use crate::io::gzip::MAX_EXPANSION;
    use crate::volume::{Grid, Image, Voxels};

    /// An opened file in memory.
    struct Source<'a> {
        path: &'a Path,
        file: Hdf5File,
        order: AxisOrder,
    }

    pub fn read(path: &Path, order: AxisOrder) -> Result<Hdf5Volume, IoError> {
        let bytes = fs::read(path).map_err(|e| IoError::open(path, e))?;
        // A damaged shape must not ask for more than the file can hold.
        let expansion = usize::try_from(MAX_EXPANSION).unwrap_or(usize::MAX);
        let length = bytes.len();
        let options = OpenOptions::default().with_max_read_bytes(length.saturating_mul(expansion));
        let file = Hdf5File::from_vec_with_options(bytes, options).map_err(|e| damaged(path, &e))?;
        let source = Source { path, file, order };
        if source.file.superblock().eof_address > length as u64 {
            return Err(source.bad("it is cut off".to_owned()));
        }
        let image = source.image()?;
        let label = source.grid::<u8>(&source.dataset("label")?)?;
        if label.extent() != image.extent() {
            let [label, image] = [label.extent(), image.extent()].map(Extent::to_array);
            return Err(source.bad(format!("'image' has {image:?} voxels but 'label' has {label:?}")));
        }
        Ok(Hdf5Volume { image: Image::new(image, 1.0, 0.0, Affine::identity()), label })
    }

    impl Source<'_> {
        fn dataset(&self, name: &str) -> Result<Dataset, IoError> {
            self.file.dataset(name).map_err(|e| match cause(&e) {
                Error::DatasetNotFound(_) => self.bad(format!("it has no dataset '{name}'")),
                other => damaged(self.path, other),
            })
        }

        fn image(&self) -> Result<Voxels, IoError> {
            let dataset = self.dataset("image")?;
            match dataset.dtype() {
                Datatype::FloatingPoint { size: 8, .. } => self.grid(&dataset).map(Voxels::F64),
                _ => self.grid(&dataset).map(Voxels::F32),
            }
        }

        fn grid<T: H5Type + Copy>(&self, dataset: &Dataset) -> Result<Grid<T>, IoError> {
            let name = dataset.name().trim_start_matches('/');
            let shape: Vec<usize> = dataset.shape().iter().filter_map(|&n| usize::try_from(n).ok()).collect();
            let extent = match (shape.as_slice(), self.order) {
                (&[x, y, z], AxisOrder::XFirst) | (&[z, y, x], AxisOrder::ZFirst) => Extent::from_array([x, y, z]),
                _ => return Err(self.bad(format!("'{name}' has the shape {:?}", dataset.shape()))),
            };
            let extent = extent.ok_or_else(|| self.bad(format!("'{name}' is empty")))?;
            let array = dataset.read_array::<T>().map_err(|e| self.unread(name, &e))?;
            let stored = array.as_slice().filter(|values| values.len() == extent.voxel_count());
            let stored = stored.ok_or_else(|| self.bad(format!("'{name}' is not complete")))?;
            Ok(match self.order {
                AxisOrder::ZFirst => Grid::from_fn(extent, |v| stored[extent.index(v)]),
                AxisOrder::XFirst => {
                    let [_, y, z] = extent.to_array();
                    Grid::from_fn(extent, |v| stored[(v.x * y + v.y) * z + v.z])
                }
            })
        }

        fn unread(&self, name: &str, error: &Error) -> IoError {
            match cause(error) {
                Error::TypeMismatch { expected, actual } => {
                    self.bad(format!("'{name}' holds {actual} where {expected} is expected"))
                }
                other => damaged(self.path, other),
            }
        }

        fn bad(&self, reason: String) -> IoError {
            IoError::BadHdf5 { path: self.path.into(), reason }
        }
    }

    /// Without the names of the objects it happened in.
    fn cause(error: &Error) -> &Error {
        match error {
            Error::Context { source, .. } => cause(source),
            other => other,
        }
    }

    fn damaged(path: &Path, error: &Error) -> IoError {
        IoError::BadHdf5 { path: path.into(), reason: format!("it is damaged or no HDF5 file ({error})") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written by h5py: `image[x, y, z] = x + 10 y + 100 z` and `label[x, y, z] = x > 3 && z > 1` of 6 x 5 x 4 voxels.
    fn file(name: &str) -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hdf5").join(name)
    }

    #[cfg(not(feature = "hdf5"))]
    #[test]
    fn a_build_without_the_feature_says_how_to_get_one_that_reads_the_file() {
        let refused = read_hdf5(&file("gzip.h5"), AxisOrder::XFirst).unwrap_err().to_string();
        assert!(refused.starts_with("gzip.h5") && refused.contains("--features hdf5"), "{refused}");
    }

    #[cfg(feature = "hdf5")]
    mod with_the_feature {
        use super::*;
        use crate::geometry::Voxel;

        #[test]
        fn chunked_compressed_floats_and_bytes_come_in_the_order_of_their_axes() {
            for name in ["gzip.h5", "plain.h5"] {
                let Hdf5Volume { image, label } = read_hdf5(&file(name), AxisOrder::XFirst).unwrap();
                assert_eq!((image.extent().to_array(), image.spacing_mm()), ([6, 5, 4], [1.0; 3]), "{name}");
                assert_eq!(image.intensity(Voxel::new(5, 2, 3)), 325.0, "{name}");
                assert_eq!((label.at(Voxel::new(4, 0, 2)), label.at(Voxel::new(3, 0, 2))), (1, 0), "{name}");
            }
            let turned = read_hdf5(&file("gzip.h5"), AxisOrder::ZFirst).unwrap().image;
            assert_eq!(turned.extent().to_array(), [4, 5, 6]);
            assert_eq!(turned.intensity(Voxel::new(3, 2, 5)), 325.0);
        }

        #[test]
        fn other_shapes_types_and_missing_datasets_are_refused_in_one_sentence_with_the_files_name() {
            for (name, word) in [
                ("other_shape.h5", "[6, 5, 3]"),
                ("flat.h5", "shape [5, 4]"),
                ("integers.h5", "'image' holds"),
                ("float_label.h5", "'label' holds"),
                ("no_label.h5", "no dataset 'label'"),
            ] {
                let refused = read_hdf5(&file(name), AxisOrder::XFirst).unwrap_err().to_string();
                assert!(refused.starts_with(name) && refused.contains(word), "{refused}");
            }
        }

        #[test]
        fn a_file_that_is_cut_off_or_damaged_anywhere_is_refused_or_read_but_never_ends_the_program() {
            let whole = std::fs::read(file("gzip.h5")).unwrap();
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("cut.h5");
            for length in (0..whole.len()).step_by(61) {
                std::fs::write(&path, &whole[..length]).unwrap();
                assert!(read_hdf5(&path, AxisOrder::XFirst).is_err(), "{length} bytes");
            }
            for at in (0..whole.len()).step_by(7) {
                let mut flipped = whole.clone();
                flipped[at] ^= 0x5a;
                std::fs::write(&path, &flipped).unwrap();
                if let Err(e) = read_hdf5(&path, AxisOrder::XFirst) {
                    assert!(e.to_string().starts_with("cut.h5"), "{e}");
                }
            }
        }
    }
}

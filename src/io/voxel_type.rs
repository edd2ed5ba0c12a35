//! NIfTI datatype codes and the voxel types they stand for.

use nifti::{NiftiHeader, NiftiType};

use crate::volume::VoxelType;

const CODES: [(NiftiType, VoxelType); 10] = [
    (NiftiType::Uint8, VoxelType::U8),
    (NiftiType::Int8, VoxelType::I8),
    (NiftiType::Uint16, VoxelType::U16),
    (NiftiType::Int16, VoxelType::I16),
    (NiftiType::Uint32, VoxelType::U32),
    (NiftiType::Int32, VoxelType::I32),
    (NiftiType::Uint64, VoxelType::U64),
    (NiftiType::Int64, VoxelType::I64),
    (NiftiType::Float32, VoxelType::F32),
    (NiftiType::Float64, VoxelType::F64),
];

/// The voxel type of a datatype code, or the words for what it is instead.
pub(super) fn voxel_type(code: i16) -> Result<VoxelType, String> {
    let header = NiftiHeader { datatype: code, ..NiftiHeader::default() };
    let Ok(stored) = header.data_type() else { return Err(format!("voxels of the unknown type {code}")) };
    match CODES.into_iter().find(|(nifti, _)| *nifti == stored) {
        Some((_, voxel_type)) => Ok(voxel_type),
        None => Err(unsupported(stored).to_owned()),
    }
}

/// The code to store for a voxel type.
pub(super) fn datatype_code(voxel_type: VoxelType) -> i16 {
    match voxel_type {
        VoxelType::U8 => NiftiType::Uint8 as i16,
        VoxelType::I8 => NiftiType::Int8 as i16,
        VoxelType::U16 => NiftiType::Uint16 as i16,
        VoxelType::I16 => NiftiType::Int16 as i16,
        VoxelType::U32 => NiftiType::Uint32 as i16,
        VoxelType::I32 => NiftiType::Int32 as i16,
        VoxelType::U64 => NiftiType::Uint64 as i16,
        VoxelType::I64 => NiftiType::Int64 as i16,
        VoxelType::F32 => NiftiType::Float32 as i16,
        VoxelType::F64 => NiftiType::Float64 as i16,
    }
}

fn unsupported(stored: NiftiType) -> &'static str {
    match stored {
        NiftiType::Rgb24 | NiftiType::Rgba32 => "a colour picture (RGB)",
        NiftiType::Complex64 | NiftiType::Complex128 | NiftiType::Complex256 => "complex numbers",
        _ => "128-bit floats",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_leads_to_its_type_and_back() {
        for (_, expected) in CODES {
            assert_eq!(voxel_type(datatype_code(expected)), Ok(expected));
        }
    }

    #[test]
    fn colour_complex_and_unknown_types_are_told_apart() {
        for (code, word) in [(128, "colour"), (2304, "colour"), (32, "complex"), (1536, "128-bit"), (9999, "9999")] {
            assert!(voxel_type(code).unwrap_err().contains(word), "{code}");
        }
    }
}

//! An image: voxels in their stored type, rescale slope and intercept, and the affine.

use super::{Grid, IntensityStatistics};
use crate::geometry::{Affine, Extent, Orientation, Voxel};

/// Number type of the stored voxels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VoxelType {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
    F32,
    F64,
}

/// Voxels as the file holds them; never widened for a whole volume.
#[derive(Clone, Debug, PartialEq)]
pub enum Voxels {
    U8(Grid<u8>),
    I8(Grid<i8>),
    U16(Grid<u16>),
    I16(Grid<i16>),
    U32(Grid<u32>),
    I32(Grid<i32>),
    U64(Grid<u64>),
    I64(Grid<i64>),
    F32(Grid<f32>),
    F64(Grid<f64>),
}

/// Runs `$body` with `$grid` bound to the typed grid of a [`Voxels`].
#[macro_export]
macro_rules! with_voxels {
    ($voxels:expr, $grid:ident => $body:expr) => {
        match $voxels {
            $crate::volume::Voxels::U8($grid) => $body,
            $crate::volume::Voxels::I8($grid) => $body,
            $crate::volume::Voxels::U16($grid) => $body,
            $crate::volume::Voxels::I16($grid) => $body,
            $crate::volume::Voxels::U32($grid) => $body,
            $crate::volume::Voxels::I32($grid) => $body,
            $crate::volume::Voxels::U64($grid) => $body,
            $crate::volume::Voxels::I64($grid) => $body,
            $crate::volume::Voxels::F32($grid) => $body,
            $crate::volume::Voxels::F64($grid) => $body,
        }
    };
}

/// A volume with its geometry. The displayed intensity is `slope * stored + intercept`.
#[derive(Clone, Debug)]
pub struct Image {
    pub voxels: Voxels,
    pub slope: f64,
    pub intercept: f64,
    /// World (RAS mm) from voxel; always usable (finite, not singular).
    pub affine: Affine,
    statistics: IntensityStatistics,
}

impl VoxelType {
    /// The name numpy and nibabel use.
    pub fn name(self) -> &'static str {
        match self {
            Self::U8 => "uint8",
            Self::I8 => "int8",
            Self::U16 => "uint16",
            Self::I16 => "int16",
            Self::U32 => "uint32",
            Self::I32 => "int32",
            Self::U64 => "uint64",
            Self::I64 => "int64",
            Self::F32 => "float32",
            Self::F64 => "float64",
        }
    }

    pub fn is_integer(self) -> bool {
        !matches!(self, Self::F32 | Self::F64)
    }

    pub fn byte_count(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
        }
    }
}

impl Voxels {
    pub fn extent(&self) -> Extent {
        with_voxels!(self, g => g.extent())
    }

    pub fn voxel_type(&self) -> VoxelType {
        match self {
            Self::U8(_) => VoxelType::U8,
            Self::I8(_) => VoxelType::I8,
            Self::U16(_) => VoxelType::U16,
            Self::I16(_) => VoxelType::I16,
            Self::U32(_) => VoxelType::U32,
            Self::I32(_) => VoxelType::I32,
            Self::U64(_) => VoxelType::U64,
            Self::I64(_) => VoxelType::I64,
            Self::F32(_) => VoxelType::F32,
            Self::F64(_) => VoxelType::F64,
        }
    }

    /// Stored value at a linear index, as f64 (64-bit integers are rounded beyond 2^53).
    #[expect(clippy::unnecessary_cast, reason = "the macro repeats the line for f64 too")]
    pub fn stored(&self, index: usize) -> f64 {
        with_voxels!(self, g => g.as_slice()[index] as f64)
    }
}

impl Image {
    /// A slope of 0 or a non-finite slope or intercept means "none", as the NIfTI standard says.
    pub fn new(voxels: Voxels, slope: f64, intercept: f64, affine: Affine) -> Self {
        let scaled = slope != 0.0 && slope.is_finite() && intercept.is_finite();
        let (slope, intercept) = if scaled { (slope, intercept) } else { (1.0, 0.0) };
        let statistics = IntensityStatistics::of(&voxels, slope, intercept);
        Self { voxels, slope, intercept, affine, statistics }
    }

    pub fn extent(&self) -> Extent {
        self.voxels.extent()
    }

    pub fn spacing_mm(&self) -> [f64; 3] {
        self.affine.spacing_mm()
    }

    pub fn orientation(&self) -> Orientation {
        Orientation::from_affine(&self.affine)
    }

    pub fn statistics(&self) -> &IntensityStatistics {
        &self.statistics
    }

    /// Rescaled intensity at a linear index.
    pub fn intensity_at(&self, index: usize) -> f64 {
        self.slope * self.voxels.stored(index) + self.intercept
    }

    /// Rescaled intensity of a voxel inside the extent.
    pub fn intensity(&self, v: Voxel) -> f64 {
        self.intensity_at(self.extent().index(v))
    }

    /// Bytes the voxels take in memory.
    pub fn memory_bytes(&self) -> usize {
        self.extent().voxel_count() * self.voxels.voxel_type().byte_count()
    }
}

//! Reads voxels into their own type, in steps, so that a lying header cannot claim memory.

use bytemuck::Pod;

use super::error::IoError;
use super::fields::ByteOrder;
use super::source::{ByteStream, NiftiSource};
use crate::geometry::Extent;
use crate::volume::{Grid, VoxelType, Voxels, prefer_huge_pages};

/// First allocation; afterwards the buffer at most doubles with what was really read.
const FIRST_STEP_BYTES: usize = 64 << 20;

/// Reads the first frame and checks that the rest of the file is there and undamaged.
pub(super) fn read_first_frame(source: NiftiSource) -> Result<Voxels, IoError> {
    read_frame(source, 0)
}

/// The same with a later frame; `frame` must be one the header tells of.
pub(super) fn read_frame(mut source: NiftiSource, frame: u64) -> Result<Voxels, IoError> {
    let extent = source.geometry.extent;
    let frame_bytes = (extent.voxel_count() as u64).saturating_mul(source.geometry.stored_type.byte_count() as u64);
    let before = frame_bytes.saturating_mul(frame);
    let (stream, order) = (&mut source.voxels, source.header.order);
    let found = stream.discard(before)?;
    if found < before {
        return Err(IoError::TooShort { path: stream.path.clone(), expected: source.voxel_bytes, found });
    }
    let voxels = match source.geometry.stored_type {
        VoxelType::U8 => Voxels::U8(read_grid(stream, extent, order)?),
        VoxelType::I8 => Voxels::I8(read_grid(stream, extent, order)?),
        VoxelType::U16 => Voxels::U16(read_grid(stream, extent, order)?),
        VoxelType::I16 => Voxels::I16(read_grid(stream, extent, order)?),
        VoxelType::U32 => Voxels::U32(read_grid(stream, extent, order)?),
        VoxelType::I32 => Voxels::I32(read_grid(stream, extent, order)?),
        VoxelType::U64 => Voxels::U64(read_grid(stream, extent, order)?),
        VoxelType::I64 => Voxels::I64(read_grid(stream, extent, order)?),
        VoxelType::F32 => Voxels::F32(read_grid(stream, extent, order)?),
        VoxelType::F64 => Voxels::F64(read_grid(stream, extent, order)?),
    };
    finish(stream, before.saturating_add(frame_bytes), source.voxel_bytes)?;
    Ok(voxels)
}

/// Reads what follows the first `done` bytes; a stream that ends before `expected` bytes is refused.
pub(super) fn finish(stream: &mut ByteStream, done: u64, expected: u64) -> Result<(), IoError> {
    let found = done + stream.discard_rest(expected.saturating_sub(done))?;
    if found < expected {
        return Err(IoError::TooShort { path: stream.path.clone(), expected, found });
    }
    Ok(())
}

fn read_grid<T: Pod>(stream: &mut ByteStream, extent: Extent, order: ByteOrder) -> Result<Grid<T>, IoError> {
    let count = extent.voxel_count();
    let expected = (count as u64).saturating_mul(size_of::<T>() as u64);
    let mut values: Vec<T> = Vec::new();
    while values.len() < count {
        let start = values.len();
        let step = (count - start).min(start.max(FIRST_STEP_BYTES / size_of::<T>()));
        let out_of_memory = |_| IoError::OutOfMemory { path: stream.path.clone(), bytes: expected };
        values.try_reserve_exact(step).map_err(out_of_memory)?;
        prefer_huge_pages(values.spare_capacity_mut());
        values.resize(start + step, <T as bytemuck::Zeroable>::zeroed());
        let bytes = bytemuck::cast_slice_mut(&mut values[start..]);
        let filled = stream.fill(bytes)?;
        if filled < bytes.len() {
            let found = (start * size_of::<T>() + filled) as u64;
            return Err(IoError::TooShort { path: stream.path.clone(), expected, found });
        }
        if order != ByteOrder::NATIVE {
            bytes.chunks_exact_mut(size_of::<T>()).for_each(<[u8]>::reverse);
        }
    }
    Grid::from_vec(extent, values).ok_or_else(|| IoError::TooShort {
        path: stream.path.clone(),
        expected,
        found: expected,
    })
}

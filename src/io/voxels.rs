//! Reads voxels into their own type, in steps, so that a lying header cannot claim memory.

use bytemuck::Pod;

use super::error::IoError;
use super::fields::ByteOrder;
use super::source::{ByteStream, NiftiSource};
use crate::geometry::Extent;
use crate::volume::{Grid, VoxelType, Voxels, prefer_huge_pages};

/// First allocation; afterwards the buffer at most doubles with what was really read.
const FIRST_STEP_BYTES: usize = 64 << 20;
/// A file of this share of its content is believed at once: images pack to a half or a third, rarely to less.
const BELIEVED_EXPANSION: u64 = 8;
/// Cleared and filled at once, while it is in the processor's cache.
const FILLED_AT_ONCE_BYTES: usize = 512 << 10;
/// Smaller volumes are there before anybody could look at a slice.
const SHOWN_FROM_BYTES: u64 = 16 << 20;

/// Gets the middle slice along the third voxel axis as soon as it is read.
pub(super) type ShowSlice<'a> = &'a mut dyn FnMut(FirstVoxels);

/// The voxels of one slice.
pub(super) struct FirstVoxels {
    pub voxels: Voxels,
    pub index: usize,
}

/// Reads the first frame and checks that the rest of the file is there and undamaged.
pub(super) fn read_first_frame(source: NiftiSource, show: ShowSlice<'_>) -> Result<Voxels, IoError> {
    read_frame(source, 0, show)
}

/// The same with a later frame; `frame` must be one the header tells of.
pub(super) fn read_frame(mut source: NiftiSource, frame: u64, show: ShowSlice<'_>) -> Result<Voxels, IoError> {
    let extent = source.geometry.extent;
    let frame_bytes = (extent.voxel_count() as u64).saturating_mul(source.geometry.stored_type.byte_count() as u64);
    let before = frame_bytes.saturating_mul(frame);
    let stream = &mut source.voxels;
    let found = stream.discard(before)?;
    if found < before {
        return Err(IoError::TooShort { path: stream.path.clone(), expected: source.voxel_bytes, found });
    }
    let mut reader = FrameReader { extent, order: source.header.order, stream, show };
    let voxels = match source.geometry.stored_type {
        VoxelType::U8 => reader.read(Voxels::U8)?,
        VoxelType::I8 => reader.read(Voxels::I8)?,
        VoxelType::U16 => reader.read(Voxels::U16)?,
        VoxelType::I16 => reader.read(Voxels::I16)?,
        VoxelType::U32 => reader.read(Voxels::U32)?,
        VoxelType::I32 => reader.read(Voxels::I32)?,
        VoxelType::U64 => reader.read(Voxels::U64)?,
        VoxelType::I64 => reader.read(Voxels::I64)?,
        VoxelType::F32 => reader.read(Voxels::F32)?,
        VoxelType::F64 => reader.read(Voxels::F64)?,
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

/// One frame on its way into memory.
struct FrameReader<'a> {
    extent: Extent,
    order: ByteOrder,
    stream: &'a mut ByteStream,
    show: ShowSlice<'a>,
}

impl FrameReader<'_> {
    fn read<T: Pod>(&mut self, whole: fn(Grid<T>) -> Voxels) -> Result<Voxels, IoError> {
        let count = self.extent.voxel_count();
        let expected = (count as u64).saturating_mul(size_of::<T>() as u64);
        let slice = expected >= SHOWN_FROM_BYTES;
        let slice = slice.then_some(self.extent.z() / 2);
        let shown_at = slice.map_or(count, |index| self.extent.x() * self.extent.y() * (index + 1));
        let mut values: Vec<T> = Vec::new();
        self.fill_up_to(shown_at, &mut values)?;
        if let Some(index) = slice {
            self.show_slice(index, &values, whole);
        }
        self.fill_up_to(count, &mut values)?;
        let short = || IoError::TooShort { path: self.stream.path.clone(), expected, found: expected };
        Grid::from_vec(self.extent, values).map(whole).ok_or_else(short)
    }

    fn fill_up_to<T: Pod>(&mut self, end: usize, values: &mut Vec<T>) -> Result<(), IoError> {
        while values.len() < end {
            let start = values.len();
            if start == values.capacity() {
                self.make_room(values)?;
            }
            let step = (FILLED_AT_ONCE_BYTES / size_of::<T>()).min(values.capacity() - start).min(end - start);
            values.resize(start + step, <T as bytemuck::Zeroable>::zeroed());
            let bytes = bytemuck::cast_slice_mut(&mut values[start..]);
            let filled = self.stream.fill(bytes)?;
            if filled < bytes.len() {
                let found = (start * size_of::<T>() + filled) as u64;
                let expected = (self.extent.voxel_count() as u64).saturating_mul(size_of::<T>() as u64);
                return Err(IoError::TooShort { path: self.stream.path.clone(), expected, found });
            }
            if self.order != ByteOrder::NATIVE {
                bytes.chunks_exact_mut(size_of::<T>()).for_each(<[u8]>::reverse);
            }
        }
        Ok(())
    }

    /// For all voxels where the file is large enough to hold them, else for twice as many as have come.
    fn make_room<T: Pod>(&self, values: &mut Vec<T>) -> Result<(), IoError> {
        let count = self.extent.voxel_count();
        let believed = self.stream.file_bytes.saturating_mul(BELIEVED_EXPANSION) / size_of::<T>() as u64;
        let believed = usize::try_from(believed).unwrap_or(usize::MAX);
        let room = values.len().max(FIRST_STEP_BYTES / size_of::<T>()).max(believed.saturating_sub(values.len()));
        let expected = (count as u64).saturating_mul(size_of::<T>() as u64);
        let out_of_memory = |_| IoError::OutOfMemory { path: self.stream.path.clone(), bytes: expected };
        values.try_reserve_exact(room.min(count - values.len())).map_err(out_of_memory)?;
        prefer_huge_pages(values.spare_capacity_mut());
        Ok(())
    }

    fn show_slice<T: Pod>(&mut self, index: usize, values: &[T], whole: fn(Grid<T>) -> Voxels) {
        let [nx, ny, _] = self.extent.to_array();
        let slice = values.get(nx * ny * index..).map(<[T]>::to_vec);
        let grid = Extent::new(nx, ny, 1).zip(slice).and_then(|(extent, slice)| Grid::from_vec(extent, slice));
        if let Some(grid) = grid {
            (self.show)(FirstVoxels { voxels: whole(grid), index });
        }
    }
}

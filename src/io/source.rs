//! Opening a NIfTI file: finds its two halves, undoes gzip whatever the name says, checks sizes before any allocation.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use super::error::IoError;
use super::geometry::NiftiGeometry;
use super::gzip::{GzipMembers, MAX_EXPANSION};
use super::header::{Header, HeaderFault, NIFTI2_BYTES, Shape};
use super::name::{companion, nifti_extension};
use super::parallel_gzip::ParallelGzip;
use super::voxel_type::voxel_type;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const BUFFER_BYTES: usize = 256 * 1024;
/// CIFTI-2 stores matrices over the brain surface in NIfTI-2 files.
const CIFTI_INTENTS: std::ops::RangeInclusive<i32> = 3000..=3099;

/// A file whose header was read and found consistent with the file's size; its voxels are still to come.
pub(super) struct NiftiSource {
    pub header: Header,
    pub geometry: NiftiGeometry,
    pub notices: Vec<String>,
    /// Positioned at the first voxel.
    pub voxels: ByteStream,
    /// Bytes of all frames.
    pub voxel_bytes: u64,
}

/// The decompressed bytes of one file.
pub(super) struct ByteStream {
    pub path: PathBuf,
    reader: Box<dyn Read>,
    compressed: bool,
    /// Of the file on disk.
    pub file_bytes: u64,
    /// Upper bound of the bytes that can come out.
    capacity: u64,
}

impl NiftiSource {
    pub fn open(path: &Path) -> Result<Self, IoError> {
        let header_path = header_path(path)?;
        let mut stream = ByteStream::open(&header_path)?;
        let mut start = [0u8; NIFTI2_BYTES];
        let start_length = stream.fill(&mut start)?;
        let may_be_analyze = nifti_extension(&header_path).starts_with(".hdr");
        let fault = |fault: HeaderFault| fault.at(path);
        let header = Header::parse(&start[..start_length], may_be_analyze).map_err(fault)?;
        let shape = header.shape().map_err(fault)?;
        let unsupported = |kind| IoError::UnsupportedType { path: path.into(), kind };
        if CIFTI_INTENTS.contains(&header.intent_code) {
            return Err(unsupported("a surface or connectivity table (CIFTI)".to_owned()));
        }
        let stored_type = voxel_type(header.datatype).map_err(unsupported)?;
        let mut voxels = stream;
        let mut already_read = start_length as u64;
        if !header.single_file {
            let data_path = companion(&header_path, ".img")
                .map_err(|missing| IoError::CompanionMissing { path: header_path.clone(), missing })?;
            voxels = ByteStream::open(&data_path)?;
            already_read = 0;
        }
        let voxel_bytes = voxel_bytes(&shape, stored_type.byte_count());
        voxels.check_capacity(header.data_offset, voxel_bytes)?;
        voxels.seek(&start[..start_length], already_read, header.data_offset)?;
        let (geometry, notices) = NiftiGeometry::from_header(&header, &shape, stored_type);
        Ok(Self { header, geometry, notices, voxels, voxel_bytes })
    }
}

impl HeaderFault {
    fn at(self, path: &Path) -> IoError {
        match self {
            Self::NotNifti(looks_like) => IoError::NotNifti { path: path.into(), looks_like },
            Self::Bad(reason) => IoError::BadHeader { path: path.into(), reason },
        }
    }
}

impl ByteStream {
    fn open(path: &Path) -> Result<Self, IoError> {
        let failed = |e| IoError::open(path, e);
        // Looked at before it is opened: opening a pipe would wait for its writer.
        let metadata = fs::metadata(path).map_err(failed)?;
        if !metadata.is_file() {
            return Err(failed(io::Error::other("it is not a file")));
        }
        let file = File::open(path).map_err(failed)?;
        let mut file = BufReader::with_capacity(BUFFER_BYTES, file);
        let compressed = file.fill_buf().map_err(failed)?.starts_with(&GZIP_MAGIC);
        let expansion = if compressed { MAX_EXPANSION } else { 1 };
        let file_bytes = metadata.len();
        let capacity = file_bytes.saturating_mul(expansion);
        let reader: Box<dyn Read> = match compressed {
            true if ParallelGzip::suits(file_bytes) => Box::new(ParallelGzip::open(path.into()).map_err(failed)?),
            true => Box::new(GzipMembers::new(file)),
            false => Box::new(file),
        };
        Ok(Self { path: path.into(), reader, compressed, file_bytes, capacity })
    }

    /// Refuses a header that asks for more than this file can hold.
    fn check_capacity(&self, offset: u64, voxel_bytes: u64) -> Result<(), IoError> {
        let expected = offset.saturating_add(voxel_bytes);
        match expected <= self.capacity {
            true => Ok(()),
            false if self.compressed => Err(IoError::CannotHold { path: self.path.clone(), expected }),
            false => Err(IoError::TooShort { path: self.path.clone(), expected, found: self.capacity }),
        }
    }

    /// Moves to `offset`; `start` are the `position` bytes that were taken from the stream before.
    fn seek(&mut self, start: &[u8], position: u64, offset: u64) -> Result<(), IoError> {
        if offset < position {
            // A short header in front of the voxels: give back what was read too far.
            let tail = usize::try_from(offset).ok().and_then(|offset| start.get(offset..)).unwrap_or(&[]).to_vec();
            let rest = std::mem::replace(&mut self.reader, Box::new(io::empty()));
            self.reader = Box::new(io::Cursor::new(tail).chain(rest));
            return Ok(());
        }
        let wanted = offset - position;
        let skipped = self.discard(wanted)?;
        if skipped < wanted {
            return Err(IoError::TooShort { path: self.path.clone(), expected: offset, found: position + skipped });
        }
        Ok(())
    }

    /// Reads until the buffer is full or the stream ends; the number of bytes read.
    pub fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, IoError> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.reader.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(self.read_error(e)),
            }
        }
        Ok(filled)
    }

    /// Skips at most `limit` bytes, `u64::MAX` for all; running to the end checks the gzip checksum.
    pub fn discard(&mut self, limit: u64) -> Result<u64, IoError> {
        io::copy(&mut self.reader.by_ref().take(limit), &mut io::sink()).map_err(|e| self.read_error(e))
    }

    /// A plain file carries no checksum, so only a compressed one is worth reading to its end.
    pub fn discard_rest(&mut self, wanted: u64) -> Result<u64, IoError> {
        self.discard(if self.compressed { u64::MAX } else { wanted })
    }

    fn read_error(&self, source: io::Error) -> IoError {
        let path = self.path.clone();
        if self.compressed { IoError::DamagedGzip { path } } else { IoError::Read { path, source } }
    }
}

fn header_path(path: &Path) -> Result<PathBuf, IoError> {
    if !nifti_extension(path).starts_with(".img") {
        return Ok(path.into());
    }
    companion(path, ".hdr").map_err(|missing| IoError::CompanionMissing { path: path.into(), missing })
}

fn voxel_bytes(shape: &Shape, bytes_per_voxel: usize) -> u64 {
    (shape.extent.voxel_count() as u64).saturating_mul(shape.frame_count).saturating_mul(bytes_per_voxel as u64)
}

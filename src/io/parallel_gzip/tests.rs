use std::fs;
use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;

/// Noise over a slope, as scanners have: packs to about two thirds, without any window that zeros would guess.
fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..length / 2).flat_map(|i| (random.random_range(0u16..180) + (i / 700 % 3000) as u16).to_le_bytes()).collect()
}

fn gzip(bytes: &[u8], level: u32) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(level));
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The content by this reader and by the plain one.
struct Both {
    parallel: io::Result<Vec<u8>>,
    plain: io::Result<Vec<u8>>,
}

fn read_both(packed: &[u8]) -> Both {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gz");
    fs::write(&path, packed).unwrap();
    let mut plain = Vec::new();
    let read = GzipMembers::new(packed).read_to_end(&mut plain);
    Both { parallel: read_in_large_steps(&mut ParallelGzip::open(path).unwrap()), plain: read.map(|_| plain) }
}

fn read_in_large_steps(reader: &mut ParallelGzip) -> io::Result<Vec<u8>> {
    let (mut content, mut buffer) = (vec![0; 348], vec![0; 1 << 20]);
    reader.read_exact(&mut content)?;
    loop {
        match reader.read(&mut buffer)? {
            0 => return Ok(content),
            count => content.extend(&buffer[..count]),
        }
    }
}

/// The content by pieces alone, without the plain reader to fall back on.
fn read_pieces(packed: &[u8]) -> Option<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gz");
    fs::write(&path, packed).unwrap();
    let mut pieces = Pieces::start(&path, 0).unwrap();
    let (mut content, mut buffer) = (Vec::new(), vec![0; 1 << 20]);
    loop {
        match pieces.read(&mut buffer)? {
            0 => return Some(content),
            count => content.extend(&buffer[..count]),
        }
    }
}

#[test]
fn pieces_alone_give_what_the_plain_reader_gives() {
    let bytes = noise(20 << 20, 1);
    for level in [3, 6, 9] {
        assert!(read_pieces(&gzip(&bytes, level)) == Some(bytes.clone()), "level {level}");
    }
}

#[test]
fn a_background_that_no_literal_writes_anew_is_joined_too() {
    // Rows that begin and end in a constant: their bytes are copied from row to row through all pieces.
    let mut bytes = noise(24 << 20, 2);
    for row in bytes.chunks_mut(1024) {
        for pair in row.chunks_mut(2).take(100) {
            pair.copy_from_slice(&(-1024i16).to_le_bytes());
        }
    }
    assert!(read_pieces(&gzip(&bytes, 6)).unwrap() == bytes);
}

#[test]
fn what_pieces_cannot_do_is_read_plainly() {
    let bytes = noise(14 << 20, 3);
    let packed = gzip(&bytes, 6);
    let two_members = [&packed[..], &packed[..]].concat();
    let padded = [&packed[..], &[0; 512]].concat();
    let small_member_behind = [packed.clone(), gzip(b"and more", 6)].concat();
    // The first level writes a single block, with the codes of the standard.
    let (stored, single_block) = (gzip(&bytes, 0), gzip(&bytes, 1));
    let growing = [gzip(&vec![7; 300 << 20], 6), packed].concat();
    for (name, packed) in [
        ("two members", two_members),
        ("padded", padded),
        ("a small member behind", small_member_behind),
        ("stored", stored),
        ("a single block", single_block),
        ("growing", growing),
    ] {
        let both = read_both(&packed);
        assert!(both.parallel.unwrap() == both.plain.unwrap(), "{name}");
    }
}

#[test]
fn a_file_cut_anywhere_or_with_a_wrong_checksum_is_an_error() {
    let packed = gzip(&noise(14 << 20, 4), 6);
    let length = packed.len();
    for cut in [20, 5000, length / 3, length / 2, length - 400_000, length - 9, length - 8, length - 4, length - 1] {
        assert!(read_both(&packed[..cut]).parallel.is_err(), "{cut}");
    }
    for wrong in [length - 8, length - 1, length / 2, length / 3] {
        let mut packed = packed.clone();
        packed[wrong] ^= 4;
        let both = read_both(&packed);
        assert!(both.parallel.is_err() && both.plain.is_err(), "{wrong}");
    }
}

#[test]
fn reading_only_the_start_starts_no_thread() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gz");
    let bytes = noise(14 << 20, 5);
    fs::write(&path, gzip(&bytes, 6)).unwrap();
    let mut reader = ParallelGzip::open(path).unwrap();
    let mut start = [0; 540];
    reader.read_exact(&mut start).unwrap();
    assert!(reader.pieces.is_none() && start == bytes[..540]);
}
